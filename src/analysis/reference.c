/* Reference-based imputation by conditional means with the jackknife (Carpenter, Roger & Kenward 2013,
 * doi:10.1080/10543406.2013.834911; Wolbers et al. 2022, doi:10.1002/pst.2234): MAR, jump to reference, copy increments in
 * reference, copy reference. One covariance matrix for all arms. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double mean_at(const lb_reference *r, const double *x, const double *beta, size_t row)
{
    double sum = 0;
    for (size_t j = 0; j < r->p; j++) {
        if (!isnan(beta[j])) sum += x[row + j * r->n * r->visits] * beta[j];
    }
    return sum;
}

/* What is expected of a person at each visit. Outcomes before the intercurrent event follow the own arm, except under CR. */
static void expectations(const lb_reference *r, const double *beta, lb_strategy strategy, size_t person, double *mu)
{
    size_t t = r->visits, ice = r->ice[person];
    bool own = strategy == LB_MAR || ice == t || r->arm[person] == 0;
    for (size_t v = 0; v < t; v++) mu[v] = mean_at(r, r->own, beta, person * t + v);
    if (own) return;
    double step = 0;
    if (strategy == LB_CIR && ice > 0) step = mu[ice - 1] - mean_at(r, r->ref, beta, person * t + ice - 1);
    for (size_t v = strategy == LB_CR ? 0 : ice; v < t; v++) mu[v] = mean_at(r, r->ref, beta, person * t + v) + step;
}

static double covariance(const double *phi, size_t t, size_t a, size_t b)
{
    size_t low = a < b ? a : b, high = a < b ? b : a;
    return phi[low * t - low * (low + 1) / 2 + high]; /* lower triangle by columns */
}

/* E(last visit | the visits seen). */
static double conditional_mean(const lb_reference *r, const double *phi, const double *mu, size_t person)
{
    size_t t = r->visits, seen[64], k = 0;
    double sigma[64 * 64], weight[64], sum = mu[t - 1];
    for (size_t v = 0; v + 1 < t; v++) {
        if (!isnan(r->y[person * t + v])) seen[k++] = v;
    }
    for (size_t a = 0; a < k; a++) {
        weight[a] = covariance(phi, t, t - 1, seen[a]);
        for (size_t b = 0; b < k; b++) sigma[a + b * k] = covariance(phi, t, seen[a], seen[b]);
    }
    if (k == 0) return sum;
    if (lb_chol(sigma, k)) return NAN;
    lb_chol_solve(sigma, k, weight, 1);
    for (size_t a = 0; a < k; a++) sum += weight[a] * (r->y[person * t + seen[a]] - mu[seen[a]]);
    return sum;
}

void lb_reference_impute(const lb_reference *r, const double *beta, const double *phi, lb_strategy strategy, double *z)
{
    double mu[64];
    for (size_t i = 0; i < r->n; i++) {
        z[i] = r->y[i * r->visits + r->visits - 1];
        if (!isnan(z[i])) continue;
        expectations(r, beta, strategy, i, mu);
        z[i] = conditional_mean(r, phi, mu, i);
    }
}

/* ANCOVA of z without one person (SIZE_MAX: with everybody): differences from the reference, then means of the arms with
 * the covariates at their averages. (XᵀX − xxᵀ)⁻¹ by Sherman & Morrison 1950. */
static void analyse(const lb_reference *r, const double *z, size_t without, double *out)
{
    size_t n = r->n, q = r->ancova->p;
    const double *x = r->ancova->x;
    double *b = lb_alloc(4 * q, sizeof *b), *right = b + q, *turned = right + q, *mean = turned + q, leverage = 0;
    double people = (double)(without == SIZE_MAX ? n : n - 1);
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < n; i++) {
            if (i == without) continue;
            right[j] += x[i + j * n] * z[i];
            mean[j] += x[i + j * n] / people;
        }
    }
    for (size_t i = 0; i < q; i++) {
        for (size_t j = 0; j < q; j++) {
            b[i] += r->inverse[i + j * q] * right[j];
            if (without != SIZE_MAX) turned[i] += r->inverse[i + j * q] * x[without + j * n];
        }
    }
    if (without != SIZE_MAX) {
        double dot = 0;
        for (size_t j = 0; j < q; j++) {
            leverage += turned[j] * x[without + j * n];
            dot += turned[j] * right[j];
        }
        for (size_t j = 0; j < q; j++) b[j] += 1 - leverage > 1e-10 ? turned[j] * dot / (1 - leverage) : NAN;
    }
    double base = 0;
    for (size_t j = 0; j < q; j++) base += j == 0 || j >= r->arms ? mean[j] * b[j] : 0;
    for (size_t k = 1; k < r->arms; k++) out[k - 1] = b[k];
    for (size_t k = 0; k < r->arms; k++) out[r->arms - 1 + k] = base + (k ? b[k] : 0);
    free(b);
}

typedef struct jackknife {
    const lb_reference *r;
    const lb_strategy *strategy;
    size_t count;
    bool delta;
    const double *beta; /* of the whole fit */
    double *x;          /* basis and residual, as the whole fit had them */
    lb_reference_values *out;
    bool *failed;
    const lb_progress *progress;
} jackknife;

static void all_sets(const jackknife *j, const double *beta, const double *phi, size_t without, double *out)
{
    const lb_reference *r = j->r;
    double *z = lb_alloc(r->n, sizeof *z);
    for (size_t s = 0; s < j->count; s++) {
        lb_reference_impute(r, beta, phi, j->strategy[s], z);
        analyse(r, z, without, out + s * j->out->each);
    }
    for (size_t i = 0; i < r->n && j->delta; i++) z[i] = r->arm[i] != 0 && isnan(r->y[i * r->visits + r->visits - 1]);
    if (j->delta) analyse(r, z, without, out + j->count * j->out->each);
    free(z);
}

/* The MMRM without one of its people, from the whole fit's parameters on. */
static bool refit(const jackknife *j, int32_t code, lb_arena *arena, double *beta, lb_reml *model)
{
    const lb_mmrm *a = &j->r->mmrm;
    size_t n = a->design->n, rank = a->basis.rank, kept = 0;
    int32_t *person = lb_arena_array(arena, n + 1, sizeof *person), *visit = lb_arena_array(arena, n + 1, sizeof *visit);
    size_t *row = lb_arena_array(arena, n + 1, sizeof *row);
    for (size_t i = 0; i < n; i++) {
        if (a->person[i] == code) continue;
        person[kept] = a->person[i] - (a->person[i] > code);
        visit[kept] = a->visit_of[i];
        row[kept++] = i;
    }
    double *x = lb_arena_array(arena, kept * (rank + 1) + 1, sizeof *x), *minus = lb_arena_array(arena, rank + 1, sizeof *minus);
    for (size_t c = 0; c <= rank; c++) {
        for (size_t i = 0; i < kept; i++) x[i + c * kept] = j->x[row[i] + c * n];
    }
    lb_blocks blocks;
    lb_error err = LB_ERROR_INIT;
    if (lb_patterns_new(x, kept, rank, person, visit, a->people - 1, a->visits, arena, &blocks, &err)) return false;
    *model = (lb_reml){.blocks = &blocks, .p = rank, .map = a->reml.map};
    if (lb_reml_new(model, arena, &err)) return false;
    lb_reml_fit(model, a->reml.theta);
    for (size_t k = 0; k < rank; k++) minus[k] = -model->gamma[k];
    lb_basis_coefficients(&a->basis, minus, beta);
    return isfinite(model->deviance) && model->converged;
}

static void leave_out(void *context, size_t index)
{
    const jackknife *j = context;
    const lb_reference *r = j->r;
    double *out = j->out->without + index * j->out->sets * j->out->each;
    if (lb_progress_cancelled(j->progress)) return;
    if (r->code[index] < 0) { /* no outcome: the MMRM is the same without this person */
        all_sets(j, j->beta, r->mmrm.reml.phi, index, out);
        return;
    }
    lb_arena *arena = lb_arena_new();
    lb_reml model;
    double *beta = lb_arena_array(arena, r->p + 1, sizeof *beta);
    j->failed[index] = !refit(j, r->code[index], arena, beta, &model);
    if (!j->failed[index]) all_sets(j, beta, model.phi, index, out);
    lb_arena_free(arena);
}

int lb_reference_run(lb_reference *r, const lb_strategy *strategy, size_t count, bool delta, lb_reference_values *out, lb_error *err)
{
    int rc = lb_mmrm_fit(&r->mmrm, err);
    if (rc) return rc;
    lb_arena *arena = r->mmrm.arena;
    const lb_basis *basis = &r->mmrm.basis;
    size_t rank = basis->rank, n = basis->n;
    *out = (lb_reference_values){.sets = count + delta, .each = 2 * r->arms - 1};
    size_t values = out->sets * out->each;
    double *x = lb_arena_try(arena, n, (rank + 1) * sizeof *x);
    out->at = lb_arena_array(arena, values + 1, sizeof *out->at);
    out->without = lb_arena_try(arena, r->n, values * sizeof *out->without);
    bool *failed = lb_arena_array(arena, r->n + 1, sizeof *failed);
    if (!x || !out->without) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", r->n);
    memcpy(x, basis->q, n * rank * sizeof *x);
    memcpy(x + n * rank, basis->residual, n * sizeof *x);
    jackknife j = {r, strategy, count, delta, r->mmrm.model.coefficient, x, out, failed, lb_call_progress(r->mmrm.call)};
    all_sets(&j, j.beta, r->mmrm.reml.phi, SIZE_MAX, out->at);
    lb_parallel_for(r->n, lb_call_threads(r->mmrm.call), leave_out, &j);
    if (lb_progress_cancelled(j.progress)) return lb_fail(err, LB_CANCELLED, "cancelled");
    for (size_t i = 0; i < r->n; i++) out->failed += failed[i];
    return LB_OK;
}

double lb_jackknife(const double *a, const double *b, size_t n, size_t stride)
{
    double mean_a = 0, mean_b = 0, sum = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) {
        mean_a += a[i * stride] / count;
        mean_b += b[i * stride] / count;
    }
    for (size_t i = 0; i < n; i++) sum += (a[i * stride] - mean_a) * (b[i * stride] - mean_b);
    return (count - 1) / count * sum;
}
