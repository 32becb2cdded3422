/* Operation `analyse describe`: the baseline table. Mean, SD (n - 1), quantiles of type 2 (SAS) or 7 (R), counts and
 * percentages by group; no p values (CONSORT 2025, item 22). Quantiles: Hyndman & Fan 1996, Am Stat 50:361. */
#include "analysis/labels.h"
#include "analysis/room.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MANY_LEVELS = 30 };

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "by", .type = LB_P_COLUMN, .summary = "column of the groups (arms)"},
    {.name = "columns", .type = LB_P_COLUMNS, .summary = "columns to describe, in this order; all when left out"},
    {.name = "categorical", .type = LB_P_COLUMNS, .summary = "columns of numbers that are codes"},
    {.name = "total", .type = LB_P_FLAG, .summary = "add a column for everybody"},
    {.name = "show", .type = LB_P_CHOICE, .summary = "what the printed table shows of a measurement", .preset = "mean",
     .choices = "mean,median,both"},
    {.name = "quantile", .type = LB_P_CHOICE, .summary = "quantile type: 2 is SAS's, 7 is R's", .preset = "7", .choices = "2,7"},
    {.name = "rounding", .type = LB_P_CHOICE, .summary = "ties away from zero (SAS) or to the even digit", .preset = "sas",
     .choices = "sas,even"},
    {.name = "digits", .type = LB_P_INT, .summary = "decimals of mean, SD and quantiles", .preset = "2", .min = 0, .max = 10},
    {.name = "percent-digits", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "decimals of percentages", .preset = "0", .min = 0,
     .max = 10},
    LB_LABELS_PARAM,
};

typedef struct group {
    const char *name, *heading;
    int32_t code; /* of the group column; -1 = everybody */
    size_t people;
} group;

typedef struct describe {
    lb_arena *arena;
    const lb_table *table;
    lb_column by;
    bool has_by, even, show_mean, show_median;
    group *group;
    size_t groups;
    int quantile_type, digits, percent_digits;
    lb_value *rows, *printed;
} describe;

double lb_sorted_quantile(const double *sorted, size_t n, double share, int type)
{
    if (n == 0) return NAN;
    if (type == 2) { /* average at a step of the empirical distribution */
        double h = (double)n * share, k = floor(h + 4e-15 * (double)n);
        size_t i = (size_t)k;
        if (i >= n) return sorted[n - 1];
        if (fabs(h - k) <= 4e-15 * (double)n && i > 0) return (sorted[i - 1] + sorted[i]) / 2;
        return sorted[i];
    }
    double h = (double)(n - 1) * share, k = floor(h);
    size_t i = (size_t)k;
    return i + 1 < n ? sorted[i] + (h - k) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool in_group(const describe *d, const group *g, size_t row) { return g->code < 0 || d->by.code[row] == g->code; }

static lb_value *new_row(const describe *d, const lb_column *column, const char *level, const group *g, size_t n, size_t missing)
{
    lb_value *row = lb_push_object(d->rows);
    lb_set_text(row, "variable", column->name);
    lb_set_text(row, "level", level);
    lb_set_text(row, "group", g->name);
    lb_set_int(row, "n", (int64_t)n);
    lb_set_int(row, "missing", (int64_t)missing);
    return row;
}

/* One line of the printed table: the characteristic, then a cell per group. */
static lb_value *printed_row(const describe *d, const char *text)
{
    lb_value *row = lb_push_object(d->printed);
    lb_set_text(row, "Characteristic", text);
    return row;
}

static const char *title_of(const describe *d, const lb_column *column, const char *what)
{
    return lb_arena_printf(d->arena, "%s%s%s%s", column->label ? column->label : column->name, column->unit ? ", " : "",
                           column->unit ? column->unit : "", what);
}

static void printed_missing(const describe *d, const size_t *missing)
{
    bool any = false;
    for (size_t g = 0; g < d->groups; g++) any |= missing[g] > 0;
    if (!any) return;
    lb_value *row = printed_row(d, "\xE2\x80\x83missing");
    for (size_t g = 0; g < d->groups; g++) lb_set_textf(row, d->group[g].heading, "%zu", missing[g]);
}

static const char *rounded(const describe *d, double value) { return lb_round_text(d->arena, value, d->digits, d->even); }

/* Rows of a measurement: one per group. `values` holds as many numbers as the table has rows. */
static void describe_number(const describe *d, const lb_column *column, double *values)
{
    lb_value *means = d->show_mean ? printed_row(d, title_of(d, column, ", mean (SD)")) : NULL;
    lb_value *medians = d->show_median ? printed_row(d, title_of(d, column, ", median [Q1, Q3]")) : NULL;
    size_t *missing = lb_arena_array(d->arena, d->groups, sizeof(size_t));
    for (size_t g = 0; g < d->groups; g++) {
        const group *who = &d->group[g];
        size_t n = 0;
        for (size_t i = 0; i < d->table->rows; i++) {
            if (!in_group(d, who, i)) continue;
            if (lb_column_missing(column, i)) missing[g]++;
            else values[n++] = column->number[i];
        }
        double mean = n ? lb_sum(values, n) / (double)n : NAN, squares = 0;
        for (size_t i = 0; i < n; i++) squares += (values[i] - mean) * (values[i] - mean);
        double sd = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
        qsort(values, n, sizeof *values, by_value);
        double q1 = lb_sorted_quantile(values, n, 0.25, d->quantile_type);
        double median = lb_sorted_quantile(values, n, 0.5, d->quantile_type);
        double q3 = lb_sorted_quantile(values, n, 0.75, d->quantile_type);
        lb_value *row = new_row(d, column, NULL, who, n, missing[g]);
        lb_set_number(row, "mean", mean);
        lb_set_number(row, "sd", sd);
        lb_set_number(row, "median", median);
        lb_set_number(row, "q1", q1);
        lb_set_number(row, "q3", q3);
        lb_set_number(row, "min", n ? values[0] : NAN);
        lb_set_number(row, "max", n ? values[n - 1] : NAN);
        lb_set_null(row, "count");
        lb_set_null(row, "percent");
        const char *text = n == 0 ? "" : n == 1 ? rounded(d, mean)
                                 : lb_arena_printf(d->arena, "%s (%s)", rounded(d, mean), rounded(d, sd));
        const char *middle = n == 0 ? "" : lb_arena_printf(d->arena, "%s [%s, %s]", rounded(d, median), rounded(d, q1), rounded(d, q3));
        lb_set_text(row, "text", d->show_mean ? text : middle);
        lb_set_text(row, "text_median", middle);
        if (means) lb_set_text(means, who->heading, text);
        if (medians) lb_set_text(medians, who->heading, middle);
    }
    printed_missing(d, missing);
}

/* Rows of a category: one per level and group; levels nobody has stay in the table. */
static void describe_factor(const describe *d, const lb_column *column, const lb_column *factor)
{
    printed_row(d, title_of(d, column, ", n (%)"));
    size_t *missing = lb_arena_array(d->arena, d->groups, sizeof(size_t));
    size_t *n = lb_arena_array(d->arena, d->groups, sizeof(size_t));
    for (size_t g = 0; g < d->groups; g++)
        for (size_t i = 0; i < d->table->rows; i++)
            if (in_group(d, &d->group[g], i)) (*(factor->code[i] < 0 ? &missing[g] : &n[g]))++;
    for (size_t level = 0; level < factor->level_count; level++) {
        lb_value *line = printed_row(d, lb_arena_printf(d->arena, "\xE2\x80\x83%s", factor->level[level]));
        for (size_t g = 0; g < d->groups; g++) {
            size_t count = 0;
            for (size_t i = 0; i < d->table->rows; i++)
                count += in_group(d, &d->group[g], i) && factor->code[i] == (int32_t)level;
            double percent = n[g] ? 100.0 * (double)count / (double)n[g] : NAN;
            lb_value *row = new_row(d, column, factor->level[level], &d->group[g], n[g], missing[g]);
            static const char *const absent[] = {"mean", "sd", "median", "q1", "q3", "min", "max"};
            for (size_t k = 0; k < LB_COUNT(absent); k++) lb_set_null(row, absent[k]);
            lb_set_int(row, "count", (int64_t)count);
            lb_set_number(row, "percent", percent);
            const char *text = n[g] ? lb_arena_printf(d->arena, "%zu (%s)", count,
                                                      lb_round_text(d->arena, percent, d->percent_digits, d->even))
                                    : "0";
            lb_set_text(row, "text", text);
            lb_set_text(row, "text_median", NULL);
            lb_set_text(line, d->group[g].heading, text);
        }
    }
    printed_missing(d, missing);
}

static int make_groups(lb_call *call, lb_result *result, describe *d, lb_error *err)
{
    const char *by = lb_call_text(call, "by");
    const lb_value *labels;
    d->has_by = by != NULL;
    int code = lb_labels_read(call, &labels, err);
    if (code) return code;
    if (by) {
        code = lb_table_factor(d->table, by, d->arena, &d->by, err);
        if (code) return code;
    }
    bool total = !by || lb_call_flag(call, "total");
    size_t levels = by ? d->by.level_count : 0;
    d->group = lb_arena_array(d->arena, levels + 1, sizeof(group));
    for (size_t g = 0; g < levels; g++) d->group[d->groups++] = (group){.name = d->by.level[g], .code = (int32_t)g};
    if (total) d->group[d->groups++] = (group){.name = "Total", .code = -1};
    for (size_t g = 0; g < d->groups; g++) {
        group *who = &d->group[g];
        for (size_t i = 0; i < d->table->rows; i++) who->people += in_group(d, who, i);
        who->heading = lb_arena_printf(d->arena, "%s (n = %zu)", lb_label(labels, who->name), who->people);
    }
    if (by && d->by.missing)
        lb_result_warn(result, "%zu rows have no value of %s and are in no group", d->by.missing, by);
    return 0;
}

/* The columns asked for; without a list all that can be described: not the groups, no identifiers or free text. */
static size_t choose_columns(lb_call *call, const describe *d, const char **names)
{
    const char *const *asked;
    size_t count = lb_call_texts(call, "columns", &asked);
    if (count) {
        for (size_t i = 0; i < count; i++) names[i] = asked[i];
        return count;
    }
    for (size_t i = 0; i < d->table->columns; i++) {
        const lb_column *column = &d->table->column[i];
        if (d->has_by && lb_text_equal(column->name, d->by.name)) continue;
        if (column->type == LB_TEXT && column->level_count > MANY_LEVELS) continue;
        names[count++] = column->name;
    }
    return count;
}

static bool listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lb_text_equal(name, list[i])) return true;
    return false;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    describe d = {.arena = result->arena,
                  .even = lb_call_chosen(call, "rounding", "even"),
                  .show_mean = !lb_call_chosen(call, "show", "median"),
                  .show_median = !lb_call_chosen(call, "show", "mean"),
                  .quantile_type = lb_call_chosen(call, "quantile", "2") ? 2 : 7,
                  .digits = (int)lb_call_int(call, "digits"),
                  .percent_digits = (int)lb_call_int(call, "percent-digits")};
    lb_table *table;
    int code = lb_call_table(call, "data", &table, err);
    if (code) return code;
    d.table = table;
    code = make_groups(call, result, &d, err);
    if (code) return code;
    const char *const *codes, *const *asked;
    size_t code_count = lb_call_texts(call, "categorical", &codes), asked_count = lb_call_texts(call, "columns", &asked);
    const char **names = lb_arena_array(d.arena, table->columns + asked_count + 1, sizeof *names);
    size_t count = choose_columns(call, &d, names);
    double *values = lb_arena_try(d.arena, table->rows + 1, sizeof(double));
    if (!values) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", table->rows);
    d.rows = lb_set_array(result->results, "rows");
    d.printed = lb_set_array(result->results, "table");
    lb_value *people = printed_row(&d, "People");
    for (size_t g = 0; g < d.groups; g++) lb_set_textf(people, d.group[g].heading, "%zu", d.group[g].people);
    for (size_t i = 0; i < count; i++) {
        lb_column *column, factor;
        code = lb_table_column(table, names[i], &column, err);
        if (code) return code;
        if (column->type == LB_NUMBER && !listed(names[i], codes, code_count)) {
            describe_number(&d, column, values);
            continue;
        }
        code = lb_table_factor(table, names[i], d.arena, &factor, err);
        if (code) return code;
        describe_factor(&d, column, &factor);
    }
    lb_result_note(result, "Mean (SD with n - 1) or count (%% of those with a value); quantiles of type %d; printed values rounded "
                   "%s. N = %zu. Groups are described, not tested: no p values.", d.quantile_type,
                   d.even ? "half to even" : "half away from zero (SAS)", table->rows);
    return 0;
}

const lb_op lb_op_analyse_describe = {
    .area = "analyse", .verb = "describe",
    .summary = "baseline table by group",
    .description =
        "One row per variable, level and group: n, missing, mean, SD, median, quartiles, range, or count and percentage; `text` "
        "is what a paper prints. Columns of text, and those named with --categorical, are categories; levels nobody has are "
        "shown with 0. There are no p values, as CONSORT asks. `table` holds the same as a printed table.\n\n"
        "SD has divisor n - 1. Quantiles are type 7 (R) or 2 (SAS); ties in rounding go away from zero (SAS) or to the even "
        "digit. Source: Hyndman & Fan 1996 for quantiles.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse describe reference/analysis/trial60.csv --by arm --columns age,sex,odi_0"};
