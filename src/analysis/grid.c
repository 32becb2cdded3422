/* The reference grid behind least-squares means (Searle, Speed & Milliken 1980, doi:10.1080/00031305.1980.10483031, with
 * the conventions of emmeans): factors at their levels, numeric covariates at the mean of the analysed rows, those with at
 * most two values at both; averaged equally or in proportion to the rows, or over the people analysed (counterfactual). */
#include <math.h>
#include <string.h>

#include "linear.h"

enum { MAX_GRID = 200000 };

/* One raw column of the model on the grid. */
typedef struct axis {
    const char *name;
    const lb_column *column; /* analysed rows */
    bool numeric, target;    /* target: the treatment or a by variable */
    size_t levels;
    double *value;           /* numeric: its levels */
    const char **text;       /* their texts, or the factor's levels */
} axis;

typedef struct builder {
    const lb_design *design;
    axis *axis;
    size_t axes;
    size_t *target; /* indices of axes: treatment first */
    size_t targets;
    lb_arena *arena;
} builder;

const char *lb_grid_level(const lb_grid *grid, size_t row, size_t a)
{
    for (size_t i = 0; i < a; i++) row /= grid->levels[i];
    return grid->level[a][row % grid->levels[a]];
}

static void set_values(builder *b, axis *a, const double *value, size_t count)
{
    a->levels = count;
    a->value = lb_arena_array(b->arena, count + 1, sizeof *a->value);
    a->text = lb_arena_array(b->arena, count + 1, sizeof *a->text);
    for (size_t i = 0; i < count; i++) {
        char buffer[32];
        a->value[i] = value[i];
        a->text[i] = lb_arena_text(b->arena, lb_number_text(value[i], buffer));
    }
}

/* A numeric covariate: both values when it has no more than two, else its mean. */
static void covariate(builder *b, axis *a)
{
    size_t n = b->design->n;
    const double *x = a->column->number;
    double low = x[0], high = x[0];
    bool two = true;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    for (size_t i = 0; i < n && two; i++) two = x[i] == low || x[i] == high;
    double mean = lb_sum(x, n) / (double)n, values[2] = {low, high};
    if (two) set_values(b, a, values, low == high ? 1 : 2);
    else set_values(b, a, &mean, 1);
}

static axis *find_axis(builder *b, const char *name)
{
    for (size_t i = 0; i < b->axes; i++) {
        if (!strcmp(b->axis[i].name, name)) return &b->axis[i];
    }
    return NULL;
}

static int not_in_model(const builder *b, const char *option, const char *name, lb_error *err)
{
    const char *nearest = lb_text_nearest(name, b->design->raw_name, b->design->raw_count);
    lb_fail(err, LB_USAGE, "'%s' is not in the formula", name);
    lb_error_where(err, "%s", option);
    if (nearest) lb_error_hint(err, "did you mean '%s'?", nearest);
    else lb_error_hint(err, "add it to the right side of the formula");
    return LB_USAGE;
}

/* "age=40,60; odi=20" */
static int read_at(builder *b, const char *at, lb_error *err)
{
    size_t parts = 0;
    char **part = lb_text_split(b->arena, at ? at : "", ';', &parts);
    for (size_t i = 0; i < parts; i++) {
        size_t count = 0;
        char *equal = strchr(part[i], '=');
        if (!equal) {
            lb_fail(err, LB_USAGE, "'%s' does not say which value a covariate takes", part[i]);
            lb_error_where(err, "at");
            lb_error_hint(err, "write NAME=VALUE,VALUE; NAME=VALUE");
            return LB_USAGE;
        }
        *equal = 0;
        size_t names = 0;
        char **name = lb_text_split(b->arena, part[i], ',', &names);
        axis *a = names == 1 ? find_axis(b, name[0]) : NULL;
        if (!a) return not_in_model(b, "at", part[i], err);
        char **word = lb_text_split(b->arena, equal + 1, ',', &count);
        double *value = lb_arena_array(b->arena, count + 1, sizeof *value);
        for (size_t k = 0; k < count; k++) {
            if (a->numeric && lb_text_number(word[k], strlen(word[k]), &value[k])) continue;
            lb_fail(err, LB_USAGE, a->numeric ? "'%s' is not a number" : "'%s' is asked of a factor: values can be set for "
                    "numeric covariates only", word[k]);
            lb_error_where(err, "at");
            return LB_USAGE;
        }
        if (count) set_values(b, a, value, count);
    }
    return LB_OK;
}

static int add_target(builder *b, const char *option, const char *name, lb_error *err)
{
    axis *a = find_axis(b, name);
    if (!a) return not_in_model(b, option, name, err);
    if (a->target) return LB_OK;
    a->target = true;
    b->target[b->targets++] = (size_t)(a - b->axis);
    return LB_OK;
}

static void make_axes(builder *b)
{
    const lb_design *design = b->design;
    b->axes = design->raw_count;
    b->axis = lb_arena_array(b->arena, b->axes + 1, sizeof *b->axis);
    b->target = lb_arena_array(b->arena, b->axes + 1, sizeof *b->target);
    for (size_t i = 0; i < b->axes; i++) {
        axis *a = &b->axis[i];
        a->name = design->raw_name[i];
        a->column = lb_design_raw(design, a->name);
        a->numeric = a->column->type == LB_NUMBER;
        if (a->numeric) {
            covariate(b, a);
        } else {
            a->levels = a->column->level_count;
            a->text = a->column->level;
        }
    }
}

/* Index of the level that an analysed row takes on an axis. */
static size_t level_of(const axis *a, size_t row)
{
    if (!a->numeric) return (size_t)a->column->code[row];
    size_t best = 0;
    for (size_t l = 1; l < a->levels; l++) {
        if (fabs(a->column->number[row] - a->value[l]) < fabs(a->column->number[row] - a->value[best])) best = l;
    }
    return best;
}

/* Weight of each cell of the axes averaged over: equal, or the share of analysed rows in it. */
static double *cell_weights(const builder *b, size_t cells, lb_weighting weighting)
{
    double *weight = lb_arena_array(b->arena, cells + 1, sizeof *weight);
    if (weighting == LB_EQUAL) {
        for (size_t c = 0; c < cells; c++) weight[c] = 1 / (double)cells;
        return weight;
    }
    for (size_t i = 0; i < b->design->n; i++) {
        size_t cell = 0, stride = 1;
        for (size_t k = 0; k < b->axes; k++) {
            const axis *a = &b->axis[k];
            if (a->target) continue;
            cell += stride * level_of(a, i);
            stride *= a->levels;
        }
        weight[cell] += 1 / (double)b->design->n;
    }
    return weight;
}

/* Table of raw columns, one row per cell, with the target axes held at grid row r. */
static lb_table *cell_table(const builder *b, const lb_grid *grid, size_t r, size_t cells, lb_arena *arena)
{
    lb_table *table = lb_table_new(arena, "the reference grid", cells);
    size_t stride = 1;
    const char **text = lb_arena_array(arena, cells + 1, sizeof *text);
    for (size_t k = 0; k < b->axes; k++) {
        const axis *a = &b->axis[k];
        size_t held = 0, divide = 1;
        for (size_t t = 0; t < b->targets && b->target[t] != k; t++) divide *= grid->levels[t];
        if (a->target) held = r / divide % a->levels;
        double *number = a->numeric ? lb_table_add_number(table, a->name)->number : NULL;
        for (size_t c = 0; c < cells; c++) {
            size_t l = a->target ? held : c / stride % a->levels;
            if (number) number[c] = a->value[l];
            else text[c] = a->text[l];
        }
        if (!number) lb_table_add_text(table, a->name, text);
        if (!a->target) stride *= a->levels;
    }
    return table;
}

/* The analysed rows with the target axes held at grid row r. */
static lb_table *people_table(const builder *b, const lb_grid *grid, size_t r, lb_arena *arena)
{
    size_t n = b->design->n;
    lb_table *table = lb_table_new(arena, "the analysed rows", n);
    const char **text = lb_arena_array(arena, n + 1, sizeof *text);
    for (size_t k = 0; k < b->axes; k++) {
        const axis *a = &b->axis[k];
        size_t held = 0, divide = 1;
        for (size_t t = 0; t < b->targets && b->target[t] != k; t++) divide *= grid->levels[t];
        if (a->target) held = r / divide % a->levels;
        double *number = a->numeric ? lb_table_add_number(table, a->name)->number : NULL;
        for (size_t i = 0; i < n; i++) {
            if (number) number[i] = a->target ? a->value[held] : a->column->number[i];
            else text[i] = a->text[a->target ? held : (size_t)a->column->code[i]];
        }
        if (!number) lb_table_add_text(table, a->name, text);
    }
    return table;
}

static int linear_functions(const builder *b, lb_grid *grid, size_t cells, lb_weighting weighting, lb_error *err)
{
    size_t p = b->design->p;
    bool people = weighting == LB_COUNTERFACTUAL;
    size_t rows = people ? b->design->n : cells;
    const double *weight = people ? NULL : cell_weights(b, cells, weighting);
    grid->l = lb_arena_array(b->arena, grid->rows * p + 1, sizeof *grid->l);
    for (size_t r = 0; r < grid->rows; r++) {
        lb_arena *work = lb_arena_new();
        lb_table *table = people ? people_table(b, grid, r, work) : cell_table(b, grid, r, cells, work);
        double *x;
        int rc = lb_design_rows(b->design, table, work, &x, err);
        for (size_t j = 0; j < p && !rc; j++) {
            long double sum = 0;
            for (size_t i = 0; i < rows; i++) sum += x[i + j * rows] * (weight ? (long double)weight[i] : 1);
            grid->l[r * p + j] = (double)(weight ? sum : sum / rows);
        }
        lb_arena_free(work);
        if (rc) return rc;
    }
    return LB_OK;
}

static int too_large(const builder *b, lb_error *err)
{
    lb_fail(err, LB_TOO_LARGE, "the grid of all combinations of the %zu columns has more than %d points", b->axes, MAX_GRID);
    lb_error_where(err, "means");
    lb_error_hint(err, "average over the people analysed instead: --means counterfactual");
    return LB_TOO_LARGE;
}

int lb_grid_build(const lb_design *design, const char *treatment, const char *const *by, size_t by_count, const char *at,
                  lb_weighting weighting, lb_arena *arena, lb_grid *out, lb_error *err)
{
    builder b = {.design = design, .arena = arena};
    make_axes(&b);
    int rc = read_at(&b, at, err);
    if (!rc) rc = add_target(&b, "treatment", treatment, err);
    for (size_t i = 0; i < by_count && !rc; i++) rc = add_target(&b, "by", by[i], err);
    if (rc) return rc;
    *out = (lb_grid){.axes = b.targets, .rows = 1};
    out->axis = lb_arena_array(arena, b.targets + 1, sizeof *out->axis);
    out->levels = lb_arena_array(arena, b.targets + 1, sizeof *out->levels);
    out->level = lb_arena_array(arena, b.targets + 1, sizeof *out->level);
    for (size_t t = 0; t < b.targets; t++) {
        const axis *a = &b.axis[b.target[t]];
        out->axis[t] = a->name;
        out->levels[t] = a->levels;
        out->level[t] = a->text;
        if (out->rows > MAX_GRID / a->levels) return too_large(&b, err);
        out->rows *= a->levels;
    }
    size_t cells = 1;
    for (size_t k = 0; k < b.axes && weighting != LB_COUNTERFACTUAL; k++) {
        if (b.axis[k].target) continue;
        if (cells > MAX_GRID / b.axis[k].levels) return too_large(&b, err);
        cells *= b.axis[k].levels;
    }
    return linear_functions(&b, out, cells, weighting, err);
}
