/* Chances inside a block and the Berger–Exner regression. */
#ifndef LUMBAR_TRIAL_BALANCE_H
#define LUMBAR_TRIAL_BALANCE_H

#include <stddef.h>

typedef struct trial_line {
    size_t n;
    double slope, se, statistic, df;
} trial_line;

double trial_chance_before(unsigned a, unsigned b, unsigned known_size, const unsigned *size, unsigned sizes);
void trial_slope(const double *x, const double *y, size_t n, trial_line *out);

#endif
