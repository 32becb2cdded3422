/* Rubin's rules (Rubin 1987), degrees of freedom for small samples (Barnard & Rubin 1999, doi:10.1093/biomet/86.4.948), and
 * the Wald test D1 (Li, Raghunathan & Rubin 1991, doi:10.1080/01621459.1991.10475152). */
#include "analysis/rubin.h"

#include <math.h>

#include <lumbar/numeric.h>

lb_rubin lb_rubin_pool(const double *estimate, const double *variance, size_t m, double dfcom)
{
    lb_rubin r = {0};
    double count = (double)m, squares = 0;
    r.estimate = lb_sum(estimate, m) / count;
    r.within = lb_sum(variance, m) / count;
    for (size_t i = 0; i < m; i++) squares += (estimate[i] - r.estimate) * (estimate[i] - r.estimate);
    r.between = squares / (count - 1);
    double added = (1 + 1 / count) * r.between;
    r.total = r.within + added;
    r.riv = added / r.within;
    r.lambda = added / r.total;
    double large = (count - 1) / (r.lambda * r.lambda); /* infinite when the imputations agree */
    double observed = (dfcom + 1) / (dfcom + 3) * dfcom * (1 - r.lambda);
    if (isinf(dfcom)) r.df = large;
    else r.df = isinf(large) ? observed : large * observed / (large + observed);
    r.fmi = (r.riv + 2 / (r.df + 3)) / (r.riv + 1);
    return r;
}

bool lb_rubin_wald(const double *estimate, const double *vcov, size_t m, size_t k, lb_arena *arena, lb_rubin_test *out)
{
    double count = (double)m, width = (double)k;
    double *mean = lb_arena_array(arena, k + 1, sizeof *mean), *within = lb_arena_array(arena, k * k + 1, sizeof *within);
    double *between = lb_arena_array(arena, k * k + 1, sizeof *between), *inverse = lb_arena_array(arena, k * k + 1, sizeof *inverse);
    for (size_t i = 0; i < m * k; i++) mean[i % k] += estimate[i] / count;
    for (size_t i = 0; i < m * k * k; i++) within[i % (k * k)] += vcov[i] / count;
    for (size_t i = 0; i < m; i++) {
        for (size_t r = 0; r < k; r++) {
            for (size_t c = 0; c < k; c++) {
                between[r + c * k] += (estimate[i * k + r] - mean[r]) * (estimate[i * k + c] - mean[c]) / (count - 1);
            }
        }
    }
    if (lb_chol(within, k)) return false;
    lb_chol_inverse(within, k, inverse);
    double trace = 0, form = 0;
    for (size_t r = 0; r < k; r++) {
        for (size_t c = 0; c < k; c++) {
            trace += between[r + c * k] * inverse[c + r * k];
            form += mean[r] * inverse[r + c * k] * mean[c];
        }
    }
    double riv = (1 + 1 / count) * trace / width, t = width * (count - 1), part = 1 - 2 / t;
    *out = (lb_rubin_test){.statistic = form / (1 + riv) / width, .df = width, .riv = riv};
    double few = t * (1 + 1 / width) * (1 + 1 / riv) * (1 + 1 / riv) / 2; /* for t of at most 4 */
    out->df_residual = t > 4 ? 4 + (t - 4) * (1 + part / riv) * (1 + part / riv) : few;
    out->p = isinf(out->df_residual) ? lb_chisq_p(width * out->statistic, width, LB_UPPER)
                                     : lb_f_p(out->statistic, width, out->df_residual, LB_UPPER);
    return true;
}
