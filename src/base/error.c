/* Errors a person can act on: a code, and where, what, detail and hint as text. */
#include <lumbar/base.h>

#include <stdio.h>

const char *lb_version(void) { return LUMBAR_VERSION; }

int lb_fail(lb_error *err, int code, const char *fmt, ...)
{
    if (err == NULL) return code;
    err->code = code;
    err->where[0] = err->detail[0] = err->hint[0] = '\0';
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return code;
}

#define DEFINE_SETTER(name, member)                           \
    void name(lb_error *err, const char *fmt, ...)            \
    {                                                         \
        if (err == NULL) return;                              \
        va_list args;                                         \
        va_start(args, fmt);                                  \
        vsnprintf(err->member, sizeof err->member, fmt, args); \
        va_end(args);                                         \
    }
DEFINE_SETTER(lb_error_where, where)
DEFINE_SETTER(lb_error_detail, detail)
DEFINE_SETTER(lb_error_hint, hint)

/* The contract: 0 done, 1 failed, 2 usage, 3 bad data, 4 not converged. */
int lb_error_exit_status(int code)
{
    switch (code) {
    case LB_OK: return 0;
    case LB_USAGE: return 2;
    case LB_BAD_DATA:
    case LB_NOT_FOUND:
    case LB_TOO_LARGE: return 3;
    case LB_NOT_CONVERGED: return 4;
    default: return 1;
    }
}

int lb_error_http_status(int code)
{
    switch (code) {
    case LB_OK:
    case LB_NOT_CONVERGED: return 200;
    case LB_USAGE: return 400;
    case LB_FORBIDDEN: return 403;
    case LB_NOT_FOUND: return 404;
    case LB_CONFLICT:
    case LB_CANCELLED: return 409;
    case LB_TOO_LARGE: return 413;
    case LB_BAD_DATA: return 422;
    case LB_NO_MEMORY: return 503;
    default: return 500;
    }
}
