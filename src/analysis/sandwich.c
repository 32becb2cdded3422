/* Covariance of least-squares coefficients: model-based, or consistent under unequal variances (White 1980; HC1-HC3 as in
 * MacKinnon & White 1985, doi:10.1016/0304-4076(85)90158-7, eq. 8-12). */
#include <math.h>
#include <stdlib.h>

#include "linear.h"

static double meat_weight(const lb_lsq *fit, lb_vcov type, size_t i)
{
    double r = fit->residual[i], n = (double)fit->n;
    switch (type) {
    case LB_HC1: return r * r * n / fit->df_residual;
    case LB_HC2: return r * r / (1 - fit->hat[i]);
    case LB_HC3: return r * r / ((1 - fit->hat[i]) * (1 - fit->hat[i]));
    default: return r * r;
    }
}

/* out = u · m · u, all p × p and symmetric. */
static void bread(const double *u, const long double *m, size_t p, double *out)
{
    long double *um = lb_alloc(p * p + 1, sizeof *um);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++) {
            for (size_t k = 0; k < p; k++) um[i + j * p] += u[i + k * p] * m[k + j * p];
        }
    }
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j <= i; j++) {
            long double sum = 0;
            for (size_t k = 0; k < p; k++) sum += um[i + k * p] * u[k + j * p];
            out[i + j * p] = out[j + i * p] = (double)sum;
        }
    }
    free(um);
}

void lb_sandwich(const double *x, const lb_lsq *fit, lb_vcov type, double *vcov)
{
    size_t p = fit->p, n = fit->n;
    if (type == LB_VCOV_MODEL) {
        for (size_t i = 0; i < p * p; i++) vcov[i] = fit->unscaled[i] * fit->sigma * fit->sigma;
        return;
    }
    long double *meat = lb_alloc(p * p + 1, sizeof *meat);
    for (size_t i = 0; i < n; i++) {
        long double w = meat_weight(fit, type, i);
        for (size_t a = 0; a < p; a++) {
            for (size_t b = 0; b <= a; b++) meat[a + b * p] += w * x[i + a * n] * x[i + b * n];
        }
    }
    for (size_t a = 0; a < p; a++) {
        for (size_t b = 0; b < a; b++) meat[b + a * p] = meat[a + b * p];
    }
    bread(fit->unscaled, meat, p, vcov);
    free(meat);
}
