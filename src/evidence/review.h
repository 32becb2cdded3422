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
/** LB_BAD_DATA at a node of the protocol. */
int lb_review_fault(const lb_value *at, lb_error *err, const char *fmt, ...) LB_PRINTF(3, 4);
#endif
