/* Cox regression: the data in the order its sums need, the fit, and what is computed from it. */
#ifndef LUMBAR_ANALYSIS_COX_H
#define LUMBAR_ANALYSIS_COX_H
#include <lumbar/numeric.h>
#include <lumbar/op.h>

typedef enum lb_ties { LB_EFRON, LB_BRESLOW, LB_EXACT } lb_ties;

/** People sorted by stratum, then by descending time: the risk set only grows while walking (and shrinks by --start). */
typedef struct lb_cox_data {
    size_t n, p, events, strata;
    double *x;          /**< n × p, row by row, centred at the column means */
    double *column;     /**< the same column by column */
    double *events_x;   /**< p: sums of x over the events */
    double *mean;       /**< p */
    double *time, *start; /**< start is NULL without delayed entry */
    bool *event;
    size_t *first;      /**< strata + 1: where each stratum begins */
    uint32_t *by_start; /**< within each stratum: positions by descending start */
    size_t *row;        /**< row of the design each came from */
    double *offset;     /**< added to x·beta, less its mean; NULL without */
    bool *aliased;      /**< p */
} lb_cox_data;

/** Log partial likelihood at beta, its gradient (p) and information (p × p). */
typedef struct lb_cox_sums {
    double loglik, *gradient, *information;
} lb_cox_sums;

typedef struct lb_cox_fit {
    double *beta, *vcov;      /**< p; p × p inverse information */
    double loglik, loglik_null, score, wald;
    int iterations;
    bool converged;
    bool *infinite;           /**< p: runs off while the likelihood stands still */
    double *weight;           /**< n: exp(x·beta) */
} lb_cox_fit;

/** One group of tied events while walking: called at every distinct event time with what is at risk. */
typedef struct lb_cox_time {
    double time, deaths;
    size_t first, last;         /**< positions first..last-1 have this time (events and censored) */
    double s0, *s1, *s2;        /**< sums of w, w x, w x xᵀ (lower triangle, packed) over the risk set */
    double d0, *d1, *d2;        /**< the same over the deaths */
} lb_cox_time;
typedef void (*lb_cox_visit)(void *context, const lb_cox_time *at);
void lb_cox_walk(const lb_cox_data *data, const double *weight, lb_cox_visit visit, void *context);
/** weight := exp(x·beta). Returns the sum of x·beta over the events. */
double lb_cox_weights(const lb_cox_data *data, const double *beta, double *weight);
/** information += Xᵀ diag(v) X, lower triangle. */
void lb_cox_cross_products(const lb_cox_data *data, const double *v, double *information);
/** Breslow's or Efron's sums from these weights; information: the lower triangle, added to. */
void lb_cox_sums_at(const lb_cox_data *data, lb_ties ties, const double *weight, double events_eta, lb_cox_sums *out);

int lb_cox_fit_model(const lb_cox_data *data, lb_ties ties, lb_arena *arena, lb_cox_fit *out, lb_error *err) LB_MUST_CHECK;
/** Exact (discrete) partial likelihood: all ways of choosing the deaths of a tied time. */
void lb_cox_exact_sums(const lb_cox_data *data, const double *beta, lb_arena *arena, lb_cox_sums *out);
/** Score residuals, n × p row by row (Efron's ties averaged). */
void lb_cox_score_residuals(const lb_cox_data *data, const lb_cox_fit *fit, lb_ties ties, lb_arena *arena, double *out);
/** Rows that belong together: the cluster of each row of the data, 0..count-1. */
typedef struct lb_cox_clusters {
    uint32_t *of;
    size_t count;
} lb_cox_clusters;
/** Harrell's C: ties of risk count half. O(n log n). The standard error takes rows as independent, or clusters when they are given. */
int lb_cox_concordance(const lb_cox_data *data, const lb_cox_fit *fit, const lb_cox_clusters *cluster, double *c, double *se, lb_error *err)
    LB_MUST_CHECK;
/** Position of element (i, j), i ≥ j, in a packed lower triangle. */
static inline size_t lb_packed(size_t i, size_t j) { return i * (i + 1) / 2 + j; }

/** What cox and ph share: read the call, build the design. */
typedef struct lb_cox_model {
    lb_design *design;
    lb_cox_data data;
    lb_ties ties;
} lb_cox_model;
/** Columns that hold the times. start is NULL without delayed entry. */
typedef struct lb_cox_columns {
    const char *time, *event, *start, *offset;
    const char *const *strata;
    size_t strata_count;
    lb_ties ties;
} lb_cox_columns;
/** The data of a design whose rows are complete in these columns. */
int lb_cox_load(const lb_table *table, lb_design *design, const lb_cox_columns *from, lb_cox_model *out, lb_result *result, lb_error *err)
    LB_MUST_CHECK;
/** cluster: a column that must not be missing either, or NULL. */
int lb_cox_read(lb_call *call, const char *cluster, lb_cox_model *out, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** The parameters cox and ph share. */
#define LB_COX_PARAMS                                                                                                              \
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per person, or per interval of a person"},      \
        {.name = "time", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "time to event or censoring (end of the interval)"}, \
        {.name = "start", .type = LB_P_COLUMN, .summary = "start of the interval (delayed entry, repeated events)"},               \
        {.name = "event", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "1 event, 0 censored (or 2 and 1)"},               \
        {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "the covariates: \"~ arm + age\""},             \
        {.name = "strata", .type = LB_P_COLUMNS, .summary = "a baseline hazard of its own for each"},                              \
        {.name = "offset", .type = LB_P_COLUMN, .summary = "added to the linear predictor with coefficient 1"},                   \
        {.name = "treatment", .type = LB_P_COLUMN, .summary = "a column to take as a factor even when it is numeric"},             \
        {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level"},                                                \
        {.name = "ties", .type = LB_P_CHOICE, .summary = "tied events", .choices = "efron,breslow,exact", .preset = "efron"}

extern const lb_op lb_op_analyse_cox, lb_op_analyse_ph;
#endif
