/* Operations made for the tests of the server: one that echoes every kind of parameter, and ones that are slow, that do
 * not converge and make files, and that find their input bad. */
#ifndef LUMBAR_TEST_ECHO_OPS_H
#define LUMBAR_TEST_ECHO_OPS_H

#include <lumbar/op.h>

#include <string.h>
#include <time.h>

static int run_echo(lb_call *call, lb_result *result, lb_error *err)
{
    lb_value *out = result->results;
    lb_table *table = NULL, *const *tables = NULL;
    size_t count = 0;
    lb_bytes document;
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_call_tables(call, "more", &tables, &count, err);
    if (!code) code = lb_call_document(call, "plan", &document, err);
    if (code) return code;
    lb_set_number(out, "x", lb_call_number(call, "x"));
    lb_set_bool(out, "on", lb_call_flag(call, "on"));
    lb_set_text(out, "word", lb_call_text(call, "word"));
    if (table) lb_set_int(out, "rows", (int64_t)table->rows);
    lb_value *names = lb_set_array(out, "tables");
    for (size_t i = 0; i < count; i++) lb_push_text(names, tables[i]->name);
    if (document.data) lb_set_int(out, "bytes", (int64_t)document.length);
    const lb_source *source = lb_call_source(call);
    lb_bytes beside;
    if (source && document.data) {
        code = source->read(source->context, "beside.txt", lb_call_arena(call), &beside, err);
        if (!code) lb_set_int(out, "beside", (int64_t)beside.length);
    }
    return code;
}

static int run_slow(lb_call *call, lb_result *result, lb_error *err)
{
    double until = lb_seconds() + lb_call_number(call, "seconds");
    while (lb_seconds() < until) {
        if (lb_progress_cancelled(lb_call_progress(call))) return lb_fail(err, LB_CANCELLED, "cancelled");
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    lb_set_text(result->results, "done", "yes");
    return LB_OK;
}

static int run_picture(lb_call *call, lb_result *result, lb_error *err)
{
    (void)call;
    (void)err;
    lb_value *rows = lb_set_array(result->results, "rows");
    for (int i = 0; i < 2; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "id", i + 1);
        lb_set_number(row, "value", 0.1 * (i + 1));
    }
    lb_result_picture(result, "plot", "A plot", "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>A plot</title></svg>");
    lb_result_artifact(result, "out \"1\".csv", "text/csv", "a\n1\n", 4);
    lb_result_artifact(result, "report.html", "text/html", "<p>hello</p>", 12);
    lb_result_status(result, "not_converged");
    lb_result_warn(result, "it did not converge");
    return LB_OK;
}

static int run_bad(lb_call *call, lb_result *result, lb_error *err)
{
    (void)call;
    (void)result;
    lb_fail(err, LB_BAD_DATA, "an age of 130 cannot be");
    lb_error_where(err, "data.csv:4:2");
    lb_error_hint(err, "correct it");
    return LB_BAD_DATA;
}

static const lb_param echo_params[] = {
    {"x", LB_P_NUMBER, 0, "a number", "1", NULL, 0, 10, NULL},
    {"n", LB_P_INT, 0, "a whole number", NULL, NULL, 0, 0, NULL},
    {"xs", LB_P_NUMBERS, 0, "numbers", NULL, NULL, 0, 0, NULL},
    {"on", LB_P_FLAG, 0, "a switch", NULL, NULL, 0, 0, NULL},
    {"word", LB_P_TEXT, 0, "a word", NULL, NULL, 0, 0, NULL},
    {"words", LB_P_TEXTS, 0, "words", NULL, NULL, 0, 0, NULL},
    {"kind", LB_P_CHOICE, 0, "a choice", "a", "a,b,c", 0, 0, NULL},
    {"kinds", LB_P_CHOICES, 0, "choices", NULL, "a,b,c", 0, 0, NULL},
    {"outcome", LB_P_COLUMN, 0, "a column", NULL, NULL, 0, 0, "data"},
    {"features", LB_P_COLUMNS, LB_ADVANCED, "columns", NULL, NULL, 0, 0, "data"},
    {"formula", LB_P_FORMULA, 0, "a formula", NULL, NULL, 0, 0, NULL},
    {"data", LB_P_TABLE, 0, "a table", NULL, NULL, 0, 0, NULL},
    {"more", LB_P_TABLES, 0, "tables", NULL, NULL, 0, 0, NULL},
    {"image", LB_P_VOLUME, 0, "an image", NULL, NULL, 0, 0, NULL},
    {"plan", LB_P_DOCUMENT, 0, "a document", NULL, NULL, 0, 0, NULL},
    {"folder", LB_P_SOURCE, 0, "further files", NULL, NULL, 0, 0, NULL},
    {"model", LB_P_TEXT, LB_OUTPUT, "a file to write", NULL, NULL, 0, 0, NULL},
};
static const lb_param slow_params[] = {{"seconds", LB_P_NUMBER, LB_REQUIRED, "how long", NULL, NULL, 0, 3600, NULL}};

static const lb_op echo_ops[] = {
    {"test", "echo", "say it back", "Says its parameters back.", echo_params, LB_COUNT(echo_params), run_echo, "lumbar test echo"},
    {"test", "slow", "take time", "Takes time.", slow_params, LB_COUNT(slow_params), run_slow, "lumbar test slow --seconds 1"},
    {"test", "picture", "a picture", "Makes a picture and files.", NULL, 0, run_picture, "lumbar test picture"},
    {"test", "bad", "bad data", "Finds its data bad.", NULL, 0, run_bad, "lumbar test bad"},
};

static inline lb_registry *echo_registry(void)
{
    lb_registry *registry = lb_registry_new();
    for (size_t i = 0; i < LB_COUNT(echo_ops); i++) lb_registry_add(registry, &echo_ops[i]);
    return registry;
}

#endif
