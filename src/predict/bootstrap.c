/* What the bootstrap says of a model: optimism (Harrell, Lee & Mark 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4),
 * .632 and .632+ (Efron & Tibshirani 1997, doi:10.1080/01621459.1997.10474007) with 0.5 as the area of no information. */
#include "predict/validate.h"

#include <math.h>
#include <stdlib.h>

typedef struct mean {
    double sum;
    size_t count;
} mean;

static void take(mean *m, double value)
{
    if (isnan(value)) return;
    m->sum += value;
    m->count++;
}

static double of(const mean *m) { return m->count ? m->sum / (double)m->count : NAN; }

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Slopes have no bound where a replicate's risks hardly differ: their mean is at the mercy of a few, their median is not. */
static double median_optimism_of_slope(const lb_bootstrap_row *row, size_t count, size_t stride)
{
    double *all = lb_alloc(count + 1, sizeof *all), middle = NAN;
    size_t n = 0;
    for (size_t r = 0; r < count; r++) {
        const lb_bootstrap_row *b = &row[r * stride];
        double lost = b->done ? b->apparent.slope - b->original.slope : NAN;
        if (!isnan(lost)) all[n++] = lost;
    }
    qsort(all, n, sizeof *all, ascending);
    if (n) middle = (all[(n - 1) / 2] + all[n / 2]) / 2;
    free(all);
    return middle;
}

void lb_bootstrap_summary(const lb_bootstrap_row *row, size_t count, size_t stride, const lb_measures *apparent, lb_value *out)
{
    mean auc = {0}, brier = {0}, slope = {0}, large = {0}, held = {0}, held_brier = {0};
    size_t done = 0;
    for (size_t r = 0; r < count; r++) {
        const lb_bootstrap_row *b = &row[r * stride];
        if (!b->done) continue;
        done++;
        take(&auc, b->apparent.auc - b->original.auc);
        take(&brier, b->apparent.brier - b->original.brier);
        take(&slope, b->apparent.slope - b->original.slope);
        take(&large, b->apparent.in_the_large - b->original.in_the_large);
        take(&held, b->held.auc);
        take(&held_brier, b->held.brier);
    }
    lb_set_int(out, "replicates", (int64_t)done);
    lb_value *a = lb_set_object(out, "apparent"), *o = lb_set_object(out, "optimism"), *c = lb_set_object(out, "corrected");
    const double shown[] = {apparent->auc, apparent->brier, apparent->slope, apparent->in_the_large}, lost[] = {of(&auc), of(&brier), of(&slope), of(&large)};
    static const char *const names[] = {"auc", "brier", "slope", "in_the_large"};
    for (size_t k = 0; k < LB_COUNT(names); k++) {
        lb_set_number(a, names[k], shown[k]);
        lb_set_number(o, names[k], lost[k]);
        lb_set_number(c, names[k], shown[k] - lost[k]);
    }
    lb_set_number(c, "slope_median", apparent->slope - median_optimism_of_slope(row, count, stride));
    double out_auc = of(&held), overfit = (apparent->auc - out_auc) / (apparent->auc - 0.5);
    if (!(apparent->auc > 0.5) || overfit < 0) overfit = 0;
    if (overfit > 1) overfit = 1;
    double weight = 0.632 / (1 - 0.368 * overfit);
    lb_set_number(out, "held_out_auc", out_auc);
    lb_set_number(out, "held_out_brier", of(&held_brier));
    lb_set_number(out, "auc_632", 0.368 * apparent->auc + 0.632 * out_auc);
    lb_set_number(out, "relative_overfitting", overfit);
    lb_set_number(out, "weight_632plus", weight);
    lb_set_number(out, "auc_632plus", (1 - weight) * apparent->auc + weight * fmax(0.5, out_auc));
    lb_set_number(out, "brier_632", 0.368 * apparent->brier + 0.632 * of(&held_brier));
}
