/* Random effects as written in a formula: (1 + t | id), (t || id), (1 | ward/id), (1 | rater:id), in the notation of R's
 * lme4 (Bates et al. 2015, doi:10.18637/jss.v067.i01); their columns and the codes of their groups. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lmm.h"

static int refuse(lb_error *err, const char *what, const char *text, size_t length)
{
    lb_fail(err, LB_USAGE, "the random effects (%.*s) %s", (int)(length < 200 ? length : 200), text, what);
    lb_error_where(err, "formula");
    lb_error_hint(err, "write (1 | id) for an intercept per id, (1 + month | id) for an intercept and slope");
    return LB_USAGE;
}

static const char *trimmed(lb_arena *arena, const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from)) from++;
    while (to > from && isspace((unsigned char)to[-1])) to--;
    if (to - from >= 2 && *from == '`' && to[-1] == '`') from++, to--;
    return lb_arena_textn(arena, from, (size_t)(to - from));
}

/* "ward/id" makes two groups, ward and id:ward (lme4's name); "rater:id" one. */
static int add_groups(const lb_bar *like, const char *from, const char *to, lb_arena *arena, lb_bar *out, size_t *count, lb_error *err)
{
    enum { MOST = 8 };
    const char **column = lb_arena_array(arena, MOST, sizeof *column), *group = NULL;
    size_t columns = 0;
    bool quoted = false, within = false;
    for (const char *start = from, *at = from; at <= to; at++) {
        if (at < to && *at == '`') quoted = !quoted;
        if (at < to && (quoted || (*at != '/' && *at != ':'))) continue;
        const char *name = trimmed(arena, start, at);
        if (!*name || columns == MOST) return refuse(err, "name no group to the right of the bar", from, (size_t)(to - from));
        if (strpbrk(name, "()+*|")) return refuse(err, "need columns joined by : or / to the right of the bar", from, (size_t)(to - from));
        column[columns++] = name;
        bool nested = at < to ? *at == '/' : true;
        group = !group ? name : lb_arena_printf(arena, "%s:%s", within ? name : group, within ? group : name);
        start = at + 1;
        within = nested;
        if (!nested) continue;
        if (*count == LB_BARS) return refuse(err, "are too many", from, (size_t)(to - from));
        const char **own = lb_arena_array(arena, columns, sizeof *own);
        memcpy(own, column, columns * sizeof *own);
        out[*count] = *like;
        out[*count].group = group;
        out[*count].column = own;
        out[(*count)++].columns = columns;
    }
    return LB_OK;
}

int lb_bars_parse(const char *text, lb_arena *arena, lb_bar *out, size_t *count, lb_error *err)
{
    *count = 0;
    for (const char *at = text; (at = strchr(at, '(')) != NULL;) {
        const char *open = at + 1, *bar = NULL;
        int depth = 1;
        bool quoted = false, two = false;
        for (at = open; *at && depth; at++) {
            if (*at == '`') quoted = !quoted;
            if (quoted) continue;
            depth += (*at == '(') - (*at == ')');
            if (*at != '|' || depth != 1) continue;
            if (bar && at != bar + 1) return refuse(err, "have more than one bar", open, strlen(open));
            two = bar != NULL;
            bar = bar ? bar : at;
        }
        if (!bar || depth) return refuse(err, bar ? "are not closed" : "have no bar", open, strlen(open));
        lb_bar like = {.terms = trimmed(arena, open, bar), .separate = two};
        int rc = add_groups(&like, bar + (two ? 2 : 1), at - 1, arena, out, count, err);
        if (rc) return rc;
    }
    return LB_OK;
}

static int left_side(const lb_bar *bar, const lb_table *table, lb_arena *arena, lb_design **out, lb_error *err)
{
    lb_formula *formula;
    int rc = lb_formula_parse(lb_arena_printf(arena, "~ %s", *bar->terms ? bar->terms : "1"), arena, &formula, err);
    if (!rc) rc = lb_design_build(formula, table, NULL, arena, out, err);
    if (!rc && (*out)->p == 0) return refuse(err, "have no effect to the left of the bar", bar->terms, strlen(bar->terms));
    return rc;
}

int lb_bars_columns(const lb_bar *bar, size_t count, const lb_table *table, lb_arena *arena, const char ***out, size_t *columns,
                    lb_error *err)
{
    size_t most = 0;
    *columns = 0;
    for (size_t i = 0; i < count; i++) most += bar[i].columns + table->columns;
    *out = lb_arena_array(arena, most + 1, sizeof **out);
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < bar[i].columns; c++) (*out)[(*columns)++] = bar[i].column[c];
        if (!strcmp(bar[i].terms, "1")) continue;
        lb_design *design;
        int rc = left_side(&bar[i], table, arena, &design, err);
        if (rc) return rc;
        for (size_t c = 0; c < design->raw_count; c++) (*out)[(*columns)++] = design->raw_name[c];
    }
    return LB_OK;
}

/* Codes 0 … levels − 1 of the distinct keys, in their order. */
static int compress(const double *key, size_t n, int32_t *code, size_t *levels, lb_error *err)
{
    uint32_t *order = lb_alloc(n + 1, sizeof *order);
    int rc = lb_sort_order(key, n, order, err);
    *levels = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        if (i == 0 || key[order[i]] != key[order[i - 1]]) ++*levels;
        code[order[i]] = (int32_t)*levels - 1;
    }
    free(order);
    return rc;
}

static int group_codes(lb_bar *bar, const lb_table *rows, lb_arena *arena, lb_error *err)
{
    size_t n = rows->rows;
    bar->code = lb_arena_try(arena, n + 1, sizeof *bar->code);
    double *key = lb_arena_try(arena, n + 1, sizeof *key);
    if (!bar->code || !key) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", n);
    for (size_t c = 0; c < bar->columns; c++) {
        lb_column factor;
        int rc = lb_table_factor(rows, bar->column[c], arena, &factor, err);
        if (rc) return rc;
        for (size_t i = 0; i < n; i++) key[i] = (double)bar->code[i] * (double)factor.level_count + factor.code[i];
        rc = compress(key, n, bar->code, &bar->levels, err);
        if (rc) return rc;
    }
    if (bar->levels < 2) {
        lb_fail(err, LB_BAD_DATA, "the group %s has only one level among the %zu rows analysed", bar->group, n);
        lb_error_where(err, "%s", rows->name);
        lb_error_hint(err, "a random effect needs several groups: leave it out");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

/* (a + b || g): every term its own bar. */
static int split(lb_bar *bar, size_t at, size_t *count, const lb_design *design, lb_error *err)
{
    lb_bar whole = bar[at];
    size_t parts = design->terms + design->intercept;
    if (*count + parts > LB_BARS + 1) return refuse(err, "are too many", whole.terms, strlen(whole.terms));
    memmove(bar + at + parts, bar + at + 1, (*count - at - 1) * sizeof *bar);
    *count += parts - 1;
    for (size_t t = 0, first = 0; t < parts; t++) {
        size_t width = design->intercept && t == 0 ? 1 : design->term[t - design->intercept].count;
        bar[at + t] = whole;
        bar[at + t].separate = false;
        bar[at + t].q = width;
        bar[at + t].name = design->name + first;
        bar[at + t].z = design->x + first * design->n;
        first += width;
    }
    return LB_OK;
}

/* The grouping with the most levels first, as lme4 lists them; stable. */
static void by_levels(lb_bar *bar, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        lb_bar moved = bar[i];
        size_t at = i;
        for (; at > 0 && bar[at - 1].levels < moved.levels; at--) bar[at] = bar[at - 1];
        bar[at] = moved;
    }
}

int lb_bars_fill(lb_bar *bar, size_t *count, const lb_table *rows, lb_arena *arena, lb_error *err)
{
    for (size_t i = 0; i < *count; i++) {
        if (bar[i].z) continue; /* part of a split one */
        lb_design *design;
        int rc = group_codes(&bar[i], rows, arena, err);
        if (!rc) rc = left_side(&bar[i], rows, arena, &design, err);
        if (rc) return rc;
        if (design->p > LB_BAR_EFFECTS) return refuse(err, "have more than 16 effects", bar[i].terms, strlen(bar[i].terms));
        bar[i].q = design->p;
        bar[i].name = design->name;
        bar[i].z = design->x;
        if (bar[i].separate && design->p > 1) rc = split(bar, i, count, design, err);
        if (rc) return rc;
    }
    by_levels(bar, *count);
    return LB_OK;
}
