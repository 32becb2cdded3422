/* meta import: a RevMan file to tables, one per analysis, with the review's own result and a random-effects one beside it. */
#include "evidence/exchange/revman.h"
#include "evidence/ops.h"

#include <math.h>
#include <string.h>

/* The analysis' table through another operation of this room. */
static int pool(lb_call *call, lb_table *table, const char *measure, const char *method, lb_value *out, lb_error *err)
{
    static const char *const keys[] = {"k",  "estimate", "se", "statistic", "p",   "lower", "upper",
                                       "tau2", "Q",      "Q_df", "Q_p",     "I2_Q"};
    const lb_registry *registry = lb_call_registry(call);
    lb_call *fit = lb_call_new(registry, lb_registry_find(registry, "meta", "fit"));
    lb_result *result = NULL;
    int code = lb_call_bind_table(fit, "data", table, err);
    if (!code) code = lb_call_set(fit, "measure", measure, err);
    if (!code) code = lb_call_set(fit, "method", method, err);
    if (!code) code = lb_call_set(fit, "vtype", lb_call_text(call, "vtype"), err);
    if (!code && strcmp(measure, "GEN") == 0 && lb_table_find(table, "sei")) code = lb_call_set(fit, "sei", "sei", err);
    if (!code) code = lb_call_run(fit, &result, err);
    for (size_t i = 0; !code && i < LB_COUNT(keys); i++) {
        const lb_value *value = lb_get(result->results, keys[i]);
        lb_set_number(out, keys[i], lb_number_of(value));
    }
    lb_result_free(result);
    lb_call_free(fit);
    return code;
}

/* Observed minus expected with its variance: the effect (O − E)/V has variance 1/V (Yusuf et al. 1985). */
static void from_peto(lb_value *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        double oe = lb_get_number(rows->item[i], "oe", NAN), v = lb_get_number(rows->item[i], "v", NAN);
        lb_set_number(rows->item[i], "yi", v > 0 ? oe / v : NAN);
        lb_set_number(rows->item[i], "vi", v > 0 ? 1 / v : NAN);
    }
}

static int report_analysis(lb_call *call, const lb_value *analysis, lb_result *result, lb_value *rows, lb_error *err)
{
    static const char *const keys[] = {"id", "comparison", "name", "measure", "method", "model", "label1", "label2"};
    lb_arena *arena = lb_call_arena(call);
    lb_value *data = lb_get(analysis, "rows"), *out = lb_push_object(rows);
    for (size_t i = 0; i < LB_COUNT(keys); i++) lb_set_text(out, keys[i], lb_get_text(analysis, keys[i], NULL));
    const char *id = lb_get_text(analysis, "id", "0"), *kind = lb_get_text(analysis, "kind", ""),
               *measure = lb_get_text(analysis, "measure", "GEN"), *method = lb_get_text(analysis, "method", "IV");
    lb_set_int(out, "rows", data ? (int64_t)data->count : 0);
    if (!data) {
        lb_set_text(out, "reason", "no study");
        return 0;
    }
    bool peto = strcmp(kind, "peto") == 0;
    if (peto) from_peto(data);
    lb_table *table;
    lb_error local = LB_ERROR_INIT;
    int code = lb_table_from_value(data, id, arena, &table, err);
    if (code) return code;
    lb_buf csv = {0};
    lb_csv_write(table, true, &csv);
    const char *file = lb_arena_printf(arena, "analysis-%s.csv", id);
    lb_result_artifact(result, file, "text/csv; charset=utf-8", csv.data, csv.length);
    lb_buf_free(&csv);
    lb_set_text(out, "file", file);
    bool tables = strcmp(kind, "counts") == 0, random = strcmp(lb_get_text(analysis, "model", ""), "random") == 0;
    const char *own = random ? "DL" : !tables ? "FE" : lb_text_starts(method, "PETO") ? "PETO" : lb_text_equal(method, "MH") ? "MH" : "FE";
    if (peto) measure = "GEN";
    lb_set_text(out, "own_method", own);
    if (pool(call, table, measure, own, out, &local) || pool(call, table, measure, "DL", lb_set_object(out, "random"), &local)) {
        lb_set_text(out, "reason", lb_arena_text(arena, local.message));
        lb_result_warn(result, "analysis %s is not pooled: %s", id, local.message);
    }
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes document;
    lb_revman review;
    int code = lb_call_document(call, "review", &document, err);
    if (!code) code = lb_revman_read(&document, lb_call_arena(call), &review, err);
    if (code) return code;
    lb_set_text(result->results, "format", review.format);
    lb_value *analyses = lb_set_array(result->results, "analyses");
    for (size_t i = 0; i < review.analyses->count && !code; i++)
        code = report_analysis(call, review.analyses->item[i], result, analyses, err);
    if (code) return code;
    lb_set(result->results, "risk_of_bias", review.risk);
    lb_set_int(result->results, "references", review.references ? (int64_t)review.references->count : 0);
    lb_value *data = lb_set_array(result->results, "data");
    for (size_t i = 0; i < review.analyses->count; i++) {
        const lb_value *rows = lb_get(review.analyses->item[i], "rows");
        for (size_t r = 0; rows && r < rows->count; r++) {
            lb_value *row = lb_push_object(data);
            lb_set_text(row, "analysis", lb_get_text(review.analyses->item[i], "id", NULL));
            for (size_t c = 0; c < rows->item[r]->count; c++) lb_set(row, rows->item[r]->key[c], rows->item[r]->item[c]);
        }
    }
    lb_result_note(result, "Each analysis pooled by the review's own model (own_method) and by DerSimonian-Laird random "
                           "effects (random). Ratios are logarithms. -o FOLDER/ writes a table for each analysis.");
    return 0;
}

static const lb_param params[] = {
    {.name = "review",
     .type = LB_P_DOCUMENT,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "RevMan 5 file (.rm5), its CSV export, or the data package of RevMan Web (.zip)"},
    {.name = "vtype",
     .type = LB_P_CHOICE,
     .preset = "LS",
     .choices = "LS,LS2,UB",
     .summary = "variance of standardised mean differences: large-sample, with J, or unbiased (as R's meta)"},
};

const lb_op lb_op_meta_import = {
    .area = "meta",
    .verb = "import",
    .summary = "read the analyses of a RevMan file",
    .description = "Reads the analyses, their studies and the risk of bias of a review kept in RevMan 5, exported from it as "
                   "CSV, or exported from RevMan Web as a zip, and pools each analysis again by the review's own model and "
                   "by random effects. With -o FOLDER/ every analysis is written as a table that meta fit and meta forest "
                   "take.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta import reference/evidence/revman.rm5 -o tables/",
};
