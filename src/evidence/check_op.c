/* meta check: what is odd in a table of studies. */
#include "evidence/check.h"
#include "evidence/ops.h"

#include <string.h>

/* The table with the cells repaired by rule. */
static void give_repaired(const lb_check *check, lb_result *result)
{
    const lb_table *table = check->table;
    lb_table *out = lb_table_new(check->arena, "repaired", check->rows);
    const char **cell = lb_arena_array(check->arena, check->rows + 1, sizeof *cell);
    for (size_t c = 0; c < check->columns; c++) {
        for (size_t r = 0; r < check->rows; r++) {
            char buffer[32];
            const char *repaired = check->repaired[r * check->columns + c];
            bool missing = lb_column_missing(&table->column[c], r);
            cell[r] = repaired ? repaired : missing ? NULL : lb_arena_text(check->arena, lb_column_text(&table->column[c], r, buffer));
        }
        lb_table_add_text(out, table->column[c].name, cell);
    }
    lb_buf csv = {0};
    lb_csv_write(out, false, &csv);
    lb_result_artifact(result, "repaired.csv", "text/csv; charset=utf-8", csv.data, csv.length);
    lb_buf_free(&csv);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *table;
    lb_check check;
    int code = lb_call_table(call, "data", &table, err);
    if (code) return code;
    if (table->rows > LB_CHECK_MOST_ROWS || table->columns > LB_CHECK_MOST_COLUMNS)
        return lb_fail(err, LB_TOO_LARGE, "a table of %zu rows and %zu columns is no table of studies", table->rows, table->columns);
    lb_value *findings = lb_set_array(result->results, "findings");
    lb_check_open(&check, table, lb_call_arena(call), findings);
    lb_check_text(&check);
    lb_check_values(&check);
    lb_check_table(&check);
    static const char *const severities[] = {"error", "warning", "repaired", "note"};
    lb_value *counts = lb_set_object(result->results, "counts");
    for (size_t s = 0; s < LB_COUNT(severities); s++) {
        int64_t n = 0;
        for (size_t i = 0; i < findings->count; i++) n += lb_text_equal(lb_get_text(findings->item[i], "severity", ""), severities[s]);
        lb_set_int(counts, severities[s], n);
    }
    lb_set_int(result->results, "rows", (int64_t)check.rows);
    lb_set_int(result->results, "columns", (int64_t)check.columns);
    give_repaired(&check, result);
    lb_result_note(result, "error: cannot be used as it is; warning: look at it; repaired: read by a stated rule (typographic minus, decimal comma), in "
                           "--save or -o FOLDER/; note: only moderators are concerned.");
    return 0;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "a table of studies, arms or outcomes (CSV)"},
    {.name = "save", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the table with the repaired cells here"},
};

const lb_op lb_op_meta_check = {
    .area = "meta",
    .verb = "check",
    .summary = "what is odd in a table of studies",
    .description = "Looks for the damage that tables of trials bring from spreadsheets and reports: typographic minus signs, decimal commas and "
                   "lost decimal points, words among numbers, standard errors given as standard deviations, zero or impossible standard "
                   "deviations, means outside their scale or at its very foot, changes among final values, scales without a direction, "
                   "correlations of 1, studies that stand twice, moderators with one level or that say the same. Columns are known by their "
                   "names (mean, m1i, post_sd_i, n, scale_min, …). What has one meaning is repaired by a stated rule; the rest is named.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta check reference/evidence/review_outcomes.csv",
};
