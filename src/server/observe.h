/* What the server tells about itself: counters for whoever watches the machine (the text format of Prometheus, version 0.0.4), and
 * a line of JSON per request. Neither holds anything of a person: a request is told by the pattern of its route, never by its
 * address, its query or its body; there are no names, no codes and no addresses of clients. */
#ifndef LUMBAR_SERVER_OBSERVE_H
#define LUMBAR_SERVER_OBSERVE_H

#include <lumbar/base.h>

struct lb_store;

typedef struct lb_observer lb_observer;

typedef struct lb_observed {
    const char *method, *route; /**< "GET", "/api/people/{subject}" */
    unsigned status;
    double seconds;
    size_t in, out; /**< bytes of the bodies */
} lb_observed;

/** `log`: a file that lines are added to, "-" the standard error, NULL none. */
int lb_observer_new(const char *log, lb_observer **out, lb_error *err) LB_MUST_CHECK;
void lb_observer_free(lb_observer *observer);
/** From any thread. */
void lb_observe(lb_observer *observer, const lb_observed *request);
/** "start", "stop", with a word beside it or NULL. */
void lb_observer_event(lb_observer *observer, const char *event, const char *detail);
/** `store` may be NULL. */
void lb_observer_metrics(lb_observer *observer, struct lb_store *store, size_t body_bytes, lb_buf *out);

#endif
