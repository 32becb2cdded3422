/* The demo's reviews over HTTP: GET /api/reviews, POST /api/review/ID (look or act), GET /api/review-document/ID. In the
 * demo nobody signs in, so the body says who acts; a study's server takes that from the session. */
#include "server/state.h"

#include <string.h>
#include <time.h>

static const char *now_text(lb_arena *arena)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32];
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return lb_arena_text(arena, text);
}

static bool refuse_outside_demo(const lb_server *server, lb_answer *answer)
{
    if (server->options.demo) return false;
    lb_answer_refuse(answer, 403, "reviews are open to anybody in the demo only", "sign in to a study's server");
    return true;
}

void lb_route_reviews(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    if (refuse_outside_demo(server, answer)) return;
    lb_value *root = lb_value_object(request->arena);
    lb_error err = LB_ERROR_INIT;
    if (server->reviews->list(server->reviews->context, lb_set_array(root, "reviews"), &err)) {
        lb_answer_error(answer, 0, &err);
        return;
    }
    lb_answer_json(answer, root);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

void lb_route_review_document(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    lb_bytes bytes;
    int64_t version;
    lb_error err = LB_ERROR_INIT;
    if (refuse_outside_demo(server, answer)) return;
    if (server->reviews->get(server->reviews->context, rest, request->arena, &bytes, &version, &err)) {
        lb_answer_error(answer, 0, &err);
        return;
    }
    lb_buf_add(&answer->body, (const char *)bytes.data, bytes.length);
    lb_answer_header(answer, "Content-Disposition", "attachment; filename=\"review.json\"");
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

void lb_route_review(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    lb_arena *arena = request->arena;
    lb_error err = LB_ERROR_INIT;
    lb_value *body = NULL, *state = NULL;
    if (refuse_outside_demo(server, answer)) return;
    lb_bytes bytes = {(const uint8_t *)(request->body.data ? request->body.data : "{}"), request->body.data ? request->body.length : 2, "request body"};
    int code = lb_json_read(&bytes, arena, &body, &err);
    if (!code && body->type != LB_OBJECT) code = lb_fail(&err, LB_USAGE, "the body is an object: viewer, and what is done");
    const char *viewer = code ? NULL : lb_get_text(body, "viewer", NULL);
    bool acts = !code && (lb_get(body, "event") || lb_get(body, "events") || lb_get(body, "ris"));
    if (!code && acts && (!viewer || !*viewer || strlen(viewer) > 60)) {
        code = lb_fail(&err, LB_USAGE, "the request does not say who acts");
        lb_error_where(&err, "viewer");
    }
    if (!code) code = lb_review_act(server->reviews, server->registry, rest, viewer, acts ? now_text(arena) : NULL, body, arena, &state, &err);
    if (code) {
        lb_answer_error(answer, 0, &err);
        return;
    }
    lb_answer_json(answer, state);
    lb_answer_header(answer, "Cache-Control", "no-store");
}
