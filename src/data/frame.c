/* The model frame behind a design: each variable of the formula bound to its column, incomplete rows left out and counted
 * by the first column missing, factor levels reduced to those present (as R's lm does). */
#include <math.h>
#include <string.h>

#include "design.h"

/* What building a frame needs at hand. */
typedef struct frame {
    lb_design_full *full;
    const lb_table *table;
    const lb_design_options *options;
    lb_bound **expression; /* per variable, numeric ones */
    lb_column *factor;     /* per variable, factors: codes of all rows of the table */
    lb_bound *response;
} frame;

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(names[i], name)) return true;
    }
    return false;
}

static int bind_variable(frame *f, size_t v, lb_error *err)
{
    lb_arena *arena = f->full->pub.arena;
    const lb_node *node = f->full->node[v];
    const char *source = lb_node_factor(node);
    lb_column *column;
    int rc;
    if (!source && node->type == NODE_NAME) {
        rc = lb_table_column(f->table, node->text, &column, err);
        if (rc) return rc;
        bool asked = f->options && listed(f->options->factor_columns, f->options->factor_count, node->text);
        if (column->type == LB_TEXT || asked) source = node->text;
    }
    f->full->source[v] = source;
    f->full->pub.variable[v].factor = source != NULL;
    if (source) return lb_table_factor(f->table, source, arena, &f->factor[v], err);
    return lb_expression_bind(node, f->table, arena, &f->expression[v], err);
}

/* First column of `names` that is missing in the row, or -1. */
static ptrdiff_t first_missing(const lb_column *const *columns, size_t count, size_t row)
{
    for (size_t i = 0; i < count; i++) {
        if (lb_column_missing(columns[i], row)) return (ptrdiff_t)i;
    }
    return -1;
}

static int needed_columns(frame *f, const lb_node *response, const char **names, size_t *count, size_t max, lb_error *err)
{
    lb_design *pub = &f->full->pub;
    lb_node_columns(response, names, count, max);
    size_t own = 0;
    pub->raw_name = lb_arena_array(pub->arena, f->table->columns + 1, sizeof *pub->raw_name);
    for (size_t v = 0; v < pub->variables; v++) lb_node_columns(f->full->node[v], pub->raw_name, &own, f->table->columns);
    pub->raw_count = own;
    for (size_t i = 0; i < own; i++) {
        if (!listed(names, *count, pub->raw_name[i]) && *count < max) names[(*count)++] = pub->raw_name[i];
    }
    size_t also = f->options ? f->options->also_count : 0;
    for (size_t i = 0; i < also; i++) {
        lb_column *column;
        int rc = lb_table_column(f->table, f->options->also_complete[i], &column, err);
        if (rc) return rc;
        if (!listed(names, *count, column->name) && *count < max) names[(*count)++] = column->name;
    }
    return LB_OK;
}

static int no_rows(const frame *f, lb_error *err)
{
    lb_buf list = {.max = 300};
    const lb_design *pub = &f->full->pub;
    for (size_t i = 0; i < pub->dropped_count; i++) {
        lb_buf_printf(&list, "%s%s missing in %zu", i ? ", " : "", pub->dropped[i].column, pub->dropped[i].rows);
    }
    lb_fail(err, LB_BAD_DATA, "no row of %zu is complete for this formula", f->table->rows);
    lb_error_where(err, "%s", f->table->name);
    lb_error_detail(err, "%s", list.data ? list.data : "the table has no rows");
    lb_error_hint(err, "leave out the column that is missing most, or check how missing values are written (--missing)");
    lb_buf_free(&list);
    return LB_BAD_DATA;
}

static int complete_rows(frame *f, const lb_node *response, lb_error *err)
{
    lb_design *pub = &f->full->pub;
    size_t rows = f->table->rows, max = f->table->columns, count = 0;
    const char **names = lb_arena_array(pub->arena, max + 1, sizeof *names);
    const lb_column **columns = lb_arena_array(pub->arena, max + 1, sizeof *columns);
    int rc = needed_columns(f, response, names, &count, max, err);
    if (rc) return rc;
    size_t *lost = lb_arena_array(pub->arena, count + 1, sizeof *lost);
    for (size_t i = 0; i < count; i++) {
        lb_column *column;
        rc = lb_table_column(f->table, names[i], &column, err);
        if (rc) return rc;
        columns[i] = column;
    }
    pub->row = lb_arena_try(pub->arena, rows + 1, sizeof *pub->row);
    if (!pub->row) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", rows);
    for (size_t r = 0; r < rows; r++) {
        ptrdiff_t missing = first_missing(columns, count, r);
        if (missing >= 0) lost[missing]++;
        else pub->row[pub->n++] = r;
    }
    pub->dropped = lb_arena_array(pub->arena, count + 1, sizeof *pub->dropped);
    for (size_t i = 0; i < count; i++) {
        if (!lost[i]) continue;
        pub->dropped[pub->dropped_count].column = columns[i]->name;
        pub->dropped[pub->dropped_count++].rows = lost[i];
    }
    return pub->n ? LB_OK : no_rows(f, err);
}

static int evaluate(const frame *f, const lb_bound *expression, const char *name, const double **out, lb_error *err)
{
    const lb_design *pub = &f->full->pub;
    double *value = lb_arena_try(pub->arena, pub->n, sizeof *value);
    if (!value) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", pub->n);
    *out = value;
    for (size_t i = 0; i < pub->n; i++) {
        value[i] = lb_expression_at(expression, pub->row[i]);
        if (isfinite(value[i])) continue;
        lb_fail(err, LB_BAD_DATA, "%s is %s in data row %zu", name,
                isnan(value[i]) ? "not a number" : "infinite", pub->row[i] + 1);
        lb_error_where(err, "%s", f->table->name);
        lb_error_hint(err, "take such a row out, or change the expression (a logarithm needs values above 0)");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

static int unknown_reference(const frame *f, const lb_column *column, lb_error *err)
{
    const char *level = f->options->reference_level;
    const char *nearest = lb_text_nearest(level, column->level, column->level_count);
    lb_fail(err, LB_BAD_DATA, "'%s' is not a level of %s", level, column->name);
    lb_error_where(err, "reference");
    lb_buf list = {.max = 300};
    for (size_t i = 0; i < column->level_count; i++) lb_buf_printf(&list, "%s%s", i ? ", " : "", column->level[i]);
    if (nearest) lb_error_hint(err, "did you mean '%s'? the levels are %s", nearest, list.data);
    else lb_error_hint(err, "the levels are %s", list.data ? list.data : "none");
    lb_buf_free(&list);
    return LB_BAD_DATA;
}

/* Order of the levels used: the reference first, the others as they are; those without an analysed row left out. */
static int order_levels(const frame *f, size_t v, int32_t *place, lb_error *err)
{
    const lb_column *column = &f->factor[v];
    lb_design *pub = &f->full->pub;
    lb_variable *variable = &pub->variable[v];
    size_t levels = column->level_count, reference = levels;
    bool *present = lb_arena_array(pub->arena, levels + 1, sizeof *present);
    for (size_t i = 0; i < pub->n; i++) present[column->code[pub->row[i]]] = true;
    const char *wanted = f->options && lb_text_equal(f->options->reference_column, f->full->source[v])
                             ? f->options->reference_level
                             : NULL;
    for (size_t l = 0; wanted && l < levels; l++) reference = strcmp(column->level[l], wanted) ? reference : l;
    if (wanted && reference == levels) return unknown_reference(f, column, err);
    if (wanted && !present[reference]) {
        lb_fail(err, LB_BAD_DATA, "the reference '%s' of %s has no complete row", wanted, column->name);
        lb_error_where(err, "%s", f->table->name);
        lb_error_hint(err, "choose another reference, or see which column is missing there");
        return LB_BAD_DATA;
    }
    variable->level = lb_arena_array(pub->arena, levels + 1, sizeof *variable->level);
    size_t used = 0;
    if (reference < levels) {
        place[reference] = 0;
        variable->level[used++] = column->level[reference];
    }
    for (size_t l = 0; l < levels; l++) {
        if (!present[l] || l == reference) continue;
        place[l] = (int32_t)used;
        variable->level[used++] = column->level[l];
    }
    variable->level_count = used;
    return LB_OK;
}

static int factor_variable(const frame *f, size_t v, lb_error *err)
{
    lb_design *pub = &f->full->pub;
    lb_variable *variable = &pub->variable[v];
    const lb_column *column = &f->factor[v];
    int32_t *place = lb_arena_array(pub->arena, column->level_count + 1, sizeof *place);
    int rc = order_levels(f, v, place, err);
    if (rc) return rc;
    if (variable->level_count < 2) {
        lb_fail(err, LB_BAD_DATA, "%s has only the level '%s' among the %zu complete rows, so it cannot be compared",
                column->name, variable->level[0], pub->n);
        lb_error_where(err, "%s", f->table->name);
        if (column->level_count > 1) {
            lb_error_hint(err, "the other levels have no complete row: see where the outcome or a covariate is missing");
        } else {
            lb_error_hint(err, "leave %s out of the formula", column->name);
        }
        return LB_BAD_DATA;
    }
    int32_t *code = lb_arena_try(pub->arena, pub->n, sizeof *code);
    if (!code) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", pub->n);
    for (size_t i = 0; i < pub->n; i++) code[i] = place[column->code[pub->row[i]]];
    variable->code = code;
    return LB_OK;
}

/* Raw columns of the analysed rows; those used as factors with the levels of the design. */
static int raw_columns(frame *f, lb_error *err)
{
    lb_design *pub = &f->full->pub;
    f->full->raw = lb_arena_array(pub->arena, pub->raw_count + 1, sizeof *f->full->raw);
    for (size_t i = 0; i < pub->raw_count; i++) {
        const lb_column *from = lb_table_find(f->table, pub->raw_name[i]);
        lb_column *to = &f->full->raw[i];
        *to = *from;
        to->missing = 0;
        size_t v = 0;
        while (v < pub->variables && !lb_text_equal(f->full->source[v], pub->raw_name[i])) v++;
        if (v < pub->variables) {
            to->type = LB_TEXT;
            to->level = pub->variable[v].level;
            to->level_count = pub->variable[v].level_count;
            to->code = (int32_t *)pub->variable[v].code;
            to->number = NULL;
            continue;
        }
        to->number = lb_arena_try(pub->arena, pub->n, sizeof *to->number);
        if (!to->number) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", pub->n);
        for (size_t k = 0; k < pub->n; k++) to->number[k] = from->number[pub->row[k]];
    }
    return LB_OK;
}

static int bind_response(frame *f, const lb_node *response, lb_error *err)
{
    if (!response) return LB_OK;
    const char *source = lb_node_factor(response);
    const lb_column *column = response->type == NODE_NAME ? lb_table_find(f->table, response->text) : NULL;
    bool text = column && column->type == LB_TEXT && column->number_cells == 0;
    if (source || text) {
        lb_fail(err, LB_BAD_DATA, "the outcome %s is a factor, not a number", source ? source : column->name);
        lb_error_where(err, "%s", f->table->name);
        lb_error_hint(err, "give an outcome column that holds numbers (0 and 1 for a yes/no outcome)");
        return LB_BAD_DATA;
    }
    return lb_expression_bind(response, f->table, f->full->pub.arena, &f->response, err);
}

/* The reference must belong to a factor of the formula. */
static int check_reference(const frame *f, lb_error *err)
{
    const char *column = f->options ? f->options->reference_column : NULL;
    if (!column || !f->options->reference_level) return LB_OK;
    for (size_t v = 0; v < f->full->pub.variables; v++) {
        if (lb_text_equal(f->full->source[v], column)) return LB_OK;
    }
    lb_fail(err, LB_USAGE, "a reference level is given for '%s', which is not a factor of the formula", column);
    lb_error_where(err, "reference");
    lb_error_hint(err, "put %s into the formula", column);
    return LB_USAGE;
}

int lb_frame_build(lb_design_full *full, const lb_table *table, const lb_design_options *options,
                   lb_error *err)
{
    lb_design *pub = &full->pub;
    frame f = {.full = full, .table = table, .options = options};
    f.expression = lb_arena_array(pub->arena, pub->variables + 1, sizeof *f.expression);
    f.factor = lb_arena_array(pub->arena, pub->variables + 1, sizeof *f.factor);
    int rc = bind_response(&f, pub->formula->response, err);
    for (size_t v = 0; v < pub->variables && !rc; v++) rc = bind_variable(&f, v, err);
    if (!rc) rc = check_reference(&f, err);
    if (!rc) rc = complete_rows(&f, pub->formula->response, err);
    for (size_t v = 0; v < pub->variables && !rc; v++) {
        if (pub->variable[v].factor) rc = factor_variable(&f, v, err);
        else rc = evaluate(&f, f.expression[v], pub->variable[v].name, &pub->variable[v].number, err);
    }
    if (!rc) rc = raw_columns(&f, err);
    if (!rc && f.response) rc = evaluate(&f, f.response, pub->response, (const double **)&pub->y, err);
    return rc;
}
