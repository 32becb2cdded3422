/* A model of muscle in the pictures: its brightness varies slowly with place (coils), as a quadratic polynomial of its logarithm;
 * relative to that brightness it is one Gaussian. What lies far from it is split by k-means (Lloyd 1982) into three
 * tissues, and a cell is as much muscle as it lies nearer to muscle than to the nearest of these: the border between muscle and fat
 * is then half way, where a reader draws it. */
#include "muscle/segment/tissue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/numeric.h>

enum { LEAST_CELLS = 12, ROUNDS = 15 };
static const double RIDGE = 1e-3, LEAST_SPREAD = 0.02, FAR = 36, MOST = 4;

static void terms_at(const lb_tissue_cells *c, size_t x, size_t y, size_t z, double t[LB_TISSUE_TERMS])
{
    double u = ((double)x + 0.5) * c->step[0] - 1, v = ((double)y + 0.5) * c->step[1] - 1, w = ((double)z + 0.5) * c->step[2] - 1;
    double all[LB_TISSUE_TERMS] = {1, w, v, u, w * w, v * v, u * u, v * w, u * w, u * v};
    memcpy(t, all, sizeof all);
}

static double brightness(const lb_tissue_cells *c, size_t i)
{
    double sum = 0;
    for (size_t k = 0; k < c->channels; k++) sum += (double)c->picture[c->channels * i + k] * c->unit[k];
    return sum;
}

/* The channels of a cell relative to muscle's brightness there. */
static void relative(const lb_tissue *t, const lb_tissue_cells *c, size_t x, size_t y, size_t z, size_t i, double u[LB_TISSUE_CHANNELS])
{
    double term[LB_TISSUE_TERMS], shade = 0;
    terms_at(c, x, y, z, term);
    for (int k = 0; k < t->terms; k++) shade += t->shade[k] * term[k];
    shade = exp(-shade);
    for (size_t k = 0; k < c->channels; k++) u[k] = fmax(-MOST, fmin(MOST, (double)c->picture[c->channels * i + k] * c->unit[k] * shade));
}

static bool fit_shade(lb_tissue *t, const lb_tissue_cells *c, const uint8_t *inside)
{
    enum { N = LB_TISSUE_TERMS };
    double a[N * N] = {0}, b[N] = {0}, term[N];
    size_t n = (size_t)t->terms, used = 0;
    for (size_t z = 0, i = 0; z < c->size[2]; z++)
        for (size_t y = 0; y < c->size[1]; y++)
            for (size_t x = 0; x < c->size[0]; x++, i++) {
                double value = inside[i] ? brightness(c, i) : 0;
                if (!(value > 0)) continue;
                terms_at(c, x, y, z, term);
                used++;
                for (size_t r = 0; r < n; r++) {
                    for (size_t k = 0; k < n; k++) a[r * n + k] += term[r] * term[k];
                    b[r] += term[r] * log(value);
                }
            }
    for (size_t r = 1; r < n; r++) a[r * n + r] += RIDGE * a[0];
    if (used < LEAST_CELLS || lb_chol(a, n) != LB_OK) return false;
    lb_chol_solve(a, n, b, 1);
    memcpy(t->shade, b, n * sizeof *b);
    return true;
}

bool lb_tissue_fit(lb_tissue *t, const lb_tissue_cells *c, const uint8_t *inside, int terms)
{
    enum { N = LB_TISSUE_CHANNELS };
    size_t n = t->channels = c->channels, used = 0;
    double spread[N * N] = {0}, sum[N] = {0}, u[N];
    t->terms = terms;
    t->others = 0;
    if (!fit_shade(t, c, inside)) return false;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t z = 0, i = 0; z < c->size[2]; z++)
            for (size_t y = 0; y < c->size[1]; y++)
                for (size_t x = 0; x < c->size[0]; x++, i++) {
                    if (!inside[i]) continue;
                    relative(t, c, x, y, z, i, u);
                    used += pass == 0;
                    for (size_t k = 0; k < n && pass == 0; k++) sum[k] += u[k];
                    for (size_t k = 0; k < n * n && pass == 1; k++) spread[k] += (u[k / n] - t->mean[k / n]) * (u[k % n] - t->mean[k % n]);
                }
        for (size_t k = 0; k < n && pass == 0; k++) t->mean[k] = sum[k] / (double)used;
    }
    for (size_t k = 0; k < n * n; k++) spread[k] = spread[k] / (double)used + (k / n == k % n ? LEAST_SPREAD * LEAST_SPREAD : 0);
    if (lb_chol(spread, n) != LB_OK) return false;
    lb_chol_inverse(spread, n, t->inverse);
    return true;
}

void lb_tissue_distance(const lb_tissue *t, const lb_tissue_cells *c, float *distance)
{
    size_t n = c->channels;
    for (size_t z = 0, i = 0; z < c->size[2]; z++)
        for (size_t y = 0; y < c->size[1]; y++)
            for (size_t x = 0; x < c->size[0]; x++, i++) {
                double u[LB_TISSUE_CHANNELS], sum = 0;
                relative(t, c, x, y, z, i, u);
                for (size_t k = 0; k < n * n; k++) sum += (u[k / n] - t->mean[k / n]) * t->inverse[k] * (u[k % n] - t->mean[k % n]);
                distance[i] = (float)fmin(sum, 1e6);
            }
}

static double apart(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

static size_t nearest(const lb_tissue *t, const double *u, double *squared)
{
    size_t best = 0;
    *squared = INFINITY;
    for (size_t o = 0; o < t->others; o++) {
        double d = apart(u, t->other[o], t->channels);
        if (d < *squared) *squared = d, best = o;
    }
    return best;
}

/* Starts: nothing at all, twice muscle, and the value farthest from muscle. */
static void find_others(lb_tissue *t, const double *values, size_t count)
{
    size_t n = t->channels;
    double far = -1, squared;
    memset(t->other, 0, sizeof t->other);
    t->others = count > LEAST_CELLS ? LB_TISSUE_OTHERS : 0;
    for (size_t i = 0; i < count; i++)
        if (apart(values + n * i, t->mean, n) > far) {
            far = apart(values + n * i, t->mean, n);
            memcpy(t->other[2], values + n * i, n * sizeof *values);
        }
    for (size_t k = 0; k < n; k++) t->other[1][k] = 2 * t->mean[k];
    for (int round = 0; round < ROUNDS && t->others; round++) {
        double sum[LB_TISSUE_OTHERS][LB_TISSUE_CHANNELS] = {{0}};
        size_t members[LB_TISSUE_OTHERS] = {0};
        for (size_t i = 0; i < count; i++) {
            size_t o = nearest(t, values + n * i, &squared);
            members[o]++;
            for (size_t k = 0; k < n; k++) sum[o][k] += values[n * i + k];
        }
        for (size_t o = 0; o < t->others; o++)
            for (size_t k = 0; k < n && members[o]; k++) t->other[o][k] = sum[o][k] / (double)members[o];
    }
}

void lb_tissue_compare(lb_tissue *t, const lb_tissue_cells *c, const float *distance, float *likeness)
{
    size_t n = c->channels, count = c->size[0] * c->size[1] * c->size[2], far = 0;
    double *value = lb_alloc(count * n, sizeof *value), *away = lb_alloc(count * n, sizeof *away);
    for (size_t z = 0, i = 0; z < c->size[2]; z++)
        for (size_t y = 0; y < c->size[1]; y++)
            for (size_t x = 0; x < c->size[0]; x++, i++) {
                double u[LB_TISSUE_CHANNELS];
                relative(t, c, x, y, z, i, u);
                memcpy(value + n * i, u, n * sizeof *u);
                if ((double)distance[i] >= FAR) memcpy(away + n * far++, u, n * sizeof *u);
            }
    find_others(t, away, far);
    for (size_t i = 0; i < count; i++) {
        double other, own = sqrt(apart(value + n * i, t->mean, n));
        nearest(t, value + n * i, &other);
        other = sqrt(other);
        likeness[i] = t->others && own + other > 0 ? (float)((other - own) / (other + own)) : 0;
    }
    free(value);
    free(away);
}
