/* Operation `predict train`: a prediction model by a plan written beforehand, from the tables of a study to report, model file and
 * calculator. */
#include "predict/room.h"
#include "predict/calculator/page.h"
#include "predict/train.h"
#include "predict/widen.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "plan", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "the plan (YAML)"},
    {.name = "data", .type = LB_P_TABLES, .flags = LB_REQUIRED, .summary = "tables of the study: participants, radiomics, …; a folder means all its tables"},
    {.name = "rows", .type = LB_P_FLAG, .flags = LB_ADVANCED, .summary = "also give the people as the model file reads them, joined and widened (people-OUTCOME.csv): data of participants"},
};

/* The tables as they were given, for provenance, and as the plan reads them. */
typedef struct tables_of {
    lb_table *const *given;
    lb_table **read;
    size_t givens, reads;
} tables_of;

static void about(const lb_model_plan *plan, lb_value *results)
{
    lb_value *out = lb_set_object(results, "plan");
    static const char *const keys[] = {"plan", "version", "title", "study"};
    for (size_t k = 0; k < LB_COUNT(keys); k++) lb_set_text(out, keys[k], lb_get_text(plan->root, keys[k], NULL));
    lb_set_text(out, "sha256", plan->sha256);
    lb_set_int(out, "seed", (int64_t)plan->validation.seed);
}

static void people_found(const lb_model_people *people, lb_value *out)
{
    lb_set_int(out, "rows", (int64_t)people->n);
    lb_set_int(out, "people", (int64_t)people->people);
    lb_set_int(out, "known", (int64_t)people->known);
    lb_set_int(out, "events", (int64_t)people->events);
    lb_set_int(out, "censored", (int64_t)people->censored);
    lb_set_int(out, "left_out", (int64_t)people->left_out);
    lb_set_int(out, "inputs", (int64_t)people->inputs);
}

/* One row per person with the inputs, as `predict score` and `explain` take them: the tables of the study need not be joined by hand. */
static void give_people(const lb_value *outcome, const lb_model_people *people, lb_result *result)
{
    lb_arena *arena = lb_arena_new();
    lb_table *table = lb_table_new(arena, "people", people->n);
    lb_buf text = {.max = (size_t)1 << 30};
    for (size_t j = 0; j < people->inputs; j++) {
        const lb_input *in = &people->input[j];
        const char **cell = lb_arena_array(arena, people->n + 1, sizeof *cell);
        lb_column *column = in->category ? NULL : lb_table_add_number(table, in->name);
        for (size_t i = 0; i < people->n; i++) {
            if (column) column->number[i] = in->value[i];
            cell[i] = isnan(in->value[i]) || column ? "" : in->level[(size_t)in->value[i]];
        }
        if (in->category) lb_table_add_text(table, in->name, cell);
    }
    lb_csv_write(table, false, &text);
    lb_result_artifact(result, lb_arena_printf(result->arena, "people-%s.csv", lb_get_text(outcome, "id", "outcome")), "text/csv; charset=utf-8", text.data, text.length);
    lb_buf_free(&text);
    lb_arena_free(arena);
}

/* The model file and its calculator as files of the result. */
static int publish(const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, const lb_validated *run, lb_table *const *table,
                   size_t tables, lb_value *out, lb_result *result, lb_error *err)
{
    lb_value *document;
    lb_published model;
    int code = lb_model_document(plan, outcome, people, run, out, table, tables, result->arena, &document, err);
    if (code) return code;
    const char *compare = lb_get_text(lb_get(plan->root, "publish"), "compare", NULL);
    if (compare) lb_set_text(document, "compare", compare);
    lb_buf text = {.max = (size_t)1 << 30}, page = {0};
    lb_published_write(document, &text);
    const char *id = lb_get_text(outcome, "id", "outcome");
    lb_set_text(out, "model_sha256", lb_get_text(document, "sha256", NULL));
    lb_result_artifact(result, lb_arena_printf(result->arena, "model-%s.json", id), "application/json", text.data, text.length);
    code = lb_published_open(document, result->arena, &model, err);
    if (!code) {
        lb_calculator_page(&model, &page);
        lb_result_artifact(result, lb_arena_printf(result->arena, "calculator-%s.html", id), "text/html; charset=utf-8", page.data, page.length);
    }
    size_t primary = plan->validation.primary;
    if (!code && run->final.xgboost[primary])
        lb_result_artifact(result, lb_arena_printf(result->arena, "model-%s.xgboost.json", id), "application/json", run->final.xgboost[primary],
                           __builtin_strlen(run->final.xgboost[primary]));
    lb_buf_free(&text);
    lb_buf_free(&page);
    return code;
}

static int one_outcome(lb_call *call, lb_model_plan *plan, const lb_value *outcome, const tables_of *t, lb_value *out, lb_result *result, lb_error *err)
{
    lb_model_people people;
    lb_validated run = {0};
    lb_set_text(out, "id", lb_get_text(outcome, "id", NULL));
    lb_set_text(out, "label", lb_get_text(outcome, "label", NULL));
    lb_set_text(out, "definition", lb_get_text(outcome, "definition", NULL));
    int code = lb_model_plan_people(plan, outcome, t->read, t->reads, &people, err);
    if (code) return code;
    people_found(&people, out);
    if (people.left_out) lb_result_warn(result, "%s: %zu row%s without outcome left out", lb_get_text(outcome, "id", ""), people.left_out, people.left_out == 1 ? "" : "s");
    for (size_t j = 0; j < people.inputs; j++) { /* such as the arm in a masked snapshot */
        size_t known = 0;
        for (size_t i = 0; i < people.n; i++) known += !isnan(people.input[j].value[i]);
        if (!known) lb_result_warn(result, "%s: the input %s is empty for everybody; nothing is learned from it", lb_get_text(outcome, "id", ""), people.input[j].name);
    }
    code = lb_train_sample_size(call, plan, outcome, &people, lb_set_object(out, "sample_size"), result, err);
    if (!code) code = lb_validate(&plan->pipeline, people.cohort, &plan->validation, result->arena, &run, err);
    if (!code) code = lb_train_results(plan, &people, &run, out, result, err);
    if (!code) code = lb_train_pictures(call, plan, outcome, &people, &run, out, result, err);
    if (!code) code = publish(plan, outcome, &people, &run, t->given, t->givens, out, result, err);
    if (!code && lb_call_flag(call, "rows")) give_people(outcome, &people, result);
    lb_packed_free(&run.refit);
    if (code && err && !err->where[0]) lb_error_where(err, "outcome %s", lb_get_text(outcome, "id", ""));
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_model_plan plan;
    lb_bytes bytes;
    tables_of t = {0};
    int code = lb_call_document(call, "plan", &bytes, err);
    if (!code) code = lb_model_plan_read(&bytes, result->arena, &plan, err);
    if (!code) code = lb_train_sheets_check(&plan, err);
    if (!code) code = lb_call_tables(call, "data", &t.given, &t.givens, err);
    lb_value *widened = lb_value_array(result->arena);
    if (!code) code = lb_model_plan_widen(&plan, t.given, t.givens, &t.read, &t.reads, widened, err);
    if (code) return code;
    for (size_t i = 0; i < widened->count; i++) lb_result_note(result, "%s", widened->item[i]->text);
    plan.validation.threads = lb_call_threads(call);
    plan.validation.progress = lb_call_progress(call);
    result->title = lb_arena_text(result->arena, lb_get_text(plan.root, "title", "Prediction model"));
    about(&plan, result->results);
    lb_value *outcomes = lb_set_array(result->results, "outcomes");
    for (size_t i = 0; i < plan.outcomes && !code; i++) code = one_outcome(call, &plan, plan.outcome[i], &t, lb_push_object(outcomes), result, err);
    if (code) return code;
    lb_train_sheets(&plan, result->results);
    lb_result_note(result, "Every step from reliability to threshold is fitted inside the rows it is given; the ledger lists them. Nested: predictions for people held out by "
                   "folds within which all tuning ran anew. Test: people never used before. Corrected: the apparent figure less the optimism of the bootstrap.");
    lb_buf report = {0};
    lb_train_report(&plan, result, &report);
    lb_result_artifact(result, "report.html", "text/html; charset=utf-8", report.data, report.length);
    lb_buf_free(&report);
    return 0;
}

const lb_op lb_op_predict_train = {
    .area = "predict", .verb = "train",
    .summary = "train and validate prediction models by a plan; report, model file, calculator",
    .description =
        "The plan is a YAML file: outcomes, inputs, the pipeline (reliability, harmonisation, filling, scaling, correlation filter, LASSO selection), models with their tuning "
        "grids, validation. Everything is fitted inside the rows it is given and written into a ledger; permuted labels show that nothing leaks. "
        "Split of people 7:3, nested cross-validation, bootstrap (optimism, .632, .632+), comparison of all models, TRIPOD+AI and METRICS sheets. "
        "Use -o FOLDER/ for report, model files and calculators; -o report.html for the report alone.\n\nSee docs/prediction-plan.md for the keys of a plan.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict train reference/predict/small.model.yaml --data reference/predict/train.csv -o report.html"};
