/* A review as data: protocol, tables of studies, arms and outcomes; from them contrasts, cells and regressions. Private
 * to the evidence room. */
#ifndef LUMBAR_EVIDENCE_REVIEW_H
#define LUMBAR_EVIDENCE_REVIEW_H

#include "evidence/report.h"

enum { LB_REVIEW_SOURCES = 5, LB_REVIEW_TERMS = 8, LB_REVIEW_NAMES = 16 };
/** Where the SD of a change came from; a bit each, so that combined arms can have several. */
typedef enum lb_sd_source { LB_SD_REPORTED, LB_SD_FROM_SE, LB_SD_FROM_CI, LB_SD_IMPUTED, LB_SD_FINAL } lb_sd_source;
const char *lb_sd_source_name(lb_sd_source source);

typedef struct lb_review_term {
    const char *name;
    double target, after, until; /**< weeks: closest to target in (after, until] */
} lb_review_term;

typedef struct lb_review_arm {
    size_t study;
    const char *arm, *role;
    bool matched, true_control;
    double randomised; /**< NaN when the table of arms does not say */
} lb_review_arm;

/** A row of outcomes: one arm, one outcome, one visit. */
typedef struct lb_review_visit {
    size_t arm, outcome, row;
    double week, n, mean, sd, low, high; /**< low, high: ends of the scale */
    bool higher_is_worse, from_median;
    double change, change_sd, change_se, change_lower, change_upper;
    lb_sd_source source; /**< set for visits after week 0 */
    double used_change, used_sd;
    bool usable;
} lb_review_visit;

typedef struct lb_review_contrast {
    size_t study, outcome, comparator, term;
    double n1, m1, sd1, n2, m2, sd2, g, vg, md, vmd, week;
    bool matched, true_control;
    const char *sd_source, *trace;
} lb_review_contrast;

/** An analysis of the review: the contrasts in it, pooled. */
typedef struct lb_review_cell {
    const char *id;
    size_t outcome;
    size_t k, *member; /**< contrasts */
    double *y, *v, *md, *vmd;
    double total;      /**< participants */
    lb_summary summary, summary_md;
    double egger_p;    /**< NaN under three studies */
    bool pooled;
} lb_review_cell;

typedef struct lb_review {
    const lb_value *protocol;
    lb_arena *arena;
    lb_result *result;
    const lb_source *source;
    lb_table *studies, *outcomes, *risk;
    lb_column study;   /**< of studies, as a factor */
    size_t *study_row; /**< level → row of studies */
    size_t *risk_row;  /**< level → row of risk + 1, 0 = none */
    lb_review_arm *arm;
    lb_review_visit *visit;
    lb_review_contrast *contrast;
    size_t arms, visits, contrasts;
    size_t outcome_count, comparator_count, term_count;
    const char *outcome[LB_REVIEW_NAMES], *comparator[LB_REVIEW_NAMES];
    lb_review_term term[LB_REVIEW_TERMS];
    lb_sd_source order[LB_REVIEW_SOURCES];
    size_t order_count;
    double to_low, to_high;
    double correlation[LB_REVIEW_NAMES];
    size_t correlation_n[LB_REVIEW_NAMES];
    lb_pool_settings settings;
    double assumed;           /**< correlation to use instead of the data's own; NaN = none */
    bool pictures;            /**< draw them */
    const char *intervention; /**< role of the arms under study */
    lb_review_cell *main;     /**< main analyses with at least one study */
    size_t mains;
    lb_table
        *table; /**< contrasts with the studies' and the risk table's columns: what conditions and predictors see */
} lb_review;

/** Protocol → structure; every fault names the place in the document. */
int lb_review_read(lb_review *review, const lb_bytes *document, lb_error *err) LB_MUST_CHECK;
int lb_review_tables(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** The data rules: medians, SDs of change with their sources. */
int lb_review_changes(lb_review *review, lb_error *err) LB_MUST_CHECK;
int lb_review_contrasts(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** "comparator == passive and rob != high" on row `row` of the contrasts' table. */
int lb_review_condition(const lb_table *table, const char *text, size_t row, lb_arena *arena, bool *out,
                        lb_error *err) LB_MUST_CHECK;
int lb_review_cells(lb_review *review, lb_error *err) LB_MUST_CHECK;
int lb_review_regressions(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** An empty analysis; with a member added it holds that contrast's effects. */
lb_review_cell lb_review_cell_new(lb_review *review, const char *id, size_t outcome);
void lb_review_cell_add(const lb_review *review, lb_review_cell *cell, size_t contrast);
/** The effects of an analysis as the other files of this room take them: arms, labels, the studies' columns. */
lb_effects lb_review_effects(lb_review *review, const lb_review_cell *cell);
/** Visit of a study in a time window: its week, NaN when there is none. */
double lb_review_week(const lb_review *review, size_t study, size_t outcome, const lb_review_term *term);
/** All arms of a role at a visit as one group (Handbook table 6.5.a), on the common scale. */
typedef struct lb_review_group {
    double n, m, sd;
    size_t arms;
    bool matched, true_control;
    lb_sd_source source[LB_REVIEW_SOURCES];
    size_t sources;
    lb_buf trace; /**< freed by the caller */
} lb_review_group;
void lb_review_collect(const lb_review *review, size_t study, size_t outcome, double week, const char *role,
                       lb_review_group *group);
/** Changes within the arms of each role (E3), pooled. */
int lb_review_within(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** Subgroups that the protocol asks for. */
int lb_review_subgroups(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** Medians and quartiles of the studies' characteristics, counts of adverse events (E1). */
int lb_review_describe(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** GRADE of every main analysis by the protocol's rules, with overrides and their reasons; summary of findings. */
int lb_review_certainty(lb_review *review, lb_error *err) LB_MUST_CHECK;
/** Forest and funnel of every main analysis, risk of bias, flow. */
void lb_review_figures(lb_review *review);
/** A table that the protocol names under files; *out NULL when it names none and it is not required. */
int lb_review_table(lb_review *review, const char *key, bool required, lb_table **out, lb_error *err) LB_MUST_CHECK;
/** LB_BAD_DATA at a node of the protocol. */
int lb_review_fault(const lb_value *at, lb_error *err, const char *fmt, ...) LB_PRINTF(3, 4);
#endif
