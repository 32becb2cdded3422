/* Time to event: the data as every survival method here reads them. */
#ifndef LUMBAR_ANALYSIS_SURVIVAL_H
#define LUMBAR_ANALYSIS_SURVIVAL_H
#include <lumbar/numeric.h>
#include <lumbar/op.h>

/** Rows with nothing missing, sorted by ascending time (stable). Arrays have n elements. */
typedef struct lb_survival {
    size_t n, dropped, events;
    double *time;
    bool *event;
    int32_t *group, *stratum;   /**< 0-based */
    size_t groups, strata;
    const char **group_name, **stratum_name; /**< "sex=1", "centre=C1, sex=F" */
} lb_survival;

/** Columns --time, --event, --by and, if `stratified`, --strata of the call. Events are 0/1, or 1/2 as in R's Surv(). */
int lb_survival_read(lb_call *call, bool stratified, lb_survival *out, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** The events of a column as 0/1 for the given rows; codings 0/1 and 1/2 are accepted. */
int lb_survival_event(const lb_table *table, const char *name, const size_t *row, size_t n, bool *event, lb_result *result, lb_error *err)
    LB_MUST_CHECK;

/** Kaplan–Meier curve of one group: a step per distinct event time. */
typedef struct lb_km {
    size_t steps, n, events;
    double *time, *at_risk, *died, *survival;
    double *greenwood;          /**< Σ d / (n (n − d)) */
    double last_time;           /**< largest time observed */
} lb_km;
/** index: the group's people in ascending order of time. */
void lb_km_fit(const lb_survival *data, const uint32_t *index, size_t n, lb_arena *arena, lb_km *out);
typedef enum lb_km_ci { LB_CI_LOGLOG, LB_CI_LOG, LB_CI_PLAIN, LB_CI_LOGIT, LB_CI_ARCSIN } lb_km_ci;
void lb_km_limits(double survival, double greenwood, lb_km_ci type, double z, double *lower, double *upper);
/** Smallest time with curve ≤ 1 − p; where the curve equals 1 − p, the middle of that flat piece (as R). NaN: not reached. */
double lb_km_quantile(const lb_km *km, const double *curve, double p);
/** People of each group in ascending time: start[g] .. start[g + 1] of `index`. */
void lb_survival_groups(const lb_survival *data, uint32_t *index, size_t *start);

extern const lb_op lb_op_analyse_km, lb_op_analyse_logrank, lb_op_analyse_rmst;
#endif
