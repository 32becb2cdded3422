/* Intraclass correlations of n subjects × k ratings. */
#ifndef LUMBAR_STATS_ICC_H
#define LUMBAR_STATS_ICC_H

#include <stddef.h>

/** One form of the coefficient; order: ICC1, ICC2, ICC3, ICC1k, ICC2k, ICC3k. */
typedef struct lb_icc {
    const char *type;    /**< "ICC2" */
    const char *meaning; /**< "two-way random, absolute agreement, single" */
    double estimate, statistic, df1, df2, p, lower, upper;
} lb_icc;

/** The two-way table behind them. */
typedef struct lb_icc_anova {
    double between, within, raters, residual; /**< mean squares */
} lb_icc_anova;

/** x: n × k, row after row; n and k at least 2. */
void lb_icc_fit(const double *x, size_t n, size_t k, double level, lb_icc out[6], lb_icc_anova *anova);
/** ICC2 alone, without its interval. */
double lb_icc_single_absolute(const double *x, size_t n, size_t k);

#endif
