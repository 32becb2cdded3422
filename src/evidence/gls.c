/* Likelihood of the block model by Fisher scoring on the boundary-aware set θ ≥ 0 (Harville 1977,
 * doi:10.1080/01621459.1977.10480998); all sums go block by block. */
#include "evidence/gls.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ITERATIONS = 500 };

void lb_gls_block_alloc(const lb_gls *gls, lb_gls_block *block, size_t first, size_t n)
{
    *block = (lb_gls_block){.first = first, .n = n};
    double **matrix[] = {&block->v, &block->sigma, &block->inverse};
    for (size_t i = 0; i < LB_COUNT(matrix); i++) *matrix[i] = lb_arena_array(gls->arena, n * n, sizeof(double));
    for (size_t j = 0; j < gls->components; j++)
        block->component[j] = lb_arena_array(gls->arena, n * n, sizeof(double));
}

int lb_gls_init(lb_gls *gls, lb_error *err)
{
    size_t n = gls->n, p = gls->p;
    gls->wx = lb_arena_array(gls->arena, n * p, sizeof(double));
    gls->scratch = lb_arena_array(gls->arena, n * p, sizeof(double));
    gls->m = lb_arena_array(gls->arena, p * p, sizeof(double));
    gls->beta = lb_arena_array(gls->arena, p, sizeof(double));
    gls->residual = lb_arena_array(gls->arena, n, sizeof(double));
    gls->we = lb_arena_array(gls->arena, n, sizeof(double));
    double *xx = lb_arena_array(gls->arena, p * p, sizeof(double));
    for (size_t a = 0; a < p; a++) {
        for (size_t b = 0; b <= a; b++) {
            for (size_t i = 0; i < n; i++) xx[b * p + a] += gls->x[a * n + i] * gls->x[b * n + i];
        }
    }
    if (lb_chol(xx, p) != 0) return lb_fail(err, LB_BAD_DATA, "the columns of the model depend on each other");
    gls->log_det_xx = lb_chol_logdet(xx, p);
    return 0;
}

/* out (n × columns) := M b for one block, M symmetric; b and out have a stride of `stride`. */
static void multiply(const double *m, size_t n, const double *b, double *out, size_t columns, size_t stride)
{
    for (size_t c = 0; c < columns; c++) {
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++) sum += m[i * n + j] * b[c * stride + j];
            out[c * stride + i] = sum;
        }
    }
}

static int factorise(lb_gls *gls, lb_error *err)
{
    gls->log_det = 0;
    for (size_t b = 0; b < gls->blocks; b++) {
        lb_gls_block *block = &gls->block[b];
        size_t n = block->n;
        for (size_t i = 0; i < n * n; i++) {
            block->sigma[i] = block->v[i];
            for (size_t j = 0; j < gls->components; j++) block->sigma[i] += gls->theta[j] * block->component[j][i];
        }
        if (lb_chol(block->sigma, n) != 0)
            return lb_fail(err, LB_BAD_DATA, "the covariance matrix of dependent effects is not positive definite");
        gls->log_det += lb_chol_logdet(block->sigma, n);
        lb_chol_inverse(block->sigma, n, block->inverse);
        multiply(block->inverse, n, gls->x + block->first, gls->wx + block->first, gls->p, gls->n);
    }
    return 0;
}

int lb_gls_at(lb_gls *gls, const double *theta, lb_error *err)
{
    size_t n = gls->n, p = gls->p;
    if (theta != gls->theta) memcpy(gls->theta, theta, gls->components * sizeof *theta);
    int code = factorise(gls, err);
    if (code) return code;
    double *l = lb_alloc(p * p, sizeof *l);
    for (size_t a = 0; a < p; a++) {
        gls->beta[a] = 0;
        for (size_t i = 0; i < n; i++) gls->beta[a] += gls->wx[a * n + i] * gls->y[i];
        for (size_t b = 0; b <= a; b++) {
            for (size_t i = 0; i < n; i++) l[b * p + a] += gls->wx[a * n + i] * gls->x[b * n + i];
        }
    }
    code = lb_chol(l, p) != 0 ? lb_fail(err, LB_BAD_DATA, "the columns of the model depend on each other") : 0;
    if (!code) {
        gls->log_det_xwx = lb_chol_logdet(l, p);
        lb_chol_inverse(l, p, gls->m);
        lb_chol_solve(l, p, gls->beta, 1);
        memcpy(gls->residual, gls->y, n * sizeof(double));
        for (size_t a = 0; a < p; a++) {
            for (size_t i = 0; i < n; i++) gls->residual[i] -= gls->x[a * n + i] * gls->beta[a];
        }
        gls->q = 0;
        for (size_t b = 0; b < gls->blocks; b++) {
            const lb_gls_block *block = &gls->block[b];
            multiply(block->inverse, block->n, gls->residual + block->first, gls->we + block->first, 1, n);
        }
        for (size_t i = 0; i < n; i++) gls->q += gls->we[i] * gls->residual[i];
    }
    free(l);
    return code;
}

double lb_gls_loglik(const lb_gls *gls, bool restricted)
{
    static const double log_2pi = 1.837877066409345483560659;
    double n = (double)gls->n, p = (double)gls->p, common = -.5 * (gls->log_det + gls->q);
    if (!restricted) return common - .5 * n * log_2pi;
    return common - .5 * (n - p) * log_2pi + .5 * gls->log_det_xx - .5 * gls->log_det_xwx;
}

typedef struct component_work {
    double *wd[LB_GLS_COMPONENTS];                      /* one block: WD, n × n */
    double *wdw[LB_GLS_COMPONENTS];                     /* n × p: DⱼWX of all blocks */
    double *a[LB_GLS_COMPONENTS];                       /* p × p: XᵀWDⱼWX */
    double cross[LB_GLS_COMPONENTS][LB_GLS_COMPONENTS]; /* tr(M XᵀWDᵢWDⱼWX) */
} component_work;

static double trace_product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) sum += a[j * n + i] * b[i * n + j];
    }
    return sum;
}

/* tr(WD), tr(WDᵢWDⱼ), eᵀWDWe and DWX of one block. */
static void block_sums(lb_gls *gls, const lb_gls_block *block, component_work *w, double *trace, double *score,
                       double *information)
{
    size_t n = block->n, c = gls->components;
    for (size_t j = 0; j < c; j++) {
        const double *d = block->component[j], *we = gls->we + block->first;
        for (size_t col = 0; col < n; col++) multiply(block->inverse, n, d + col * n, w->wd[j] + col * n, 1, n);
        for (size_t i = 0; i < n; i++) {
            trace[j] += w->wd[j][i * n + i];
            double dwe = 0;
            for (size_t k = 0; k < n; k++) dwe += d[i * n + k] * we[k];
            score[j] += we[i] * dwe;
        }
        multiply(d, n, gls->wx + block->first, w->wdw[j] + block->first, gls->p, gls->n);
        for (size_t i = 0; i <= j; i++) {
            double t = trace_product(w->wd[i], w->wd[j], n);
            information[i * c + j] += t;
            if (i != j) information[j * c + i] += t;
        }
    }
}

/* XᵀWDⱼWX, and XᵀWDᵢWDⱼWX against M. */
static void fixed_part(lb_gls *gls, component_work *w)
{
    size_t n = gls->n, p = gls->p;
    for (size_t j = 0; j < gls->components; j++) {
        for (size_t a = 0; a < p; a++) {
            for (size_t b = 0; b < p; b++) {
                double sum = 0;
                for (size_t i = 0; i < n; i++) sum += gls->wx[a * n + i] * w->wdw[j][b * n + i];
                w->a[j][b * p + a] = sum;
            }
        }
        for (size_t b = 0; b < gls->blocks; b++) {
            const lb_gls_block *block = &gls->block[b];
            multiply(block->inverse, block->n, w->wdw[j] + block->first, gls->scratch + block->first, p, n);
        }
        for (size_t k = 0; k <= j; k++) {
            double sum = 0;
            for (size_t a = 0; a < p; a++) {
                for (size_t b = 0; b < p; b++) {
                    double inner = 0;
                    for (size_t i = 0; i < n; i++) inner += w->wdw[k][a * n + i] * gls->scratch[b * n + i];
                    sum += gls->m[b * p + a] * inner;
                }
            }
            w->cross[k][j] = w->cross[j][k] = sum;
        }
    }
}

void lb_gls_slope(lb_gls *gls, bool restricted, double *trace, double *score, double *information)
{
    size_t n = gls->n, p = gls->p, c = gls->components, largest = 1;
    for (size_t b = 0; b < gls->blocks; b++) largest = gls->block[b].n > largest ? gls->block[b].n : largest;
    lb_arena *own = lb_arena_new();
    component_work w = {0};
    for (size_t j = 0; j < c; j++) {
        w.wd[j] = lb_arena_array(own, largest * largest, sizeof(double));
        w.wdw[j] = lb_arena_array(own, n * p, sizeof(double));
        w.a[j] = lb_arena_array(own, p * p, sizeof(double));
        trace[j] = score[j] = 0;
    }
    memset(information, 0, c * c * sizeof *information);
    for (size_t b = 0; b < gls->blocks; b++) block_sums(gls, &gls->block[b], &w, trace, score, information);
    if (restricted) {
        fixed_part(gls, &w);
        double *ma[LB_GLS_COMPONENTS];
        for (size_t j = 0; j < c; j++) {
            ma[j] = lb_arena_array(own, p * p, sizeof(double));
            for (size_t col = 0; col < p; col++) multiply(gls->m, p, w.a[j] + col * p, ma[j] + col * p, 1, p);
            for (size_t i = 0; i < p; i++) trace[j] -= ma[j][i * p + i];
            for (size_t i = 0; i <= j; i++) {
                double change = trace_product(ma[i], ma[j], p) - 2 * w.cross[i][j];
                information[i * c + j] += change;
                if (i != j) information[j * c + i] += change;
            }
        }
    }
    for (size_t j = 0; j < c; j++) score[j] = .5 * (score[j] - trace[j]);
    for (size_t j = 0; j < c * c; j++) information[j] *= .5;
    lb_arena_free(own);
}

/* Fisher's step for the components that are free: positive, or at zero with the likelihood rising. */
static bool fisher_step(const lb_gls *gls, const double *score, const double *information, double *step)
{
    size_t c = gls->components, free_count = 0, which[LB_GLS_COMPONENTS];
    double a[LB_GLS_COMPONENTS * LB_GLS_COMPONENTS], b[LB_GLS_COMPONENTS];
    for (size_t j = 0; j < c; j++) {
        step[j] = 0;
        if (gls->theta[j] > 0 || score[j] > 0) which[free_count++] = j;
    }
    for (size_t i = 0; i < free_count; i++) {
        b[i] = score[which[i]];
        for (size_t j = 0; j < free_count; j++) a[j * free_count + i] = information[which[j] * c + which[i]];
    }
    if (free_count == 0) return true;
    if (lb_chol(a, free_count) != 0) return false;
    lb_chol_solve(a, free_count, b, 1);
    for (size_t i = 0; i < free_count; i++) step[which[i]] = b[i];
    return true;
}

/* Half the step until the likelihood does not fall; what would be negative becomes zero. */
static int move(lb_gls *gls, bool restricted, const double *step, double *largest, lb_error *err)
{
    double from[LB_GLS_COMPONENTS], to[LB_GLS_COMPONENTS], before = lb_gls_loglik(gls, restricted), scale = 1;
    memcpy(from, gls->theta, sizeof from);
    for (int halving = 0; halving < 60; halving++, scale /= 2) {
        *largest = 0;
        for (size_t j = 0; j < gls->components; j++) {
            to[j] = fmax(0, from[j] + scale * step[j]);
            *largest = fmax(*largest, fabs(to[j] - from[j]) / fmax(from[j], 1e-8));
        }
        int code = lb_gls_at(gls, to, err);
        if (code) return code;
        if (lb_gls_loglik(gls, restricted) >= before - 1e-12 * fmax(1, fabs(before))) return 0;
    }
    *largest = 0;
    return lb_gls_at(gls, from, err);
}

int lb_gls_fit(lb_gls *gls, bool restricted, lb_error *err)
{
    size_t c = gls->components;
    double theta[LB_GLS_COMPONENTS] = {0}, trace[LB_GLS_COMPONENTS], score[LB_GLS_COMPONENTS];
    double information[LB_GLS_COMPONENTS * LB_GLS_COMPONENTS], step[LB_GLS_COMPONENTS], largest = 1;
    int code = lb_gls_at(gls, theta, err);
    /* Start where the weighted residuals are what they should be. */
    double excess = gls->q / fmax(1, (double)(gls->n - gls->p)), typical = 0;
    for (size_t b = 0; b < gls->blocks; b++) {
        for (size_t i = 0; i < gls->block[b].n; i++) typical += gls->block[b].v[i * gls->block[b].n + i];
    }
    for (size_t j = 0; j < c; j++) theta[j] = fmax(excess - 1, .1) * typical / (double)(gls->n * c);
    if (!code) code = lb_gls_at(gls, theta, err);
    gls->converged = false;
    for (gls->iterations = 0; !code && gls->iterations < MOST_ITERATIONS && !gls->converged; gls->iterations++) {
        lb_gls_slope(gls, restricted, trace, score, information);
        if (!fisher_step(gls, score, information, step)) break;
        code = move(gls, restricted, step, &largest, err);
        gls->converged = largest < 1e-13;
    }
    return code;
}
