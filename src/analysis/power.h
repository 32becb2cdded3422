/* Comparing two means: the design whose power is sought, shared by `power means` and `power ancova`. */
#ifndef LUMBAR_ANALYSIS_POWER_H
#define LUMBAR_ANALYSIS_POWER_H

#include <lumbar/data.h>
#include <lumbar/op.h>

typedef struct lb_power_design {
    double delta;      /**< assumed difference; larger is better; NaN = to be found */
    double margin;     /**< difference that has to be exceeded (0 = superiority) */
    double sd;         /**< of the analysed outcome: for ANCOVA already times sqrt(1 - rho²) */
    double alpha;      /**< total level */
    int sides;         /**< 1 or 2 */
    bool strict;       /**< two-sided: count the wrong tail too */
    bool z;            /**< normal approximation instead of the noncentral t */
    double ratio;      /**< n2 / n1 */
    double covariates; /**< residual degrees of freedom lost besides the two means */
} lb_power_design;

/** Power with n1 evaluable people in the first arm (real-valued) and ratio · n1 in the second. */
double lb_power_at(const lb_power_design *design, double n1);
/** Evaluable people in the first arm for that power. */
int lb_power_solve_n(const lb_power_design *design, double power, double *n1, lb_error *err) LB_MUST_CHECK;
/** Difference detectable with n1 at that power. */
int lb_power_solve_delta(const lb_power_design *design, double n1, double power, double *delta, lb_error *err) LB_MUST_CHECK;
/** Smallest n1 the method has an answer for. */
double lb_power_smallest_n(const lb_power_design *design);

/** "V is not possible: it must be WANTED", at --option. */
int lb_power_refuse(lb_error *err, const char *option, double value, const char *wanted);
/** The first contrast of `analyse ancova` and nothing else: the same design, the same least squares. */
typedef struct lb_power_contrast {
    double estimate, se, df, lower, upper, n;
} lb_power_contrast;
/** False when the model is none where the contrast is a coefficient (no intercept, the treatment in an interaction or inside an
 *  expression, a singular design) or cannot be fitted: analyse ancova knows what to say then. */
bool lb_power_ancova(const lb_formula *formula, const lb_table *table, const char *treatment, const char *reference, double level,
                     lb_arena *arena, lb_power_contrast *out);

/** Next whole number, forgiving the last bits of a division that should have come out even. */
double lb_power_whole(double x);

/** Power against n per arm, with the solution marked. */
void lb_power_curve(lb_result *result, const lb_power_design *design, double n1, double power);

extern const lb_op lb_op_power_interaction, lb_op_power_survival, lb_op_power_proportions, lb_op_power_simulate;

#endif
