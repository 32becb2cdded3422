/* Review documents behind a function table: memory in the demo, a study's store elsewhere. What may happen to a document is
 * decided by the operations meta screen and meta extract; here it is only fetched, handed to them, and kept. */
#ifndef LUMBAR_SERVER_REVIEWS_H
#define LUMBAR_SERVER_REVIEWS_H

#include <lumbar/op.h>

typedef struct lb_reviews {
    /** Push {id, title, version}. */
    int (*list)(void *context, lb_value *rows, lb_error *err);
    /** The document, in the arena, and its version. LB_NOT_FOUND. */
    int (*get)(void *context, const char *id, lb_arena *arena, lb_bytes *out, int64_t *version, lb_error *err);
    /** Keep what was made from `version` (0: new); LB_CANCELLED when somebody else was faster. */
    int (*put)(void *context, const char *id, const lb_bytes *document, int64_t version, lb_error *err);
    void (*free)(void *context);
    void *context;
} lb_reviews;

/** Documents in memory, at most 64 MiB together; safe for any number of threads. */
lb_reviews *lb_reviews_memory_new(void);
void lb_reviews_free(lb_reviews *reviews);

/** What `who` does to a review and sees of it. body: {"event": {…}} or {"events": […]} or {"ris": text, "source": name}, or
 *  nothing to look only. The event's who is replaced by `who`. The state goes to *out. When two people are at it at once,
 *  the later one's event is applied to the earlier one's document. */
int lb_review_act(const lb_reviews *reviews, const lb_registry *registry, const char *id, const char *who, const char *at,
                  const lb_value *body, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;
#endif
