/* POST /api/op/AREA.VERB: body to call, run, result in the format the client accepts. */
#include "server/op_run.h"
#include "server/state.h"

#include <stdio.h>
#include <string.h>

/* Context of the running operation's progress: it is cancelled when the client leaves or the server stops. */
typedef struct watchdog {
    const lb_server *server;
    const lb_request *request;
    double deadline;
    _Atomic(double) next_look;
} watchdog;

static bool is_cancelled(void *context)
{
    watchdog *dog = context;
    if (lb_jobs_stopping(dog->server->jobs)) return true;
    double now = lb_seconds();
    if (now > dog->deadline) return true;
    if (!dog->request->gone || now < atomic_load(&dog->next_look)) return false;
    atomic_store(&dog->next_look, now + 0.2);
    return dog->request->gone(dog->request->gone_context);
}

static bool find_dataset(void *context, const char *id, lb_bytes *out)
{
    const lb_demo *demo = context;
    const lb_dataset *found = lb_demo_dataset(demo, id);
    if (found) *out = found->bytes;
    return found != NULL;
}

/* The contract's document with the pictures and the addresses of the files. */
void lb_op_document(const lb_server *server, const lb_result *result, lb_answer *answer)
{
    lb_value *document = lb_result_document(result);
    lb_value *pictures = lb_set_array(document, "pictures"), *artifacts = lb_set_array(document, "artifacts");
    for (size_t i = 0; i < result->picture_count; i++) {
        lb_value *row = lb_push_object(pictures);
        lb_set_text(row, "name", result->picture[i].name);
        lb_set_text(row, "title", result->picture[i].title);
        lb_set_text(row, "svg", result->picture[i].svg);
    }
    for (size_t i = 0; i < result->artifact_count; i++) {
        const lb_artifact *artifact = &result->artifact[i];
        lb_value *row = lb_push_object(artifacts);
        char token[LB_ARTIFACT_TOKEN];
        lb_set_text(row, "name", artifact->name);
        lb_set_text(row, "mime", artifact->mime);
        lb_set_int(row, "size", (int64_t)artifact->length);
        if (lb_artifacts_put(server->artifacts, artifact, token)) lb_set_textf(row, "href", "/api/artifact/%s", token);
        else lb_set_null(row, "href");
    }
    lb_answer_json(answer, document);
}

static void answer_result(const lb_server *server, const lb_result *result, lb_format format, lb_answer *answer)
{
    switch (format) {
    case LB_FORMAT_CSV:
        answer->type = "text/csv; charset=utf-8";
        lb_result_csv(result, NULL, &answer->body);
        return;
    case LB_FORMAT_HTML:
        answer->type = "text/html; charset=utf-8";
        lb_result_html(result, &answer->body);
        return;
    case LB_FORMAT_TEXT:
        answer->type = "text/plain; charset=utf-8";
        lb_result_text(result, &answer->body);
        return;
    case LB_FORMAT_SVG:
        if (result->picture_count == 0) {
            lb_answer_refuse(answer, 406, "this result has no picture", "ask for application/json");
            return;
        }
        answer->type = "image/svg+xml";
        lb_buf_puts(&answer->body, result->picture[0].svg);
        return;
    default: lb_op_document(server, result, answer);
    }
}

/* Operations speak of options as the command line writes them; here they are parameters. */
void lb_op_error(lb_answer *answer, unsigned status, lb_error *err)
{
    if (lb_text_starts(err->where, "--")) memmove(err->where, err->where + 2, strlen(err->where + 2) + 1);
    lb_answer_error(answer, status, err);
}

typedef struct lb_op_place {
    const lb_server *server;
    const lb_request *request;
} lb_op_place;

int lb_op_run(const lb_server *server, const lb_request *request, lb_call *call, lb_result **out, lb_error *err)
{
    watchdog dog = {.server = server, .request = request, .deadline = lb_seconds() + server->options.op_seconds};
    lb_progress progress = {.cancelled = is_cancelled, .context = &dog};
    unsigned running = lb_jobs_running(server->jobs);
    lb_call_set_progress(call, &progress);
    lb_call_set_threads(call, running > 1 ? 1 : server->cores); /* results do not depend on it */
    return lb_call_run(call, out, err);
}

static int find_snapshot(void *context, const char *snapshot, const char *table, lb_bytes *out, lb_error *err)
{
    const lb_op_place *place = context;
    const lb_analysis_source *source = &place->server->analysis;
    if (!source->table) return lb_fail(err, LB_NOT_FOUND, "this server holds no snapshots");
    return source->table(source->context, place->request, snapshot, table, out, err);
}

lb_face_datasets lb_op_datasets(const lb_server *server, const lb_request *request)
{
    lb_op_place *place = lb_arena_alloc(request->arena, sizeof *place);
    *place = (lb_op_place){server, request};
    return (lb_face_datasets){.find = find_dataset, .context = server->demo, .table = find_snapshot, .table_context = place};
}

static void run_call(const lb_server *server, const lb_request *request, lb_call *call, lb_format format, lb_answer *answer)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    int code = lb_op_run(server, request, call, &result, &err);
    if (code) {
        lb_op_error(answer, 0, &err);
    } else {
        answer_result(server, result, format, answer);
        lb_answer_header(answer, "Lumbar-Status", lb_arena_text(request->arena, result->status));
    }
    lb_result_free(result);
    if (answer->body.overflow) {
        answer->body.overflow = false;
        lb_answer_refuse(answer, 413, "the answer is too large to send", "ask for less at once");
    }
}

void lb_route_op(lb_server *server, const lb_request *request, const char *name, lb_answer *answer)
{
    lb_error err = LB_ERROR_INIT;
    const lb_op *op = NULL;
    lb_call *call = NULL;
    bool unsupported = false;
    lb_format format = lb_accept_format(request->accept);
    if (format == LB_FORMAT_NONE) {
        lb_answer_refuse(answer, 406, "none of the accepted types can be given",
                         "accept application/json, text/csv, text/html, image/svg+xml or text/plain");
        return;
    }
    int code = lb_face_find(server->registry, name, request->arena, &op, &err);
    lb_face_body body = {request->content_type, request->body.data ? request->body.data : "", request->body.length,
                         server->options.parts_max};
    lb_face_datasets datasets = lb_op_datasets(server, request);
    if (!code) code = lb_face_call(server->registry, op, &body, &datasets, request->arena, &call, &unsupported, &err);
    if (code) {
        lb_op_error(answer, unsupported ? 415 : 0, &err);
        return;
    }
    run_call(server, request, call, format, answer);
    lb_call_free(call);
    lb_answer_header(answer, "Cache-Control", "no-store");
}
