/* Operation `predict forest`: a random forest, what it says of people its trees have not seen, and its model file. */
#include "predict/forest.h"
#include "predict/measures.h"
#include "predict/plain_model.h"

#include <lumbar/stats.h>

#include <math.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "columns of the predictors"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "trees", .type = LB_P_INT, .preset = "500", .min = 1, .max = 100000, .summary = "trees"},
    {.name = "mtry", .type = LB_P_INT, .min = 1, .max = 1000000, .summary = "features tried at a split; the square root of their number when not given"},
    {.name = "min_node_size", .type = LB_P_INT, .preset = "1", .min = 1, .max = 1e9, .summary = "a node of this size or smaller is not split"},
    {.name = "max_depth", .type = LB_P_INT, .min = 1, .max = 400, .summary = "deepest split"},
    {.name = "type", .type = LB_P_CHOICE, .preset = "probability", .choices = "probability,classification", .summary = "average the leaves' shares, or let trees vote"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9007199254740991.0, .summary = "seed of the samples"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model to this file (JSON)"},
};

static void report(lb_result *result, const lb_training *t, const lb_forest *f)
{
    lb_arena *arena = result->arena;
    double *event = lb_arena_array(arena, 2 * t->n + 1, sizeof *event), *risk = event + t->n, brier = 0, wrong = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (isnan(f->out_of_bag[i])) continue;
        event[n] = t->y[i], risk[n] = f->out_of_bag[i];
        brier += (event[n] - risk[n]) * (event[n] - risk[n]);
        wrong += (risk[n] > 0.5) != (event[n] == 1);
        n++;
    }
    lb_value *oob = lb_set_object(result->results, "oob");
    lb_set_int(oob, "n", (int64_t)n);
    lb_set_number(oob, "auc", lb_auc(event, risk, NULL, n));
    lb_set_number(oob, "brier", brier / (double)n);
    lb_set_number(oob, "error", wrong / (double)n);
    lb_value *rows = lb_set_array(result->results, "importance");
    for (size_t j = 0; j < t->p; j++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "feature", t->name[j]);
        lb_set_number(row, "impurity", f->importance[j]);
    }
    if (n < t->n) lb_result_warn(result, "%zu people were in every tree's sample: they have no out-of-bag prediction", t->n - n);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_training t;
    lb_forest forest;
    int code = lb_training_read(call, result, false, false, &t, err);
    if (code) return code;
    lb_forest_options options = {.trees = (size_t)lb_call_int(call, "trees"), .mtry = lb_call_given(call, "mtry") ? (size_t)lb_call_int(call, "mtry") : 0,
                                 .min_node = (size_t)lb_call_int(call, "min_node_size"), .max_depth = lb_call_given(call, "max_depth") ? (size_t)lb_call_int(call, "max_depth") : 0,
                                 .votes = lb_call_chosen(call, "type", "classification"), .seed = (uint64_t)lb_call_int(call, "seed"), .threads = lb_call_threads(call)};
    if (options.mtry > t.p) {
        code = lb_fail(err, LB_USAGE, "--mtry is %zu, but there are %zu features", options.mtry, t.p);
        lb_error_where(err, "--mtry");
        return code;
    }
    code = lb_forest_fit(t.x, t.y, t.n, t.p, &options, lb_call_progress(call), result->arena, &forest, err);
    if (code) return code;
    lb_set_int(result->results, "trees", (int64_t)options.trees);
    report(result, &t, &forest);
    lb_score_program program = {.kind = LB_SCORE_TREES, .b = 1, .columns = t.p, .forest = forest.model, .average = true};
    lb_score_column *column = lb_arena_array(result->arena, t.p, sizeof *column);
    for (size_t j = 0; j < t.p; j++) column[j] = (lb_score_column){.input = j, .level = -1, .fill = NAN, .scale = 1};
    program.column = column;
    lb_plain_model(result, &t, "forest", "random forest", &program);
    lb_result_note(result, "Random forest of %zu trees on %zu features, %zu tried at a split. Out of bag: each person is predicted by the trees whose sample they were not in.", options.trees,
                   t.p, options.mtry ? options.mtry : (size_t)fmax(1, floor(sqrt((double)t.p))));
    return 0;
}

const lb_op lb_op_predict_forest = {
    .area = "predict", .verb = "forest",
    .summary = "random forest for a yes/no outcome, with out-of-bag performance",
    .description =
        "Grows trees on bootstrap samples with random subsets of the features (Breiman 2001) and averages the share of events in the leaves (probability; Malley et al. 2012) or counts "
        "votes (classification). Splits are exact, between neighbouring values, by Gini's index. Rows with missing predictors are left out and counted. The same seed gives the same "
        "forest on any number of threads.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict forest reference/predict/scores.csv --outcome relapse --features age,fat_fraction,risk --trees 200"};
