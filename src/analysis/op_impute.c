/* analyse impute: multiple imputation by chained equations, written as stacked tables for `analyse pool`. */
#include <math.h>
#include <string.h>

#include "analysis/impute.h"

enum { MOST_LEVELS = 30, MOST_CELLS = 200000000 };

typedef struct job {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_impute impute;
    double **value;
    lb_impute_trace *trace;
} job;

static const char *const method_name[] = {"pmm", "normal", "logistic", "multinomial"};

static int usage(lb_error *err, const char *option, const char *hint)
{
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return err->code;
}

static bool listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0) return true;
    return false;
}

/* "12, 14, ten, 9" becomes categories here, as in every operation: which may be meant ("3+"), so it is said, not refused. */
static void warn_spoiled(job *j, const lb_column *column)
{
    size_t known = j->impute.table->rows - column->missing;
    if (!column->odd_text || 2 * column->number_cells <= known) return;
    lb_result_warn(j->result, "%s is imputed as categories: %zu cells of %zu are numbers, but line %zu holds '%.60s'; if it is a number column, correct "
                   "the cell or declare it as missing (--missing); if not, name it in --categorical", column->name, column->number_cells, known,
                   column->odd_line, column->odd_text);
}

/* One column as the chains see it. A text column of many levels is no predictor: it names people, or is free text. */
static int add_variable(job *j, const char *name, bool asked, lb_error *err)
{
    lb_impute *from = &j->impute;
    const char *const *categorical;
    size_t categories = lb_call_texts(j->call, "categorical", &categorical);
    lb_column *column, factor;
    int code = lb_table_column(from->table, name, &column, err);
    if (code) return code;
    lb_impute_variable v = {.name = column->name, .missing = column->missing};
    bool as_factor = column->type == LB_TEXT || listed(categorical, categories, name);
    if (column->missing == from->table->rows) {
        code = lb_fail(err, LB_BAD_DATA, "column '%s' is empty: nothing can be learned about it", name);
        return usage(err, "columns", "leave it out");
    }
    if (as_factor) {
        code = lb_table_factor(from->table, name, j->arena, &factor, err);
        if (code) return code;
        if (factor.level_count > MOST_LEVELS) {
            if (!asked) {
                lb_result_warn(j->result, "%s has %zu different texts and is left out of the imputation", name, factor.level_count);
                return 0;
            }
            code = lb_fail(err, LB_BAD_DATA, "column '%s' has %zu levels, more than %d", name, factor.level_count, MOST_LEVELS);
            return usage(err, "columns", "leave it out, or merge levels");
        }
        if (column->type == LB_TEXT && !listed(categorical, categories, name)) warn_spoiled(j, column);
        v.factor = true;
        v.levels = factor.level_count;
        v.level = factor.level;
        v.code = factor.code;
        v.width = factor.level_count - 1;
        v.method = factor.level_count == 2 ? LB_LOGISTIC : LB_MULTINOMIAL;
    } else {
        v.number = column->number;
        v.width = 1;
        v.method = LB_PMM;
    }
    v.first = from->width;
    from->width += v.width;
    from->variable[from->variables++] = v;
    return 0;
}

/* "odi_12m=normal": the value after the last '='. */
static int split(const char *word, const char *option, lb_arena *arena, const char **name, const char **value, lb_error *err)
{
    const char *equal = strrchr(word, '=');
    if (!equal || equal == word || !equal[1]) {
        int code = lb_fail(err, LB_USAGE, "'%.80s' is not of the form COLUMN=VALUE", word);
        return lb_error_where(err, "%s", option), code;
    }
    *name = lb_arena_textn(arena, word, (size_t)(equal - word));
    *value = equal + 1;
    return 0;
}

static int find(job *j, const char *name, const char *option, lb_impute_variable **out, lb_error *err)
{
    for (size_t v = 0; v < j->impute.variables; v++)
        if (strcmp(j->impute.variable[v].name, name) == 0) return *out = &j->impute.variable[v], 0;
    lb_fail(err, LB_USAGE, "'%.80s' is not among the columns that are imputed or predict", name);
    return usage(err, option, "name it in --columns, too");
}

static int set_methods(job *j, lb_error *err)
{
    const char *const *word, *name, *value;
    size_t count = lb_call_texts(j->call, "methods", &word);
    for (size_t i = 0; i < count; i++) {
        lb_impute_variable *v = NULL;
        int code = split(word[i], "methods", j->arena, &name, &value, err);
        if (!code) code = find(j, name, "methods", &v, err);
        if (code) return code;
        size_t k = 0;
        while (k < LB_COUNT(method_name) && strcmp(method_name[k], value) != 0) k++;
        if (k == LB_COUNT(method_name)) {
            lb_fail(err, LB_USAGE, "there is no method '%.40s'", value);
            return usage(err, "methods", "the methods are pmm, normal, logistic, multinomial");
        }
        if (v->factor != (k >= LB_LOGISTIC) || (k == LB_LOGISTIC && v->levels != 2)) {
            lb_fail(err, LB_USAGE, "method %s does not suit column '%s'", value, name);
            return usage(err, "methods", v->factor ? "categories: logistic for two levels, multinomial for more"
                                                   : "numbers: pmm or normal; name codes in --categorical first");
        }
        v->method = (lb_impute_method)k;
    }
    return 0;
}

static int set_deltas(job *j, lb_error *err)
{
    const char *const *word, *name, *value;
    size_t count = lb_call_texts(j->call, "delta", &word), rows = j->impute.table->rows;
    for (size_t i = 0; i < count; i++) {
        lb_impute_variable *v = NULL;
        int code = split(word[i], "delta", j->arena, &name, &value, err);
        if (!code) code = find(j, name, "delta", &v, err);
        if (code) return code;
        if (!lb_text_number(value, strlen(value), &v->delta) || v->factor) {
            lb_fail(err, LB_USAGE, "'%.80s' does not shift a number by a number", word[i]);
            return usage(err, "delta", "for example --delta odi_12m=5");
        }
    }
    if (count == 0) return 0;
    bool *shifted = lb_arena_array(j->arena, rows + 1, sizeof *shifted);
    const char *where = lb_call_text(j->call, "delta-where");
    lb_column factor = {0};
    size_t people = rows;
    if (where) {
        int code = split(where, "delta-where", j->arena, &name, &value, err);
        if (!code) code = lb_table_factor(j->impute.table, name, j->arena, &factor, err);
        if (code) return code;
        people = 0;
    }
    for (size_t r = 0; r < rows; r++) {
        shifted[r] = !where || (factor.code[r] >= 0 && strcmp(factor.level[factor.code[r]], value) == 0);
        people += where && shifted[r];
    }
    if (people == 0) {
        lb_fail(err, LB_BAD_DATA, "no row has %s", where);
        return usage(err, "delta-where", "look at the column's values");
    }
    j->impute.shifted = shifted;
    return 0;
}

static int set_groups(job *j, lb_error *err)
{
    const char *by = lb_call_text(j->call, "by");
    lb_impute *from = &j->impute;
    lb_column factor;
    from->groups = 1;
    from->group = lb_arena_array(j->arena, from->table->rows + 1, sizeof *from->group);
    if (!by) return 0;
    int code = lb_table_factor(from->table, by, j->arena, &factor, err);
    if (code) return code;
    if (factor.missing) {
        lb_fail(err, LB_BAD_DATA, "%zu rows have no %s", factor.missing, by);
        return usage(err, "by", "the group must be known for everybody");
    }
    from->groups = factor.level_count;
    from->group = factor.code;
    for (size_t v = 0; v < from->variables; v++) { /* every group must have somebody seen, and people enough for a regression */
        const lb_impute_variable *variable = &from->variable[v];
        if (!variable->missing) continue;
        size_t *seen = lb_arena_array(j->arena, from->groups, sizeof *seen);
        for (size_t r = 0; r < from->table->rows; r++) seen[factor.code[r]] += variable->factor ? variable->code[r] >= 0 : !isnan(variable->number[r]);
        for (size_t g = 0; g < from->groups; g++) {
            if (seen[g] >= 2) continue;
            lb_fail(err, LB_BAD_DATA, "fewer than two people of %s %s have a value of %s", by, factor.level[g], variable->name);
            return usage(err, "by", "impute over all groups together, with the group as a predictor");
        }
    }
    return 0;
}

static int read(job *j, lb_error *err)
{
    lb_impute *from = &j->impute;
    const char *const *name;
    int code = lb_call_table(j->call, "data", &from->table, err);
    if (code) return code;
    size_t count = lb_call_texts(j->call, "columns", &name);
    from->variable = lb_arena_array(j->arena, from->table->columns + count + 1, sizeof *from->variable);
    const char *by = lb_call_text(j->call, "by");
    for (size_t i = 0; i < (count ? count : from->table->columns) && !code; i++) {
        const char *column = count ? name[i] : from->table->column[i].name;
        if (listed(name, count ? i : 0, column) || (by && strcmp(by, column) == 0)) continue;
        code = add_variable(j, column, count > 0, err);
    }
    if (!code) code = set_methods(j, err);
    if (!code) code = set_deltas(j, err);
    if (!code) code = set_groups(j, err);
    if (code) return code;
    size_t missing = 0, cells;
    for (size_t v = 0; v < from->variables; v++) missing += from->variable[v].missing;
    if (missing == 0) lb_result_warn(j->result, "nothing is missing in these columns: the imputed tables equal the data");
    from->m = (size_t)lb_call_int(j->call, "m");
    from->iterations = (size_t)lb_call_int(j->call, "iterations");
    from->donors = (size_t)lb_call_int(j->call, "donors");
    from->seed = (uint64_t)lb_call_int(j->call, "seed");
    from->threads = lb_call_threads(j->call);
    from->progress = lb_call_progress(j->call);
    from->arena = j->arena;
    if (__builtin_mul_overflow(from->m * from->table->columns, from->table->rows, &cells) || cells > MOST_CELLS) {
        lb_fail(err, LB_TOO_LARGE, "%zu imputations of %zu rows × %zu columns are too many to hold", from->m, from->table->rows, from->table->columns);
        return usage(err, "m", "ask for fewer imputations, or name fewer columns");
    }
    if (from->table->rows < 3 || from->width + 2 > from->table->rows) {
        lb_fail(err, LB_BAD_DATA, "%zu rows are too few for %zu predictors", from->table->rows, from->width);
        return usage(err, "columns", "name the columns that matter; merge rare levels");
    }
    return 0;
}

/* The completed tables one below the other, the imputation's number first; `original` puts the data as they were on top, as 0. */
static lb_table *stack(const job *j, bool original)
{
    const lb_impute *from = &j->impute;
    size_t n = from->table->rows, copies = from->m + original, *row = lb_arena_array(j->arena, n * copies + 1, sizeof *row);
    for (size_t i = 0; i < n * copies; i++) row[i] = i % n;
    lb_table *all = lb_table_rows(from->table, row, n * copies, j->arena);
    for (size_t v = 0; v < from->variables; v++) {
        const lb_impute_variable *variable = &from->variable[v];
        if (!variable->missing) continue;
        lb_column *column = lb_table_find(all, variable->name);
        for (size_t i = original ? n : 0; i < n * copies; i++) {
            double value = j->value[i / n - original][i % n * from->variables + v];
            if (!variable->factor) column->number[i] = value;
            else if (column->type == LB_TEXT) column->code[i] = (int32_t)value;
            else if (lb_column_missing(column, i)) { /* codes in a column of numbers */
                const char *text = variable->level[(size_t)value];
                if (lb_text_number(text, strlen(text), &value)) column->number[i] = value;
            }
        }
        column->missing = original ? variable->missing : 0;
    }
    lb_table *out = lb_table_new(j->arena, "imputed", n * copies);
    lb_column *which = lb_table_add_number(out, "imputation");
    for (size_t i = 0; i < n * copies; i++) which->number[i] = (double)(i / n + !original);
    which->missing = 0;
    lb_column *grown = lb_arena_array(j->arena, all->columns + 2, sizeof *grown);
    grown[0] = out->column[0];
    memcpy(grown + 1, all->column, all->columns * sizeof *grown);
    out->column = grown;
    out->columns = all->columns + 1;
    return out;
}

static void report(job *j)
{
    const lb_impute *from = &j->impute;
    lb_value *out = j->result->results, *rows = lb_set_array(out, "variables"), *chains;
    lb_set_int(out, "m", (int64_t)from->m);
    lb_set_int(out, "iterations", (int64_t)from->iterations);
    lb_set_int(out, "n", (int64_t)from->table->rows);
    size_t last = (from->iterations - 1) * from->variables;
    for (size_t v = 0; v < from->variables; v++) {
        const lb_impute_variable *variable = &from->variable[v];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "variable", variable->name);
        lb_set_text(row, "method", variable->missing ? method_name[variable->method] : "complete");
        lb_set_int(row, "missing", (int64_t)variable->missing);
        if (!variable->missing || variable->factor || from->groups > 1) continue;
        double mean = 0, seen = 0, count = 0;
        for (size_t k = 0; k < from->m; k++) mean += j->trace[k].mean[last + v] / (double)from->m;
        for (size_t r = 0; r < from->table->rows; r++) {
            if (isnan(variable->number[r])) continue;
            seen += variable->number[r];
            count++;
        }
        lb_set_number(row, "mean_observed", seen / count);
        lb_set_number(row, "mean_imputed", mean);
        if (variable->delta != 0) lb_set_number(row, "delta", variable->delta);
    }
    chains = lb_set_array(out, "chains");
    bool weak = false;
    for (size_t k = 0; k < from->m * from->groups; k++) {
        weak |= j->trace[k].weak;
        for (size_t i = 0; i < from->iterations * from->variables && from->m * from->iterations <= 2000; i++) {
            const lb_impute_variable *variable = &from->variable[i % from->variables];
            if (!variable->missing || variable->factor) continue;
            lb_value *row = lb_push_object(chains);
            lb_set_text(row, "variable", variable->name);
            lb_set_int(row, "imputation", (int64_t)(k / from->groups + 1));
            if (from->groups > 1) lb_set_int(row, "group", (int64_t)(k % from->groups + 1));
            lb_set_int(row, "iteration", (int64_t)(i / from->variables + 1));
            lb_set_number(row, "mean", j->trace[k].mean[i]);
            lb_set_number(row, "sd", j->trace[k].sd[i]);
        }
    }
    if (weak)
        lb_result_warn(j->result, "some regressions had predictors that others make up, or too few people: those predictors were left out where "
                                  "they did; name fewer columns in --columns");
    lb_result_note(j->result, "Chained equations, %zu imputations of %zu rows, %zu iterations, seed %lld; each variable given all others%s.", from->m,
                   from->table->rows, from->iterations, (long long)from->seed, from->groups > 1 ? ", within each group" : "");
    if (from->shifted)
        lb_result_note(j->result, "Shifts are added to the imputed values after the last iteration%s%s; they do not feed back into other variables.",
                       lb_call_text(j->call, "delta-where") ? " of rows with " : "",
                       lb_call_text(j->call, "delta-where") ? lb_call_text(j->call, "delta-where") : "");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    job j = {.call = call, .result = result, .arena = lb_call_arena(call)};
    int code = read(&j, err);
    if (code) return code;
    const lb_impute *from = &j.impute;
    size_t size = from->iterations * from->variables;
    j.value = lb_arena_array(j.arena, from->m, sizeof *j.value);
    j.trace = lb_arena_array(j.arena, from->m * from->groups, sizeof *j.trace);
    for (size_t k = 0; k < from->m; k++) {
        j.value[k] = lb_arena_try(j.arena, from->table->rows * from->variables + 1, sizeof(double));
        if (!j.value[k]) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu imputations", from->m);
    }
    for (size_t k = 0; k < from->m * from->groups; k++) {
        j.trace[k].mean = lb_arena_array(j.arena, size + 1, sizeof(double));
        j.trace[k].sd = lb_arena_array(j.arena, size + 1, sizeof(double));
    }
    code = lb_impute_run(from, j.value, j.trace, err);
    if (code) return code;
    result->title = "Multiple imputation";
    report(&j);
    lb_buf csv = {0};
    lb_csv_write(stack(&j, lb_call_flag(call, "original")), false, &csv);
    if (csv.overflow) code = lb_fail(err, LB_TOO_LARGE, "the stacked tables are larger than 1 GiB");
    else lb_result_main_artifact(result, "imputed.csv", "text/csv; charset=utf-8", csv.data, csv.length);
    lb_buf_free(&csv);
    return code;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per person"},
    {.name = "columns", .type = LB_P_COLUMNS, .summary = "columns that are imputed and predict each other (default: all)"},
    {.name = "categorical", .type = LB_P_COLUMNS, .summary = "columns of numbers that are codes"},
    {.name = "methods", .type = LB_P_TEXTS,
     .summary = "COLUMN=pmm, normal, logistic or multinomial (default: pmm for numbers, logistic or multinomial for categories)"},
    {.name = "by", .type = LB_P_COLUMN, .summary = "impute within each level of this column, such as the arm"},
    {.name = "m", .type = LB_P_INT, .summary = "how many imputations", .preset = "20", .min = 1, .max = 10000},
    {.name = "iterations", .type = LB_P_INT, .summary = "rounds of each chain", .preset = "10", .min = 1, .max = 1000},
    {.name = "donors", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "pmm: how many nearest people a value is drawn from", .preset = "5",
     .min = 1, .max = 1000},
    {.name = "delta", .type = LB_P_TEXTS, .summary = "COLUMN=NUMBER, added to its imputed values (tipping point)"},
    {.name = "delta-where", .type = LB_P_TEXT, .summary = "COLUMN=LEVEL: only in these rows, such as arm=EXERCISE"},
    {.name = "original", .type = LB_P_FLAG, .summary = "put the data as they were on top, as imputation 0"},
    {.name = "seed", .type = LB_P_INT, .summary = "seed of the random streams", .preset = "1", .min = 0, .max = 9e15},
};

const lb_op lb_op_analyse_impute = {
    .area = "analyse", .verb = "impute",
    .summary = "multiple imputation by chained equations",
    .description =
        "Each incomplete column is drawn in turn given all others: numbers by predictive mean matching (pmm: a value of one of the nearest people) "
        "or from Bayesian linear regression (normal); categories by logistic or multinomial regression with drawn parameters, kept finite under "
        "separation by light artificial rows (White, Daniel & Royston 2010). Parameters are drawn anew for every imputation, so that Rubin's rules "
        "hold (van Buuren & Groothuis-Oudshoorn 2011).\n\n"
        "The tables are written one below the other with the imputation's number in a column (-o imputed.csv), ready for `analyse pool`. Random "
        "streams are counted by imputation: the same seed gives the same values on any number of threads. --delta shifts what was imputed, for "
        "delta-adjusted sensitivity analyses.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse impute --data reference/analysis/trial60.csv --columns arm,age,sex,odi_0,odi_12m --m 5 --seed 1 -o imputed.csv"};
