/* What the trial asks of whoever holds the randomisation seed. The trial declares it, src/allocator/ implements it (a process of
 * its own; tests use one inside the program), and nobody else can ask: there is no call that tells anything about the future.
 *
 * A subject is allocated at most once: asking again, with any key, in any order, after any crash, gives the first answer.
 * The answer is on the allocator's disk before it is given. The trial writes its own record (arm sealed) afterwards; a
 * crash between the two is mended by asking again. */
#ifndef LUMBAR_TRIAL_ALLOCATE_H
#define LUMBAR_TRIAL_ALLOCATE_H

#include <lumbar/data.h>

/** Who is to be allocated. All texts borrowed. */
typedef struct lb_allocation_ask {
    const char *subject;      /**< participant's code */
    const char *stratum;      /**< permuted blocks: the values of the protocol's strata joined by '/', "C01/F"; "" = one stratum */
    const char *const *level; /**< minimisation: this person's level of each factor, in the protocol's order; NULL otherwise */
    size_t level_count;
    const char *by;           /**< who confirmed it */
} lb_allocation_ask;

/** What was decided. */
typedef struct lb_allocation {
    char arm[64];       /**< the arm's code of the protocol file ("A") */
    int64_t sequence;   /**< 1, 2, … over the whole trial, in the order of allocation, no gap */
    int64_t slot;       /**< 1, 2, … inside the stratum (minimisation: the same as sequence) */
    int64_t at_us;      /**< microseconds since 1970 UTC */
    char receipt[65];   /**< HMAC-SHA-256 of the journal's entry: proves later that this answer was given */
    bool again;         /**< the subject had been allocated before: this is that answer */
} lb_allocation;

/** One past allocation, for the balance report and for verification after the seed is revealed. Where a block ends is not told:
 *  it would tell what comes next. Texts borrowed. */
typedef struct lb_allocation_past {
    const char *subject, *stratum, *arm, *by;
    int64_t sequence, slot, at_us;
    const char *const *level;
    size_t level_count;
} lb_allocation_past;
typedef int (*lb_allocation_seen)(void *context, const lb_allocation_past *past, lb_error *err); /**< non-zero ends it */

/** The allocator as the trial sees it. Calls may come from many threads at once. */
typedef struct lb_allocator_face {
    void *context;
    /** Allocate, or repeat the answer. LB_CONFLICT: the trial's seed was revealed, nobody is allocated any more. */
    int (*allocate)(void *context, const lb_allocation_ask *ask, lb_allocation *out, lb_error *err);
    /** Past allocations in their order. Who may read them is the trial's business (rights): unmasked roles only. */
    int (*past)(void *context, lb_allocation_seen seen, void *seen_context, lb_error *err);
    /** SHA-256 commitment to the seed, published at activation. */
    int (*commitment)(void *context, char hex[65], lb_error *err);
    /** The seed, once, after the lock: from then on allocate() refuses. */
    int (*reveal)(void *context, char seed_hex[65], lb_error *err);
} lb_allocator_face;

#endif
