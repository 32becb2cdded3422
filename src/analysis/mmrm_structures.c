/* Covariance structures of T visits as functions of free parameters, with first and second derivatives. Unstructured by its
 * Cholesky factor; the others as s_a s_b ρ_ab with log standard deviations and correlations (Wolfinger 1996,
 * doi:10.2307/1400366; antedependence: Zimmerman & Núñez-Antón 2009). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mmrm.h"

typedef struct kind { const char *name, *words; bool several; } kind; /* several: one variance per visit */
static const kind kinds[LB_STRUCTURES] = {
    [LB_US] = {"us", "unstructured", true},
    [LB_CS] = {"cs", "compound symmetry", false},
    [LB_CSH] = {"csh", "heterogeneous compound symmetry", true},
    [LB_AR1] = {"ar1", "first-order autoregressive", false},
    [LB_AR1H] = {"ar1h", "heterogeneous first-order autoregressive", true},
    [LB_TOEP] = {"toep", "Toeplitz", false},
    [LB_TOEPH] = {"toeph", "heterogeneous Toeplitz", true},
    [LB_AD] = {"ad", "first-order antedependence", false},
    [LB_ADH] = {"adh", "heterogeneous first-order antedependence", true},
};

const char *lb_structure_name(lb_structure structure) { return kinds[structure].name; }
const char *lb_structure_words(lb_structure structure) { return kinds[structure].words; }

typedef struct shape { lb_structure structure; size_t t, scales, rhos; } shape;

/* ρ_ab, a > b, of the correlation parameters; derivative by one or two of them (k, l; SIZE_MAX = none). */
static double correlation(const shape *s, const double *rho, size_t a, size_t b, size_t k, size_t l)
{
    size_t d = a - b, orders = (k != SIZE_MAX) + (l != SIZE_MAX);
    switch (s->structure) {
    case LB_CS: case LB_CSH: return orders == 0 ? rho[0] : orders == 1;
    case LB_TOEP: case LB_TOEPH: return orders == 0 ? rho[d - 1] : orders == 1 && k == d - 1;
    case LB_AR1: case LB_AR1H: {
        double power = (double)d, factor = orders == 0 ? 1 : orders == 1 ? power : power * (power - 1);
        return d < orders ? 0 : factor * pow(rho[0], power - (double)orders);
    }
    default: break;
    }
    if (k != SIZE_MAX && (k < b || k >= a)) return 0; /* antedependence: a product of neighbours' correlations */
    if (l != SIZE_MAX && (l < b || l >= a || l == k)) return 0;
    double value = 1;
    for (size_t i = b; i < a; i++) value *= i == k || i == l ? 1 : rho[i];
    return value;
}

static size_t scale_of(const shape *s, size_t visit) { return s->scales > 1 ? visit : 0; }

static void value(const lb_mapping *map, const double *theta, double *phi)
{
    const shape *s = map->context;
    const double *rho = theta + s->scales;
    for (size_t b = 0; b < s->t; b++) {
        for (size_t a = b; a < s->t; a++) {
            double r = a == b ? 1 : correlation(s, rho, a, b, SIZE_MAX, SIZE_MAX);
            *phi++ = r * exp(theta[scale_of(s, a)] + theta[scale_of(s, b)]);
        }
    }
}

static void jacobian(const lb_mapping *map, const double *theta, double *j)
{
    const shape *s = map->context;
    const double *rho = theta + s->scales;
    memset(j, 0, map->m * map->k * sizeof *j);
    size_t row = 0;
    for (size_t b = 0; b < s->t; b++) {
        for (size_t a = b; a < s->t; a++, row++) {
            size_t sa = scale_of(s, a), sb = scale_of(s, b);
            double size = exp(theta[sa] + theta[sb]), r = a == b ? 1 : correlation(s, rho, a, b, SIZE_MAX, SIZE_MAX);
            j[row + sa * map->m] += size * r;
            j[row + sb * map->m] += size * r;
            for (size_t k = 0; k < s->rhos && a != b; k++) {
                j[row + (s->scales + k) * map->m] = size * correlation(s, rho, a, b, k, SIZE_MAX);
            }
        }
    }
}

static void curvature(const lb_mapping *map, const double *theta, const double *g, double *out)
{
    const shape *s = map->context;
    const double *rho = theta + s->scales;
    size_t n = map->k, first = s->scales;
    memset(out, 0, n * n * sizeof *out);
    for (size_t b = 0; b < s->t; b++) {
        for (size_t a = b; a < s->t; a++, g++) {
            size_t side[2] = {scale_of(s, a), scale_of(s, b)};
            double size = *g * exp(theta[side[0]] + theta[side[1]]);
            double r = a == b ? 1 : correlation(s, rho, a, b, SIZE_MAX, SIZE_MAX);
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < 2; j++) out[side[i] + side[j] * n] += size * r;
            }
            for (size_t k = 0; k < s->rhos && a != b; k++) {
                double by_k = size * correlation(s, rho, a, b, k, SIZE_MAX);
                for (int i = 0; i < 2; i++) {
                    out[side[i] + (first + k) * n] += by_k;
                    out[first + k + side[i] * n] += by_k;
                }
                for (size_t l = 0; l < s->rhos; l++) out[first + k + (first + l) * n] += size * correlation(s, rho, a, b, k, l);
            }
        }
    }
}

void lb_structure_mapping(lb_structure structure, size_t visits, lb_arena *arena, lb_mapping *out)
{
    if (structure == LB_US) {
        lb_root_mapping(visits, arena, out);
        return;
    }
    shape *s = lb_arena_alloc(arena, sizeof *s);
    *s = (shape){structure, visits, kinds[structure].several ? visits : 1, 0};
    bool one = structure == LB_CS || structure == LB_CSH || structure == LB_AR1 || structure == LB_AR1H;
    s->rhos = visits < 2 ? 0 : one ? 1 : visits - 1;
    *out = (lb_mapping){.k = s->scales + s->rhos, .m = visits * (visits + 1) / 2, .context = s, .value = value,
                        .jacobian = jacobian, .curvature = curvature};
}

void lb_structure_start(lb_structure structure, size_t visits, const double *variance, double together, double *theta)
{
    double mean = 0;
    for (size_t v = 0; v < visits; v++) mean += variance[v] / (double)visits;
    if (structure == LB_US) { /* compound symmetry with each visit's own variance */
        double *g = lb_alloc(2 * visits * visits, sizeof *g), *l = g + visits * visits;
        for (size_t a = 0; a < visits; a++) {
            for (size_t b = 0; b < visits; b++) g[a + b * visits] = (a == b ? 1 : together) * sqrt(variance[a] * variance[b]);
        }
        lb_mixed_root(g, visits, l);
        for (size_t b = 0; b < visits; b++) {
            for (size_t a = b; a < visits; a++) *theta++ = l[a + b * visits];
        }
        free(g);
        return;
    }
    size_t scales = kinds[structure].several ? visits : 1;
    for (size_t v = 0; v < scales; v++) *theta++ = log(scales > 1 ? variance[v] : mean) / 2;
    bool toeplitz = structure == LB_TOEP || structure == LB_TOEPH, ante = structure == LB_AD || structure == LB_ADH;
    for (size_t k = 0; k < (visits < 2 ? 0 : toeplitz || ante ? visits - 1 : 1); k++) *theta++ = together;
}
