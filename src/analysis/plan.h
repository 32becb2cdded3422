/* The statistical analysis plan as data: read and checked, its data prepared, its analyses run by name, its report. */
#ifndef LUMBAR_ANALYSIS_PLAN_H
#define LUMBAR_ANALYSIS_PLAN_H

#include <lumbar/document.h>
#include <lumbar/op.h>

typedef struct lb_plan_set {
    const char *id, *label, *definition;
    lb_table *table;
} lb_plan_set;

/** One line of an analysis: the comparison it makes. */
typedef struct lb_plan_row {
    const char *id, *title, *label, *set, *role; /**< role: primary, sensitivity, secondary */
    double estimate, se, df, statistic, p, lower, upper;
    int64_t n, groups; /**< groups: of a mixed model whose n counts observations; else -1 */
    bool same_as_primary, same_scale;
    bool group;        /**< the label is a subgroup, not a visit */
    const char *strategy; /**< of reference-based imputation, or NULL */
    bool hazard_ratio; /**< estimate and limits are logarithms of hazard ratios */
    const char *status;
    const lb_result *result; /**< it came from: its notes stand under the table */
} lb_plan_row;

/** An analysis that ran and compares the arms in another way than by one estimate: a log-rank test, survival curves. */
typedef struct lb_plan_other {
    const char *title, *role, *set;
    const lb_result *result; /**< among the kept ones */
} lb_plan_other;

typedef struct lb_plan {
    lb_arena *arena;            /**< the result's */
    lb_call *call;
    lb_result *result;
    const lb_value *root;
    const char *name;           /**< of the file, for messages */
    char sha256[65];
    lb_table **table;           /**< participants first */
    size_t tables;
    lb_table *participants;
    const char *id, *arm, *reference, *comparison;
    lb_plan_set *set;
    size_t sets;
    lb_plan_row *row;           /**< row[0] is the primary analysis */
    size_t rows;
    lb_plan_other *other;
    size_t others;
    bool lower_is_better;
    double mcid, alpha, level;
    lb_result **kept;           /**< results whose tables and pictures the report shows */
    size_t kept_count;
    lb_result *flow, *baseline, *primary, *safety;
    bool rehearsal;             /**< arms are shuffled */
    uint64_t shuffle_seed;
    const char *state;          /**< one sentence on lock, amendments or rehearsal; NULL when no ledger was given */
    lb_bytes bytes;             /**< the plan's text */
} lb_plan;

/** Error at a node of the plan: where becomes file:line:column. */
int lb_plan_fail(const lb_plan *plan, const lb_value *node, lb_error *err, const char *fmt, ...) LB_PRINTF(4, 5);
/** Parse, check every key, remember the hash. */
int lb_plan_read(lb_plan *plan, const lb_bytes *bytes, lb_error *err) LB_MUST_CHECK;
/** Tables by name, derived columns, analysis sets. */
int lb_plan_prepare(lb_plan *plan, lb_table *const *table, size_t count, lb_error *err) LB_MUST_CHECK;
/** Deals the arms anew within the strata of the plan's `rehearsal`; nothing else changes. */
int lb_plan_shuffle(lb_plan *plan, uint64_t seed, lb_error *err) LB_MUST_CHECK;
lb_table *lb_plan_table(const lb_plan *plan, const char *name);
/** Does the row of a long table meet "where: {visit: M12}" or "where: {visit: [M06, M12]}"? */
bool lb_plan_row_matches(const lb_table *table, size_t row, const lb_value *where);
const lb_plan_set *lb_plan_find_set(const lb_plan *plan, const char *id);
/** Is every column there that an analysis of the plan names, in a table that was given? */
int lb_plan_columns(const lb_plan *plan, lb_error *err) LB_MUST_CHECK;
/** Flow, baseline, primary, sensitivity, secondary, sample size: everything into the result. */
int lb_plan_run(lb_plan *plan, lb_error *err) LB_MUST_CHECK;
/** Confirmatory tests by the plan's `multiplicity`; after everything ran. */
int lb_plan_multiplicity(lb_plan *plan, lb_error *err) LB_MUST_CHECK;
/** A row's title with its visit, strategy or subgroup as the plan's labels call them. */
const char *lb_plan_row_name(const lb_plan *plan, const lb_plan_row *row);
/** Adjusted means and differences as one picture. */
const char *lb_plan_figure(const lb_plan *plan);
/** The report as blocks, for HTML and PDF. */
void lb_plan_report(const lb_plan *plan, lb_report *out);

/** Deep copy into another arena. */
lb_value *lb_value_copy(lb_arena *arena, const lb_value *value);

#endif
