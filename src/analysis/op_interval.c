/* analyse interval: time to an event that is seen only at visits. Turnbull's curve, and a parametric model as sensitivity. */
#include <math.h>
#include <string.h>

#include <lumbar/figure.h>

#include "analysis/linear.h"
#include "analysis/interval.h"
#include "analysis/rows.h"

typedef struct job {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_table *table;
    lb_interval_data data;  /* of the design's rows, or of all complete ones */
    lb_design *design;
    size_t *row;            /* of the table */
    lb_column by;           /* factor, or no levels */
    lb_turnbull *curve;
    size_t groups, *start, *member;
} job;

static int bad_row(const job *j, size_t row, lb_error *err, const char *fmt, double a, double b)
{
    lb_fail(err, LB_BAD_DATA, fmt, a, b);
    lb_error_where(err, "%s, row %zu", j->table->name, row + 2);
    lb_error_hint(err, "left is the last time without the event, right the first time with it; leave right empty when it was not seen");
    return LB_BAD_DATA;
}

/* left empty: 0; right empty: not seen. A row with both empty says nothing and is left out. */
static int read_row(const job *j, const lb_column *left, const lb_column *right, size_t row, double *l, double *r, bool *use, lb_error *err)
{
    *l = isnan(left->number[row]) ? 0 : left->number[row];
    *r = isnan(right->number[row]) ? INFINITY : right->number[row];
    *use = !(isnan(left->number[row]) && isnan(right->number[row]));
    if (*l < 0) return bad_row(j, row, err, "the left end %g is below 0", *l, *r);
    if (*r <= 0) return bad_row(j, row, err, "the right end %g is not above 0", *r, *l);
    if (*r < *l) return bad_row(j, row, err, "the interval from %g to %g ends before it begins", *l, *r);
    return 0;
}

static int read(job *j, lb_error *err)
{
    lb_column *left, *right;
    const char *by = lb_call_text(j->call, "by"), *formula = lb_call_text(j->call, "formula");
    int code = lb_call_table(j->call, "data", &j->table, err);
    if (!code) code = lb_table_number(j->table, lb_call_text(j->call, "left"), &left, err);
    if (!code) code = lb_table_number(j->table, lb_call_text(j->call, "right"), &right, err);
    if (!code && by) code = lb_table_factor(j->table, by, j->arena, &j->by, err);
    if (code) return code;
    if (formula) {
        lb_formula *parsed;
        const char *treatment = lb_call_text(j->call, "treatment");
        lb_design_options options = {.factor_columns = treatment ? &treatment : NULL, .factor_count = treatment != NULL, .reference_column = treatment,
                                     .reference_level = treatment ? lb_call_text(j->call, "reference") : NULL, .also_complete = by ? &by : NULL,
                                     .also_count = by != NULL};
        code = lb_formula_parse(formula, j->arena, &parsed, err);
        if (!code) code = lb_design_build(parsed, j->table, &options, j->arena, &j->design, err);
        if (code) return code;
        if (!code) code = lb_design_enough(j->design, j->design->p, j->table->name, err);
        if (code) return code;
        if (!j->design->intercept) return lb_fail(err, LB_USAGE, "the model needs its intercept: leave '- 1' out of the formula");
    }
    size_t n = j->design ? j->design->n : j->table->rows, kept = 0;
    j->data.left = lb_arena_array(j->arena, n + 1, sizeof(double));
    j->data.right = lb_arena_array(j->arena, n + 1, sizeof(double));
    j->row = lb_arena_array(j->arena, n + 1, sizeof *j->row);
    for (size_t i = 0; i < n; i++) {
        size_t row = j->design ? j->design->row[i] : i;
        bool use;
        code = read_row(j, left, right, row, &j->data.left[kept], &j->data.right[kept], &use, err);
        if (code) return code;
        if (!use || (by && j->by.code[row] < 0)) continue;
        if (j->design && kept != i) /* pack the design's rows */
            for (size_t c = 0; c < j->design->p; c++) j->design->x[kept + c * n] = j->design->x[i + c * n];
        j->row[kept++] = row;
    }
    if (j->design && kept < n)
        for (size_t c = 1; c < j->design->p; c++) memmove(j->design->x + c * kept, j->design->x + c * n, kept * sizeof(double));
    j->data.n = kept;
    if (kept == 0) {
        lb_fail(err, LB_BAD_DATA, "no row has an interval");
        return lb_error_where(err, "%s", j->table->name), LB_BAD_DATA;
    }
    size_t dropped = j->table->rows - kept;
    if (dropped) lb_result_note(j->result, "%zu of %zu rows left out because the interval, a covariate or the group is missing.", dropped, j->table->rows);
    return 0;
}

static void curves(job *j)
{
    lb_value *rows = lb_set_array(j->result->results, "curves");
    j->groups = j->by.level_count ? j->by.level_count : 1;
    j->curve = lb_arena_array(j->arena, j->groups, sizeof *j->curve);
    for (size_t g = 0; g < j->groups; g++) {
        size_t *member = lb_arena_array(j->arena, j->data.n + 1, sizeof *member), n = 0;
        for (size_t i = 0; i < j->data.n; i++)
            if (!j->by.level_count || j->by.code[j->row[i]] == (int32_t)g) member[n++] = i;
        if (n == 0) continue;
        lb_turnbull *fit = &j->curve[g];
        lb_turnbull_fit(&j->data, member, n, j->arena, fit);
        double *survival = lb_arena_array(j->arena, fit->count + 1, sizeof *survival), left = 1, low, high;
        for (size_t k = 0; k < fit->count; k++) survival[k] = left = fmax(0, left - fit->mass[k]);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "stratum", j->by.level_count ? lb_arena_printf(j->arena, "%s=%s", lb_call_text(j->call, "by"), j->by.level[g]) : "all");
        lb_set_int(row, "n", (int64_t)n);
        lb_turnbull_quantile(fit, 0.5, &low, &high);
        lb_set_number(row, "median_lower_end", low);
        lb_set_number(row, "median_upper_end", high);
        lb_set_number(row, "loglik", fit->loglik);
        lb_set_numbers(row, "from", fit->lower, fit->count);
        lb_set_numbers(row, "to", fit->upper, fit->count);
        lb_set_numbers(row, "mass", fit->mass, fit->count);
        lb_set_numbers(row, "survival", survival, fit->count);
        if (fit->converged) continue;
        lb_result_status(j->result, "not_converged");
        lb_result_warn(j->result, "the curve did not converge: its optimality conditions miss by %.1e", fit->excess);
    }
}

static int parametric(job *j, lb_aft_fit *fit, lb_aft *which, lb_error *err)
{
    static const char *const name[] = {"weibull", "exponential", "lognormal", "loglogistic"};
    double level = lb_call_number(j->call, "level"), z = lb_norm_q((1 - level) / 2, LB_UPPER);
    size_t p = j->design->p;
    for (size_t d = 0; d < LB_COUNT(name); d++)
        if (lb_call_chosen(j->call, "distribution", name[d])) *which = (lb_aft)d;
    for (size_t i = 0; i < j->data.n; i++)
        if (j->data.left[i] == j->data.right[i] && j->data.left[i] <= 0) return bad_row(j, j->row[i], err, "the event is at time %g", 0, 0);
    int code = lb_aft_fit_model(&j->data, j->design->x, p, *which, j->arena, fit, err);
    if (code) return code;
    lb_value *rows = lb_set_array(j->result->results, "coefficients");
    for (size_t k = 0; k < fit->k; k++) {
        lb_value *row = lb_push_object(rows);
        double se = fit->converged ? sqrt(fit->vcov[k + k * fit->k]) : NAN;
        lb_set_text(row, "term", k < p ? j->design->name[k] : "Log(scale)");
        lb_estimate_set(row, fit->beta[k], se, INFINITY, level);
        if (k == 0 || k >= p) continue;
        lb_set_number(row, "time_ratio", exp(fit->beta[k]));
        lb_set_number(row, "tr_lower", exp(fit->beta[k] - z * se));
        lb_set_number(row, "tr_upper", exp(fit->beta[k] + z * se));
        if (*which <= LB_EXPONENTIAL) lb_set_number(row, "hazard_ratio", exp(-fit->beta[k] / fit->scale));
    }
    lb_set_number(j->result->results, "scale", fit->scale);
    lb_set_number(j->result->results, "loglik", fit->loglik);
    lb_set_number(j->result->results, "aic", -2 * fit->loglik + 2 * (double)fit->k);
    lb_rows_report(j->design, j->result->results);
    if (!fit->converged) {
        lb_result_status(j->result, "not_converged");
        lb_result_warn(j->result, "the %s model did not converge: a covariate may tell those with the event exactly, or the scale runs to zero", name[*which]);
    }
    lb_result_note(j->result, "%s model of log time, %s, by maximum likelihood; treatment coding; Wald z tests. time_ratio above 1: later events.",
                   name[*which], lb_call_text(j->call, "formula"));
    return 0;
}

/* Steps where the curve is known, grey boxes where it may lie anywhere; line patterns differ by group. */
static void picture(job *j)
{
    static const char *const dash[] = {NULL, "6 3", "2 2", "8 3 2 3", "1 3", "10 4"};
    double longest = 0, left = 46, top = 16, width = 360, height = 210;
    char text[64];
    if (j->groups > LB_COUNT(dash)) return;
    for (size_t i = 0; i < j->data.n; i++) longest = fmax(longest, isfinite(j->data.right[i]) ? j->data.right[i] : j->data.left[i]);
    lb_svg *svg = lb_svg_new(j->arena, left + width + 16, top + height + 44, "Interval-censored survival curves",
                             "Proportion without event; where it drops within an interval between visits the interval is shaded");
    double tick[12];
    size_t ticks = lb_ticks(0, longest * 1.02, 8, tick);
    for (size_t g = 0; g < j->groups; g++) {
        double level = 1, from = 0;
        for (size_t k = 0; k < j->curve[g].count; k++) {
            const lb_turnbull *c = &j->curve[g];
            double x1 = left + width * c->lower[k] / (longest * 1.02), x2 = left + width * fmin(c->upper[k], longest * 1.02) / (longest * 1.02);
            double y1 = top + height * (1 - level), y2 = top + height * (1 - level + c->mass[k]);
            if (c->mass[k] == 0) continue;
            lb_svg_line(svg, left + width * from / (longest * 1.02), y1, x1, y1, "#1c2530", 1.3, dash[g]);
            if (x2 > x1 && isfinite(c->upper[k])) lb_svg_rect(svg, x1, y1, x2 - x1, y2 - y1, "rgba(70,82,95,0.16)", NULL, 0);
            if (isfinite(c->upper[k])) lb_svg_line(svg, x2, y1, x2, y2, "#1c2530", 0.7, dash[g]);
            level -= c->mass[k];
            from = fmin(c->upper[k], longest * 1.02);
        }
        double y = top + height * (1 - level);
        if (from < longest * 1.02 && level > 1e-9) lb_svg_line(svg, left + width * from / (longest * 1.02), y, left + width, y, "#1c2530", 1.3, dash[g]);
        if (j->groups == 1) continue;
        double key = top + 8 + 12 * (double)g, x = left + width - lb_svg_text_width(j->by.level[g], 8, false) - 30;
        lb_svg_line(svg, x, key - 2.5, x + 24, key - 2.5, "#1c2530", 1.3, dash[g]);
        lb_svg_text(svg, x + 28, key, 8, LB_START, "", "#1c2530", j->by.level[g]);
    }
    lb_svg_line(svg, left, top, left, top + height, "#1c2530", 0.8, NULL);
    lb_svg_line(svg, left, top + height, left + width, top + height, "#1c2530", 0.8, NULL);
    for (int i = 0; i <= 5; i++) {
        double y = top + height * (1 - i / 5.0);
        lb_svg_line(svg, left - 3, y, left, y, "#1c2530", 0.8, NULL);
        lb_svg_text(svg, left - 5, y + 2.8, 8, LB_END, "", "#1c2530", lb_svg_number(i / 5.0, 1, text));
    }
    for (size_t i = 0; i < ticks; i++) {
        double x = left + width * tick[i] / (longest * 1.02);
        lb_svg_line(svg, x, top + height, x, top + height + 3, "#1c2530", 0.8, NULL);
        lb_svg_text(svg, x, top + height + 12, 8, LB_MIDDLE, "", "#1c2530", lb_number_text(tick[i] == 0 ? 0 : tick[i], text));
    }
    lb_svg_text(svg, left + width / 2, top + height + 27, 9, LB_MIDDLE, "", "#1c2530", "Time");
    lb_svg_text_rotated(svg, left - 32, top + height / 2, -90, 9, LB_MIDDLE, "", "#1c2530", "Proportion without event");
    lb_result_picture(j->result, "interval", "Interval-censored survival curves", lb_svg_finish(svg));
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    job j = {.call = call, .result = result, .arena = result->arena};
    lb_aft_fit fit;
    lb_aft which = LB_WEIBULL;
    int code = read(&j, err);
    if (code) return code;
    result->title = "Interval-censored times";
    lb_set_int(result->results, "n", (int64_t)j.data.n);
    size_t events = 0;
    for (size_t i = 0; i < j.data.n; i++) events += isfinite(j.data.right[i]);
    lb_set_int(result->results, "events", (int64_t)events);
    if (events == 0) lb_result_warn(result, "no event: everybody is censored");
    curves(&j);
    if (j.design) code = parametric(&j, &fit, &which, err);
    if (code) return code;
    picture(&j);
    lb_result_note(result, "Turnbull's estimate; intervals are (left, right], equal ends are exact times, an empty right end is censored at the left; "
                           "N = %zu, events = %zu.", j.data.n, events);
    return 0;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per person"},
    {.name = "left", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "last time without the event (empty: 0)"},
    {.name = "right", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "first time with the event (empty: not seen)"},
    {.name = "by", .type = LB_P_COLUMN, .summary = "a curve for each level"},
    {.name = "formula", .type = LB_P_FORMULA, .summary = "covariates of the parametric model: \"~ arm + odi_0\""},
    {.name = "distribution", .type = LB_P_CHOICE, .summary = "of the parametric model", .preset = "weibull",
     .choices = "weibull,exponential,lognormal,loglogistic"},
    {.name = "treatment", .type = LB_P_COLUMN, .summary = "a column to take as a factor even when it is numeric"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the intervals", .preset = "0.95", .min = 0.001, .max = 0.999999},
};

const lb_op lb_op_analyse_interval = {
    .area = "analyse", .verb = "interval",
    .summary = "time to an event that is seen only at visits",
    .description =
        "A recurrence that is found at a visit began some time since the visit before. The curve without assumptions is Turnbull's (1976): its mass lies "
        "in a few intervals between visits, and within them the curve may fall anywhere. With --formula an accelerated failure time model is fitted "
        "by maximum likelihood to the same intervals (log T = xb + scale W, as R's survreg), as a sensitivity analysis.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse interval --data reference/analysis/onset80.csv --left left --right right --by arm --formula '~ arm + odi_0'"};
