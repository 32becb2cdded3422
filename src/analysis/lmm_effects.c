/* Conditional modes of the random effects (Henderson's BLUP; ranef() of lme4): those of the further groupings stand among the
 * penalised columns already; of the blocks' grouping b = L (σ² I + Lᵀ Zᵀ Z L)⁻¹ Lᵀ Zᵀ r with G = L Lᵀ, which holds for a singular G. */
#include <math.h>
#include <string.h>

#include "lmm_model.h"

/* Names of a group's levels: "101", "101:ward2". */
static const char **names_of(const lb_lmm *a, const lb_bar *bar)
{
    const char **name = lb_arena_array(a->arena, bar->levels + 1, sizeof *name);
    char buffer[64];
    for (size_t i = 0; i < a->design->n; i++) {
        const char **at = &name[bar->code[i]];
        if (*at) continue;
        for (size_t c = 0; c < bar->columns; c++) {
            lb_column *column;
            if (lb_table_column(a->rows, bar->column[c], &column, NULL)) continue;
            const char *text = lb_column_text(column, i, buffer);
            *at = *at ? lb_arena_printf(a->arena, "%s:%s", *at, text) : lb_arena_text(a->arena, text);
        }
    }
    return name;
}

static void push(const lb_lmm *a, const lb_bar *bar, const double *value, size_t stride, lb_value *rows)
{
    const char **name = names_of(a, bar);
    for (size_t l = 0; l < bar->levels; l++) {
        for (size_t j = 0; j < bar->q; j++) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "group", bar->group);
            lb_set_text(row, "level", name[l]);
            lb_set_text(row, "term", bar->name[j]);
            lb_set_number(row, "estimate", value[l * stride + j]);
        }
    }
}

/* y less the fixed effects and the further groupings, whose modes go to `modes` (one per column of Z). */
static double *remainder_of(const lb_lmm *a, double *modes)
{
    const lb_design *d = a->design;
    double *r = lb_arena_array(a->arena, d->n + 1, sizeof *r);
    memcpy(r, d->y, d->n * sizeof *r);
    for (size_t j = 0; j < d->p; j++) {
        if (a->model.aliased[j]) continue;
        for (size_t i = 0; i < d->n; i++) r[i] -= d->x[i + j * d->n] * a->model.coefficient[j];
    }
    for (size_t c = 0; c < a->columns; c++) modes[c] = -a->reml.gamma[c];
    for (size_t b = 0, at = 0; b < a->bars; b++) {
        const lb_bar *bar = &a->bar[b];
        if (bar->parameter < a->residual) continue;
        for (size_t i = 0; i < d->n; i++)
            for (size_t j = 0; j < bar->q; j++) r[i] -= bar->z[i + j * d->n] * modes[at + (size_t)bar->code[i] * bar->q + j];
        at += bar->levels * bar->q;
    }
    return r;
}

/* The factor of the blocks' G: one block per bar, q × q altogether. */
static void factor_of(const lb_lmm *a, const lb_bar *const *inner, size_t count, size_t q, double *l)
{
    double g[LB_BAR_EFFECTS * LB_BAR_EFFECTS], root[LB_BAR_EFFECTS * LB_BAR_EFFECTS];
    memset(l, 0, q * q * sizeof *l);
    for (size_t b = 0, at = 0; b < count; at += inner[b++]->q) {
        size_t k = inner[b]->q;
        for (size_t j = 0; j < k; j++)
            for (size_t i = 0; i < k; i++) g[i + j * k] = a->reml.phi[lb_lmm_index(inner[b], i > j ? i : j, i > j ? j : i)];
        lb_mixed_root(g, k, root);
        for (size_t j = 0; j < k; j++) memcpy(l + at + (at + j) * q, root + j * k, k * sizeof *l);
    }
}

/* s, u: ZᵀZ and Zᵀr of one level; its modes replace u. */
static void solve_level(const double *s, const double *l, size_t q, double sigma2, double *u)
{
    double middle[LB_BAR_EFFECTS * LB_BAR_EFFECTS], half[LB_BAR_EFFECTS * LB_BAR_EFFECTS], w[LB_BAR_EFFECTS] = {0};
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < q; i++) {
            half[i + j * q] = 0;
            for (size_t k = 0; k < q; k++) half[i + j * q] += s[i + k * q] * l[k + j * q];
        }
    }
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < q; i++) {
            middle[i + j * q] = i == j ? sigma2 : 0;
            for (size_t k = 0; k < q; k++) middle[i + j * q] += l[k + i * q] * half[k + j * q];
        }
        for (size_t k = 0; k < q; k++) w[j] += l[k + j * q] * u[k];
    }
    bool good = !lb_chol(middle, q);
    if (good) lb_chol_solve(middle, q, w, 1);
    for (size_t i = 0; i < q; i++) {
        u[i] = good ? 0 : NAN;
        for (size_t k = 0; k < q; k++) u[i] += l[i + k * q] * w[k];
    }
}

void lb_lmm_effects(lb_lmm *a)
{
    const lb_bar *inner[LB_BARS];
    size_t count = 0, q = 0, n = a->design->n;
    for (size_t b = 0; b < a->bars; b++) {
        if (a->bar[b].parameter >= a->residual) continue;
        inner[count++] = &a->bar[b];
        q += a->bar[b].q;
    }
    size_t levels = inner[0]->levels;
    double *modes = lb_arena_array(a->arena, a->columns + 1, sizeof *modes), *r = remainder_of(a, modes);
    double *s = lb_arena_array(a->arena, levels * q * q + 1, sizeof *s), *u = lb_arena_array(a->arena, levels * q + 1, sizeof *u);
    double l[LB_BAR_EFFECTS * LB_BAR_EFFECTS], z[LB_BAR_EFFECTS];
    for (size_t i = 0; i < n; i++) {
        size_t level = (size_t)inner[0]->code[i], at = 0;
        for (size_t b = 0; b < count; b++)
            for (size_t j = 0; j < inner[b]->q; j++) z[at++] = inner[b]->z[i + j * n];
        for (size_t j = 0; j < q; j++) {
            u[level * q + j] += z[j] * r[i];
            for (size_t k = 0; k < q; k++) s[(level * q + j) * q + k] += z[j] * z[k];
        }
    }
    factor_of(a, inner, count, q, l);
    for (size_t level = 0; level < levels; level++) solve_level(s + level * q * q, l, q, a->reml.phi[a->residual], u + level * q);
    lb_value *rows = lb_set_array(a->result->results, "random_effects");
    for (size_t b = 0, at = 0; b < count; at += inner[b++]->q) push(a, inner[b], u + at, q, rows);
    for (size_t b = 0, at = 0; b < a->bars; b++) {
        if (a->bar[b].parameter < a->residual) continue;
        push(a, &a->bar[b], modes + at, a->bar[b].q, rows);
        at += a->bar[b].levels * a->bar[b].q;
    }
}
