/* Private to the analysis room: a fitted linear model and what is read off it. */
#ifndef LUMBAR_ANALYSIS_LINEAR_H
#define LUMBAR_ANALYSIS_LINEAR_H
#include <lumbar/op.h>
#include <lumbar/stats.h>

/** Coefficients with their covariance: enough for means and contrasts of any model of this room. */
typedef struct lb_linear lb_linear;
struct lb_linear {
    const lb_design *design;
    size_t p;
    const double *coefficient; /**< NaN when aliased */
    const bool *aliased;
    const bool *infinite;      /**< no finite estimate; NULL: all have one */
    const double *vcov;        /**< p × p, zero where aliased */
    double df;                 /**< infinite for z */
    double (*df_of)(const lb_linear *model, const double *l); /**< df of lᵀb, or NULL when all have `df` */
    const void *df_context;
    double level;              /**< of intervals */
    size_t null_count;         /**< aliased columns: their null vectors, p each (see lb_linear_null) */
    double *null_vector;
};

/** How contrasts are tested. */
typedef struct lb_testing {
    int sides;
    bool lower_is_better;
    double margin, alpha;
    const char *adjust;
} lb_testing;

/** Fill estimate, se, df, statistic, p, lower, upper of a row (nulls where a value does not exist). */
void lb_estimate_set(lb_value *row, double estimate, double se, double df, double level);
/** lᵀb, its standard error (NaN when a coefficient in it runs off to infinity); false when not estimable from this design. */
bool lb_linear_estimate(const lb_linear *model, const double *l, double *estimate, double *se);
/** Degrees of freedom of lᵀb. */
double lb_linear_df(const lb_linear *model, const double *l);
/** A coefficient row per column of the design, each with its own degrees of freedom; aliased ones say so. */
void lb_linear_coefficients(const lb_linear *model, const lb_design *design, lb_arena *arena, lb_value *rows);
/** Null vectors of an aliased design, for estimability. */
int lb_linear_null(lb_linear *model, const lb_lsq *fit, lb_arena *arena, lb_error *err) LB_MUST_CHECK;

typedef enum lb_vcov { LB_VCOV_MODEL, LB_HC0, LB_HC1, LB_HC2, LB_HC3 } lb_vcov;
/** Model-based or heteroscedasticity-consistent covariance, p × p. The fit must hold leverages for HC2 and HC3. */
void lb_sandwich(const double *x, const lb_lsq *fit, lb_vcov type, double *vcov);

/** Types I, II, III; rows {term, sum_sq, df, statistic, p} ending with Residuals. */
int lb_anova_rows(const lb_design *design, const lb_lsq *fit, int type, lb_value *rows, lb_error *err) LB_MUST_CHECK;

/** Is the table of this type within reach (refits of a very wide or aliased design are not)? */
bool lb_anova_feasible(const lb_design *design, const lb_lsq *fit, int type);

/** Linear functions for the means of a treatment (fastest), by further variables. */
typedef struct lb_grid {
    size_t axes;             /**< the treatment, then the by variables */
    const char **axis;       /**< raw names */
    size_t *levels;
    const char ***level;     /**< texts */
    size_t rows;             /**< product of levels; the treatment runs fastest */
    double *l;               /**< rows × p, row by row */
} lb_grid;
typedef enum lb_weighting { LB_EQUAL, LB_PROPORTIONAL, LB_COUNTERFACTUAL } lb_weighting;
/** `at`: "age=40,60; odi=20" or NULL. */
int lb_grid_build(const lb_design *design, const char *treatment, const char *const *by, size_t by_count, const char *at,
                  lb_weighting weighting, lb_arena *arena, lb_grid *out, lb_error *err) LB_MUST_CHECK;
/** Level of axis a in row r. */
const char *lb_grid_level(const lb_grid *grid, size_t row, size_t a);

void lb_means_rows(const lb_linear *model, const lb_grid *grid, lb_value *rows);
/** All pairs of treatment levels, later minus earlier (for dunnettx each minus the reference), within each combination of the by variables. */
int lb_contrast_rows(const lb_linear *model, const lb_grid *grid, const lb_testing *testing, lb_value *rows, lb_arena *arena,
                     lb_error *err) LB_MUST_CHECK;
/** Wald test that all treatment means are equal: {statistic, df, df_residual, p}. */
void lb_omnibus_set(const lb_linear *model, const lb_grid *grid, lb_value *test, lb_arena *arena);

/** Adjust p values in place: none, bonferroni, holm, hochberg, sidak, BH. NaN stay out of the family. */
void lb_p_adjust(const char *method, double *p, size_t count);

/** Approximate two-sided p and critical value of Dunnett's many-to-one test of k comparisons, as emmeans' "dunnettx". */
double lb_dunnettx_p(double statistic, double k, double df);
double lb_dunnettx_q(double alpha, double k, double df);

/** Means by g-computation and their covariance under (stratified permuted-block) randomisation; k levels. */
int lb_robust_means(const lb_design *design, const lb_lsq *fit, const lb_table *table, const char *treatment,
                    const char *const *strata, size_t strata_count, lb_arena *arena, double *mean, double *vcov,
                    lb_error *err) LB_MUST_CHECK;
#endif
