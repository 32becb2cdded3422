/* Answers: JSON, errors in the contract's shape, entity tags. */
#include "server/http.h"

#include <string.h>
#include <unistd.h>

void lb_answer_free(lb_answer *answer)
{
    lb_buf_free(&answer->body);
    if (answer->fd >= 0) close(answer->fd);
    answer->fd = -1;
}

void lb_answer_header(lb_answer *answer, const char *name, const char *value)
{
    if (answer->headers == LB_ANSWER_HEADERS) return;
    answer->name[answer->headers] = name;
    answer->value[answer->headers++] = value;
}

static const char *error_word(unsigned status, int code)
{
    switch (code) {
    case LB_USAGE: return "usage";
    case LB_BAD_DATA: return "bad_data";
    case LB_FORBIDDEN: return "forbidden";
    case LB_NOT_FOUND: return "not_found";
    case LB_TOO_LARGE: return "too_large";
    case LB_CANCELLED: return "cancelled";
    case LB_NO_MEMORY: return "no_memory";
    case LB_CONFLICT: return "conflict";
    default: return status == 503 ? "busy" : status == 405 ? "method" : status < 500 ? "usage" : "failed";
    }
}

static void answer_error(lb_answer *answer, const char *code, const lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_value *root = lb_value_object(arena), *error = lb_set_object(root, "error");
    lb_set_text(error, "code", code);
    lb_set_text(error, "where", err->where);
    lb_set_text(error, "message", err->message);
    lb_set_text(error, "detail", err->detail);
    lb_set_text(error, "hint", err->hint);
    lb_answer_json(answer, root);
    lb_arena_free(arena);
}

void lb_answer_error(lb_answer *answer, unsigned status, const lb_error *err)
{
    answer->status = status ? status : (unsigned)lb_error_http_status(err->code);
    answer_error(answer, error_word(answer->status, err->code), err);
}

void lb_answer_refuse_code(lb_answer *answer, unsigned status, const char *code, const char *message, const char *hint)
{
    lb_error err = LB_ERROR_INIT;
    lb_fail(&err, LB_FORBIDDEN, "%s", message);
    lb_error_hint(&err, "%s", hint);
    answer->status = status;
    answer_error(answer, code, &err);
}

void lb_answer_refuse(lb_answer *answer, unsigned status, const char *message, const char *hint)
{
    lb_error err = LB_ERROR_INIT;
    int code = status == 403 ? LB_FORBIDDEN : status == 404 ? LB_NOT_FOUND : status == 413 ? LB_TOO_LARGE : 0;
    lb_fail(&err, code, "%s", message);
    err.code = code;
    lb_error_hint(&err, "%s", hint);
    lb_answer_error(answer, status, &err);
}

void lb_answer_json(lb_answer *answer, const lb_value *value)
{
    answer->body.length = 0;
    answer->type = "application/json";
    lb_json_write(value, 0, &answer->body);
    lb_buf_putc(&answer->body, '\n');
}

void lb_answer_borrow(lb_answer *answer, const char *type, const void *data, size_t length)
{
    answer->type = type;
    answer->borrowed = data;
    answer->borrowed_length = length;
}

bool lb_answer_etag(lb_answer *answer, const lb_request *request, const char *etag)
{
    lb_answer_header(answer, "ETag", etag);
    const char *sent = request->if_none_match;
    if (!sent || !(strcmp(sent, "*") == 0 || strstr(sent, etag))) return false;
    answer->status = 304;
    answer->body.length = 0;
    answer->borrowed = NULL;
    answer->borrowed_length = 0;
    return true;
}
