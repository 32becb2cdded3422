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
/** How much of "2026", "2026-03", "2026-03-05" (or a date with a time) is known: 1 year, 2 month, 3 day; 0 = no date. */
LB_API int lb_date_precision(const char *text);
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

/** A number in [0, 1) for allocation `index` (from 1) of a minimised trial: its arm is the first whose cumulated
 *  probability, in the order of the arms, is above it. */
LB_API double lb_rtsm_uniform(const lb_rtsm *rtsm, uint32_t index);

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

/** One Lua state with limits. Once all rules are compiled, many threads may run them: one at a time gets its turn. A lookup runs no rule. */
typedef struct lb_rules lb_rules;
typedef struct lb_rules_limits {
    size_t memory_bytes;    /**< of the whole state; default 4 MiB */
    int instructions;       /**< per evaluation; default 100000 */
} lb_rules_limits;
/** What a rule sees under a name: a number, a text, a truth, or missing (LB_NULL). Returns false for an unknown name. */
typedef bool (*lb_rule_lookup)(void *context, const char *name, lb_value *out);
/** A rule's answer. `known` is false when an item it reads is missing (named in `missing`). */
typedef struct lb_rule_answer {
    bool known;
    lb_value value;        /**< LB_BOOL, LB_DOUBLE or LB_STRING; text is in `text` */
    char text[256];
    char missing[64];
} lb_rule_answer;

LB_API lb_rules *lb_rules_new(const lb_rules_limits *limits); /**< NULL limits: the defaults */
LB_API void lb_rules_free(lb_rules *rules);
/** Compile a rule. `known`, when given, lists the names it may use; an unknown one is an error naming the nearest.
 *  The error's `where` is "column N" inside the rule. *id numbers the compiled rule. */
LB_API int lb_rules_compile(lb_rules *rules, const char *text, const char *const *known, size_t known_count, int *id,
                            lb_error *err) LB_MUST_CHECK;
LB_API int lb_rules_run(lb_rules *rules, int id, lb_rule_lookup lookup, void *context, lb_rule_answer *out,
                        lb_error *err) LB_MUST_CHECK;
/** Names of items a rule reads, in order of appearance, owned by the arena. */
LB_API const char **lb_rule_names(const char *text, lb_arena *arena, size_t *count);

/* ---- the study as data ------------------------------------------------------- */

/** A text in the languages a study offers; `en` is always there, the others may be NULL. */
typedef struct lb_label {
    const char *en, *zh, *da;
} lb_label;

typedef struct lb_study_site {
    const char *id, *city, *country;
    lb_label label;
} lb_study_site;

typedef struct lb_study_arm {
    const char *id;   /**< what the analysis sees: EXERCISE */
    const char *code; /**< what the sequence holds: A */
    const char *kind; /**< experimental, active, control */
    lb_label label, description;
} lb_study_arm;

typedef enum lb_item_type {
    LB_ITEM_TEXT, LB_ITEM_INTEGER, LB_ITEM_NUMBER, LB_ITEM_DATE, LB_ITEM_DATETIME, LB_ITEM_CHOICE, LB_ITEM_CHOICES,
    LB_ITEM_YESNO, LB_ITEM_SLIDER, LB_ITEM_DERIVED, LB_ITEM_FILE
} lb_item_type;

typedef struct lb_study_code {
    const char *code;
    lb_label label;
} lb_study_code;

typedef struct lb_study_item {
    const char *id, *unit;
    lb_label label;
    lb_item_type type;
    double low, high;               /**< range of accepted values; NaN = open */
    double soft_low, soft_high;     /**< outside: ask again, accept; NaN = none */
    size_t code_count;
    const lb_study_code *code;
    bool required, identifier, reveals_arm;
    bool partial;                   /**< a date of which only the year, or year and month, is known may be given */
    const char *shown_if, *derived_by; /**< rules, or NULL */
    int shown_rule, derived_rule;      /**< compiled, or -1 */
} lb_study_item;

/** A condition that must hold on a form, or across forms. */
typedef struct lb_study_check {
    const char *id, *rule;
    bool hard;                 /**< refuses the save; soft: asks, and opens a query when it is not confirmed */
    lb_label message;
    const char *item;          /**< the item it is shown at, or NULL */
    int compiled;
} lb_study_check;

typedef struct lb_study_form {
    const char *id, *instrument; /**< instrument id or NULL */
    const char *filled_by;       /**< participant, assessor, site, laboratory */
    lb_label label;
    bool reveals_arm, double_entry;
    size_t item_count;
    const lb_study_item *item;
    size_t check_count;
    const lb_study_check *check;
} lb_study_form;

typedef struct lb_study_instrument {
    const char *id, *file, *score; /**< score: the name rules and analyses know it by */
    lb_label label;
    const lb_value *settings;
} lb_study_instrument;

enum { LB_ANCHOR_RANDOMISATION = -1, LB_ANCHOR_NONE = -2 };

typedef struct lb_study_visit {
    const char *id;
    lb_label label;
    int anchor;             /**< index of the visit it counts from, or LB_ANCHOR_… */
    int day;                /**< from the anchor's nominal day */
    int nominal;            /**< from randomisation, all anchors resolved */
    int window[2];          /**< first and last day, relative to nominal */
    bool unscheduled, optional, reveals_arm;
    int repeat_from, repeat_to, repeat_every; /**< days; every 0 = once */
    size_t form_count;
    const int *form;        /**< indices into the study's forms */
} lb_study_visit;

typedef struct lb_study_criterion {
    const char *id, *stage, *rule;
    bool inclusion;
    lb_label label;
    int compiled;
} lb_study_criterion;

/** A protocol: read once, never changed; everything is owned by the arena it was read into. `rules` belongs to the study
 *  and is freed by lb_study_close(). `root` is the whole file for what has no struct of its own. */
typedef struct lb_study {
    const char *id, *version, *file;
    char sha256[65];
    lb_label title;
    lb_arena *arena;
    lb_value *root;
    size_t site_count, arm_count, form_count, instrument_count, visit_count, criterion_count;
    lb_study_site *site;
    lb_study_arm *arm;
    lb_study_form *form;
    lb_study_instrument *instrument;
    lb_study_visit *visit;
    lb_study_criterion *criterion;
    bool minimised;            /**< else stratified permuted blocks */
    lb_rtsm rtsm;              /**< trial, sizes and arm codes; the seed is not in the file */
    size_t stratum_count;
    const char **stratum_item; /**< "centre" or an item: joined by '/' they name the stratum */
    size_t factor_count;       /**< minimisation */
    const char **factor;
    double *factor_weight;
    double p_best;
    bool variance;
    lb_rules *rules;
    const struct lb_conduct_settings *conduct; /**< src/trial/conduct/settings.h */
} lb_study;

/** Read a protocol. Every flaw is pushed to `findings` (an array; may be NULL) as {where, severity, message, hint};
 *  severity is error, warning or note. With an error among them: LB_BAD_DATA, and `err` is the first. */
LB_API int lb_study_read(const lb_bytes *bytes, lb_arena *arena, lb_study **out, lb_value *findings, lb_error *err)
    LB_MUST_CHECK;
LB_API void lb_study_close(lb_study *study);

LB_API const lb_study_item *lb_study_item_named(const lb_study *study, const char *id, const lb_study_form **form);
/** "text", "integer", … as protocols write it. */
LB_API const char *lb_item_type_name(lb_item_type type);
LB_API int lb_study_visit_named(const lb_study *study, const char *id);   /**< index or -1 */
LB_API int lb_study_arm_named(const lb_study *study, const char *id);     /**< index or -1 */

/** Judge one person: for each criterion "met", "not met" or "not known" (1, 0, -1 in `answer`). Inclusion criteria must
 *  be true, exclusion criteria not true. *first is the first criterion that keeps the person out, or -1 when eligible. */
LB_API int lb_study_eligible(const lb_study *study, lb_rule_lookup lookup, void *context, int *answer, int *first,
                             lb_error *err) LB_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
