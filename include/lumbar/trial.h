/* Job 1: conduct. The protocol as data, its rules, its schedule, randomisation that anyone can replay, and a simulator.
 * Pure domain: nothing here knows a database or a network. */
#ifndef LUMBAR_TRIAL_H
#define LUMBAR_TRIAL_H

#include <lumbar/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dates ---------------------------------------------------------------- */

/** Days since 1970-01-01 of "YYYY-MM-DD"; false when it is no date of the Gregorian calendar. */
LB_API bool lb_date_days(const char *text, size_t length, int64_t *days);
LB_API void lb_date_text(int64_t days, char text[16]);
/** Seconds since 1970-01-01T00:00:00Z of "YYYY-MM-DDThh:mm[:ss]Z"; false when it is none. */
LB_API bool lb_time_seconds(const char *text, int64_t *seconds);
LB_API void lb_time_text(int64_t seconds, char text[24]);

/* ---- randomisation: rtsm-v1 ------------------------------------------------ */

enum { LB_RTSM_ARMS = 16, LB_RTSM_SIZES = 16, LB_RTSM_BLOCK = 240 };

/** What fixes a sequence: trial, seed, block sizes, arms. All texts borrowed. */
typedef struct lb_rtsm {
    const char *trial;
    uint8_t seed[32];
    unsigned size_count, size[LB_RTSM_SIZES];
    unsigned arm_count;
    const char *arm[LB_RTSM_ARMS];
} lb_rtsm;

/** One block: its size and, per position, the index of the arm. */
typedef struct lb_rtsm_block {
    unsigned size;
    uint8_t arm[LB_RTSM_BLOCK];
} lb_rtsm_block;

/** Check arms and sizes (2–16 arms, no name twice, every size a multiple of the number of arms). */
LB_API int lb_rtsm_check(const lb_rtsm *rtsm, lb_error *err) LB_MUST_CHECK;
/** SHA-256("lumbar-rtsm-v1|commit|" trial "|" seed): published at activation. */
LB_API void lb_rtsm_commitment(const lb_rtsm *rtsm, char hex[65]);
/** Block `index` (from 0) of a stratum: HMAC-SHA-256 stream, rejection sampling, Fisher–Yates. */
LB_API void lb_rtsm_draw(const lb_rtsm *rtsm, const char *stratum, uint32_t index, lb_rtsm_block *block);

/* ---- minimisation ----------------------------------------------------------- */

typedef struct lb_minimise {
    unsigned arm_count, factor_count;
    const double *weight;    /**< factor_count */
    const uint32_t *counts;  /**< arm_count × factor_count: people already in the arm with the new person's level */
    bool variance;           /**< variance (divisor n − 1) instead of range */
    double p_best;
} lb_minimise;
/** Scores per arm (imbalance if the new person went there) and probabilities. */
LB_API void lb_minimise_scores(const lb_minimise *m, double *score, double *probability);

/* ---- rules: Lua expressions in a sandbox ------------------------------------ */

/** One Lua state with limits. Not thread-safe: one per thread. */
typedef struct lb_rules lb_rules;
typedef struct lb_rules_limits {
    size_t memory_bytes;    /**< of the whole state; default 4 MiB */
    int instructions;       /**< per evaluation; default 100000 */
} lb_rules_limits;
/** What a rule sees under a name: a number, a text, a truth, or missing (LB_NULL). Returns false for an unknown name. */
typedef bool (*lb_rule_lookup)(void *context, const char *name, lb_value *out);
/** A rule's answer. `known` is false when an item it reads is missing (named in `missing`). */
typedef struct lb_answer {
    bool known;
    lb_value value;        /**< LB_BOOL, LB_DOUBLE or LB_STRING; text is in `text` */
    char text[256];
    char missing[64];
} lb_answer;

LB_API lb_rules *lb_rules_new(const lb_rules_limits *limits); /**< NULL limits: the defaults */
LB_API void lb_rules_free(lb_rules *rules);
/** Compile a rule. `known`, when given, lists the names it may use; an unknown one is an error naming the nearest.
 *  The error's `where` is "column N" inside the rule. *id numbers the compiled rule. */
LB_API int lb_rules_compile(lb_rules *rules, const char *text, const char *const *known, size_t known_count, int *id,
                            lb_error *err) LB_MUST_CHECK;
LB_API int lb_rules_run(lb_rules *rules, int id, lb_rule_lookup lookup, void *context, lb_answer *out,
                        lb_error *err) LB_MUST_CHECK;
/** Names of items a rule reads, in order of appearance, owned by the arena. */
LB_API const char **lb_rule_names(const char *text, lb_arena *arena, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
