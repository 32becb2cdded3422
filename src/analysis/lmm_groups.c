/* The blocks of a linear mixed model with one grouping: each group's cross-products are made once, then the likelihood costs
 * a few small matrices per group (Laird & Ware 1982; Woodbury's identity as in Lindstrom & Bates 1988,
 * doi:10.1080/01621459.1988.10478693). V1 = Z G Zᵀ + σ² I; φ holds the lower triangles of G, σ² last. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lmm_group.h"

typedef struct pair { size_t a, b; } pair;

typedef struct groups {
    size_t one, q, m, count;
    pair *pair;      /* m − 1 */
    lb_group *group;
    double sigma2, *total; /* [W y]ᵀ[W y] */
    double *now;     /* c at the last point */
    double *third;   /* [W y]ᵀV1⁻³[W y] */
    double *b, *turned; /* scratch, q rows of one */
} groups;

static void symmetrise(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < j; i++) a[i + j * n] = a[j + i * n] = (a[i + j * n] + a[j + i * n]) / 2;
    }
}

/* out = A B for q × q. */
static void square(const double *a, const double *b, size_t q, double *out)
{
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < q; i++) {
            double sum = 0;
            for (size_t k = 0; k < q; k++) sum += a[i + k * q] * b[k + j * q];
            out[i + j * q] = sum;
        }
    }
}

/* out = A X for q rows of w. */
static void rows_times(const double *a, const double *x, size_t q, size_t w, double *out)
{
    for (size_t k = 0; k < q; k++) {
        for (size_t i = 0; i < w; i++) {
            double sum = 0;
            for (size_t l = 0; l < q; l++) sum += a[k + l * q] * x[l * w + i];
            out[k * w + i] = sum;
        }
    }
}

/* out[index, index] += factor Σ_k xᵀ_k y_k over one row of each. */
static void add_outer(const groups *all, const lb_group *g, const double *x, const double *y, double factor, double *out)
{
    for (size_t j = 0; j < g->w; j++) {
        double f = factor * y[j], *column = out + g->index[j] * all->one;
        if (f == 0) continue;
        if (g->w == all->one) {
            for (size_t i = 0; i < g->w; i++) column[i] += x[i] * f;
            continue;
        }
        for (size_t i = 0; i < g->w; i++) column[g->index[i]] += x[i] * f;
    }
}

/* H = L (LᵀSL + σ²I)⁻¹ Lᵀ; log|V1| of the group. */
static int factor_group(const groups *all, const double *root, lb_group *g, double *logdet)
{
    size_t q = all->q;
    double f[2 * LB_BAR_EFFECTS * LB_BAR_EFFECTS], *half = f + q * q;
    square(g->s, root, q, half);
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < q; i++) {
            f[i + j * q] = i == j ? all->sigma2 : 0;
            for (size_t k = 0; k < q; k++) f[i + j * q] += root[k + i * q] * half[k + j * q];
        }
    }
    if (lb_chol(f, q)) return 1;
    *logdet = lb_chol_logdet(f, q) + (g->rows - (double)q) * log(all->sigma2);
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < q; i++) half[i + j * q] = root[j + i * q];
    }
    lb_chol_solve(f, q, half, q); /* F⁻¹ Lᵀ */
    square(root, half, q, g->h);
    symmetrise(g->h, q);
    return 0;
}

static int set(void *context, const double *phi, double *logdet, double *c)
{
    groups *all = context;
    size_t q = all->q, size = all->one * all->one;
    double g[LB_BAR_EFFECTS * LB_BAR_EFFECTS] = {0}, root[LB_BAR_EFFECTS * LB_BAR_EFFECTS], part = 0;
    for (size_t k = 0; k + 1 < all->m; k++) {
        g[all->pair[k].a + all->pair[k].b * q] = g[all->pair[k].b + all->pair[k].a * q] = phi[k];
    }
    lb_mixed_root(g, q, root);
    all->sigma2 = phi[all->m - 1];
    *logdet = 0;
    if (!(all->sigma2 > 0)) return 1;
    memcpy(c, all->total, size * sizeof *c);
    const lb_group *last = NULL;
    for (size_t i = 0; i < all->count; i++) {
        lb_group *p = &all->group[i];
        if (last && last->rows == p->rows && !memcmp(last->s, p->s, q * q * sizeof(double))) {
            memcpy(p->h, last->h, q * q * sizeof(double));
        } else if (factor_group(all, root, p, &part)) {
            return 1;
        }
        last = p;
        *logdet += p->members * part;
        rows_times(p->h, p->u, q, p->w, p->hu);
        rows_times(p->s, p->hu, q, p->w, p->a);
        for (size_t k = 0; k < q * p->w; k++) p->a[k] = (p->u[k] - p->a[k]) / all->sigma2;
        for (size_t k = 0; k < q; k++) add_outer(all, p, p->u + k * p->w, p->hu + k * p->w, -1, c);
    }
    for (size_t k = 0; k < size; k++) c[k] /= all->sigma2;
    symmetrise(c, all->one);
    memcpy(all->now, c, size * sizeof *c);
    return 0;
}

/* K = (I − S H)/σ² and M = K S = ZᵀV1⁻¹Z. */
static void small(const groups *all, const lb_group *g, double *k, double *m)
{
    size_t q = all->q;
    square(g->s, g->h, q, k);
    for (size_t i = 0; i < q * q; i++) k[i] = ((i % (q + 1) == 0) - k[i]) / all->sigma2;
    square(k, g->s, q, m);
    symmetrise(m, q);
}

/* Traces of one group. */
static void add_traces(const groups *all, const double *k, const double *m, const lb_group *g, double *t, double *tt)
{
    size_t q = all->q, last = all->m - 1;
    double km[LB_BAR_EFFECTS * LB_BAR_EFFECTS], kk = 0, kd = 0, s2 = all->sigma2, rows = g->rows, times = g->members;
    if (times == 0) return;
    square(k, m, q, km);
    for (size_t i = 0; i < q; i++) {
        kd += k[i + i * q];
        for (size_t j = 0; j < q; j++) kk += k[i + j * q] * k[j + i * q];
    }
    t[last] += times * ((rows - (double)q) / s2 + kd);
    tt[last + last * all->m] += times * ((rows - (double)q) / (s2 * s2) + kk);
    for (size_t i = 0; i < last; i++) {
        size_t a = all->pair[i].a, b = all->pair[i].b;
        t[i] += times * (a == b ? 1 : 2) * m[a + b * q];
        double cross = times * (a == b ? km[a + a * q] : km[a + b * q] + km[b + a * q]);
        tt[i + last * all->m] += cross;
        tt[last + i * all->m] += cross;
        for (size_t j = 0; j < last; j++) tt[i + j * all->m] += times * lb_mixed_four(m, m, q, a, b, all->pair[j].a, all->pair[j].b);
    }
}

/* b = K a = ZᵀV1⁻²[W y], into scratch. */
static const double *second(const groups *all, const lb_group *g, const double *k)
{
    rows_times(k, g->a, all->q, g->w, all->b);
    return all->b;
}

static void first(void *context, double *a, double *t, double *tt)
{
    groups *all = context;
    size_t q = all->q, m = all->m, size = all->one * all->one, last = m - 1;
    double k[LB_BAR_EFFECTS * LB_BAR_EFFECTS], inner[LB_BAR_EFFECTS * LB_BAR_EFFECTS], *noise = a + last * size;
    memset(a, 0, m * size * sizeof *a);
    memset(t, 0, m * sizeof *t);
    memset(tt, 0, m * m * sizeof *tt);
    memset(all->third, 0, size * sizeof *a);
    for (size_t i = 0; i < all->count; i++) {
        const lb_group *g = &all->group[i];
        small(all, g, k, inner);
        add_traces(all, k, inner, g, t, tt);
        const double *b = second(all, g, k);
        for (size_t p = 0; p < last; p++) {
            size_t x = all->pair[p].a, y = all->pair[p].b;
            add_outer(all, g, g->a + x * g->w, g->a + y * g->w, x == y ? 1 : 2, a + p * size);
        }
        for (size_t x = 0; x < q; x++) {
            add_outer(all, g, g->hu + x * g->w, g->a + x * g->w, -1, noise);
            add_outer(all, g, g->hu + x * g->w, b + x * g->w, -1, all->third);
        }
    }
    for (size_t i = 0; i < size; i++) {
        noise[i] = (all->now[i] + noise[i]) / all->sigma2;
        all->third[i] = (noise[i] + all->third[i]) / all->sigma2;
    }
    for (size_t p = 0; p < m; p++) symmetrise(a + p * size, all->one);
    symmetrise(all->third, all->one);
}

static void pairs(void *context, const double *omega, double *out)
{
    groups *all = context;
    size_t q = all->q, m = all->m, last = m - 1, one = all->one;
    double k[LB_BAR_EFFECTS * LB_BAR_EFFECTS], inner[LB_BAR_EFFECTS * LB_BAR_EFFECTS];
    double x[LB_BAR_EFFECTS * LB_BAR_EFFECTS], y[LB_BAR_EFFECTS * LB_BAR_EFFECTS];
    memset(out, 0, m * m * sizeof *out);
    for (size_t i = 0; i < one * one; i++) out[last + last * m] += omega[i] * all->third[i];
    for (size_t i = 0; i < all->count; i++) {
        const lb_group *g = &all->group[i];
        small(all, g, k, inner);
        const double *b = second(all, g, k);
        for (size_t r = 0; r < q; r++) { /* a Ω */
            for (size_t c = 0; c < g->w; c++) {
                double sum = 0;
                const double *column = omega + g->index[c] * one;
                for (size_t l = 0; l < g->w; l++) sum += g->a[r * g->w + l] * column[g->index[l]];
                all->turned[r * g->w + c] = sum;
            }
        }
        for (size_t r = 0; r < q; r++) {
            for (size_t c = 0; c < q; c++) {
                x[r + c * q] = y[r + c * q] = 0;
                for (size_t l = 0; l < g->w; l++) {
                    x[r + c * q] += all->turned[r * g->w + l] * g->a[c * g->w + l];
                    y[r + c * q] += all->turned[r * g->w + l] * b[c * g->w + l];
                }
            }
        }
        for (size_t j = 0; j < last; j++) {
            size_t c = all->pair[j].a, d = all->pair[j].b;
            double cross = c == d ? y[c + c * q] : y[c + d * q] + y[d + c * q];
            out[j + last * m] += cross;
            out[last + j * m] += cross;
            for (size_t l = 0; l < last; l++) out[j + l * m] += lb_mixed_four(inner, x, q, c, d, all->pair[l].a, all->pair[l].b);
        }
    }
}

/* N := Σ wjk Ej M Ek */
static void weigh(const groups *all, const double *w, const double *m, double *n)
{
    size_t q = all->q, last = all->m - 1;
    memset(n, 0, q * q * sizeof *n);
    for (size_t j = 0; j < last; j++) {
        size_t a = all->pair[j].a, b = all->pair[j].b;
        for (size_t k = 0; k < last; k++) {
            size_t c = all->pair[k].a, d = all->pair[k].b;
            double f = w[j + k * all->m];
            n[a + d * q] += f * m[b + c * q];
            if (c != d) n[a + c * q] += f * m[b + d * q];
            if (a != b) n[b + d * q] += f * m[a + c * q];
            if (a != b && c != d) n[b + c * q] += f * m[a + d * q];
        }
    }
}

static void weighted(void *context, const double *w, double *out)
{
    groups *all = context;
    size_t q = all->q, m = all->m, last = m - 1, size = all->one * all->one;
    double k[LB_BAR_EFFECTS * LB_BAR_EFFECTS], inner[LB_BAR_EFFECTS * LB_BAR_EFFECTS], n[LB_BAR_EFFECTS * LB_BAR_EFFECTS];
    for (size_t i = 0; i < size; i++) out[i] = w[last + last * m] * all->third[i];
    for (size_t i = 0; i < all->count; i++) {
        const lb_group *g = &all->group[i];
        small(all, g, k, inner);
        const double *b = second(all, g, k);
        weigh(all, w, inner, n);
        for (size_t x = 0; x < q; x++) {
            for (size_t y = 0; y < q; y++) add_outer(all, g, g->a + x * g->w, g->a + y * g->w, n[x + y * q], out);
        }
        for (size_t j = 0; j < last; j++) { /* wσj (bᵀEa + aᵀEb) */
            size_t c = all->pair[j].a, d = all->pair[j].b;
            double f = 2 * w[last + j * m];
            add_outer(all, g, b + c * g->w, g->a + d * g->w, f, out);
            if (c != d) add_outer(all, g, b + d * g->w, g->a + c * g->w, f, out);
        }
    }
    symmetrise(out, all->one);
}

/* -- making them ------------------------------------------------------------------------------------------------ */

/* Rows in the order of their group; first[g] … first[g + 1]. */
static size_t *by_group(const lb_bar *bar, size_t n, size_t *start, lb_arena *arena)
{
    size_t *row = lb_arena_try(arena, n, sizeof *row);
    if (!row) return NULL;
    for (size_t i = 0; i < n; i++) start[bar->code[i] + 1]++;
    for (size_t g = 0; g < bar->levels; g++) start[g + 1] += start[g];
    size_t *at = lb_alloc(bar->levels + 1, sizeof *at);
    memcpy(at, start, bar->levels * sizeof *at);
    for (size_t i = 0; i < n; i++) row[at[bar->code[i]]++] = i;
    free(at);
    return row;
}

/* Products of one group; z holds pointers to the q random columns. */
static bool fill_group(const groups *all, lb_group *g, const double *x, size_t n, const double *const *z, const size_t *row, size_t rows,
                       lb_arena *arena)
{
    size_t q = all->q, one = all->one;
    uint32_t *index = lb_alloc(one, sizeof *index);
    g->rows = (double)rows;
    g->members = 1;
    for (size_t j = 0; j < one; j++) {
        size_t i = 0;
        while (i < rows && x[row[i] + j * n] == 0) i++;
        if (i < rows) index[g->w++] = (uint32_t)j;
    }
    double *block = lb_arena_try(arena, 2 * q * q + 3 * q * g->w + 1, sizeof *block);
    g->index = lb_arena_try(arena, g->w + 1, sizeof *g->index);
    if (block && g->index) {
        memcpy(g->index, index, g->w * sizeof *index);
        g->s = block, g->h = block + q * q, g->u = block + 2 * q * q;
        g->hu = g->u + q * g->w, g->a = g->hu + q * g->w;
        for (size_t k = 0; k < q; k++) {
            for (size_t i = 0; i < rows; i++) {
                double value = z[k][row[i]];
                for (size_t l = 0; l < q; l++) g->s[k + l * q] += value * z[l][row[i]];
                for (size_t j = 0; j < g->w && value != 0; j++) g->u[k * g->w + j] += value * x[row[i] + g->index[j] * n];
            }
        }
    }
    free(index);
    return block && g->index;
}

static void add_total(groups *all, const double *x, size_t n)
{
    size_t one = all->one;
    for (size_t j = 0; j < one; j++) {
        for (size_t i = j; i < one; i++) {
            const double *a = x + i * n, *b = x + j * n;
            double sum = 0;
            for (size_t r = 0; r < n; r++) sum += a[r] * b[r];
            all->total[i + j * one] = all->total[j + i * one] = sum;
        }
    }
}

int lb_groups_new(const double *x, size_t n, size_t r, const lb_bar *const *bar, size_t count, lb_arena *arena, lb_blocks *out,
                  lb_error *err)
{
    groups *all = lb_arena_alloc(arena, sizeof *all);
    const double *z[LB_BAR_EFFECTS];
    size_t one = r + 1, levels = bar[0]->levels;
    *all = (groups){.one = one, .m = 1, .count = levels};
    all->pair = lb_arena_array(arena, LB_BAR_EFFECTS * LB_BAR_EFFECTS, sizeof *all->pair);
    for (size_t b = 0; b < count; b++) {
        for (size_t j = 0; j < bar[b]->q; j++) {
            for (size_t i = j; i < bar[b]->q; i++) all->pair[all->m++ - 1] = (pair){all->q + i, all->q + j};
        }
        for (size_t j = 0; j < bar[b]->q; j++) z[all->q + j] = bar[b]->z + j * n;
        all->q += bar[b]->q;
    }
    size_t *start = lb_arena_try(arena, levels + 2, sizeof *start), *row = start ? by_group(bar[0], n, start, arena) : NULL;
    all->group = lb_arena_try(arena, levels, sizeof *all->group);
    all->total = lb_arena_try(arena, one * one, 3 * sizeof(double));
    all->b = lb_arena_try(arena, one, 2 * all->q * sizeof(double));
    bool good = row && all->group && all->total && all->b;
    for (size_t g = 0; g < levels && good; g++) {
        good = fill_group(all, &all->group[g], x, n, z, row + start[g], start[g + 1] - start[g], arena);
    }
    if (!good) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu groups of %zu columns", levels, r);
    all->count = lb_groups_alike(all->group, levels, all->q);
    all->now = all->total + one * one, all->third = all->now + one * one;
    all->turned = all->b + one * all->q;
    add_total(all, x, n);
    *out = (lb_blocks){.r = r, .m = all->m, .n = (double)n, .context = all, .set = set, .first = first, .pairs = pairs,
                       .weighted = weighted};
    return LB_OK;
}
