/* The HTTP face: starts and stops the server. It speaks JSON, derives its routes from the registry and holds no rule
 * of the domain. libmicrohttpd does the protocol; docs/server.md describes the API. */
#ifndef LUMBAR_SERVER_H
#define LUMBAR_SERVER_H

#include <lumbar/op.h>

typedef struct lb_server lb_server;
struct lb_store;

typedef struct lb_server_options {
    const char *listen;    /**< "127.0.0.1:8080"; port 0 = any free one; IPv6 in brackets */
    const char *host;      /**< a public name to answer to besides this machine's own, e.g. behind nginx; or NULL */
    bool demo;             /**< serve the demo data; loopback addresses only */
    const char *study;     /**< a protocol file to show beside the shipped ones, or NULL */
    const char *web;       /**< folder of the built front end; NULL = found from `root` */
    const char *root;      /**< folder that holds studies/ and reference/; NULL = found from the executable */
    const char *shared;    /**< folder that holds data/lumbar_mri; NULL = LUMBAR_SHARED or <root>/../shared */
    unsigned threads;      /**< network threads; 0 = chosen from the cores */
    unsigned workers;      /**< operations that run at once; 0 = cores */
    unsigned queue;        /**< operations that may wait; 0 = 64 */
    unsigned connections;  /**< open at once */
    unsigned parts_max;    /**< of a multipart body */
    size_t body_max;       /**< bytes of one request body; lb_max_input() lowers it */
    size_t body_total;     /**< bytes of all bodies held at once */
    size_t artifact_total; /**< bytes of files kept for download */
    double head_seconds;   /**< a request's head must have arrived by then; also the longest idle keep-alive */
    double body_rate;      /**< bytes per second a body must come at, on average, after head_seconds */
    double send_seconds;   /**< an answer must have been taken by then */
    struct lb_store *store; /**< study mode: whose study is conducted; borrowed, outlives the server. NULL: none */
    const struct lb_allocator_face *allocator; /**< whom randomisation asks; borrowed. NULL: nobody can be randomised here */
    unsigned study_workers; /**< study requests at once; they wait for the disk together. 0 = 32 */
    double idle_seconds;   /**< a session ends after this long without a request */
    double op_seconds;     /**< an operation that takes longer is cancelled */
    const char *calculators; /**< folder of published models, also written to when one is published; or NULL */
    const char *log;       /**< file for a line of JSON per request, "-" = standard error; NULL: none */
} lb_server_options;
#define LB_SERVER_OPTIONS_INIT                                                                                     \
    {"127.0.0.1:8080", NULL, false, NULL, NULL, NULL, NULL, 0, 0, 0, 512, 64, (size_t)256 << 20, (size_t)1 << 30,       \
     (size_t)64 << 20, 20, 16384, 900, NULL, NULL, 0, 1800, 1800, NULL, NULL}

/** Bind, prepare the demo, and answer requests on threads of its own. The registry is borrowed. */
int lb_server_start(const lb_server_options *options, const lb_registry *registry, lb_server **out,
                    lb_error *err) LB_MUST_CHECK;
/** The API as an OpenAPI 3.1 document, the routes of a study included: what `lumbar serve --openapi` prints. */
void lb_server_openapi(const lb_registry *registry, lb_buf *out);
/** "http://127.0.0.1:8080/", valid while the server lives. */
const char *lb_server_url(const lb_server *server);
/** Can other machines reach it? */
bool lb_server_is_public(const lb_server *server);
/** Finish or cancel what is running, close every connection, free. NULL is fine. */
void lb_server_stop(lb_server *server);

#endif
