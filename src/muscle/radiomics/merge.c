/* `radiomics merge` (also `lumbar merge`): the shards of a cohort as the one table a single machine would have made. */
#include <math.h>
#include <string.h>

#include "muscle/muscle.h"
#include "muscle/radiomics/cohort.h"

/* Every row as an object without its empty cells. */
static const lb_value *trim(const lb_value *row, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    for (size_t i = 0; i < row->count; i++)
        if (row->item[i]->type != LB_NULL) lb_set(out, row->key[i], row->item[i]);
    return out;
}

static int check_columns(const lb_table *table, lb_error *err)
{
    static const char *const needed[] = {"id", "case", "cases", "error", "version"};
    for (size_t i = 0; i < LB_COUNT(needed); i++) {
        if (lb_table_find(table, needed[i])) continue;
        lb_fail(err, LB_BAD_DATA, "the column %s is missing: this is no table of radiomics batch", needed[i]);
        lb_error_where(err, "%s", table->name);
        lb_error_hint(err, "merge takes the CSV files that lumbar radiomics batch --shard i/n -o writes");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

/* Shards of one cohort: the same number of cases, settings and version. */
static int check_row(const lb_value *first, const lb_value *row, const char *shard, lb_error *err)
{
    static const char *const same[] = {"settings_sha256", "version"};
    double cases = lb_get_number(row, "cases", NAN), at = lb_get_number(row, "case", NAN);
    if (!(at >= 1 && at <= cases) || at != floor(at)) {
        lb_fail(err, LB_BAD_DATA, "a row holds case %g of %g", at, cases);
    } else if (cases != lb_get_number(first, "cases", NAN)) {
        lb_fail(err, LB_BAD_DATA, "a cohort of %g cases and one of %g are no shards of one table",
                lb_get_number(first, "cases", NAN), cases);
    } else {
        for (size_t i = 0; i < LB_COUNT(same); i++) {
            if (lb_text_equal(lb_get_text(first, same[i], NULL), lb_get_text(row, same[i], NULL))) continue;
            lb_fail(err, LB_BAD_DATA, "case %g has another %s than case %g", at, same[i], lb_get_number(first, "case", NAN));
            lb_error_where(err, "%s", shard);
            lb_error_hint(err, "run all shards with the same settings file and the same version of Lumbar");
            return LB_BAD_DATA;
        }
        return LB_OK;
    }
    lb_error_where(err, "%s", shard);
    lb_error_hint(err, "give the shards of one run of lumbar radiomics batch");
    return LB_BAD_DATA;
}

static int collect(lb_table *const *table, size_t tables, lb_arena *arena, const lb_value **row, size_t *count,
                   lb_error *err)
{
    for (size_t t = 0; t < tables; t++) {
        int status = check_columns(table[t], err);
        if (status != LB_OK) return status;
        const lb_value *list = lb_table_to_value(table[t], arena);
        for (size_t r = 0; r < list->count; r++) {
            row[*count] = trim(list->item[r], arena);
            status = check_row(row[0], row[*count], table[t]->name, err);
            if (status != LB_OK) return status;
            ++*count;
        }
    }
    return LB_OK;
}

/* Which cases are missing or there twice? */
static int check_complete(const lb_value *const *row, size_t count, size_t cases, lb_arena *arena, lb_result *result,
                          lb_error *err)
{
    uint8_t *seen = lb_arena_try(arena, cases + 1, 1);
    if (!seen) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu cases", cases);
    for (size_t r = 0; r < count; r++) {
        size_t at = (size_t)lb_get_number(row[r], "case", 0);
        if (seen[at]++ == 0) continue;
        lb_fail(err, LB_BAD_DATA, "case %zu (%s) is in two shards", at, lb_get_text(row[r], "id", "no id"));
        lb_error_hint(err, "give each shard once");
        return LB_BAD_DATA;
    }
    lb_buf list = {0};
    size_t missing = 0;
    for (size_t at = 1; at <= cases; at++)
        if (!seen[at] && missing++ < 10) lb_buf_printf(&list, "%s%zu", list.length ? ", " : "", at);
    if (missing)
        lb_result_warn(result, "%zu of %zu cases are missing (%s%s): a shard is missing or was not finished", missing, cases,
                       list.data, missing > 10 ? ", …" : "");
    lb_set_int(result->results, "missing", (int64_t)missing);
    lb_buf_free(&list);
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *const *table;
    size_t tables, rows = 0, count = 0, failed = 0;
    lb_csv_options *csv = lb_call_csv(call);
    if (!csv->text_columns) csv->text_columns = lb_cohort_texts;
    int status = lb_call_tables(call, "shards", &table, &tables, err);
    if (status != LB_OK) return status;
    for (size_t t = 0; t < tables; t++) rows += table[t]->rows;
    if (rows == 0) return lb_fail(err, LB_BAD_DATA, "the shards hold no row");
    lb_arena *arena = lb_call_arena(call);
    const lb_value **row = lb_arena_array(arena, rows, sizeof(lb_value *));
    status = collect(table, tables, arena, row, &count, err);
    if (status != LB_OK) return status;
    double cases = lb_get_number(row[0], "cases", 0);
    if (!(cases <= 1e8)) return lb_fail(err, LB_BAD_DATA, "a cohort of %g cases is too large", cases);
    lb_cohort_arrange(row, count, lb_set_array(result->results, "rows"));
    for (size_t r = 0; r < count; r++) failed += lb_get_text(row[r], "error", NULL) != NULL;
    lb_set_int(result->results, "cases", (int64_t)cases);
    lb_set_int(result->results, "failed", (int64_t)failed);
    return check_complete(row, count, (size_t)cases, arena, result, err);
}

static const lb_param params[] = {
    {.name = "shards",
     .type = LB_P_TABLES,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "the tables of features, one per shard"},
};

const lb_op lb_op_radiomics_merge = {
    .area = "radiomics",
    .verb = "merge",
    .summary = "the shards of a cohort as one table of features (also: lumbar merge)",
    .description = "Puts the tables that radiomics batch --shard i/n writes together, in the order of the cases and with the "
                   "columns that one machine would have written, byte for byte. Cases that are missing are said; a case that "
                   "is there twice, other settings or another version are refused.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar merge reference/muscle/shard1.csv reference/muscle/shard2.csv -o features.csv",
};
