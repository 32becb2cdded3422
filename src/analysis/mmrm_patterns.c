/* The blocks of an MMRM: people with the same visits share a covariance matrix, so the likelihood needs only the sums
 * Σ w_a w_bᵀ of [X y] over the people of each pattern and pair of visits (Jennrich & Schluchter 1986,
 * doi:10.2307/2530695); people are gone through once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mmrm.h"

typedef struct pattern {
    size_t s, *visit;      /* observed visits, ascending */
    double people;
    double *cross;         /* s × s blocks of one × one: Σ w_a w_bᵀ, a ≥ b kept (block a + b s) */
    double *inverse;       /* s × s */
    double *work;          /* s × s */
} pattern;

typedef struct patterns {
    size_t visits, one, count;
    pattern *pattern;
    double *scratch;       /* visits blocks of one × one */
} patterns;

static size_t lower(size_t a, size_t b, size_t t) /* index of (a, b), a ≥ b, in the lower triangle by columns */
{
    return a >= b ? b * t - b * (b + 1) / 2 + a : a * t - a * (a + 1) / 2 + b;
}

static void add_scaled(double *to, const double *from, double factor, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] += factor * from[i];
}

static void symmetrise(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < j; i++) a[i + j * n] = a[j + i * n] = (a[i + j * n] + a[j + i * n]) / 2;
    }
}

static int set(void *context, const double *phi, double *logdet, double *c)
{
    patterns *all = context;
    size_t t = all->visits, size = all->one * all->one;
    double *whole = lb_alloc(t * t, sizeof *whole);
    for (size_t b = 0; b < t; b++) {
        for (size_t a = b; a < t; a++) whole[a + b * t] = phi[lower(a, b, t)];
    }
    int bad = lb_chol(whole, t);
    *logdet = 0;
    memset(c, 0, size * sizeof *c);
    for (size_t g = 0; g < all->count && !bad; g++) {
        pattern *p = &all->pattern[g];
        for (size_t b = 0; b < p->s; b++) {
            for (size_t a = b; a < p->s; a++) p->work[a + b * p->s] = phi[lower(p->visit[a], p->visit[b], t)];
        }
        bad = lb_chol(p->work, p->s);
        if (bad) break;
        *logdet += p->people * lb_chol_logdet(p->work, p->s);
        lb_chol_inverse(p->work, p->s, p->inverse);
        for (size_t b = 0; b < p->s; b++) {
            for (size_t a = b; a < p->s; a++) {
                add_scaled(c, p->cross + (a + b * p->s) * size, (a == b ? 1 : 2) * p->inverse[a + b * p->s], size);
            }
        }
    }
    symmetrise(c, all->one);
    free(whole);
    return bad;
}

/* out += factor · block (a, b), which is the transpose of (b, a). */
static void add_block(const patterns *all, const pattern *p, size_t a, size_t b, double factor, double *out)
{
    size_t one = all->one;
    const double *block = p->cross + (a >= b ? a + b * p->s : b + a * p->s) * one * one;
    if (a >= b) {
        add_scaled(out, block, factor, one * one);
        return;
    }
    for (size_t j = 0; j < one; j++) {
        for (size_t i = 0; i < one; i++) out[i + j * one] += factor * block[j + i * one];
    }
}

/* V⁻¹ on both sides of every pair of visits: D_cd = Σ_ab B_ca C_ab B_bd, added to the parameter (c, d). */
static void add_first(const patterns *all, const pattern *p, double *a)
{
    size_t s = p->s, size = all->one * all->one;
    for (size_t c = 0; c < s; c++) {
        memset(all->scratch, 0, s * size * sizeof *all->scratch);
        for (size_t b = 0; b < s; b++) {
            for (size_t k = 0; k < s; k++) add_block(all, p, k, b, p->inverse[c + k * s], all->scratch + b * size);
        }
        for (size_t d = 0; d <= c; d++) {
            double *out = a + lower(p->visit[c], p->visit[d], all->visits) * size;
            for (size_t b = 0; b < s; b++) add_scaled(out, all->scratch + b * size, (c == d ? 1 : 2) * p->inverse[b + d * s], size);
        }
    }
}

static void add_fours(const patterns *all, const pattern *p, const double *m, double factor, double *out)
{
    size_t s = p->s, t = all->visits, total = t * (t + 1) / 2;
    for (size_t b = 0; b < s; b++) {
        for (size_t a = b; a < s; a++) {
            size_t j = lower(p->visit[a], p->visit[b], t);
            for (size_t d = 0; d < s; d++) {
                for (size_t c = d; c < s; c++) {
                    out[j + lower(p->visit[c], p->visit[d], t) * total] += factor * lb_mixed_four(p->inverse, m, s, a, b, c, d);
                }
            }
        }
    }
}

static void first(void *context, double *a, double *t, double *tt)
{
    patterns *all = context;
    size_t total = all->visits * (all->visits + 1) / 2, size = all->one * all->one;
    memset(a, 0, total * size * sizeof *a);
    memset(t, 0, total * sizeof *t);
    memset(tt, 0, total * total * sizeof *tt);
    for (size_t g = 0; g < all->count; g++) {
        const pattern *p = &all->pattern[g];
        add_first(all, p, a);
        for (size_t d = 0; d < p->s; d++) {
            for (size_t c = d; c < p->s; c++) {
                t[lower(p->visit[c], p->visit[d], all->visits)] += (c == d ? 1 : 2) * p->people * p->inverse[c + d * p->s];
            }
        }
        add_fours(all, p, p->inverse, p->people, tt);
    }
    for (size_t j = 0; j < total; j++) symmetrise(a + j * size, all->one);
}

/* out = B K B, s × s. */
static void both_sides(const double *b, const double *k, size_t s, double *half, double *out)
{
    for (size_t j = 0; j < s; j++) {
        for (size_t i = 0; i < s; i++) {
            half[i + j * s] = 0;
            for (size_t l = 0; l < s; l++) half[i + j * s] += b[i + l * s] * k[l + j * s];
        }
    }
    for (size_t j = 0; j < s; j++) {
        for (size_t i = 0; i < s; i++) {
            out[i + j * s] = 0;
            for (size_t l = 0; l < s; l++) out[i + j * s] += half[i + l * s] * b[l + j * s];
        }
    }
}

static void pairs(void *context, const double *omega, double *out)
{
    patterns *all = context;
    size_t t = all->visits, total = t * (t + 1) / 2, size = all->one * all->one;
    double *k = lb_alloc(3 * t * t, sizeof *k);
    memset(out, 0, total * total * sizeof *out);
    for (size_t g = 0; g < all->count; g++) {
        const pattern *p = &all->pattern[g];
        for (size_t b = 0; b < p->s; b++) {
            for (size_t a = b; a < p->s; a++) {
                const double *block = p->cross + (a + b * p->s) * size;
                double sum = 0;
                for (size_t i = 0; i < size; i++) sum += omega[i] * block[i];
                k[a + b * p->s] = k[b + a * p->s] = sum;
            }
        }
        both_sides(p->inverse, k, p->s, k + t * t, k + 2 * t * t);
        add_fours(all, p, k + 2 * t * t, 1, out);
    }
    free(k);
}

static void weighted(void *context, const double *w, double *out)
{
    patterns *all = context;
    size_t t = all->visits, total = t * (t + 1) / 2;
    double *n = lb_alloc(3 * t * t, sizeof *n);
    memset(out, 0, all->one * all->one * sizeof *out);
    for (size_t g = 0; g < all->count; g++) {
        const pattern *p = &all->pattern[g];
        size_t s = p->s;
        memset(n, 0, t * t * sizeof *n); /* Σ w_jk E_j B E_k */
        for (size_t b = 0; b < s; b++) {
            for (size_t a = b; a < s; a++) {
                for (size_t d = 0; d < s; d++) {
                    for (size_t c = d; c < s; c++) {
                        double f = w[lower(p->visit[a], p->visit[b], t) + lower(p->visit[c], p->visit[d], t) * total];
                        n[a + d * s] += f * p->inverse[b + c * s];
                        if (c != d) n[a + c * s] += f * p->inverse[b + d * s];
                        if (a != b) n[b + d * s] += f * p->inverse[a + c * s];
                        if (a != b && c != d) n[b + c * s] += f * p->inverse[a + d * s];
                    }
                }
            }
        }
        both_sides(p->inverse, n, s, n + t * t, n + 2 * t * t);
        for (size_t b = 0; b < s; b++) {
            for (size_t a = 0; a < s; a++) add_block(all, p, a, b, n[2 * t * t + a + b * s], out);
        }
    }
    symmetrise(out, all->one);
    free(n);
}

/* -- making them ------------------------------------------------------------------------------------------------ */

/* Row of each person at each visit, or SIZE_MAX. */
static size_t *row_table(size_t n, const int32_t *person, const int32_t *visit, size_t persons, size_t visits, lb_arena *arena)
{
    size_t *row = lb_arena_try(arena, persons, visits * sizeof *row);
    if (!row) return NULL;
    for (size_t i = 0; i < persons * visits; i++) row[i] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) row[(size_t)person[i] * visits + (size_t)visit[i]] = i;
    return row;
}

static bool fits(const pattern *p, const size_t *row, size_t visits)
{
    size_t at = 0;
    for (size_t v = 0; v < visits; v++) {
        bool has = at < p->s && p->visit[at] == v;
        if (has != (row[v] != SIZE_MAX)) return false;
        at += has;
    }
    return true;
}

/* The pattern of a row of the table, made when new; a hash table of visits' bits finds it. */
static pattern *pattern_of(patterns *all, uint32_t *slot, size_t slots, const size_t *row, lb_arena *arena)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t v = 0; v < all->visits; v++) hash = (hash ^ (row[v] != SIZE_MAX)) * 1099511628211u + v;
    size_t at = (size_t)(hash >> 17) % slots;
    for (; slot[at]; at = (at + 1) % slots) {
        if (fits(&all->pattern[slot[at] - 1], row, all->visits)) return &all->pattern[slot[at] - 1];
    }
    pattern *p = &all->pattern[all->count++];
    slot[at] = (uint32_t)all->count;
    p->visit = lb_arena_array(arena, all->visits, sizeof *p->visit);
    for (size_t v = 0; v < all->visits; v++) {
        if (row[v] != SIZE_MAX) p->visit[p->s++] = v;
    }
    size_t s = p->s;
    p->inverse = lb_arena_array(arena, s * s, sizeof(double));
    p->work = lb_arena_array(arena, s * s, sizeof(double));
    p->cross = lb_arena_try(arena, s * s, all->one * all->one * sizeof(double));
    return p->cross ? p : NULL;
}

/* Adds a person's products; w holds the rows of [X y], one after another. */
static void add_person(const patterns *all, pattern *p, const double *w)
{
    size_t one = all->one;
    p->people++;
    for (size_t b = 0; b < p->s; b++) {
        for (size_t a = b; a < p->s; a++) {
            double *block = p->cross + (a + b * p->s) * one * one;
            const double *left = w + a * one, *right = w + b * one;
            for (size_t j = 0; j < one; j++) {
                for (size_t i = 0; i < one; i++) block[i + j * one] += left[i] * right[j];
            }
        }
    }
}

static bool gather(patterns *all, const double *x, size_t n, const size_t *row, size_t persons, lb_arena *arena)
{
    size_t t = all->visits, one = all->one, slots = 2 * persons + 1;
    uint32_t *slot = lb_alloc(slots, sizeof *slot);
    double *w = lb_alloc(t * one, sizeof *w);
    bool good = true;
    for (size_t i = 0; i < persons && good; i++) {
        size_t at = 0;
        pattern *p = pattern_of(all, slot, slots, row + i * t, arena);
        good = p != NULL;
        for (size_t v = 0; v < t && good; v++) {
            if (row[i * t + v] == SIZE_MAX) continue;
            for (size_t j = 0; j < one; j++) w[at * one + j] = x[row[i * t + v] + j * n];
            at++;
        }
        if (good) add_person(all, p, w);
    }
    free(slot);
    free(w);
    return good;
}

int lb_patterns_new(const double *x, size_t n, size_t r, const int32_t *person, const int32_t *visit, size_t persons,
                    size_t visits, lb_arena *arena, lb_blocks *out, lb_error *err)
{
    patterns *all = lb_arena_alloc(arena, sizeof *all);
    size_t *row = row_table(n, person, visit, persons, visits, arena);
    *all = (patterns){.visits = visits, .one = r + 1};
    all->pattern = lb_arena_try(arena, persons, sizeof *all->pattern);
    all->scratch = lb_arena_try(arena, visits, all->one * all->one * sizeof(double));
    if (!row || !all->pattern || !all->scratch || !gather(all, x, n, row, persons, arena)) {
        lb_fail(err, LB_NO_MEMORY, "not enough memory for the products of %zu columns at %zu visits", r, visits);
        lb_error_hint(err, "use a formula with fewer columns");
        return LB_NO_MEMORY;
    }
    *out = (lb_blocks){.r = r, .m = visits * (visits + 1) / 2, .n = (double)n, .context = all, .set = set, .first = first,
                       .pairs = pairs, .weighted = weighted};
    return LB_OK;
}

size_t lb_patterns_count(const lb_blocks *blocks)
{
    const patterns *all = blocks->context;
    return all->count;
}

void lb_patterns_together(const lb_blocks *blocks, size_t *count)
{
    const patterns *all = blocks->context;
    size_t t = all->visits;
    memset(count, 0, t * t * sizeof *count);
    for (size_t g = 0; g < all->count; g++) {
        const pattern *p = &all->pattern[g];
        for (size_t a = 0; a < p->s; a++) {
            for (size_t b = 0; b < p->s; b++) count[p->visit[a] + p->visit[b] * t] += (size_t)p->people;
        }
    }
}
