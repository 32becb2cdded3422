/* From a table to a fitted MMRM: rows and visits in order, duplicate visits refused, least squares start, the fit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mmrm_model.h"

/* -- reading ------------------------------------------------------------------------------------------------------ */

static int unknown_visit(const lb_mmrm *a, const lb_column *column, const char *name, lb_error *err)
{
    const char *nearest = lb_text_nearest(name, column->level, column->level_count);
    lb_fail(err, LB_BAD_DATA, "'%s' is not a visit of the column %s", name, a->visit);
    lb_error_where(err, "visits");
    lb_buf list = {.max = 300};
    for (size_t i = 0; i < column->level_count; i++) lb_buf_printf(&list, "%s%s", i ? ", " : "", column->level[i]);
    if (nearest) lb_error_hint(err, "did you mean '%s'? the visits are %s", nearest, list.data);
    else lb_error_hint(err, "the visits are %s", list.data ? list.data : "none");
    lb_buf_free(&list);
    return LB_BAD_DATA;
}

/* The visit column as a factor with the levels asked for, in that order; rows of other visits count as missing. */
static int order_visits(lb_mmrm *a, lb_column *column, lb_error *err)
{
    const char *const *name;
    size_t count = lb_call_texts(a->call, "visits", &name), levels = column->level_count;
    if (!count) return LB_OK;
    int32_t *place = lb_arena_array(a->arena, levels + 1, sizeof *place);
    const char **level = lb_arena_array(a->arena, levels + 1, sizeof *level);
    for (size_t l = 0; l < levels; l++) place[l] = -1;
    for (size_t i = 0; i < count; i++) {
        size_t l = 0;
        while (l < levels && strcmp(column->level[l], name[i]) != 0) l++;
        if (l == levels) return unknown_visit(a, column, name[i], err);
        if (place[l] >= 0) {
            lb_fail(err, LB_USAGE, "the visit '%s' is named twice", name[i]);
            lb_error_where(err, "visits");
            return LB_USAGE;
        }
        place[l] = (int32_t)i;
        level[i] = column->level[l];
    }
    int32_t *code = lb_arena_try(a->arena, a->table->rows + 1, sizeof *code);
    if (!code) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", a->table->rows);
    for (size_t i = 0; i < a->table->rows; i++) {
        code[i] = column->code[i] < 0 ? -1 : place[column->code[i]];
        a->not_asked += column->code[i] >= 0 && code[i] < 0;
    }
    column->code = code;
    column->level = level;
    column->level_count = count;
    return LB_OK;
}

/* The table with its visit column replaced; the caller's stays as it is. */
static int visit_table(lb_mmrm *a, const lb_table *table, lb_error *err)
{
    lb_column *found, visit;
    int rc = lb_table_column(table, a->visit, &found, err);
    if (!rc) rc = lb_table_factor(table, a->visit, a->arena, &visit, err);
    if (rc) return rc;
    a->table = lb_arena_alloc(a->arena, sizeof *a->table);
    *a->table = *table;
    a->table->column = lb_arena_array(a->arena, table->columns, sizeof *table->column);
    memcpy(a->table->column, table->column, table->columns * sizeof *table->column);
    rc = order_visits(a, &visit, err);
    if (!rc) a->table->column[found - table->column] = visit;
    return rc;
}

/* Codes of the analysed rows, levels without a row left out. */
static int codes(const lb_mmrm *a, const char *name, int32_t **code, const char ***level, size_t *count, lb_error *err)
{
    lb_column factor;
    int rc = lb_table_factor(a->table, name, a->arena, &factor, err);
    if (rc) return rc;
    const lb_design *d = a->design;
    int32_t *place = lb_arena_try(a->arena, factor.level_count + 1, sizeof *place);
    *code = lb_arena_try(a->arena, d->n, sizeof **code);
    *level = lb_arena_try(a->arena, factor.level_count + 1, sizeof **level);
    if (!place || !*code || !*level) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", d->n);
    for (size_t i = 0; i < d->n; i++) place[factor.code[d->row[i]]] = 1;
    *count = 0;
    for (size_t l = 0; l < factor.level_count; l++) {
        if (!place[l]) continue;
        (*level)[*count] = factor.level[l];
        place[l] = (int32_t)(*count)++;
    }
    for (size_t i = 0; i < d->n; i++) (*code)[i] = place[factor.code[d->row[i]]];
    return LB_OK;
}

static int refuse_twice(const lb_mmrm *a, const char *who, size_t first, size_t second, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "%s '%s' has the visit '%s' twice, in data rows %zu and %zu", a->subject, who,
            a->visit_name[a->visit_of[second]], a->design->row[first] + 1, a->design->row[second] + 1);
    lb_error_where(err, "%s", a->table->name);
    lb_error_hint(err, "keep one row per person and visit, or choose the columns with --subject and --visit");
    return LB_BAD_DATA;
}

static int check_visits(lb_mmrm *a, const char *const *who, lb_error *err)
{
    enum { MOST = 60 };
    if (a->visits > MOST) {
        lb_fail(err, LB_TOO_LARGE, "%s has %zu different visits; at most %d can be modelled", a->visit, a->visits, MOST);
        lb_error_where(err, "visit");
        lb_error_hint(err, "give the planned visits, not dates or days");
        return LB_TOO_LARGE;
    }
    if (a->people < 2) {
        lb_fail(err, LB_BAD_DATA, "there is only one person ('%s') among the %zu complete rows", who[0], a->design->n);
        lb_error_where(err, "%s", a->table->name);
        lb_error_hint(err, "--subject must name the column that tells people apart");
        return LB_BAD_DATA;
    }
    size_t *row = lb_arena_try(a->arena, a->people, a->visits * sizeof *row);
    if (!row) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", a->people);
    a->attended = lb_arena_array(a->arena, a->visits + 1, sizeof *a->attended);
    for (size_t i = 0; i < a->design->n; i++) {
        size_t *seen = row + (size_t)a->person[i] * a->visits + (size_t)a->visit_of[i];
        if (*seen) return refuse_twice(a, who[a->person[i]], *seen - 1, i, err);
        *seen = i + 1;
        a->attended[a->visit_of[i]]++;
    }
    return LB_OK;
}

static int usage(lb_error *err, const char *option, const char *message, const char *hint)
{
    lb_fail(err, LB_USAGE, "%s", message);
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

int lb_mmrm_read(lb_mmrm *a, lb_table *table, lb_error *err)
{
    lb_formula *formula;
    const char **who, *factors[] = {a->visit, a->treatment}, *complete[] = {a->subject, a->visit};
    int rc = visit_table(a, table, err);
    if (!rc) rc = lb_formula_parse(a->formula, a->arena, &formula, err);
    if (rc) return rc;
    const char *reference = lb_call_text(a->call, "reference");
    lb_design_options options = {.factor_columns = factors, .factor_count = a->treatment ? 2 : 1,
                                 .reference_column = reference ? a->treatment : NULL, .reference_level = reference,
                                 .also_complete = complete, .also_count = 2};
    rc = lb_design_build(formula, a->table, &options, a->arena, &a->design, err);
    if (rc) return rc;
    if (!a->design->y) return usage(err, "formula", "the formula has no outcome", "write outcome ~ terms");
    if (a->design->bars) {
        return usage(err, "formula", "the formula has random effects; here the visits are correlated by --covariance",
                     "leave (… | …) out, or use analyse mixed");
    }
    if (a->treatment && !lb_design_raw(a->design, a->treatment)) {
        return usage(err, "treatment", "the treatment is not in the formula", "add it to the right side");
    }
    size_t people, visits;
    rc = codes(a, a->subject, &a->person, &who, &people, err);
    if (!rc) rc = codes(a, a->visit, &a->visit_of, &a->visit_name, &visits, err);
    if (rc) return rc;
    a->people = people;
    a->visits = visits;
    return check_visits(a, who, err);
}

/* -- fitting ------------------------------------------------------------------------------------------------------ */

/* Variance of the residuals at each visit, and their correlation pooled over pairs of visits. */
static double moments(const lb_mmrm *a, double *variance)
{
    const double *e = a->basis.residual;
    double *sum = lb_alloc(3 * a->people + 1, sizeof *sum), *square = sum + a->people, *count = square + a->people;
    double whole = 0, n = (double)a->design->n, cross = 0, pairs = 0;
    for (size_t i = 0; i < a->design->n; i++) {
        variance[a->visit_of[i]] += e[i] * e[i];
        whole += e[i] * e[i] / n;
    }
    for (size_t v = 0; v < a->visits; v++) {
        variance[v] /= (double)a->attended[v];
        if (!(variance[v] > 1e-6 * whole)) variance[v] = whole;
    }
    for (size_t i = 0; i < a->design->n; i++) {
        double z = e[i] / sqrt(variance[a->visit_of[i]]);
        sum[a->person[i]] += z;
        square[a->person[i]] += z * z;
        count[a->person[i]]++;
    }
    for (size_t i = 0; i < a->people; i++) {
        cross += sum[i] * sum[i] - square[i];
        pairs += count[i] * (count[i] - 1);
    }
    free(sum);
    double together = pairs > 0 ? cross / pairs : 0;
    return fmin(fmax(together, a->visits > 1 ? -0.5 / (double)(a->visits - 1) : 0), 0.9);
}

static int perfect(const lb_mmrm *a, lb_error *err)
{
    int rc = lb_design_enough(a->design, a->basis.rank, a->table->name, err);
    if (rc) return rc;
    lb_fail(err, LB_BAD_DATA, "the outcome %s is explained without any remainder (%zu rows, %zu coefficients), so it has no variance "
            "to model", a->design->response, a->design->n, a->basis.rank);
    lb_error_where(err, "%s", a->table->name);
    lb_error_hint(err, "leave terms out of the formula; or see whether the outcome stands on its right side, too");
    return LB_BAD_DATA;
}

/* [Q e] side by side, as the blocks are made from it. */
static double *with_residual(const lb_basis *basis, lb_arena *arena)
{
    double *x = lb_arena_try(arena, basis->n, (basis->rank + 1) * sizeof *x);
    if (!x) return NULL;
    memcpy(x, basis->q, basis->n * basis->rank * sizeof *x);
    memcpy(x + basis->n * basis->rank, basis->residual, basis->n * sizeof *x);
    return x;
}

int lb_mmrm_fit(lb_mmrm *a, lb_error *err)
{
    int rc = lb_basis_new(a->design, a->arena, &a->basis, err);
    if (rc) return rc;
    double total = 0, mean = lb_sum(a->design->y, a->design->n) / (double)a->design->n;
    for (size_t i = 0; i < a->design->n; i++) total += (a->design->y[i] - mean) * (a->design->y[i] - mean);
    if (a->design->n <= a->basis.rank || !(a->basis.fit.rss > 1e-24 * (total + mean * mean))) return perfect(a, err);
    double *x = with_residual(&a->basis, a->arena);
    if (!x) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", a->design->n);
    rc = lb_patterns_new(x, a->design->n, a->basis.rank, a->person, a->visit_of, a->people, a->visits, a->arena, &a->blocks, err);
    if (rc) return rc;
    a->reml = (lb_reml){.blocks = &a->blocks, .p = a->basis.rank, .ml = a->ml, .basis_logdet = a->basis.logdet};
    lb_structure_mapping(a->structure, a->visits, a->arena, &a->reml.map);
    rc = lb_reml_new(&a->reml, a->arena, err);
    if (rc) return rc;
    double *variance = lb_arena_array(a->arena, a->visits, sizeof *variance), *theta = lb_alloc(a->reml.map.k + 1, sizeof *theta);
    double together = moments(a, variance);
    lb_structure_start(a->structure, a->visits, variance, together, theta);
    lb_reml_fit(&a->reml, theta);
    free(theta);
    if (!isfinite(a->reml.deviance)) return lb_fail(err, LB_FAILED, "the likelihood cannot be computed for these data");
    rc = lb_mixed_df_new(&a->reml, a->adjusted ? LB_DF_ADJUST : 0, &a->df, err);
    if (rc) return rc;
    a->model = (lb_linear){.design = a->design, .p = a->design->p, .aliased = a->basis.fit.aliased, .df = NAN, .df_of = lb_mmrm_df_of,
                           .df_context = a, .level = lb_call_number(a->call, "level")};
    a->model.coefficient = lb_mixed_on_design(&a->reml, &a->basis, &a->df);
    a->model.vcov = a->df.adjusted;
    if (a->empirical || a->df_method == LB_MMRM_BETWEEN_WITHIN) rc = lb_mmrm_robust_new(a, err);
    if (rc) return rc;
    return lb_linear_null(&a->model, &a->basis.fit, a->arena, err);
}
