/* The allocator as the rest of the house sees it: a process of its own that alone holds the randomisation key. It can be
 * asked to allocate, for what was allocated, for the commitment, and (once, at the end) for the seed; nothing else.
 *
 * Rules of the process: a subject is allocated at most once; an answer is on its disk before it is given; what it was not
 * asked is never told. Revealing the seed ends allocation for good: whoever takes the seed early cannot use it. */
#ifndef LUMBAR_ALLOCATOR_H
#define LUMBAR_ALLOCATOR_H

#include <lumbar/trial.h>

#include "trial/conduct/allocate.h"

typedef struct lb_allocator lb_allocator;

typedef struct lb_allocator_options {
    const char *program; /**< the lumbar program; NULL: this one */
    const char *folder;  /**< sealed seed and journal */
    const char *key;     /**< file of the key: not in the folder, not in the database */
} lb_allocator_options;

/** What the protocol says of randomisation, for a new study: one JSON text. */
void lb_allocator_plan(const lb_study *study, lb_buf *out);
/** Draw a seed and seal it, in a process of its own that ends when it is done. Refuses when there is one. */
int lb_allocator_create(const lb_allocator_options *options, const char *plan, char commitment[65], lb_error *err) LB_MUST_CHECK;

/** Start the process. It ends with lb_allocator_stop() or with this program, and is started again when it dies. */
int lb_allocator_start(const lb_allocator_options *options, lb_allocator **out, lb_error *err) LB_MUST_CHECK;
void lb_allocator_stop(lb_allocator *allocator);
/** What the trial asks for; borrowed, as long as the allocator runs. */
const lb_allocator_face *lb_allocator_ask(lb_allocator *allocator);
/** Its process now (for tests that end it). */
int lb_allocator_process(lb_allocator *allocator);

/** After the seed was revealed: the log as CSV that `lumbar randomise verify` reads, and how to call it. */
int lb_allocator_log(lb_allocator *allocator, lb_buf *csv, lb_error *err) LB_MUST_CHECK;

/** The process itself: serves the socket `control` until it is closed. Returns the exit status. */
int lb_allocator_serve(int control, const char *folder, const char *key);
/** Reads the plan from `control`, seals a new seed, answers with the commitment. */
int lb_allocator_make(int control, const char *folder, const char *key);

#endif
