/* study compare: double entry, file against file. */
#include "trial/exchange/exchange.h"
#include "trial/ops.h"

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes main_bytes, duplicate_bytes;
    entry_file main, duplicate;
    compare_options options = {.case_sensitive = lb_call_flag(call, "case-sensitive"), .exclude_text = lb_call_flag(call, "exclude-text"),
                               .ignore_missing_records = lb_call_flag(call, "ignore-missing-records")};
    options.key_count = lb_call_texts(call, "key", &options.key);
    options.ignore_count = lb_call_texts(call, "ignore", &options.ignore);
    lb_arena *arena = lb_call_arena(call);
    int code = lb_call_document(call, "main", &main_bytes, err);
    if (code == LB_OK) code = lb_call_document(call, "duplicate", &duplicate_bytes, err);
    if (code == LB_OK) code = entry_read(&main_bytes, lb_call_text(call, "form"), arena, &main, err);
    if (code == LB_OK) code = entry_read(&duplicate_bytes, lb_call_text(call, "form"), arena, &duplicate, err);
    if (code == LB_OK) code = entry_needs_records(&main, err);
    if (code == LB_OK) code = entry_needs_records(&duplicate, err);
    if (code == LB_OK) code = exchange_compare(&main, &duplicate, &options, result->results, err);
    if (code != LB_OK) return code;
    const lb_value *results = result->results;
    if (lb_get_int(results, "common", 0) == 0)
        lb_result_warn(result, "no record is in both files: is the key right, do both hold the same people?");
    if (lb_get(results, "non_unique_main")->count || lb_get(results, "non_unique_duplicate")->count)
        lb_result_warn(result, "a key occurs more than once: only the first record with it was compared");
    lb_result_note(result, "%lld of %lld common records differ (%.2f %%), %lld of %lld x %lld field entries (%.2f %%). Numbers are compared as numbers, "
                           "text %s regard to case; missing against a value differs, missing against missing agrees; deleted records "
                           "are left out. record_main and record_duplicate count records in each file from 1.",
                   (long long)lb_get_int(results, "records_with_errors", 0), (long long)lb_get_int(results, "common", 0),
                   lb_get_number(results, "record_error_percent", 0), (long long)lb_get_int(results, "field_errors", 0),
                   (long long)lb_get_int(results, "common", 0), (long long)lb_get_int(results, "fields_compared", 0),
                   lb_get_number(results, "field_error_percent", 0), options.case_sensitive ? "with" : "without");
    return LB_OK;
}

static const lb_param params[] = {
    {"main", LB_P_DOCUMENT, LB_REQUIRED | LB_POSITIONAL, "the first entry (CSV, REC or EPX)", NULL, NULL, 0, 0, NULL},
    {"duplicate", LB_P_DOCUMENT, LB_REQUIRED | LB_POSITIONAL, "the second entry, of the same kind or another", NULL, NULL, 0, 0, NULL},
    {"key", LB_P_TEXTS, LB_REQUIRED, "fields that name a record", NULL, NULL, 0, 0, NULL},
    {"ignore", LB_P_TEXTS, 0, "fields that are not compared", NULL, NULL, 0, 0, NULL},
    {"case-sensitive", LB_P_FLAG, 0, "text differs when its case differs", NULL, NULL, 0, 0, NULL},
    {"exclude-text", LB_P_FLAG, 0, "compare no text fields", NULL, NULL, 0, 0, NULL},
    {"ignore-missing-records", LB_P_FLAG, 0, "do not list records that are in one file only", NULL, NULL, 0, 0, NULL},
    {"form", LB_P_TEXT, LB_ADVANCED, "the data file of an EPX that has several", NULL, NULL, 0, 0, NULL},
};

const lb_op trial_op_compare = {
    .area = "study",
    .verb = "compare",
    .summary = "double entry, file against file: who differs where",
    .description = "Compares two entries of the same records by EpiData's definitions of 'validate duplicate files'. Records are joined by the key; a "
                   "second record with the same key is not unique and skipped; common records have their key in both files; a "
                   "record with errors differs in at least one field. The percentages have two decimals: records with errors of the common "
                   "records, field errors of common records x fields compared; 100 when nothing is common. Numbers are compared as "
                   "numbers (007 = 7, 12.0 = 12.00), dates as dates, text without regard to case unless asked. In CSV a field is a "
                   "number or a date when most of its cells are; REC and EPX say so themselves.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study compare reference/trial/entry_main.csv reference/trial/entry_duplicate.csv --key id,visit",
};
