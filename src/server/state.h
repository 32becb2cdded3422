/* What one running server holds, and what its files ask of each other. Everything but the queues is fixed once it has
 * started, so that network threads read it without locks. */
#ifndef LUMBAR_SERVER_STATE_H
#define LUMBAR_SERVER_STATE_H

#include "server/analysis.h"
#include "server/artifacts.h"
#include "server/calculator.h"
#include "server/demo.h"
#include "server/http.h"
#include "server/jobs.h"
#include "server/listen.h"
#include "server/observe.h"
#include "server/reviews.h"
#include "server/server.h"
#include "server/study.h"
#include "server/watch.h"

#include <stdatomic.h>

/** A document made once and sent often. */
typedef struct lb_cached {
    lb_buf content;
    const char *type;
    char etag[72];
} lb_cached;

struct MHD_Daemon;

struct lb_server {
    lb_server_options options;
    lb_arena *arena;
    const lb_registry *registry;
    const char *web; /* folder of the front end or NULL */
    unsigned cores;
    lb_listener listener;
    lb_cached health, ops, openapi;
    lb_demo *demo;
    lb_reviews *reviews;   /* of the demo */
    lb_analysis_demo *analysis_demo;
    lb_analysis_source analysis; /* of a study, else of the demo; list is NULL when there is none */
    lb_artifacts *artifacts;
    lb_calculators *calculators;
    lb_jobs *jobs;
    study_home *home;      /* NULL outside of study mode */
    lb_jobs *study_jobs;
    lb_watch *watch;
    lb_observer *observer;
    struct MHD_Daemon *daemon;
    atomic_size_t body_bytes; /* of all requests now held */
};

/** Fill health, ops and openapi. */
void lb_routes_prepare(lb_server *server);
void lb_routes_release(lb_server *server);
/** Where a request is answered: NULL = at once, on the network thread; else on these workers. */
lb_jobs *lb_route_workers(const lb_server *server, const lb_request *request);
/** Refusals that need the head only: method, path, Host, Origin. True when it refused. */
bool lb_route_refuses(const lb_server *server, const lb_request *request, lb_answer *answer);
/** The pattern of the route that answers, for the log: nothing of the address itself. */
const char *lb_route_name(const lb_server *server, const lb_request *request);
/** Answer a complete request. */
void lb_route(lb_server *server, const lb_request *request, lb_answer *answer);

/** POST /api/op/AREA.VERB (op_route.c). */
void lb_route_op(lb_server *server, const lb_request *request, const char *name, lb_answer *answer);
/** Reviews of the demo (review_route.c). */
void lb_route_reviews(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer);
void lb_route_review(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer);
void lb_route_review_document(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer);
/** The API as an OpenAPI 3.1 document (openapi.c). */
lb_value *lb_openapi(const lb_registry *registry, bool study, lb_arena *arena);

#endif
