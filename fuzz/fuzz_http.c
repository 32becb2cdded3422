/* Fuzz what the server reads from outside before any operation runs: path, Host, Accept, and the two forms of body.
 * Input: first line = content type, second = path, third = Accept, the rest = body. */
#include "../tests/api/echo_ops.h"

#include "server/http.h"
#include "server/op_face.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool find_dataset(void *context, const char *id, lb_bytes *out)
{
    (void)context;
    static const char csv[] = "a,b\n1,2\n";
    *out = (lb_bytes){(const uint8_t *)csv, sizeof csv - 1, "t.csv"};
    return strcmp(id, "t") == 0;
}

/* The next line of the input, NUL-terminated in the arena. */
static const char *take_line(const char **at, const char *end, lb_arena *arena)
{
    const char *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    if (!stop) stop = end;
    const char *line = lb_arena_textn(arena, *at, (size_t)(stop - *at));
    *at = stop < end ? stop + 1 : end;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = echo_registry();
    const char *at = (const char *)data, *end = at + size, *path = NULL;
    const char *type = take_line(&at, end, arena), *raw = take_line(&at, end, arena), *accept = take_line(&at, end, arena);
    const lb_op *op = NULL;
    lb_call *call = NULL;
    lb_result *result = NULL;
    lb_error err = LB_ERROR_INIT;
    bool unsupported = false;
    /* A copy of its own, so that reading past the end is seen. */
    size_t length = (size_t)(end - at);
    char *copy = malloc(length ? length : 1);
    if (!copy) abort();
    if (length) memcpy(copy, at, length);
    if (lb_path_decode(raw, arena, &path) && strlen(path) > strlen(raw)) abort();
    const char *decoded = NULL;
    const lb_request sent = {.arena = arena, .cookie = accept};
    if (lb_query_decode(raw, arena, &decoded) && strlen(decoded) > strlen(raw)) abort();
    (void)lb_request_cookie(&sent, "lumbar");
    (void)lb_host_is_loopback(accept);
    (void)lb_accept_format(accept);
    (void)lb_accept_gzip(accept);
    if (lb_face_find(registry, raw, arena, &op, &err)) op = lb_registry_find(registry, "test", "echo");
    lb_face_body body = {type, copy, length, 64};
    lb_face_datasets datasets = {.find = find_dataset};
    int code = lb_face_call(registry, op, &body, &datasets, arena, &call, &unsupported, &err);
    if (code && !err.message[0]) abort(); /* every refusal has words */
    if (!code && op->run == run_echo && lb_call_run(call, &result, &err) == LB_OK) lb_result_free(result);
    lb_call_free(call);
    free(copy);
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}
