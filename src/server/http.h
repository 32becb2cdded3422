/* A request and an answer as plain data, so that routes, checks and the reading of paths need no network. */
#ifndef LUMBAR_SERVER_HTTP_H
#define LUMBAR_SERVER_HTTP_H

#include <lumbar/result.h>

/** A request whose head has been read. Texts live in the arena; absent headers are NULL. */
typedef struct lb_request {
    lb_arena *arena;
    const char *method;
    const char *path; /**< percent-decoded, without the query */
    const char *host, *origin, *fetch_site, *accept, *accept_encoding, *content_type, *if_none_match;
    const char *cookie, *token; /**< Cookie and X-Lumbar-Token */
    bool direct;                /**< from this machine itself, through no proxy */
    const char *address;        /**< of the client, as text; behind a proxy on this machine the one it names */
    size_t queries;             /**< parameters after '?', percent-decoded */
    struct lb_query { const char *name, *value; } *query;
    lb_buf body;
    bool (*gone)(void *context); /**< has the client left? May be NULL. */
    void *gone_context;
} lb_request;

enum { LB_ANSWER_HEADERS = 8 };

/** What to send back. The content is `borrowed` (lives as long as the server), else `fd`, else `body`. */
typedef struct lb_answer {
    unsigned status;
    const char *type;  /**< content type */
    lb_buf body;
    const void *borrowed;
    size_t borrowed_length;
    int fd;            /**< -1 = none */
    size_t fd_length;
    bool framed;       /**< pages of this very server may show it in a frame */
    const char *policy; /**< Content-Security-Policy in place of the usual one, or NULL */
    bool close;        /**< close the connection afterwards */
    size_t headers;
    const char *name[LB_ANSWER_HEADERS], *value[LB_ANSWER_HEADERS]; /**< further headers, in the request's arena */
} lb_answer;
#define LB_ANSWER_INIT {.status = 200, .type = "application/json", .fd = -1}

void lb_answer_free(lb_answer *answer); /**< body and fd, when they were not sent */
void lb_answer_header(lb_answer *answer, const char *name, const char *value);
/** {"error":{code,where,message,detail,hint}} with this status; 0 = the one of the error's code. */
void lb_answer_error(lb_answer *answer, unsigned status, const lb_error *err);
/** The same from a message and a hint. */
void lb_answer_refuse(lb_answer *answer, unsigned status, const char *message, const char *hint);
/** The same with a code of its own, for what a program decides on: "sign_in", "otp_needed". */
void lb_answer_refuse_code(lb_answer *answer, unsigned status, const char *code, const char *message, const char *hint);
void lb_answer_json(lb_answer *answer, const lb_value *value);
void lb_answer_borrow(lb_answer *answer, const char *type, const void *data, size_t length);
/** Set ETag; true (and 304) when the request already has it. */
bool lb_answer_etag(lb_answer *answer, const lb_request *request, const char *etag);

/** Percent-decode a path into the arena. False: bad escape, NUL, control character, backslash or bad UTF-8. */
bool lb_path_decode(const char *raw, lb_arena *arena, const char **out);
/** A parameter of the query, or NULL. */
const char *lb_request_query(const lb_request *request, const char *name);
/** A cookie's value in the arena, or NULL. */
const char *lb_request_cookie(const lb_request *request, const char *name);
/** Percent-decode a parameter ('+' is a space). False: malformed, NUL or control character, bad UTF-8. */
bool lb_query_decode(const char *raw, lb_arena *arena, const char **out);
/** Is this Host header a name of this machine alone: localhost, 127.x.x.x, [::1]? Any port. */
bool lb_host_is_loopback(const char *host);
/** Is it this public name? Any port. */
bool lb_host_is(const char *host, const char *name);
/** Does a POST come from our own pages or from a program: no Origin, or one that equals Host, and no cross-site mark? */
bool lb_origin_allowed(const lb_request *request);

typedef enum lb_format { LB_FORMAT_NONE, LB_FORMAT_JSON, LB_FORMAT_CSV, LB_FORMAT_HTML, LB_FORMAT_SVG, LB_FORMAT_TEXT } lb_format;
/** Best of our formats by the Accept header (RFC 9110 section 12.5.1); none given is JSON. */
lb_format lb_accept_format(const char *accept);
/** Does Accept-Encoding take gzip? */
bool lb_accept_gzip(const char *accept_encoding);

#endif
