/* Multiple imputation by chained equations: the data as the chains see them, the draws, the chains. */
#ifndef LUMBAR_ANALYSIS_IMPUTE_H
#define LUMBAR_ANALYSIS_IMPUTE_H
#include <lumbar/op.h>

typedef enum lb_impute_method { LB_PMM, LB_NORM, LB_LOGISTIC, LB_MULTINOMIAL } lb_impute_method;

/** A column of the chains: numbers stand as one column of the predictors, a factor of L levels as L − 1 indicators. */
typedef struct lb_impute_variable {
    const char *name;
    lb_impute_method method;
    bool factor;
    size_t levels;
    const char **level;
    const double *number;  /**< rows of the table; NULL for a factor */
    const int32_t *code;   /**< rows of the table; NULL for a number */
    size_t first, width;   /**< its predictor columns */
    size_t missing;
    double delta;          /**< added to imputed numbers after the last iteration */
} lb_impute_variable;

typedef struct lb_impute {
    lb_arena *arena;
    lb_table *table;
    lb_impute_variable *variable;
    size_t variables, width; /**< predictor columns, without the intercept */
    size_t m, iterations, donors;
    uint64_t seed;
    size_t groups;
    const int32_t *group;    /**< rows of the table: imputed within each */
    const bool *shifted;     /**< rows of the table that get the deltas */
    unsigned threads;
    const lb_progress *progress;
} lb_impute;

/** One imputation of one group while it runs. Predictors are row-major with the intercept first. */
typedef struct lb_chain {
    const lb_impute *from;
    size_t n, q;             /**< rows of the group, 1 + width */
    const size_t *row;       /**< of the table */
    double *x;               /**< n × q */
    double *value;           /**< n × variables: numbers, or codes of levels */
    lb_random random;
    double *work;            /**< lb_chain_work() numbers */
    uint32_t *order;
    bool singular;
} lb_chain;

/** What one variable's regression needs: predictors of the rows where it is seen and where it is not. */
typedef struct lb_impute_draw {
    size_t n, missing, p;
    const double *x, *x_missing; /**< n × p and missing × p, row-major */
    const double *y;             /**< n: numbers or codes */
    double *out;                 /**< missing: what is drawn */
    size_t levels, donors;
    lb_random *random;
    bool weak;                   /**< set when predictors had to be left out, or a likelihood ran off */
} lb_impute_draw;
void lb_impute_linear(lb_impute_draw *draw, bool pmm);
void lb_impute_logit(lb_impute_draw *draw); /**< two levels or more */

/** Σ of imputed values (numbers) after each iteration: iterations × variables, then the same for squares. */
typedef struct lb_impute_trace {
    double *mean, *sd;
    bool weak;
} lb_impute_trace;
/** value[k × rows × variables]: the completed tables; trace[k × groups]. */
int lb_impute_run(const lb_impute *impute, double **value, lb_impute_trace *trace, lb_error *err) LB_MUST_CHECK;

extern const lb_op lb_op_analyse_impute;
#endif
