/* analyse subgroup: does the effect of the treatment differ between groups of people? One model with the interaction: its test,
 * and the differences inside the groups from the same model (Rothwell 2005, doi:10.1016/S0140-6736(05)17709-5). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/labels.h"
#include "analysis/rows.h"
#include "analysis/subgroup.h"

enum { MOST_LINES = 400 };

typedef struct analysis {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_table *table;
    lb_model_options options;
    lb_testing testing;
    const char *const *by;
    size_t by_count;
    lb_value *contrasts, *interactions;
    lb_subgroup_line *line; /* of the first pair of arms */
    size_t lines;
    const lb_design *last; /* of the last modifier's model */
    const char *axis_title;
    const char *favours[2]; /* lower values, higher values; NULL: not said */
    const lb_value *labels;
} analysis;

static int usage(lb_error *err, const char *option, const char *hint)
{
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

static bool is_variable(const lb_design *d, size_t v, const char *raw)
{
    const char *name = d->variable[v].name;
    size_t length = strlen(name);
    if (length > 2 && name[0] == '`') return strlen(raw) == length - 2 && !strncmp(name + 1, raw, length - 2);
    return !strcmp(name, raw);
}

static bool in_term(const lb_design *d, const lb_term *term, const char *raw)
{
    for (size_t i = 0; i < term->order; i++) {
        if (is_variable(d, term->variable[i], raw)) return true;
    }
    return false;
}

static int check_terms(const analysis *a, const lb_design *d, const char *by, lb_error *err)
{
    for (size_t t = 0; t < d->terms; t++) {
        const lb_term *term = &d->term[t];
        if (term->order > 2 && in_term(d, term, a->options.treatment) && in_term(d, term, by)) {
            lb_fail(err, LB_USAGE, "the term %s holds the treatment, %s and more", term->name, by);
            return usage(err, "formula", "write the formula without interactions of the treatment: the modifier's is added");
        }
    }
    return LB_OK;
}

static void warn_status(analysis *a, const lb_model *m, const char *what)
{
    if (!strcmp(m->status, "ok")) return;
    lb_result_status(a->result, m->status);
    lb_result_warn(a->result, "%s: %s", what, lb_model_status_words(m->status));
}

/* F of the residual sums of squares, or the likelihood ratio. */
static lb_value *test_interaction(analysis *a, const char *by, const lb_model *with, const lb_model *without)
{
    double df = (double)with->rank - (double)without->rank, statistic = NAN, p = NAN;
    lb_value *row = lb_push_object(a->interactions);
    bool f = a->options.family == LB_GAUSSIAN;
    if (df > 0 && f && with->df > 0 && with->rss > 0) {
        statistic = (without->rss - with->rss) / df / (with->rss / with->df);
        p = lb_f_p(statistic, df, with->df, LB_UPPER);
    } else if (df > 0 && !f) {
        statistic = fmax(0, 2 * (with->loglik - without->loglik));
        p = lb_chisq_p(statistic, df, LB_UPPER);
    }
    lb_set_text(row, "by", by);
    lb_set_text(row, "test", f ? "F" : "likelihood ratio");
    lb_set_number(row, "statistic", statistic);
    lb_set_number(row, "df", df);
    lb_set_number(row, "df_residual", f ? with->df : NAN);
    lb_set_number(row, "p", p);
    lb_set_int(row, "n", (int64_t)with->n);
    if (isnan(statistic)) {
        lb_set_text(row, "reason", "the data cannot tell the interaction from the other terms");
        lb_result_warn(a->result, "the interaction with %s cannot be tested: the data cannot tell it from the other terms", by);
        lb_result_status(a->result, "singular");
    }
    return row;
}

/* Values of a modifier: from --at; a numeric one with more than two values stands at its quartiles (type 7). */
static const char *places(const analysis *a, const lb_design *d, const char *by)
{
    size_t parts, n = d->n;
    char **part = lb_text_split(a->arena, lb_call_text(a->call, "at") ? lb_call_text(a->call, "at") : "", ';', &parts);
    for (size_t i = 0; i < parts; i++) {
        const char *equal = strchr(part[i], '=');
        size_t length = equal ? (size_t)(equal - part[i]) : 0, pieces;
        char **name = lb_text_split(a->arena, lb_arena_textn(a->arena, part[i], length), ';', &pieces);
        if (pieces == 1 && !strcmp(name[0], by)) return part[i];
    }
    const lb_column *column = lb_design_raw(d, by);
    if (!column || column->type != LB_NUMBER) return NULL;
    double *sorted = lb_arena_array(a->arena, n + 1, sizeof *sorted);
    uint32_t *order = lb_arena_array(a->arena, n + 1, sizeof *order);
    if (lb_sort_order(column->number, n, order, NULL)) return NULL;
    size_t distinct = n > 0;
    for (size_t i = 0; i < n; i++) {
        sorted[i] = column->number[order[i]];
        distinct += i > 0 && sorted[i] != sorted[i - 1];
    }
    if (distinct <= 2) return NULL;
    char one[32], two[32], three[32];
    double q[3];
    for (int k = 0; k < 3; k++) {
        double at = 0.25 * (k + 1) * (double)(n - 1), low = floor(at);
        size_t i = (size_t)low;
        q[k] = i + 1 < n ? sorted[i] + (at - low) * (sorted[i + 1] - sorted[i]) : sorted[i];
    }
    lb_result_note(a->result, "%s has many values: differences at its quartiles, %s, %s and %s.", by, lb_number_text(q[0], one),
                   lb_number_text(q[1], two), lb_number_text(q[2], three));
    return lb_arena_printf(a->arena, "%s=%s,%s,%s", by, one, two, three);
}

/* People of two arms at a level of the modifier; −1 when the modifier is a number that stands at chosen values. */
static int64_t count_people(const lb_design *d, const lb_grid *grid, size_t row, size_t first, size_t second, bool chosen)
{
    const lb_column *arm = lb_design_raw(d, grid->axis[0]), *by = lb_design_raw(d, grid->axis[1]);
    const char *level = lb_grid_level(grid, row, 1);
    int64_t n = 0;
    char buffer[32];
    if (chosen) return -1;
    for (size_t i = 0; i < d->n; i++) {
        size_t code = (size_t)arm->code[i];
        if (code != first && code != second) continue;
        n += !strcmp(by->type == LB_NUMBER ? lb_number_text(by->number[i], buffer) : by->level[by->code[i]], level);
    }
    return n;
}

static void add_line(analysis *a, const char *label, bool heading, double p, int64_t n, const lb_value *row)
{
    if (a->lines == MOST_LINES) return;
    a->line[a->lines++] = (lb_subgroup_line){label, heading, p, n, lb_get_number(row, "estimate", NAN), lb_get_number(row, "lower", NAN),
                                             lb_get_number(row, "upper", NAN)};
}

static int differences(analysis *a, const char *by, const lb_model *m, double p, lb_error *err)
{
    lb_linear linear;
    lb_grid grid;
    lb_value *rows = lb_value_array(a->arena);
    const char *at = places(a, m->design, by);
    int rc = lb_model_linear(m, lb_call_number(a->call, "level"), a->arena, &linear, err);
    if (!rc) rc = lb_grid_build(m->design, a->options.treatment, &by, 1, at, LB_EQUAL, a->arena, &grid, err);
    if (!rc) rc = lb_contrast_rows(&linear, &grid, &a->testing, rows, a->arena, err);
    if (rc) return rc;
    add_line(a, lb_label(a->labels, by), true, p, -1, NULL);
    size_t k = grid.levels[0], pairs = k * (k - 1) / 2;
    for (size_t i = 0; i < rows->count; i++) {
        size_t base = i / pairs * k, pair = i % pairs, second = 1;
        while (pair >= second) pair -= second++; /* pairs run (1,0), (2,0), (2,1), … */
        lb_value *row = rows->item[i];
        int64_t n = count_people(m->design, &grid, base, pair, second, at != NULL);
        lb_set_text(row, "by", by);
        lb_set_textf(row, "subgroup", "%s = %s", by, lb_grid_level(&grid, base, 1));
        if (n >= 0) lb_set_int(row, "n", n);
        lb_set_int(row, "n_model", (int64_t)m->n);
        lb_set_number(row, "interaction_p", p);
        lb_family_ratio(a->options.family, row);
        lb_push(a->contrasts, row);
        const char *level = lb_grid_level(&grid, base, 1);
        if (i % pairs == 0) add_line(a, at ? lb_arena_printf(a->arena, "at %s", level) : lb_label(a->labels, level), false, NAN, n, row);
    }
    return LB_OK;
}

static void coefficients(analysis *a, const lb_model *m)
{
    lb_value *rows = lb_set_array(a->result->results, "coefficients");
    for (size_t j = m->family == LB_COX && m->design->intercept; j < m->design->p; j++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "term", m->design->name[j]);
        const char *reason = lb_model_reason(m, j);
        lb_estimate_set(row, m->aliased[j] ? NAN : m->coefficient[j], reason ? NAN : sqrt(m->vcov[j + j * m->design->p]), m->df,
                        lb_call_number(a->call, "level"));
        lb_family_ratio(m->family, row);
        if (reason) lb_set_text(row, "reason", reason);
    }
}

static int modifier(analysis *a, const char *by, lb_error *err)
{
    const char *formula = lb_call_text(a->call, "formula"), *arm = a->options.treatment;
    lb_model with, without;
    if (!strcmp(by, arm)) {
        lb_fail(err, LB_USAGE, "the treatment cannot modify itself");
        return usage(err, "by", "name a column measured before treatment");
    }
    const char *plus = lb_arena_printf(a->arena, "%s + `%s` + `%s` + `%s`:`%s`", formula, arm, by, arm, by);
    const char *minus = lb_arena_printf(a->arena, "%s + `%s` + `%s` - `%s`:`%s` - `%s`:`%s`", formula, arm, by, arm, by, by, arm);
    int rc = lb_model_fit(a->table, plus, &a->options, a->arena, &with, a->result, err);
    if (!rc) rc = check_terms(a, with.design, by, err);
    if (!rc) rc = lb_model_fit(a->table, minus, &a->options, a->arena, &without, a->result, err);
    if (rc) return rc;
    a->last = with.design;
    warn_status(a, &with, lb_arena_printf(a->arena, "model with %s", by));
    const lb_value *test = test_interaction(a, by, &with, &without);
    rc = differences(a, by, &with, lb_get_number(test, "p", NAN), err);
    if (rc || a->by_count > 1) return rc;
    lb_set(a->result->results, "interaction", a->interactions->item[0]);
    lb_set_int(a->result->results, "n", (int64_t)with.n);
    lb_rows_report(with.design, a->result->results);
    coefficients(a, &with);
    lb_result_note(a->result, "Model: %s with %s and its interaction with %s, %s.", formula, by, arm,
                   lb_rows_text(with.design, a->table->rows, a->arena));
    return LB_OK;
}

/* The difference in everybody, from the formula as it stands. */
static int overall(analysis *a, lb_error *err)
{
    lb_model m;
    lb_linear linear;
    lb_grid grid;
    const char *text = lb_arena_printf(a->arena, "%s + `%s`", lb_call_text(a->call, "formula"), a->options.treatment);
    int rc = lb_model_fit(a->table, text, &a->options, a->arena, &m, a->result, err);
    if (!rc) warn_status(a, &m, "model without a modifier");
    if (!rc) rc = lb_model_linear(&m, lb_call_number(a->call, "level"), a->arena, &linear, err);
    if (!rc) rc = lb_grid_build(m.design, a->options.treatment, NULL, 0, NULL, LB_EQUAL, a->arena, &grid, err);
    if (rc) return rc;
    lb_value *rows = lb_set_array(a->result->results, "overall");
    rc = lb_contrast_rows(&linear, &grid, &a->testing, rows, a->arena, err);
    if (rc) return rc;
    for (size_t i = 0; i < rows->count; i++) lb_family_ratio(a->options.family, rows->item[i]);
    static const char *const measure[] = {"Difference", "Odds ratio", "Hazard ratio"};
    const char *treated = grid.levels[0] > 1 ? lb_label(a->labels, lb_grid_level(&grid, 1, 0)) : "", *other = lb_label(a->labels, lb_grid_level(&grid, 0, 0));
    a->axis_title = lb_arena_printf(a->arena, "%s, %s against %s", measure[a->options.family], treated, other);
    if (lb_call_given(a->call, "better")) {
        bool lower = lb_call_chosen(a->call, "better", "lower");
        a->favours[0] = lower ? treated : other;
        a->favours[1] = lower ? other : treated;
    }
    if (rows->count) add_line(a, "All", false, NAN, rows->count == 1 ? (int64_t)m.n : -1, rows->item[0]);
    return LB_OK;
}

static int check_at(const analysis *a, lb_error *err)
{
    size_t parts, pieces;
    char **part = lb_text_split(a->arena, lb_call_text(a->call, "at") ? lb_call_text(a->call, "at") : "", ';', &parts);
    for (size_t i = 0; i < parts; i++) {
        char **name = lb_text_split(a->arena, part[i], '=', &pieces);
        bool known = false;
        for (size_t k = 0; k < a->by_count && pieces == 2; k++) known = known || !strcmp(name[0], a->by[k]);
        if (known) continue;
        lb_fail(err, LB_USAGE, "'%s' does not give values of a modifier", part[i]);
        return usage(err, "at", "write MODIFIER=VALUE,VALUE; MODIFIER is one of --by");
    }
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    analysis a = {.call = call, .result = result, .arena = lb_call_arena(call),
                  .testing = {.sides = 2, .lower_is_better = true, .margin = NAN, .alpha = 1 - lb_call_number(call, "level"), .adjust = "none"}};
    int rc = lb_model_options_read(call, &a.options, err);
    if (!rc) rc = lb_call_table(call, "data", &a.table, err);
    if (rc) return rc;
    a.by_count = lb_call_texts(call, "by", &a.by);
    a.line = lb_arena_array(a.arena, MOST_LINES + 1, sizeof *a.line);
    result->title = "Effect modification";
    a.contrasts = lb_value_array(a.arena);
    a.interactions = lb_value_array(a.arena);
    rc = lb_labels_read(call, &a.labels, err);
    if (!rc) rc = check_at(&a, err);
    if (!rc) rc = overall(&a, err);
    for (size_t i = 0; i < a.by_count && !rc; i++) rc = modifier(&a, a.by[i], err);
    if (rc) return rc;
    lb_set(result->results, "interactions", a.interactions);
    lb_set(result->results, "contrasts", a.contrasts);
    if (a.by_count > 1)
        lb_result_note(result, "Models: %s with each modifier in turn and its interaction with %s; the last has %s.", lb_call_text(call, "formula"),
                       a.options.treatment, lb_rows_text(a.last, a.table->rows, a.arena));
    lb_rows_coding(a.last, result);
    lb_result_note(result, "Interaction: %s; differences inside groups come from the model with the interaction, %s.",
                   a.options.family == LB_GAUSSIAN ? "F test of the added terms" : "likelihood ratio test of the added terms",
                   a.options.family == LB_GAUSSIAN ? "t on its residual degrees of freedom" : "z tests");
    lb_result_note(result, "A p value inside one group does not say that groups differ: the interaction test does. %zu modifier%s examined, "
                   "not adjusted for multiplicity.", a.by_count, a.by_count == 1 ? "" : "s");
    lb_subgroup_picture(result, a.line, a.lines, a.options.family, lb_call_number(call, "level"), a.axis_title, a.favours);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per person"},
    {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "the model without the interaction: odi_12m ~ odi_0 + sex + arm"},
    {.name = "treatment", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "the column whose levels are compared"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level (default: the first)"},
    {.name = "by", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "the modifiers, each in a model of its own"},
    {.name = "at", .type = LB_P_TEXT, .summary = "values of a numeric modifier, e.g. \"age=60,70,80\" (default: its quartiles)"},
    LB_MODEL_PARAMS,
    {.name = "level", .type = LB_P_NUMBER, .summary = "confidence level of intervals", .preset = "0.95", .min = 1e-6, .max = 0.999999},
    {.name = "better", .type = LB_P_CHOICE, .summary = "direction of benefit: the picture then says which side favours whom", .choices = "lower,higher"},
    LB_LABELS_PARAM,
};

const lb_op lb_op_analyse_subgroup = {
    .area = "analyse", .verb = "subgroup",
    .summary = "effect modification: interaction tests and differences inside groups",
    .description =
        "For each modifier the interaction with the treatment is added to the formula (main effects too, when they are not there) and tested: "
        "F for least squares, likelihood ratio for logistic and Cox regression. The differences inside the groups are those of the model with "
        "the interaction, so that all groups share the covariates' effects and the error; they are never shown without the interaction's p. "
        "A numeric modifier stays a line: differences are given at both values when it has two, else at its quartiles or at --at.\n\n"
        "The picture is a forest of the groups with the difference in everybody first. Method: Rothwell (2005); emmeans' conventions for "
        "differences inside groups.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse subgroup --data reference/analysis/exercise.csv --formula 'odi_12m ~ odi_0 + sex + arm' --treatment arm --by sex,age"};
