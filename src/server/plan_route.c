/* The plan over HTTP: what it is, and its four acts. Each act is the operation of that name on the plan's text, its ledger and the
 * tables of a snapshot; what it enters in the ledger is kept by the source. No rule of the ledger lives here. */
#include "server/analysis.h"
#include "server/op_run.h"
#include "server/state.h"

#include <lumbar/analysis.h>
#include <lumbar/trial.h>

#include <string.h>

static const lb_analysis_source *source_of(const lb_server *server, lb_answer *answer)
{
    if (server->analysis.list) return &server->analysis;
    lb_answer_refuse(answer, 404, "this server holds no snapshots", "start it with --demo, or with a study and its database");
    return NULL;
}

void lb_route_snapshots(lb_server *server, const lb_request *request, lb_answer *answer)
{
    const lb_analysis_source *source = source_of(server, answer);
    lb_error err = LB_ERROR_INIT;
    if (!source) return;
    lb_value *root = lb_value_object(request->arena), *list = lb_set_array(root, "snapshots");
    int code = source->list(source->context, request, list, &err);
    if (code) lb_answer_error(answer, 0, &err);
    else lb_answer_json(answer, root);
    lb_answer_header(answer, "Cache-Control", "no-store");
}

static void describe(const lb_plan_now *now, lb_value *out)
{
    char hex[65];
    lb_ledger_state state;
    lb_value *empty = lb_ledger_new(out->arena);
    const lb_value *ledger = now->ledger ? now->ledger : empty;
    lb_sha256_hex(now->text.data, now->text.length, hex);
    lb_ledger_state_of(ledger, hex, &state);
    lb_set_text(out, "name", now->text.name);
    lb_set_text(out, "text", lb_arena_textn(out->arena, (const char *)now->text.data, now->text.length));
    lb_set_text(out, "sha256", hex);
    lb_set_bool(out, "locked", state.locked);
    lb_set_text(out, "locked_by", state.by);
    lb_set_text(out, "locked_when", state.when);
    lb_set_bool(out, "changed", state.changed);
    lb_set_int(out, "rehearsals", (int64_t)state.rehearsals);
    lb_set_int(out, "finals", (int64_t)state.finals);
    lb_set_bool(out, "rehearsal_allowed", now->may_rehearse);
    lb_set_bool(out, "lock_allowed", now->may_lock && !state.locked);
    lb_set_bool(out, "amend_allowed", now->may_amend && state.locked);
    lb_set_bool(out, "final_allowed", now->may_run && state.locked && !state.changed);
    lb_value *entries = lb_set_array(out, "entries"), *amendments = lb_set_array(out, "amendments");
    const lb_value *list = lb_get(ledger, "entries");
    static const char *const keys[] = {"kind", "when", "by", "reason", "plan_sha256", "hash"};
    for (size_t i = 0; i < list->count; i++) {
        bool amendment = strcmp(lb_get_text(list->item[i], "kind", ""), "amendment") == 0;
        for (int twice = 0; twice <= amendment; twice++) {
            lb_value *row = lb_push_object(twice ? amendments : entries);
            for (size_t k = 0; k < LB_COUNT(keys); k++) lb_set_text(row, keys[k], lb_get_text(list->item[i], keys[k], NULL));
            if (amendment) lb_set(row, "changed", lb_get(list->item[i], "changed"));
        }
    }
}

void lb_route_plan(lb_server *server, const lb_request *request, lb_answer *answer)
{
    const lb_analysis_source *source = source_of(server, answer);
    lb_error err = LB_ERROR_INIT;
    lb_plan_now now;
    if (!source) return;
    if (source->plan(source->context, request, &now, &err)) {
        lb_answer_error(answer, 0, &err);
        return;
    }
    lb_value *root = lb_value_object(request->arena);
    describe(&now, root);
    lb_answer_json(answer, root);
    lb_answer_header(answer, "Cache-Control", "no-store");
}

/* ---- acts ----------------------------------------------------------------------- */

typedef struct act {
    const lb_server *server;
    const lb_request *request;
    const lb_analysis_source *source;
    lb_plan_now now;
    const lb_value *body;
    const char *verb;
    lb_bytes text;    /* the plan of this act: the one in force, or the amended */
    lb_call *call;
} act;

static int read_body(act *a, lb_error *err)
{
    lb_value *body = NULL;
    lb_bytes bytes = {(const uint8_t *)(a->request->body.data ? a->request->body.data : "{}"),
                      a->request->body.data ? a->request->body.length : 2, "request body"};
    int code = lb_json_read(&bytes, a->request->arena, &body, err);
    if (code) return code;
    if (body->type != LB_OBJECT) return lb_fail(err, LB_USAGE, "the request body must be an object");
    a->body = body;
    return LB_OK;
}

static int set_text(act *a, const char *name, const char *value, lb_error *err)
{
    return value && *value ? lb_call_set(a->call, name, value, err) : LB_OK;
}

/* Every table of the snapshot; the plan takes those it names. */
static int bind_tables(act *a, lb_error *err)
{
    const char *snapshot = lb_get_text(a->body, "snapshot", NULL);
    lb_value *list = lb_value_array(a->request->arena);
    if (!snapshot) {
        lb_fail(err, LB_USAGE, "which snapshot?");
        lb_error_where(err, "snapshot");
        lb_error_hint(err, "send {\"snapshot\": ID}; GET /api/snapshots lists them");
        return LB_USAGE;
    }
    int code = a->source->list(a->source->context, a->request, list, err);
    for (size_t i = 0; i < list->count && !code; i++) {
        const lb_value *tables = lb_get(list->item[i], "tables");
        if (strcmp(lb_get_text(list->item[i], "id", ""), snapshot) != 0) continue;
        if (lb_get_bool(list->item[i], "masked", false) && strcmp(a->verb, "plan") == 0) {
            lb_fail(err, LB_FORBIDDEN, "the arms of this snapshot are masked: it can be rehearsed, not run");
            lb_error_hint(err, "the final run needs a snapshot made after unblinding");
            return LB_FORBIDDEN;
        }
        for (size_t k = 0; tables && k < tables->count && !code; k++) {
            const char *name = lb_get_text(tables->item[k], "name", "");
            lb_bytes bytes = {0};
            code = a->source->table(a->source->context, a->request, snapshot, name, &bytes, err);
            bytes.name = name;
            if (!code) code = lb_call_bind(a->call, "data", &bytes, err);
        }
        return code;
    }
    if (!code) code = lb_fail(err, LB_NOT_FOUND, "there is no snapshot '%.60s'", snapshot);
    return code;
}

static int prepare(act *a, lb_error *err)
{
    char now[24];
    const lb_op *op = lb_registry_find(a->server->registry, "analyse", a->verb);
    bool runs = strcmp(a->verb, "plan") == 0 || strcmp(a->verb, "rehearse") == 0, amends = strcmp(a->verb, "amend") == 0;
    const char *text = lb_get_text(a->body, "text", NULL), *by = a->now.who ? a->now.who : lb_get_text(a->body, "by", NULL);
    if (amends && !text) {
        lb_fail(err, LB_USAGE, "an amendment needs the text of the changed plan");
        return lb_error_where(err, "text"), LB_USAGE;
    }
    a->text = a->now.text;
    if (amends) a->text = (lb_bytes){(const uint8_t *)text, strlen(text), a->now.text.name};
    a->call = lb_call_new(a->server->registry, op);
    lb_time_text(lb_now_us() / 1000000, now);
    lb_call_set_now(a->call, now);
    int code = lb_call_bind(a->call, "plan", &a->text, err);
    const lb_value *ledger = a->now.ledger;
    if (!ledger && strcmp(a->verb, "plan") == 0) ledger = lb_ledger_new(a->request->arena); /* a final run always answers to one */
    if (!code && ledger) {
        lb_buf json = {0};
        lb_json_write(ledger, 0, &json);
        lb_bytes bytes = {(const uint8_t *)lb_arena_textn(a->request->arena, json.data, json.length), json.length, "ledger.json"};
        lb_buf_free(&json);
        code = lb_call_bind(a->call, "ledger", &bytes, err);
    }
    if (!code) code = set_text(a, "by", by, err);
    if (!code && !runs) code = set_text(a, "reason", lb_get_text(a->body, "reason", NULL), err);
    if (!code && amends && lb_get_bool(a->body, "unblinded", false)) code = lb_call_set(a->call, "unblinded", "true", err);
    if (!code && runs) code = bind_tables(a, err);
    return code;
}

static int keep_ledger(act *a, const lb_result *result, lb_error *err)
{
    for (size_t i = 0; i < result->artifact_count; i++) {
        if (strcmp(result->artifact[i].name, "ledger.json") != 0) continue;
        lb_value *ledger = NULL;
        lb_bytes bytes = {result->artifact[i].data, result->artifact[i].length, "ledger.json"};
        int code = lb_json_read(&bytes, a->request->arena, &ledger, err);
        bool amends = strcmp(a->verb, "amend") == 0;
        return code ? code : a->source->keep(a->source->context, a->request, amends ? &a->text : NULL, a->now.ledger, ledger, err);
    }
    return LB_OK;
}

static bool allowed(const lb_plan_now *now, const char *verb)
{
    return strcmp(verb, "rehearse") == 0 ? now->may_rehearse : strcmp(verb, "lock") == 0 ? now->may_lock
         : strcmp(verb, "amend") == 0    ? now->may_amend    : now->may_run;
}

void lb_route_plan_act(lb_server *server, const lb_request *request, const char *name, lb_answer *answer)
{
    static const char *const verbs[][2] = {{"rehearse", "rehearse"}, {"lock", "lock"}, {"amend", "amend"}, {"run", "plan"}};
    act a = {.server = server, .request = request, .source = source_of(server, answer)};
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    if (!a.source) return;
    for (size_t i = 0; i < LB_COUNT(verbs); i++)
        if (strcmp(name, verbs[i][0]) == 0) a.verb = verbs[i][1];
    if (!a.verb) {
        lb_answer_refuse(answer, 404, "a plan has no such act", "it has rehearse, lock, amend and run");
        return;
    }
    int code = a.source->plan(a.source->context, request, &a.now, &err);
    if (!code && !allowed(&a.now, a.verb)) code = lb_fail(&err, LB_FORBIDDEN, "you may not do this with the plan");
    if (!code) code = read_body(&a, &err);
    if (!code) code = prepare(&a, &err);
    if (!code) code = lb_op_run(server, request, a.call, &result, &err);
    if (!code) code = keep_ledger(&a, result, &err);
    if (code) lb_op_error(answer, 0, &err);
    else lb_op_document(server, result, answer);
    lb_answer_header(answer, "Cache-Control", "no-store");
    lb_result_free(result);
    lb_call_free(a.call);
}
