/* Distributions: thin names over libRmath's d/p/q functions, which hold 1e-13 or better on the tables of
 * tests/reference/test_distributions.c. The noncentral t is our own (noncentral_t.c). The studentised range is
 * libRmath's, AS 190 (Copenhaver & Holland 1988), so that Tukey intervals are those of R. */
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <lumbar/numeric.h>
#include <math.h>

/* Rmath.h turns pnorm and others into macros of these names with "5" and "4": call them as R does. */
static int lower(lb_tail tail) { return tail == LB_LOWER; }

double lb_norm_p(double x, lb_tail tail) { return pnorm5(x, 0, 1, lower(tail), 0); }
double lb_norm_q(double p, lb_tail tail) { return qnorm5(p, 0, 1, lower(tail), 0); }
double lb_norm_d(double x) { return dnorm4(x, 0, 1, 0); }

double lb_t_p(double x, double df, lb_tail tail)
{
    return isinf(df) ? lb_norm_p(x, tail) : pt(x, df, lower(tail), 0);
}

double lb_t_q(double p, double df, lb_tail tail)
{
    return isinf(df) ? lb_norm_q(p, tail) : qt(p, df, lower(tail), 0);
}

double lb_f_p(double x, double df1, double df2, lb_tail tail) { return pf(x, df1, df2, lower(tail), 0); }
double lb_f_q(double p, double df1, double df2, lb_tail tail) { return qf(p, df1, df2, lower(tail), 0); }
double lb_chisq_p(double x, double df, lb_tail tail) { return pchisq(x, df, lower(tail), 0); }
double lb_chisq_q(double p, double df, lb_tail tail) { return qchisq(p, df, lower(tail), 0); }
double lb_beta_q(double p, double a, double b, lb_tail tail) { return qbeta(p, a, b, lower(tail), 0); }

double lb_tukey_p(double q, double k, double df, lb_tail tail) { return ptukey(q, 1, k, df, lower(tail), 0); }
double lb_tukey_q(double p, double k, double df, lb_tail tail) { return qtukey(p, 1, k, df, lower(tail), 0); }

double lb_two_sided_p(double statistic, double df)
{
    double p = isnan(df) ? lb_norm_p(fabs(statistic), LB_UPPER) : lb_t_p(fabs(statistic), df, LB_UPPER);
    return 2 * p;
}
