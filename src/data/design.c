/* Design matrices with R's rules (Chambers & Hastie 1992, Statistical Models in S, ch. 2): treatment contrasts where the
 * margin of a term is in the model, full dummies where it is not, coefficient names as R writes them. */
#include "design.h"

#include <math.h>
#include <string.h>

enum { MAX_COLUMNS = 20000 };

/* -- terms and their coding --------------------------------------------------------------------------------- */

/* R's rule: a factor of a term is coded by contrasts when the term without it is empty or lies within a term before. */
static unsigned char code_of(const lb_terms *terms, size_t t, size_t variable)
{
    lb_bits rest = terms->term[t];
    rest.word[variable / 64] &= ~((uint64_t)1 << (variable % 64));
    if (lb_bits_count(&rest) == 0) return LB_CONTRAST;
    for (size_t i = 0; i < t; i++) {
        if (lb_bits_within(&rest, &terms->term[i])) return LB_CONTRAST;
    }
    return LB_FULL;
}

static size_t width(const lb_design_full *d, size_t term, size_t k)
{
    const lb_variable *v = &d->pub.variable[d->pub.term[term].variable[k]];
    if (!v->factor) return 1;
    return d->coding[term][k] == LB_FULL ? v->level_count : v->level_count - 1;
}

/* Without an intercept the first factor met is coded in full. */
static void open_first_factor(lb_design_full *d)
{
    for (size_t t = 0; t < d->pub.terms; t++) {
        for (size_t k = 0; k < d->pub.term[t].order; k++) {
            if (d->coding[t][k] == LB_NUMERIC) continue;
            d->coding[t][k] = LB_FULL;
            return;
        }
    }
}

static const char *term_name(const lb_design_full *d, const lb_term *term)
{
    lb_buf buf = {0};
    for (size_t k = 0; k < term->order; k++) {
        lb_buf_printf(&buf, "%s%s", k ? ":" : "", d->pub.variable[term->variable[k]].name);
    }
    const char *text = lb_arena_text(d->pub.arena, buf.data);
    lb_buf_free(&buf);
    return text;
}

/* Terms over the variables that are left (`place` maps the expansion's variables to the design's). */
static void make_terms(lb_design_full *d, const lb_terms *terms, const size_t *place)
{
    lb_arena *arena = d->pub.arena;
    d->pub.terms = terms->count;
    d->pub.term = lb_arena_array(arena, terms->count + 1, sizeof *d->pub.term);
    d->coding = lb_arena_array(arena, terms->count + 1, sizeof *d->coding);
    for (size_t t = 0; t < terms->count; t++) {
        lb_term *term = &d->pub.term[t];
        size_t order = lb_bits_count(&terms->term[t]), k = 0;
        size_t *variable = lb_arena_array(arena, order + 1, sizeof *variable);
        d->coding[t] = lb_arena_array(arena, order + 1, 1);
        for (size_t v = 0; v < terms->variables; v++) {
            if (!lb_bits_has(&terms->term[t], v)) continue;
            variable[k] = place[v];
            bool factor = d->pub.variable[place[v]].factor;
            d->coding[t][k++] = factor ? code_of(terms, t, v) : LB_NUMERIC;
        }
        term->order = order;
        term->variable = variable;
        term->name = term_name(d, term);
    }
    if (!d->pub.intercept) open_first_factor(d);
}

/* -- columns -------------------------------------------------------------------------------------------------- */

static const char *column_name(const lb_design_full *d, size_t t, size_t column)
{
    const lb_term *term = &d->pub.term[t];
    lb_buf buf = {0};
    for (size_t k = 0; k < term->order; k++) {
        const lb_variable *v = &d->pub.variable[term->variable[k]];
        size_t w = width(d, t, k), index = column % w;
        column /= w;
        lb_buf_printf(&buf, "%s%s", k ? ":" : "", v->name);
        if (v->factor) lb_buf_puts(&buf, v->level[d->coding[t][k] == LB_FULL ? index : index + 1]);
    }
    const char *text = lb_arena_text(d->pub.arena, buf.data);
    lb_buf_free(&buf);
    return text;
}

static int make_columns(lb_design_full *d, lb_error *err)
{
    lb_design *pub = &d->pub;
    size_t p = pub->intercept;
    for (size_t t = 0; t < pub->terms; t++) {
        size_t count = 1;
        for (size_t k = 0; k < pub->term[t].order && count <= MAX_COLUMNS; k++) count *= width(d, t, k);
        pub->term[t].first = p;
        pub->term[t].count = count;
        p += count;
        if (p > MAX_COLUMNS) {
            lb_fail(err, LB_TOO_LARGE, "the formula makes more than %d columns, at the term %s", MAX_COLUMNS,
                    pub->term[t].name);
            lb_error_where(err, "formula");
            lb_error_hint(err, "a column with very many different texts (an identifier?) is not a useful factor");
            return LB_TOO_LARGE;
        }
    }
    pub->p = p;
    pub->name = lb_arena_array(pub->arena, p + 1, sizeof *pub->name);
    pub->term_of = lb_arena_array(pub->arena, p + 1, sizeof *pub->term_of);
    if (pub->intercept) pub->name[0] = "(Intercept)";
    for (size_t t = 0; t < pub->terms; t++) {
        for (size_t c = 0; c < pub->term[t].count; c++) {
            pub->name[pub->term[t].first + c] = column_name(d, t, c);
            pub->term_of[pub->term[t].first + c] = t + 1;
        }
    }
    return LB_OK;
}

/* Multiply a column by one factor's indicator (or sum-to-zero contrast). */
static void times_factor(const lb_variable *v, size_t rows, size_t index, bool full, lb_coding coding, double *out)
{
    int32_t last = (int32_t)v->level_count - 1;
    int32_t one = (int32_t)(full || coding == LB_SUM_TO_ZERO ? index : index + 1);
    for (size_t i = 0; i < rows; i++) {
        double value = v->code[i] < 0 ? NAN : v->code[i] == one ? 1 : 0;
        if (!full && coding == LB_SUM_TO_ZERO && v->code[i] == last) value = -1;
        out[i] *= value;
    }
}

void lb_design_column(const lb_design_full *d, const lb_variable *values, size_t rows, size_t column, lb_coding coding,
                      double *out)
{
    for (size_t i = 0; i < rows; i++) out[i] = 1;
    if (d->pub.term_of[column] == 0) return;
    size_t t = d->pub.term_of[column] - 1, index = column - d->pub.term[t].first;
    for (size_t k = 0; k < d->pub.term[t].order; k++) {
        const lb_variable *v = &values[d->pub.term[t].variable[k]];
        size_t w = width(d, t, k);
        if (v->factor) {
            times_factor(v, rows, index % w, d->coding[t][k] == LB_FULL, coding, out);
        } else {
            for (size_t i = 0; i < rows; i++) out[i] *= v->number[i];
        }
        index /= w;
    }
}

static int fill(const lb_design_full *d, const lb_variable *values, size_t rows, lb_coding coding, lb_arena *arena,
                double **out, lb_error *err)
{
    *out = lb_arena_try(arena, rows ? rows : 1, (d->pub.p ? d->pub.p : 1) * sizeof **out);
    if (!*out) {
        return lb_fail(err, LB_NO_MEMORY, "not enough memory for a design of %zu rows and %zu columns", rows, d->pub.p);
    }
    for (size_t j = 0; j < d->pub.p; j++) lb_design_column(d, values, rows, j, coding, *out + j * rows);
    return LB_OK;
}

/* -- building ------------------------------------------------------------------------------------------------- */

/* The columns "." stands for: all that the left side does not use. */
static size_t dot_names(const lb_formula *formula, const lb_table *table, lb_arena *arena, const char ***out)
{
    size_t taken = 0, count = 0;
    const char **used = lb_arena_array(arena, table->columns + 1, sizeof *used);
    *out = lb_arena_array(arena, table->columns + 1, sizeof **out);
    lb_node_columns(formula->response, used, &taken, table->columns);
    for (size_t c = 0; c < table->columns; c++) {
        bool left = false;
        for (size_t i = 0; i < taken; i++) left = left || !strcmp(used[i], table->column[c].name);
        if (!left) (*out)[count++] = table->column[c].name;
    }
    return count;
}

/* Keep the variables some term uses. */
static int choose_variables(lb_design_full *d, const lb_terms *terms, size_t *place, lb_error *err)
{
    lb_design *pub = &d->pub;
    lb_bits used = {{0}};
    for (size_t t = 0; t < terms->count; t++) {
        for (size_t w = 0; w < LB_TERM_WORDS; w++) used.word[w] |= terms->term[t].word[w];
    }
    pub->variable = lb_arena_array(pub->arena, terms->variables + 1, sizeof *pub->variable);
    d->node = lb_arena_array(pub->arena, terms->variables + 1, sizeof *d->node);
    d->source = lb_arena_array(pub->arena, terms->variables + 1, sizeof *d->source);
    for (size_t v = 0; v < terms->variables; v++) {
        if (!lb_bits_has(&used, v)) continue;
        if (lb_text_equal(terms->name[v], pub->response)) {
            lb_fail(err, LB_USAGE, "the outcome %s stands on both sides of the formula", pub->response);
            lb_error_where(err, "formula");
            lb_error_hint(err, "take it out of the right side");
            return LB_USAGE;
        }
        place[v] = pub->variables;
        d->node[pub->variables] = terms->variable[v];
        pub->variable[pub->variables++].name = terms->name[v];
    }
    return LB_OK;
}

int lb_design_build(const lb_formula *formula, const lb_table *table, const lb_design_options *options, lb_arena *arena,
                    lb_design **out, lb_error *err)
{
    lb_design_full *d = lb_arena_alloc(arena, sizeof *d);
    const char **dot;
    size_t dots = dot_names(formula, table, arena, &dot);
    lb_terms terms;
    int rc = lb_terms_expand(formula, dot, dots, arena, &terms, err);
    if (rc) return rc;
    d->pub.arena = arena;
    d->pub.formula = formula;
    d->pub.bars = formula->bars;
    d->pub.intercept = terms.intercept;
    d->pub.response = formula->response ? lb_node_text(formula->response, arena) : NULL;
    size_t *place = lb_arena_array(arena, terms.variables + 1, sizeof *place);
    rc = choose_variables(d, &terms, place, err);
    if (!rc) rc = lb_frame_build(d, table, options, err);
    if (rc) return rc;
    make_terms(d, &terms, place);
    rc = make_columns(d, err);
    if (!rc) rc = fill(d, d->pub.variable, d->pub.n, LB_TREATMENT, arena, &d->pub.x, err);
    if (!rc) *out = &d->pub;
    return rc;
}

int lb_design_sum_coded(const lb_design *design, lb_arena *arena, double **x, lb_error *err)
{
    const lb_design_full *d = (const lb_design_full *)design;
    return fill(d, design->variable, design->n, LB_SUM_TO_ZERO, arena, x, err);
}

const lb_column *lb_design_raw(const lb_design *design, const char *name)
{
    const lb_design_full *d = (const lb_design_full *)design;
    for (size_t i = 0; i < design->raw_count; i++) {
        if (!strcmp(design->raw_name[i], name)) return &d->raw[i];
    }
    return NULL;
}

int lb_design_enough(const lb_design *design, size_t rank, const char *table, lb_error *err)
{
    bool constant = design->y != NULL && design->n > 0;
    for (size_t i = 1; i < design->n && constant; i++) constant = design->y[i] == design->y[0];
    if (constant) {
        lb_fail(err, LB_BAD_DATA, "the outcome %s is %g in all %zu complete rows: there is nothing to estimate", design->response, design->y[0], design->n);
        lb_error_hint(err, "see whether it is the column that was meant, and whether its values were read or kept as they should");
    } else if (design->p > design->n && rank >= design->n) {
        lb_fail(err, LB_BAD_DATA, "%zu coefficients%s, but only %zu complete rows: nothing is left for the error", design->p,
                design->intercept ? " (the intercept or baseline among them)" : "", design->n);
        lb_error_hint(err, "leave terms out of the formula or merge rare levels; or see which columns are missing so often");
    } else {
        return LB_OK;
    }
    lb_error_where(err, "%s", table);
    return LB_BAD_DATA;
}

/* -- rows for new data ------------------------------------------------------------------------------------------ */

static int new_factor(const lb_variable *old, const lb_column *column, size_t rows, lb_arena *arena, lb_variable *to,
                      lb_error *err)
{
    int32_t *code = lb_arena_try(arena, rows + 1, sizeof *code);
    if (!code) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", rows);
    for (size_t i = 0; i < rows; i++) {
        char buffer[32];
        code[i] = -1;
        if (lb_column_missing(column, i)) continue;
        const char *text = lb_column_text(column, i, buffer);
        for (size_t l = 0; l < old->level_count && code[i] < 0; l++) {
            if (!strcmp(old->level[l], text)) code[i] = (int32_t)l;
        }
        if (code[i] < 0) {
            lb_fail(err, LB_BAD_DATA, "'%s' is not a level of %s in the fitted model", text, old->name);
            lb_error_hint(err, "its levels start with '%s'", old->level[0]);
            return LB_BAD_DATA;
        }
    }
    to->code = code;
    return LB_OK;
}

int lb_design_rows(const lb_design *design, const lb_table *newdata, lb_arena *arena, double **x, lb_error *err)
{
    const lb_design_full *d = (const lb_design_full *)design;
    lb_variable *values = lb_arena_array(arena, design->variables + 1, sizeof *values);
    for (size_t v = 0; v < design->variables; v++) {
        values[v] = design->variable[v];
        if (d->source[v]) {
            lb_column *column;
            int rc = lb_table_column(newdata, d->source[v], &column, err);
            if (!rc) rc = new_factor(&design->variable[v], column, newdata->rows, arena, &values[v], err);
            if (rc) return rc;
            continue;
        }
        lb_bound *expression;
        int rc = lb_expression_bind(d->node[v], newdata, arena, &expression, err);
        if (rc) return rc;
        double *number = lb_arena_try(arena, newdata->rows + 1, sizeof *number);
        if (!number) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", newdata->rows);
        for (size_t i = 0; i < newdata->rows; i++) number[i] = lb_expression_at(expression, i);
        values[v].number = number;
    }
    return fill(d, values, newdata->rows, LB_TREATMENT, arena, x, err);
}
