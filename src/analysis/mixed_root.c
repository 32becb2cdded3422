/* φ as the lower triangle of L Lᵀ: an unstructured covariance matrix by its Cholesky factor, which keeps it positive
 * semidefinite (Pinheiro & Bates 1996, doi:10.1007/BF00140873). */
#include <string.h>

#include "mixed.h"

static size_t order_of(const lb_mapping *map) { return *(const size_t *)map->context; }
static size_t at(size_t a, size_t b, size_t t) { return b * t - b * (b + 1) / 2 + a; } /* a ≥ b */

static void value(const lb_mapping *map, const double *theta, double *phi)
{
    size_t t = order_of(map);
    for (size_t b = 0; b < t; b++) {
        for (size_t a = b; a < t; a++) {
            double sum = 0;
            for (size_t k = 0; k <= b; k++) sum += theta[at(a, k, t)] * theta[at(b, k, t)];
            *phi++ = sum;
        }
    }
}

static void jacobian(const lb_mapping *map, const double *theta, double *j)
{
    size_t t = order_of(map), row = 0;
    memset(j, 0, map->m * map->k * sizeof *j);
    for (size_t b = 0; b < t; b++) {
        for (size_t a = b; a < t; a++, row++) {
            for (size_t k = 0; k <= b; k++) {
                j[row + at(a, k, t) * map->m] += theta[at(b, k, t)];
                j[row + at(b, k, t) * map->m] += theta[at(a, k, t)];
            }
        }
    }
}

static void curvature(const lb_mapping *map, const double *theta, const double *g, double *out)
{
    (void)theta;
    size_t t = order_of(map), n = map->k;
    memset(out, 0, n * n * sizeof *out);
    for (size_t b = 0; b < t; b++) {
        for (size_t a = b; a < t; a++, g++) {
            for (size_t k = 0; k <= b; k++) {
                out[at(a, k, t) + at(b, k, t) * n] += *g;
                out[at(b, k, t) + at(a, k, t) * n] += *g;
            }
        }
    }
}

void lb_root_mapping(size_t order, lb_arena *arena, lb_mapping *out)
{
    size_t *context = lb_arena_alloc(arena, sizeof *context), count = order * (order + 1) / 2;
    *context = order;
    *out = (lb_mapping){.k = count, .m = count, .context = context, .value = value, .jacobian = jacobian, .curvature = curvature};
}
