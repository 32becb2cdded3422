/* Cluster-robust covariance of the coefficients of the block model: CR1, and CR2 with Satterthwaite's degrees of
 * freedom (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004). The working model is
 * the fitted one, so that (I − H)Σ(I − H)ᵀ = Σ − XMXᵀ. */
#include "evidence/gls.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EIGEN = 64 };

/* out := Aᵦ = Dᵀ B^(−½) D for Σᵦ = DᵀD and B = D(Σᵦ − XᵦMXᵦᵀ)Dᵀ; D = Lᵀ is upper triangular. */
static void adjustment(const lb_gls *gls, const lb_gls_block *block, double *out, lb_arena *own)
{
    size_t n = block->n, p = gls->p;
    const double *l = block->sigma;
    double *g = lb_arena_array(own, n * n, sizeof *g), *b = lb_arena_array(own, n * n, sizeof *b),
           *values = lb_arena_array(own, n, sizeof *values), *vectors = lb_arena_array(own, n * n, sizeof *vectors);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = block->v[j * n + i];
            for (size_t c = 0; c < gls->components; c++) sum += gls->theta[c] * block->component[c][j * n + i];
            for (size_t s = 0; s < p; s++) {
                for (size_t t = 0; t < p; t++)
                    sum -= gls->x[s * gls->n + block->first + i] * gls->m[t * p + s] *
                           gls->x[t * gls->n + block->first + j];
            }
            g[j * n + i] = sum;
        }
    }
    for (size_t i = 0; i < n; i++) { /* B = Lᵀ G L */
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t s = i; s < n; s++) {
                for (size_t t = j; t < n; t++) sum += l[i * n + s] * g[t * n + s] * l[j * n + t];
            }
            b[j * n + i] = sum;
        }
    }
    lb_eigen_symmetric(b, n, values, vectors);
    double *half = lb_arena_array(own, n * n, sizeof *half); /* L × vectors */
    for (size_t e = 0; e < n; e++) {
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t s = 0; s <= i; s++) sum += l[s * n + i] * vectors[e * n + s];
            half[e * n + i] = sum;
        }
    }
    memset(out, 0, n * n * sizeof *out);
    for (size_t e = 0; e < n; e++) {
        if (!(values[e] > 1e-12)) continue; /* directions that X explains fully carry no residual */
        double root = 1 / sqrt(values[e]);
        for (size_t j = 0; j < n; j++) {
            for (size_t i = 0; i < n; i++) out[j * n + i] += half[e * n + i] * half[e * n + j] * root;
        }
    }
}

/* Satterthwaite's df of coefficient c from aᵦ = Aᵦ WᵦXᵦ M c (rows of `a`, one per outcome). */
static double satterthwaite(const lb_gls *gls, const double *a)
{
    size_t n = gls->n, p = gls->p, m = gls->blocks;
    double *xa = lb_alloc(p * m, sizeof *xa), *mxa = lb_alloc(p * m, sizeof *mxa), sum = 0, square = 0;
    for (size_t b = 0; b < m; b++) {
        const lb_gls_block *block = &gls->block[b];
        for (size_t s = 0; s < p; s++) {
            for (size_t i = 0; i < block->n; i++)
                xa[b * p + s] += gls->x[s * n + block->first + i] * a[block->first + i];
        }
        for (size_t s = 0; s < p; s++) {
            for (size_t t = 0; t < p; t++) mxa[b * p + s] += gls->m[t * p + s] * xa[b * p + t];
        }
    }
    for (size_t b = 0; b < m; b++) {
        const lb_gls_block *block = &gls->block[b];
        double own = 0;
        for (size_t i = 0; i < block->n; i++) {
            for (size_t j = 0; j < block->n; j++) {
                double sigma = block->v[j * block->n + i];
                for (size_t c = 0; c < gls->components; c++)
                    sigma += gls->theta[c] * block->component[c][j * block->n + i];
                own += a[block->first + i] * sigma * a[block->first + j];
            }
        }
        for (size_t other = 0; other < m; other++) {
            double g = other == b ? own : 0;
            for (size_t s = 0; s < p; s++) g -= xa[b * p + s] * mxa[other * p + s];
            if (other == b) sum += g;
            square += g * g;
        }
    }
    free(xa);
    free(mxa);
    return sum * sum / square;
}

/* WᵦXᵦM of one block and coefficient, times Aᵦ (or 1). */
static void weights_of(const lb_gls *gls, const lb_gls_block *block, const double *adjust, size_t c, double *plain,
                       double *out)
{
    size_t n = block->n, p = gls->p;
    for (size_t i = 0; i < n; i++) {
        plain[i] = 0;
        for (size_t s = 0; s < p; s++) plain[i] += gls->wx[s * gls->n + block->first + i] * gls->m[c * p + s];
    }
    for (size_t i = 0; i < n; i++) {
        double sum = adjust ? 0 : plain[i];
        for (size_t j = 0; adjust && j < n; j++) sum += adjust[i * n + j] * plain[j];
        out[block->first + i] = sum;
    }
}

int lb_gls_robust(lb_gls *gls, bool cr2, double *vcov, double *df, lb_error *err)
{
    size_t n = gls->n, p = gls->p, m = gls->blocks;
    if (m <= p) return lb_fail(err, LB_BAD_DATA, "%zu clusters are too few for %zu robust coefficients", m, p);
    for (size_t b = 0; cr2 && b < m; b++) {
        if (gls->block[b].n <= MOST_EIGEN) continue;
        int code =
            lb_fail(err, LB_TOO_LARGE, "a cluster has %zu effects; CR2 takes at most %d", gls->block[b].n, MOST_EIGEN);
        lb_error_hint(err, "use --robust CR1");
        return code;
    }
    lb_arena *own = lb_arena_new();
    double *a = lb_arena_array(own, n * p, sizeof *a), *u = lb_arena_array(own, m * p, sizeof *u);
    for (size_t b = 0; b < m; b++) {
        const lb_gls_block *block = &gls->block[b];
        double *adjust = cr2 ? lb_arena_array(own, block->n * block->n, sizeof *adjust) : NULL;
        double *plain = lb_arena_array(own, block->n, sizeof *plain);
        if (cr2) adjustment(gls, block, adjust, own);
        for (size_t c = 0; c < p; c++) {
            weights_of(gls, block, adjust, c, plain, a + c * n);
            for (size_t i = 0; i < block->n; i++)
                u[c * m + b] += a[c * n + block->first + i] * gls->residual[block->first + i];
        }
    }
    double scale = cr2 ? 1 : (double)m / (double)(m - p);
    for (size_t c = 0; c < p; c++) {
        for (size_t d = 0; d < p; d++) {
            double sum = 0;
            for (size_t b = 0; b < m; b++) sum += u[c * m + b] * u[d * m + b];
            vcov[d * p + c] = scale * sum;
        }
        df[c] = cr2 ? satterthwaite(gls, a + c * n) : (double)(m - p);
    }
    lb_arena_free(own);
    return 0;
}
