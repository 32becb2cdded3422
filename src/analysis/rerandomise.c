/* Randomisation tests within strata and blocks (Fisher 1935; Edgington & Onghena 2007, Randomization Tests, ch. 3), with
 * the coefficient of analysis of covariance as the statistic (Gail, Tan & Piantadosi 1988, doi:10.1093/biomet/75.1.57). */
#include "analysis/rerandomise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Orthonormal basis of the columns of x by Gram-Schmidt with reorthogonalisation; dependent columns are left out. */
static size_t orthonormal(const lb_design *d, double *basis)
{
    size_t n = d->n, kept = 0;
    for (size_t j = 0; j < d->p; j++) {
        double *column = basis + kept * n, before = 0, after = 0;
        memcpy(column, d->x + j * n, n * sizeof *column);
        for (size_t i = 0; i < n; i++) before += column[i] * column[i];
        for (size_t k = 0; k < 2 * kept; k++) {
            const double *other = basis + k % kept * n;
            long double dot = 0;
            for (size_t i = 0; i < n; i++) dot += (long double)other[i] * column[i];
            for (size_t i = 0; i < n; i++) column[i] -= (double)(dot * other[i]);
        }
        for (size_t i = 0; i < n; i++) after += column[i] * column[i];
        if (!(after > 1e-14 * before)) continue;
        for (size_t i = 0; i < n; i++) column[i] /= sqrt(after);
        kept++;
    }
    return kept;
}

static void residuals(const lb_design *d, const double *basis, size_t q, double *r)
{
    memcpy(r, d->y, d->n * sizeof *r);
    for (size_t k = 0; k < 2 * q; k++) {
        const double *column = basis + k % q * d->n;
        long double dot = 0;
        for (size_t i = 0; i < d->n; i++) dot += (long double)column[i] * r[i];
        for (size_t i = 0; i < d->n; i++) r[i] -= (double)(dot * column[i]);
    }
}

static double statistic(const lb_rerandomisation *r, const double *sum)
{
    double rest = (double)r->treated;
    for (size_t k = 1; k < r->width; k++) rest -= sum[k] * sum[k];
    return rest > 1e-9 * (double)r->treated ? sum[0] / rest : NAN;
}

static void add(const lb_rerandomisation *r, size_t person, double *sum)
{
    const double *value = r->value + person * r->width;
    for (size_t k = 0; k < r->width; k++) sum[k] += value[k];
}

/* log of the number of ways to choose the treated of every cell */
static double log_allocations(const lb_rerandomisation *r)
{
    double sum = 0;
    for (size_t c = 0; c < r->cells; c++) {
        double n = (double)(r->first[c + 1] - r->first[c]), k = (double)r->count[c];
        sum += lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
    }
    return sum;
}

static void place_people(const bool *arm, const uint32_t *cell, size_t *place, lb_rerandomisation *r)
{
    for (size_t i = 0; i < r->n; i++) r->first[cell[i] + 1]++;
    for (size_t c = 0; c < r->cells; c++) r->first[c + 1] += r->first[c];
    for (size_t i = 0; i < r->n; i++) {
        size_t at = place[i] = r->first[cell[i]]++;
        r->arm[at] = arm[i];
        r->count[cell[i]] += arm[i];
        r->treated += arm[i];
    }
    for (size_t c = r->cells; c > 0; c--) r->first[c] = r->first[c - 1];
    r->first[0] = 0;
    for (size_t c = 0; c < r->cells; c++) r->informative += r->count[c] > 0 && r->count[c] < r->first[c + 1] - r->first[c];
}

int lb_rerandomise_prepare(const lb_design *design, const bool *arm, const uint32_t *cell, size_t cells, lb_arena *arena,
                           lb_rerandomisation *out, lb_error *err)
{
    size_t n = design->n;
    *out = (lb_rerandomisation){.n = n, .cells = cells};
    double *basis = lb_arena_try(arena, n * (design->p + 1), sizeof *basis);
    size_t *place = lb_arena_try(arena, n, sizeof *place);
    double *residual = lb_arena_try(arena, n, sizeof *residual);
    out->arm = lb_arena_try(arena, n, sizeof *out->arm);
    out->first = lb_arena_try(arena, cells + 2, sizeof *out->first);
    out->count = lb_arena_try(arena, cells + 1, sizeof *out->count);
    if (!basis || !place || !residual || !out->arm || !out->first || !out->count) {
        return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", n);
    }
    size_t q = orthonormal(design, basis);
    residuals(design, basis, q, residual);
    out->width = q + 1;
    out->value = lb_arena_try(arena, n * out->width, sizeof *out->value);
    if (!out->value) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", n);
    place_people(arm, cell, place, out);
    double spread = 0;
    for (size_t i = 0; i < n; i++) {
        double *value = out->value + place[i] * out->width;
        value[0] = residual[i];
        spread += residual[i] * residual[i];
        for (size_t k = 0; k < q; k++) value[k + 1] = basis[k * n + i];
    }
    double *sum = lb_arena_array(arena, out->width, sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        if (out->arm[i]) add(out, i, sum);
    }
    out->observed = statistic(out, sum);
    out->tolerance = 1e-9 * fmax(fabs(out->observed), sqrt(spread / (double)n));
    double size = log_allocations(out);
    out->allocations = size < 34 ? round(exp(size)) : exp(size); /* whole as long as a double can hold it */
    if (isnan(out->observed)) return lb_fail(err, LB_BAD_DATA, "the covariates tell the arms apart completely");
    return LB_OK;
}

/* An allocation without a statistic counts as extreme: the p value is then too large rather than too small. */
static void tally(const lb_rerandomisation *r, const double *sum, lb_rerandomised *out)
{
    double s = statistic(r, sum);
    bool undefined = isnan(s);
    out->total++;
    out->undefined += undefined;
    out->two_sided += undefined || fabs(s) >= fabs(r->observed) - r->tolerance;
    out->less += undefined || s <= r->observed + r->tolerance;
    out->greater += undefined || s >= r->observed - r->tolerance;
}

/* One walk over all allocations: person by person, treated or not, as long as the cell's count can still be met. */
typedef struct walk {
    const lb_rerandomisation *r;
    const lb_progress *progress;
    double *sums;    /* n + 1 rows of running sums */
    size_t *cell_of; /* n */
    lb_rerandomised *out;
    bool cancelled;
} walk;

static void visit(walk *w, size_t person, size_t left, const double *sum)
{
    const lb_rerandomisation *r = w->r;
    if (w->cancelled) return;
    if (person == r->n) {
        tally(r, sum, w->out);
        if ((w->out->total & 0xffff) == 0) {
            lb_progress_report(w->progress, (double)w->out->total / r->allocations, "allocations");
            w->cancelled = lb_progress_cancelled(w->progress);
        }
        return;
    }
    size_t cell = w->cell_of[person], end = r->first[cell + 1];
    size_t fresh = end < r->n ? r->count[w->cell_of[end]] : 0; /* of the next cell */
    if (left > 0) {
        double *with = w->sums + (person + 1) * r->width;
        memcpy(with, sum, r->width * sizeof *with);
        add(r, person, with);
        visit(w, person + 1, person + 1 == end ? fresh : left - 1, with);
    }
    if (end - person > left) visit(w, person + 1, person + 1 == end ? fresh : left, sum);
}

int lb_rerandomise_all(const lb_rerandomisation *r, const lb_progress *progress, lb_rerandomised *out, lb_error *err)
{
    *out = (lb_rerandomised){0};
    walk w = {.r = r, .progress = progress, .out = out, .sums = lb_alloc((r->n + 1) * r->width, sizeof(double)),
              .cell_of = lb_alloc(r->n + 1, sizeof(size_t))};
    for (size_t c = 0; c < r->cells; c++) {
        for (size_t i = r->first[c]; i < r->first[c + 1]; i++) w.cell_of[i] = c;
    }
    visit(&w, 0, r->count[w.cell_of[0]], w.sums);
    free(w.sums);
    free(w.cell_of);
    return w.cancelled ? lb_fail(err, LB_CANCELLED, "cancelled after %llu allocations", (unsigned long long)out->total) : LB_OK;
}

enum { CHUNK = 500 };

typedef struct sampling {
    const lb_rerandomisation *r;
    const lb_progress *progress;
    size_t samples;
    uint64_t seed;
    lb_rerandomised *chunk;
} sampling;

/* The treated of each cell by the first steps of a Fisher-Yates shuffle. */
static void draw(const lb_rerandomisation *r, lb_random *random, uint32_t *order, double *sum)
{
    memset(sum, 0, r->width * sizeof *sum);
    for (size_t i = 0; i < r->n; i++) order[i] = (uint32_t)i;
    for (size_t c = 0; c < r->cells; c++) {
        uint32_t *people = order + r->first[c];
        size_t size = r->first[c + 1] - r->first[c];
        bool choice = r->count[c] < size;
        for (size_t k = 0; k < r->count[c]; k++) {
            size_t pick = choice ? k + lb_random_below(random, (uint32_t)(size - k)) : k;
            uint32_t chosen = people[pick];
            people[pick] = people[k];
            people[k] = chosen;
            add(r, chosen, sum);
        }
    }
}

static void sample_chunk(void *context, size_t index)
{
    sampling *s = context;
    if (lb_progress_cancelled(s->progress)) return;
    uint32_t *order = lb_alloc(s->r->n, sizeof *order);
    double *sum = lb_alloc(s->r->width, sizeof *sum);
    size_t end = (index + 1) * CHUNK < s->samples ? (index + 1) * CHUNK : s->samples;
    for (size_t i = index * CHUNK; i < end; i++) {
        lb_random random;
        lb_random_init(&random, s->seed, i);
        draw(s->r, &random, order, sum);
        tally(s->r, sum, &s->chunk[index]);
    }
    free(order);
    free(sum);
}

int lb_rerandomise_sample(const lb_rerandomisation *r, size_t samples, uint64_t seed, unsigned threads,
                          const lb_progress *progress, lb_rerandomised *out, lb_error *err)
{
    size_t chunks = (samples + CHUNK - 1) / CHUNK;
    sampling s = {r, progress, samples, seed, lb_alloc(chunks + 1, sizeof *s.chunk)};
    lb_parallel_for(chunks, threads, sample_chunk, &s);
    *out = (lb_rerandomised){0};
    for (size_t c = 0; c < chunks; c++) {
        out->total += s.chunk[c].total;
        out->two_sided += s.chunk[c].two_sided;
        out->less += s.chunk[c].less;
        out->greater += s.chunk[c].greater;
        out->undefined += s.chunk[c].undefined;
    }
    free(s.chunk);
    return out->total == samples ? LB_OK : lb_fail(err, LB_CANCELLED, "cancelled");
}
