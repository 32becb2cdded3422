/* From a table of visits to people: outcomes by visit, design rows in the own and in the reference arm, baseline covariates. */
#include <math.h>
#include <string.h>

#include "reference.h"

static int bad(lb_error *err, const char *where, const char *hint)
{
    lb_error_where(err, "%s", where);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static bool same_cell(const lb_column *column, size_t a, size_t b)
{
    return column->type == LB_NUMBER ? column->number[a] == column->number[b] : column->code[a] == column->code[b];
}

/* The row each person's value of a covariate is taken from: the first where it is known. SIZE_MAX: nowhere. */
static int baseline_rows(const lb_reference *r, const char *name, const int32_t *person, size_t people, size_t *from, lb_error *err)
{
    lb_column *column;
    int rc = lb_table_column(r->mmrm.table, name, &column, err);
    if (rc) return rc;
    for (size_t i = 0; i < people; i++) from[i] = SIZE_MAX;
    for (size_t row = 0; row < r->mmrm.table->rows; row++) {
        if (person[row] < 0 || lb_column_missing(column, row)) continue;
        size_t *first = &from[person[row]];
        if (*first == SIZE_MAX) *first = row;
        else if (!same_cell(column, *first, row)) {
            lb_fail(err, LB_BAD_DATA, "'%s' changes between the visits of a person (data rows %zu and %zu)", name, *first + 1, row + 1);
            return bad(err, "formula", "covariates of the imputation are baseline values, the same at every visit");
        }
    }
    return LB_OK;
}

/* People of the table and where their covariates stand; those with one missing are left out. */
typedef struct roster {
    int32_t *person; /* by table row: number among `people`, −1 = left out */
    size_t people;
    size_t **from;   /* by raw column: n rows */
} roster;

static int make_roster(lb_reference *r, roster *out, lb_error *err)
{
    lb_arena *arena = r->mmrm.arena;
    const lb_design *d = r->mmrm.design;
    lb_column subject;
    int rc = lb_table_factor(r->mmrm.table, r->mmrm.subject, arena, &subject, err);
    if (rc) return rc;
    size_t levels = subject.level_count, rows = r->mmrm.table->rows;
    out->from = lb_arena_array(arena, d->raw_count + 1, sizeof *out->from);
    int32_t *place = lb_arena_array(arena, levels + 1, sizeof *place);
    bool *seen = lb_arena_array(arena, levels + 1, sizeof *seen);
    for (size_t i = 0; i < rows; i++) {
        if (subject.code[i] >= 0) seen[subject.code[i]] = true;
    }
    for (size_t k = 0; k < d->raw_count && !rc; k++) {
        if (!strcmp(d->raw_name[k], r->mmrm.visit)) continue;
        out->from[k] = lb_arena_array(arena, levels + 1, sizeof **out->from);
        rc = baseline_rows(r, d->raw_name[k], subject.code, levels, out->from[k], err);
        for (size_t l = 0; l < levels && !rc; l++) place[l] = out->from[k][l] == SIZE_MAX ? -1 : place[l];
    }
    if (rc) return rc;
    r->who = lb_arena_array(arena, levels + 1, sizeof *r->who);
    for (size_t l = 0; l < levels; l++) {
        if (place[l] < 0) {
            r->left_out += seen[l];
            continue;
        }
        for (size_t k = 0; k < d->raw_count; k++) {
            if (out->from[k]) out->from[k][out->people] = out->from[k][l];
        }
        r->who[out->people] = subject.level[l];
        place[l] = (int32_t)out->people++;
    }
    out->person = lb_arena_array(arena, rows + 1, sizeof *out->person);
    for (size_t i = 0; i < rows; i++) out->person[i] = subject.code[i] < 0 ? -1 : place[subject.code[i]];
    return LB_OK;
}

/* Raw columns of people (× visits when there are any), the treatment as it was or held at its reference. */
static lb_table *people_table(const lb_reference *r, const roster *all, size_t visits, bool reference)
{
    lb_arena *arena = r->mmrm.arena;
    const lb_design *d = r->mmrm.design;
    size_t times = visits ? visits : 1, rows = r->n * times;
    lb_table *table = lb_table_new(arena, "the people", rows);
    for (size_t k = 0; k < d->raw_count; k++) {
        const char *name = d->raw_name[k];
        const lb_column *source = lb_table_find(r->mmrm.table, name);
        bool visit = !strcmp(name, r->mmrm.visit), numeric = lb_design_raw(d, name)->type == LB_NUMBER;
        if (visit && !visits) continue;
        double *number = numeric ? lb_table_add_number(table, name)->number : NULL;
        const char **text = numeric ? NULL : lb_arena_array(arena, rows + 1, sizeof *text);
        for (size_t i = 0; i < rows; i++) {
            char buffer[32];
            size_t from = visit ? 0 : all->from[k][i / times];
            if (numeric) number[i] = source->number[from];
            else if (visit) text[i] = r->mmrm.visit_name[i % times];
            else if (reference && !strcmp(name, r->mmrm.treatment)) text[i] = r->arm_name[0];
            else text[i] = lb_arena_text(arena, lb_column_text(source, from, buffer));
        }
        if (!numeric) lb_table_add_text(table, name, text);
    }
    return table;
}

static int build_ancova(lb_reference *r, const roster *all, lb_error *err)
{
    lb_arena *arena = r->mmrm.arena;
    const lb_design *d = r->mmrm.design;
    const char *outcome = "(outcome)", *text = lb_arena_printf(arena, "`%s` ~ `%s`", outcome, r->mmrm.treatment);
    lb_table *table = people_table(r, all, 0, false);
    double *nothing = lb_table_add_number(table, outcome)->number;
    for (size_t i = 0; i < r->n; i++) nothing[i] = (double)(i % 2); /* only the design is used */
    for (size_t k = 0; k < d->raw_count; k++) {
        if (!strcmp(d->raw_name[k], r->mmrm.visit) || !strcmp(d->raw_name[k], r->mmrm.treatment)) continue;
        text = lb_arena_printf(arena, "%s + `%s`", text, d->raw_name[k]);
    }
    lb_formula *formula;
    lb_lsq fit;
    lb_design_options options = {.factor_columns = &r->mmrm.treatment, .factor_count = 1, .reference_column = r->mmrm.treatment,
                                 .reference_level = r->arm_name[0]};
    int rc = lb_formula_parse(text, arena, &formula, err);
    if (!rc) rc = lb_design_build(formula, table, &options, arena, &r->ancova, err);
    if (!rc) rc = lb_lsq_fit(r->ancova->x, r->ancova->y, NULL, r->n, r->ancova->p, 0, arena, &fit, err);
    if (rc) return rc;
    r->inverse = fit.unscaled;
    for (size_t k = 1; k < r->arms; k++) {
        if (!fit.aliased[k]) continue;
        lb_fail(err, LB_BAD_DATA, "the covariates tell the arms apart completely");
        return bad(err, "formula", "leave out the covariate that says who is in which arm");
    }
    return LB_OK;
}

/* Outcomes by person and visit, and when they end. */
static void place_outcomes(lb_reference *r, const roster *all)
{
    const lb_design *d = r->mmrm.design;
    size_t visits = r->visits;
    for (size_t i = 0; i < r->n * visits; i++) r->y[i] = NAN;
    for (size_t i = 0; i < r->n; i++) r->code[i] = -1;
    for (size_t i = 0; i < d->n; i++) {
        size_t person = (size_t)all->person[d->row[i]];
        r->y[person * visits + (size_t)r->mmrm.visit_of[i]] = d->y[i];
        r->code[person] = r->mmrm.person[i];
    }
    for (size_t i = 0; i < r->n; i++) {
        r->ice[i] = visits;
        while (r->ice[i] > 0 && isnan(r->y[i * visits + r->ice[i] - 1])) r->ice[i]--;
    }
}

int lb_reference_read(lb_reference *r, lb_table *table, lb_error *err)
{
    roster all = {0};
    int rc = lb_mmrm_read(&r->mmrm, table, err); /* rows of visits not asked for have no visit; their people stay */
    if (!rc) rc = make_roster(r, &all, err);
    if (rc) return rc;
    lb_arena *arena = r->mmrm.arena;
    const lb_design *d = r->mmrm.design;
    const lb_column *arm = lb_design_raw(d, r->mmrm.treatment);
    r->n = all.people;
    r->visits = r->mmrm.visits;
    r->p = d->p;
    r->arms = arm->level_count;
    r->arm_name = arm->level;
    size_t cells = r->n * r->visits;
    r->arm = lb_arena_array(arena, r->n + 1, sizeof *r->arm);
    r->code = lb_arena_array(arena, r->n + 1, sizeof *r->code);
    r->ice = lb_arena_array(arena, r->n + 1, sizeof *r->ice);
    r->y = lb_arena_try(arena, cells + 1, sizeof *r->y);
    if (!r->y) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", r->n);
    if (r->visits < 2) {
        lb_fail(err, LB_BAD_DATA, "there is one visit only: nothing to carry forward from");
        return bad(err, "visit", "give all visits after baseline");
    }
    place_outcomes(r, &all);
    rc = lb_design_rows(d, people_table(r, &all, r->visits, false), arena, &r->own, err);
    if (!rc) rc = lb_design_rows(d, people_table(r, &all, r->visits, true), arena, &r->ref, err);
    if (!rc) rc = build_ancova(r, &all, err);
    for (size_t i = 0; i < r->n && !rc; i++) {
        for (size_t k = 1; k < r->arms; k++) {
            if (r->ancova->x[i + k * r->n] != 0) r->arm[i] = (int32_t)k;
        }
    }
    return rc;
}
