/* Operation `predict evaluate`: a published model on people it has never seen: external validation. */
#include "predict/doubts.h"
#include "predict/measures.h"
#include "predict/room.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "model", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "a model file written by predict train"},
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "people with the model's inputs and the outcome"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "group", .type = LB_P_COLUMN, .summary = "column of the person, when people have several rows"},
    {.name = "threshold", .type = LB_P_NUMBER, .min = 0, .max = 1, .summary = "risk at and above which a person counts as positive; the model's own when not given"},
    {.name = "level", .type = LB_P_NUMBER, .preset = "0.95", .min = 0.5, .max = 0.999, .summary = "level of the intervals"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9007199254740991.0, .summary = "seed of the resampling"},
};

static int open_model(lb_call *call, lb_arena *arena, lb_published *model, lb_error *err)
{
    lb_bytes bytes;
    lb_value *root;
    int code = lb_call_document(call, "model", &bytes, err);
    if (!code) code = lb_json_read(&bytes, arena, &root, err);
    if (!code) code = lb_published_open(root, arena, model, err);
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_published model;
    lb_published_rows rows;
    lb_outcome outcome;
    lb_column group = {0};
    lb_table *table;
    lb_arena *arena = result->arena;
    int code = open_model(call, arena, &model, err);
    if (!code) code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_published_read(&model, table, arena, &rows, err);
    if (!code) code = lb_outcome_read(table, lb_call_text(call, "outcome"), lb_call_text(call, "event"), arena, &outcome, err);
    if (!code && lb_call_text(call, "group")) code = lb_table_factor(table, lb_call_text(call, "group"), arena, &group, err);
    if (code) return code;
    double threshold = lb_call_given(call, "threshold") ? lb_call_number(call, "threshold") : model.threshold, *risk = lb_arena_array(arena, 2 * rows.n + 2, sizeof *risk);
    if (isnan(threshold)) threshold = 0.5;
    double *event = risk + rows.n + 1;
    bool *positive = lb_arena_array(arena, rows.n + 1, sizeof *positive);
    int32_t *who = lb_arena_array(arena, rows.n + 1, sizeof *who);
    lb_view view = {.event = event, .group = who};
    size_t faults = 0;
    for (size_t i = 0; i < rows.n; i++) {
        faults += rows.fault[i] != NULL;
        if (rows.fault[i] || isnan(outcome.event[i]) || (group.code && group.code[i] < 0)) continue;
        risk[view.n] = lb_score_program_risk(model.model, 0, rows.input + i * model.inputs, model.scratch);
        event[view.n] = outcome.event[i];
        positive[view.n] = risk[view.n] >= threshold;
        who[view.n] = group.code ? group.code[i] : (int32_t)i;
        view.events += outcome.event[i] == 1;
        view.n++;
    }
    if (!view.events || view.events == view.n) {
        code = lb_fail(err, LB_BAD_DATA, "of %zu rows that can be scored %zu have the event: nothing can be compared", view.n, view.events);
        if (faults) lb_error_detail(err, "%zu rows cannot be scored", faults);
        return code;
    }
    lb_report_options options = {.level = lb_call_number(call, "level"), .resamples = 1000, .seed = (uint64_t)lb_call_int(call, "seed")};
    lb_set_text(result->results, "model_sha256", model.sha256);
    lb_set_number(result->results, "threshold", threshold);
    code = lb_measures_report(&view, risk, positive, &options, result->results, err);
    if (faults) lb_result_warn(result, "%zu of %zu rows cannot be scored: something is missing, unknown to the model or implausible", faults, rows.n);
    lb_doubts_published(&model, &rows, result);
    lb_result_note(result, "The model is applied as it was published; nothing is fitted here.");
    return code;
}

const lb_op lb_op_predict_evaluate = {
    .area = "predict", .verb = "evaluate",
    .summary = "a published model on new people: discrimination, calibration, net benefit",
    .description = "External validation: applies a model file to people with known outcome. AUC (DeLong), sensitivity, specificity, predictive values, F1 (Wilson, exact), calibration "
                   "intercept, slope, ICI, Brier, net benefit; with --group intervals from resampled people.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict evaluate reference/predict/small.model.json reference/predict/train.csv --outcome response"};
