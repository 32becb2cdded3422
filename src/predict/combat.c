/* ComBat: location and scale of each batch, shrunk to their common distribution over the features (Johnson, Li & Rabinovic 2007,
 * doi:10.1093/biostatistics/kxj037; for radiomics: Orlhac et al. 2018). No covariates: the outcome is not looked at. */
#include "predict/pipeline.h"

#include <math.h>

enum { LEAST_IN_BATCH = 3, MOST_ROUNDS = 200 };

typedef struct moments {
    double mean, sd;       /* of a column over all rows, within batches */
    double *shift, *ratio; /* per batch: mean and variance of the standardised values */
    double *count;
} moments;

/* Mean weighted over batches and pooled variance within them; false when the column does not vary. */
static bool measure(const double *value, const int32_t *batch, size_t n, size_t batches, moments *m)
{
    double total = 0, within = 0, known = 0;
    for (size_t b = 0; b < batches; b++) m->shift[b] = m->ratio[b] = m->count[b] = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(value[i]) || batch[i] < 0) continue;
        m->shift[batch[i]] += value[i];
        m->count[batch[i]]++;
        total += value[i];
        known++;
    }
    for (size_t b = 0; b < batches; b++) m->shift[b] = m->count[b] > 0 ? m->shift[b] / m->count[b] : 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(value[i]) || batch[i] < 0) continue;
        double d = value[i] - m->shift[batch[i]];
        within += d * d;
        m->ratio[batch[i]] += d * d;
    }
    m->mean = total / known;
    m->sd = sqrt(within / known);
    if (!(m->sd > 1e-12 * fabs(m->mean))) return false;
    for (size_t b = 0; b < batches; b++) {
        m->shift[b] = (m->shift[b] - m->mean) / m->sd;
        m->ratio[b] = m->count[b] > 1 ? m->ratio[b] / (m->count[b] - 1) / (m->sd * m->sd) : 1;
    }
    return true;
}

typedef struct prior {
    double mean, variance, shape, scale; /* normal of the shifts, inverse gamma of the variances */
} prior;

static prior priors(const moments *m, const bool *varies, size_t columns, size_t b)
{
    double n = 0, mean = 0, square = 0, v = 0, v2 = 0;
    for (size_t j = 0; j < columns; j++) {
        if (!varies[j]) continue;
        n++, mean += m[j].shift[b], v += m[j].ratio[b];
    }
    mean /= n, v /= n;
    for (size_t j = 0; j < columns; j++) {
        if (!varies[j]) continue;
        square += pow(m[j].shift[b] - mean, 2);
        v2 += pow(m[j].ratio[b] - v, 2);
    }
    double s2 = n > 1 ? v2 / (n - 1) : 0;
    return (prior){mean, n > 1 ? square / (n - 1) : 0, s2 > 0 ? (2 * s2 + v * v) / s2 : NAN, s2 > 0 ? (v * s2 + v * v * v) / s2 : NAN};
}

/* Posterior means of shift and variance of one batch in one column, by turns. */
static void shrink(const moments *m, size_t b, const prior *p, double sum_squares, double *shift, double *ratio)
{
    double n = m->count[b], g = m->shift[b], d = m->ratio[b];
    *shift = g, *ratio = d;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        double t2 = p->variance, new_g = (t2 * n * g + d * p->mean) / (t2 * n + d);
        double about = sum_squares + n * (g - new_g) * (g - new_g); /* squares about the new mean */
        double new_d = isnan(p->shape) ? d : (p->scale + about / 2) / (n / 2 + p->shape - 1);
        double change = fmax(fabs(new_g - *shift) / (fabs(*shift) + 1e-12), fabs(new_d - *ratio) / *ratio);
        *shift = new_g, *ratio = new_d;
        d = new_d;
        if (change < 1e-9) break;
    }
}

bool lb_combat(const double *const *value, size_t columns, const int32_t *batch, size_t n, size_t batches, lb_arena *arena, double **move)
{
    size_t *in = lb_arena_array(arena, batches + 1, sizeof *in), filled = 0;
    for (size_t i = 0; i < n; i++)
        if (batch[i] >= 0) in[batch[i]]++;
    for (size_t b = 0; b < batches; b++) filled += in[b] >= LEAST_IN_BATCH;
    if (filled < 2 || !columns) return false;
    moments *m = lb_arena_array(arena, columns, sizeof *m);
    bool *varies = lb_arena_array(arena, columns, sizeof *varies), any = false;
    for (size_t j = 0; j < columns; j++) {
        m[j].shift = lb_arena_array(arena, 3 * batches, sizeof(double)), m[j].ratio = m[j].shift + batches, m[j].count = m[j].ratio + batches;
        any |= varies[j] = measure(value[j], batch, n, batches, &m[j]);
        for (size_t b = 0; b < batches; b++) move[j][2 * b] = 1, move[j][2 * b + 1] = 0;
    }
    for (size_t b = 0; b < batches && any; b++) {
        if (in[b] < LEAST_IN_BATCH) continue; /* too few to tell: left as they are */
        prior p = priors(m, varies, columns, b);
        for (size_t j = 0; j < columns; j++) {
            double shift, ratio;
            if (!varies[j] || m[j].count[b] < LEAST_IN_BATCH || !(m[j].ratio[b] > 0)) continue;
            shrink(&m[j], b, &p, m[j].ratio[b] * (m[j].count[b] - 1), &shift, &ratio);
            double factor = 1 / sqrt(ratio);
            move[j][2 * b] = factor;
            move[j][2 * b + 1] = m[j].mean - (m[j].mean + m[j].sd * shift) * factor;
        }
    }
    return any;
}
