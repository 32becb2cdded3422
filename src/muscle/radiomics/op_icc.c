/* `radiomics icc`: which features two or more readers agree on. */
#include <math.h>
#include <string.h>

#include "muscle/muscle.h"
#include "stats/icc.h"

/* Row of `table` with the same id, or SIZE_MAX. */
static size_t row_of(const lb_table *table, const lb_column *id, const char *wanted)
{
    char text[32];
    for (size_t i = 0; i < table->rows; i++)
        if (strcmp(lb_column_text(id, i, text), wanted) == 0) return i;
    return SIZE_MAX;
}

/* Values of one feature: a row a case that all readers have, a column a reader. Returns how many cases. */
static size_t values_of(lb_table *const *table, size_t readers, const char *id_name, const char *feature, double *out)
{
    const lb_column *id = lb_table_find(table[0], id_name);
    size_t n = 0;
    for (size_t i = 0; i < table[0]->rows; i++) {
        char text[32];
        const char *name = lb_column_text(id, i, text);
        bool whole = true;
        for (size_t r = 0; r < readers && whole; r++) {
            size_t at = r == 0 ? i : row_of(table[r], lb_table_find(table[r], id_name), name);
            const lb_column *column = lb_table_find(table[r], feature);
            whole = at != SIZE_MAX && isfinite(column->number[at]);
            if (whole) out[n * readers + r] = column->number[at];
        }
        n += whole;
    }
    return n;
}

static bool in_all(lb_table *const *table, size_t readers, const char *feature)
{
    for (size_t r = 0; r < readers; r++) {
        const lb_column *column = lb_table_find(table[r], feature);
        if (!column || column->type != LB_NUMBER) return false;
    }
    return true;
}

static void push(const char *feature, const lb_icc *icc, size_t n, double threshold, bool by_lower, lb_value *rows, lb_value *kept)
{
    lb_value *row = lb_push_object(rows);
    double measure = by_lower ? icc->lower : icc->estimate;
    lb_set_text(row, "feature", feature);
    lb_set_int(row, "n", (int64_t)n);
    lb_set_number(row, "icc", icc->estimate);
    lb_set_number(row, "lower", icc->lower);
    lb_set_number(row, "upper", icc->upper);
    lb_set_bool(row, "kept", measure >= threshold);
    if (!isfinite(icc->estimate)) lb_set_text(row, "reason", "the feature does not vary");
    if (measure >= threshold) lb_push_text(kept, feature);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *const *table;
    size_t readers;
    const char *id = lb_call_text(call, "id");
    int status = lb_call_tables(call, "data", &table, &readers, err);
    if (status != LB_OK) return status;
    if (readers < 2) {
        lb_fail(err, LB_USAGE, "agreement needs the tables of at least two readers, %zu was given", readers);
        lb_error_hint(err, "lumbar radiomics icc reader1.csv reader2.csv");
        return LB_USAGE;
    }
    size_t most = 0;
    for (size_t r = 0; r < readers; r++) {
        lb_column *column;
        status = lb_table_column(table[r], id, &column, err);
        if (status != LB_OK) return status;
        most = table[r]->rows > most ? table[r]->rows : most;
    }
    int form = lb_text_equal(lb_call_text(call, "type"), "ICC3") ? 2 : 1;
    lb_value *rows = lb_set_array(result->results, "rows"), *kept = lb_set_array(result->results, "kept");
    double *x = lb_arena_array(result->arena, most * readers + 1, sizeof *x);
    for (size_t k = 0; k < table[0]->columns; k++) {
        const char *feature = table[0]->column[k].name;
        lb_icc icc[6];
        lb_icc_anova anova;
        if (strcmp(feature, id) == 0 || !in_all(table, readers, feature)) continue;
        size_t n = values_of(table, readers, id, feature, x);
        if (n < 3) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "feature", feature);
            lb_set_int(row, "n", (int64_t)n);
            lb_set_bool(row, "kept", false);
            lb_set_text(row, "reason", "fewer than three cases have it from every reader");
            continue;
        }
        lb_icc_fit(x, n, readers, lb_call_number(call, "level"), icc, &anova);
        push(feature, &icc[form], n, lb_call_number(call, "threshold"), lb_call_flag(call, "by-lower"), rows, kept);
    }
    if (rows->count == 0) return lb_fail(err, LB_BAD_DATA, "the tables have no column of numbers in common");
    lb_set_int(result->results, "features", (int64_t)rows->count);
    lb_result_note(result, "%zu of %zu features are kept.", kept->count, rows->count);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLES, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "CSV of features of each reader, with the same cases"},
    {.name = "id", .type = LB_P_TEXT, .summary = "column that names the case", .preset = "id"},
    {.name = "type", .type = LB_P_CHOICE, .summary = "absolute agreement (ICC2) or consistency (ICC3) of a single reader", .preset = "ICC2", .choices = "ICC2,ICC3"},
    {.name = "threshold", .type = LB_P_NUMBER, .summary = "features from here on are kept", .preset = "0.75", .min = 0, .max = 1},
    {.name = "by-lower", .type = LB_P_FLAG, .summary = "compare the lower end of the interval with the threshold, not the estimate"},
    {.name = "level", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "level of the intervals", .preset = "0.95", .min = 0.5, .max = 0.9999},
};
const lb_op lb_op_radiomics_icc = {
    .area = "radiomics", .verb = "icc", .summary = "keep the features that readers agree on",
    .description = "For every feature that is in all tables: the intraclass correlation of a single reader (Shrout and Fleiss 1979; intervals of McGraw and Wong 1996), "
                   "cases matched by their id. kept lists the features whose correlation reaches the threshold.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar radiomics icc reference/muscle/reader1.csv reference/muscle/reader2.csv",
};
