/* What training found, as a result: performance on people held out, nested, bootstrapped; comparison; selection; permutation; ledger. */
#include "predict/train.h"

#include <lumbar/numeric.h>

#include <math.h>

enum { RESAMPLES = 500 };

static const char *const warnings_null = "%s: on dealt labels the pipeline's mean AUC is %.3f, outside %.3f to %.3f: something leaks";

int lb_train_sample_size(lb_call *call, const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, lb_value *out, lb_result *result,
                         lb_error *err)
{
    const lb_op *op = lb_registry_find(lb_call_registry(call), "predict", "samplesize");
    lb_call *ask = lb_call_new(lb_call_registry(call), op);
    lb_result *answer = NULL;
    char text[32];
    double prevalence = lb_get_number(outcome, "expected_prevalence", people->known ? (double)people->events / (double)people->known : NAN);
    double r2 = lb_get_number(outcome, "expected_r2_nagelkerke", 0.15);
    size_t parameters = 0;
    for (size_t i = 0; i < people->inputs; i++) parameters += people->input[i].category ? people->input[i].levels - 1 : 1;
    prevalence = fmin(0.99, fmax(0.01, prevalence));
    int code = lb_call_set(ask, "type", "binary", err);
    if (!code) code = lb_call_set(ask, "parameters", lb_number_text((double)(parameters ? parameters : 1), text), err);
    if (!code) code = lb_call_set(ask, "prevalence", lb_number_text(prevalence, text), err);
    if (!code) code = lb_call_set(ask, "r2-nagelkerke", lb_number_text(r2, text), err);
    if (!code) code = lb_call_run(ask, &answer, err);
    lb_call_free(ask);
    if (code) return code;
    double needed = lb_get_number(answer->results, "n", NAN), per = needed / (double)parameters, have = (double)people->known;
    lb_set_int(out, "candidate_parameters", (int64_t)parameters);
    lb_set_number(out, "expected_r2_nagelkerke", r2);
    lb_set_number(out, "expected_prevalence", prevalence);
    lb_set_number(out, "needed", needed);
    lb_set_int(out, "have", (int64_t)people->known);
    lb_set_number(out, "events_per_parameter", (double)people->events / (double)parameters);
    lb_set_int(out, "affordable_parameters", (int64_t)fmax(0, floor(have / per)));
    if (needed > have)
        lb_result_warn(result, "%s: %zu candidate parameters would need %.0f people (Riley et al. 2019), %zu have an outcome; about %.0f parameters are affordable. "
                       "Expect unstable selection and optimism", lb_get_text(outcome, "id", ""), parameters, needed, people->known, floor(have / per));
    if (plan->pipeline.select == false && needed > have)
        lb_result_warn(result, "%s: nothing in the pipeline reduces the number of columns", lb_get_text(outcome, "id", ""));
    lb_result_free(answer);
    return 0;
}

/* A view of training rows that have a nested prediction, with its risks and classes in the same order. */
typedef struct judged {
    lb_view view;
    double *risk;
    bool *positive;
} judged;

static judged nested_of(const lb_model_people *people, const lb_validated *run, size_t k, lb_arena *arena)
{
    judged j = {.view = lb_view_judge(people->cohort, run->ledger, "report", "nested predictions, pooled", run->train_row, run->train, true, arena)};
    j.risk = lb_arena_array(arena, j.view.n + 1, sizeof *j.risk);
    j.positive = lb_arena_array(arena, j.view.n + 1, sizeof *j.positive);
    for (size_t i = 0, at = 0; i < run->train && at < j.view.n; i++) {
        if (j.view.row[at] != run->train_row[i]) continue;
        j.risk[at] = run->nested[k][i];
        j.positive[at++] = run->nested_positive[k][i];
    }
    return j;
}

static judged tested_of(const lb_model_people *people, const lb_validated *run, size_t k, lb_arena *arena)
{
    judged j = {.view = lb_view_judge(people->cohort, run->ledger, "report", "held-out predictions", run->test_row, run->test, true, arena)};
    j.risk = lb_arena_array(arena, j.view.n + 1, sizeof *j.risk);
    j.positive = lb_arena_array(arena, j.view.n + 1, sizeof *j.positive);
    for (size_t i = 0, at = 0; i < run->test && at < j.view.n; i++) {
        if (j.view.row[at] != run->test_row[i]) continue;
        j.risk[at] = run->tested[k][i];
        j.positive[at] = j.risk[at] >= run->final.threshold[k];
        at++;
    }
    return j;
}

static lb_measures apparent_of(const lb_model_people *people, const lb_validated *run, size_t k, lb_arena *arena)
{
    lb_view view = lb_view_judge(people->cohort, run->ledger, "report", "apparent", run->train_row, run->train, true, arena);
    double *risk = lb_arena_array(arena, view.n + 1, sizeof *risk);
    lb_trained_risks(&run->final, k, people->cohort, view.row, view.n, risk);
    return lb_measure(view.event, risk, view.weight, view.n, arena);
}

static int one_model(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, size_t k, lb_value *out, lb_error *err)
{
    const lb_contender *c = &plan->pipeline.contender[k];
    lb_report_options options = {.level = 0.95, .resamples = RESAMPLES, .seed = plan->validation.seed};
    lb_arena *arena = lb_arena_new();
    int code = 0;
    lb_set_text(out, "model", c->learner->name);
    lb_set_text(out, "label", c->label);
    lb_set(out, "parameters", (lb_value *)(uintptr_t)c->grid[run->final.chosen[k]]);
    lb_set_int(out, "tried", (int64_t)c->grids);
    lb_set_number(out, "threshold", run->final.threshold[k]);
    lb_set_number(out, "tuning_log_loss", run->final.tuning_loss[k]);
    lb_set_bool(out, "separated", run->final.separated[k]);
    lb_set_bool(out, "published", k == plan->validation.primary);
    if (run->test) {
        judged j = tested_of(people, run, k, arena);
        code = lb_measures_report(&j.view, j.risk, j.positive, &options, lb_set_object(out, "test"), err);
    }
    if (!code && plan->validation.folds) {
        judged j = nested_of(people, run, k, arena);
        code = lb_measures_report(&j.view, j.risk, j.positive, &options, lb_set_object(out, "nested"), err);
    }
    if (!code && plan->validation.bootstrap) {
        lb_measures apparent = apparent_of(people, run, k, arena);
        lb_bootstrap_summary(run->bootstrap + k, plan->validation.bootstrap, plan->pipeline.contenders, &apparent, lb_set_object(out, "bootstrap"));
    }
    lb_arena_free(arena);
    return code;
}

static int comparison(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, lb_value *rows, lb_error *err)
{
    size_t primary = plan->validation.primary;
    lb_report_options options = {.level = 0.95, .resamples = RESAMPLES, .seed = plan->validation.seed};
    int code = 0;
    for (size_t k = 0; k < plan->pipeline.contenders && !code; k++) {
        for (int where = 0; where < 2 && k != primary && !code; where++) {
            if (where ? !run->test : !plan->validation.folds) continue;
            lb_arena *arena = lb_arena_new();
            judged a = where ? tested_of(people, run, primary, arena) : nested_of(people, run, primary, arena);
            judged b = where ? tested_of(people, run, k, arena) : nested_of(people, run, k, arena);
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "model", plan->pipeline.contender[primary].learner->name);
            lb_set_text(row, "versus", plan->pipeline.contender[k].learner->name);
            lb_set_text(row, "on", where ? "test" : "nested");
            code = lb_measures_compare(&a.view, a.risk, b.risk, &options, row, err);
            lb_arena_free(arena);
        }
    }
    return code;
}

static void names_of(const char *const *name, size_t count, const char *key, lb_value *out)
{
    lb_value *list = count ? lb_set_array(out, key) : NULL;
    for (size_t j = 0; j < count; j++) lb_push_text(list, name[j]);
}

static void columns(const lb_validated *run, lb_value *out)
{
    const lb_prepared *p = &run->final.prepared;
    lb_value *steps = lb_set_object(out, "columns");
    lb_set_int(steps, "offered", (int64_t)p->offered);
    lb_set_int(steps, "unreliable", (int64_t)p->unreliable);
    lb_set_int(steps, "mostly_missing", (int64_t)p->incomplete);
    lb_set_int(steps, "constant", (int64_t)p->constant);
    lb_set_int(steps, "correlated", (int64_t)p->correlated);
    lb_set_int(steps, "not_selected", (int64_t)p->unselected);
    lb_set_int(steps, "kept", (int64_t)p->count);
    lb_set_number(steps, "lambda", p->lambda);
    names_of(p->name, p->count, "names", steps);
    names_of(p->constant_name, p->constant, "constant_names", steps);
    names_of(p->correlated_name, p->correlated, "correlated_names", steps);
    lb_value *rows = lb_set_array(out, "selection");
    for (size_t m = 0; m < run->names; m++) {
        if (!(run->selected[m] > 0)) continue;
        bool here = false;
        for (size_t j = 0; j < p->count; j++) here |= lb_text_equal(p->name[j], run->name[m]);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "column", run->name[m]);
        lb_set_number(row, "share", run->selected[m]);
        lb_set_bool(row, "in_model", here);
    }
}

static void permutation(const lb_model_plan *plan, const lb_validated *run, lb_value *out, lb_result *result)
{
    size_t n = plan->validation.permutations;
    if (!n) {
        lb_result_warn(result, "the plan runs no permuted labels: a leak would go unseen by that check");
        return;
    }
    lb_value *p = lb_set_object(out, "permutation");
    double half = 3.290526731491926 * run->permuted_sd / sqrt((double)n), published = lb_sum(run->permuted[plan->validation.primary], n) / (double)n;
    bool inside = true;
    lb_set_int(p, "runs", (int64_t)n);
    lb_set_text(p, "model", plan->pipeline.contender[plan->validation.primary].learner->name);
    lb_set_number(p, "mean_auc", published);
    lb_set_number(p, "null_lower", 0.5 - half);
    lb_set_number(p, "null_upper", 0.5 + half);
    lb_value *models = lb_value_array(result->arena);
    for (size_t k = 0; k < plan->pipeline.contenders; k++) {
        const lb_contender *contender = &plan->pipeline.contender[k];
        double mean = lb_sum(run->permuted[k], n) / (double)n;
        bool here = fabs(mean - 0.5) <= half;
        lb_value *row = lb_push_object(models);
        lb_set_text(row, "model", contender->learner->name);
        lb_set_number(row, "mean_auc", mean);
        lb_set_bool(row, "inside", here);
        lb_set_numbers(row, "auc", run->permuted[k], n);
        inside = inside && here;
        if (!here) lb_result_warn(result, warnings_null, contender->label, mean, 0.5 - half, 0.5 + half);
    }
    lb_set_bool(p, "inside", inside);
    lb_set_numbers(p, "auc", run->permuted[plan->validation.primary], n);
    lb_set(p, "models", models);
}

static void ledger(const lb_validated *run, lb_value *out, lb_result *result)
{
    char hex[65];
    lb_value *l = lb_set_object(out, "ledger");
    lb_set_int(l, "entries", (int64_t)lb_fit_ledger_entries(run->ledger));
    lb_fit_ledger_hash(run->ledger, hex);
    lb_set_text(l, "sha256", hex);
    lb_value *findings = lb_set_array(l, "findings");
    size_t leaks = lb_fit_ledger_check(run->ledger, findings);
    lb_set_int(l, "leaks", (int64_t)leaks);
    lb_fit_ledger_summary(run->ledger, lb_set_array(l, "steps"));
    if (leaks) lb_result_warn(result, "the ledger finds %zu judgements on people that had been fitted on: the figures are too good", leaks);
}

int lb_train_results(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, lb_value *out, lb_result *result, lb_error *err)
{
    lb_value *split = lb_set_object(out, "split");
    lb_set_int(split, "train", (int64_t)run->train);
    lb_set_int(split, "test", (int64_t)run->test);
    columns(run, out);
    lb_value *models = lb_set_array(out, "models");
    int code = 0;
    for (size_t k = 0; k < plan->pipeline.contenders && !code; k++) code = one_model(plan, people, run, k, lb_push_object(models), err);
    if (!code) code = comparison(plan, people, run, lb_set_array(out, "comparison"), err);
    if (code) return code;
    lb_set_int(out, "bootstrap_failed", (int64_t)run->bootstrap_failed);
    if (run->bootstrap_failed) lb_result_warn(result, "%zu bootstrap replicates could not be fitted: %s", run->bootstrap_failed, run->bootstrap_error);
    permutation(plan, run, out, result);
    ledger(run, out, result);
    return 0;
}
