/* Pipelines that cannot leak: the ledger catches one that does; dealt labels give nothing; threads change nothing; the real radiomics set;
 * what a published model says is the same from file and memory. */
#include "predict_tables.h"
#include "predict/measures.h"
#include "predict/model_plan.h"
#include "predict/pipeline.h"
#include "predict/published.h"
#include "predict/validate.h"

#include <lumbar/numeric.h>

typedef struct fixture {
    lb_arena *arena;
    lb_cohort *cohort;
    lb_input *input;
    size_t n, p;
    int32_t *group;
} fixture;

/* Noise only, or with `signal` on the first two columns. */
static fixture people(size_t n, size_t p, double signal, size_t rows_each, uint64_t seed)
{
    fixture f = {.arena = lb_arena_new(), .n = n, .p = p};
    lb_random random;
    lb_random_init(&random, seed, 0);
    f.input = lb_arena_array(f.arena, p, sizeof *f.input);
    f.group = lb_arena_array(f.arena, n, sizeof *f.group);
    double *event = lb_arena_array(f.arena, n, sizeof *event), *eta = lb_arena_array(f.arena, n, sizeof *eta);
    for (size_t j = 0; j < p; j++) {
        f.input[j] = (lb_input){.name = lb_arena_printf(f.arena, "x%zu", j), .label = "", .kind = "clinical", .plausible_min = NAN, .plausible_max = NAN,
                                .value = lb_arena_array(f.arena, n, sizeof(double))};
        for (size_t i = 0; i < n; i++) {
            f.input[j].value[i] = lb_random_normal(&random);
            if (j < 2) eta[i] += signal * f.input[j].value[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        f.group[i] = (int32_t)(i / rows_each);
        event[i] = lb_random_uniform(&random) < 1 / (1 + exp(-eta[i]));
    }
    lb_outcome_data outcome = {.event = event};
    f.cohort = lb_cohort_new(n, f.input, p, f.group, -1, &outcome, f.arena);
    return f;
}

static lb_pipeline pipeline_of(const lb_contender *contender, size_t contenders)
{
    return (lb_pipeline){.reliability = NAN, .missing_most = 0.5, .correlation = 0.95, .select = true, .select_alpha = 1, .select_folds = 5, .recalibrate = true,
                         .threshold = NAN, .inner_folds = 4, .contender = contender, .contenders = contenders};
}

static const lb_value *const *no_parameters(lb_arena *arena)
{
    const lb_value **grid = lb_arena_array(arena, 1, sizeof *grid);
    grid[0] = lb_value_object(arena);
    return grid;
}

/* An honest pipeline leaves no findings; one that selects its columns on everybody before it splits is caught. */
static void a_leak_is_caught(void **state)
{
    (void)state;
    fixture f = people(120, 300, 0, 1, 11);
    lb_contender logistic = {lb_learner_find("logistic"), "logistic", no_parameters(f.arena), 1};
    lb_pipeline honest = pipeline_of(&logistic, 1);
    lb_validation options = {.split = 0.7, .folds = 4, .bootstrap = 2, .permutations = 1, .refits = 2, .seed = 3, .threads = 2};
    lb_validated run;
    lb_error err = LB_ERROR_INIT;
    if (lb_validate(&honest, f.cohort, &options, f.arena, &run, &err)) fail_msg("%s", err.message);
    assert_int_equal(lb_fit_ledger_check(run.ledger, NULL), 0);
    assert_true(lb_fit_ledger_entries(run.ledger) > 100);
    lb_packed_free(&run.refit);

    /* the leak: a filter on all rows, then cross-validation on what it kept */
    lb_fit_ledger *ledger = lb_fit_ledger_new(f.n, f.group, f.arena);
    size_t *all = lb_arena_array(f.arena, f.n, sizeof *all), *in = lb_arena_array(f.arena, 2 * f.n, sizeof *in), *held = in + f.n;
    for (size_t i = 0; i < f.n; i++) all[i] = i;
    lb_view everybody = lb_view_open(f.cohort, ledger, "", "filter on everybody", all, f.n, f.arena);
    lb_input kept[10];
    for (size_t k = 0; k < 10; k++) { /* the ten columns most associated with the outcome */
        double most = -1;
        for (size_t j = 0; j < f.p; j++) {
            double auc = fabs(lb_auc(everybody.event, f.input[j].value, NULL, f.n) - 0.5);
            bool taken = false;
            for (size_t t = 0; t < k; t++) taken |= kept[t].value == f.input[j].value;
            if (!taken && auc > most) most = auc, kept[k] = f.input[j];
        }
    }
    lb_outcome_data outcome = {.event = everybody.event};
    lb_cohort *filtered = lb_cohort_new(f.n, kept, 10, f.group, -1, &outcome, f.arena);
    double *risk = lb_arena_array(f.arena, f.n, sizeof *risk), *part = lb_arena_array(f.arena, f.n, sizeof *part);
    lb_pipeline plain = honest;
    plain.select = false;
    for (size_t fold = 0; fold < 4; fold++) {
        size_t ins = 0, helds = 0;
        char scope[32];
        lb_trained trained;
        snprintf(scope, sizeof scope, "nested %zu", fold + 1);
        for (size_t i = 0; i < f.n; i++) i % 4 == fold ? (held[helds++] = i) : (in[ins++] = i);
        if (lb_pipeline_fit(&plain, filtered, ledger, scope, in, ins, SIZE_MAX, 1, 1000 * fold, f.arena, &trained, &err)) fail_msg("%s", err.message);
        lb_trained_risks(&trained, 0, filtered, held, helds, part);
        for (size_t k = 0; k < helds; k++) risk[held[k]] = part[k];
        lb_fit_ledger_judge(ledger, scope, "outer fold", held, helds, false);
    }
    lb_value *findings = lb_value_array(f.arena);
    assert_true(lb_fit_ledger_check(ledger, findings) >= 4);
    assert_string_equal(lb_get_text(findings->item[0], "fitted", ""), "filter on everybody");
    assert_true(lb_auc(everybody.event, risk, NULL, f.n) > 0.65); /* and this is what the leak would have sold */
    lb_arena_free(f.arena);
}

/* Nothing to find: held-out areas of the whole pipeline lie in their null interval for every learner. */
static void nothing_to_find(void **state)
{
    (void)state;
    fixture f = people(150, 60, 0, 1, 21);
    static const char *const names[] = {"logistic", "lasso", "forest", "xgboost", "leafwise", "perceptron"};
    enum { RUNS = 12 };
    lb_contender all[LB_COUNT(names)];
    for (size_t k = 0; k < LB_COUNT(names); k++) all[k] = (lb_contender){lb_learner_find(names[k]), names[k], no_parameters(f.arena), 1};
    lb_pipeline p = pipeline_of(all, LB_COUNT(all));
    lb_validation options = {.split = 0.7, .folds = 0, .bootstrap = 0, .permutations = RUNS, .seed = 5, .threads = 2};
    lb_validated run;
    lb_error err = LB_ERROR_INIT;
    if (lb_validate(&p, f.cohort, &options, f.arena, &run, &err)) fail_msg("%s", err.message);
    for (size_t k = 0; k < LB_COUNT(names); k++) {
        double mean = lb_sum(run.permuted[k], RUNS) / RUNS;
        if (fabs(mean - 0.5) > 3.290526731491926 * run.permuted_sd / sqrt(RUNS)) fail_msg("%s: mean area %.3f on dealt labels", names[k], mean);
    }
    assert_int_equal(lb_fit_ledger_check(run.ledger, NULL), 0);
    lb_arena_free(f.arena);
}

/* With a signal the pipeline finds it, keeps its columns, and gives the same bits on one and two threads. */
static void threads_and_signal(void **state)
{
    (void)state;
    fixture f = people(200, 30, 1.2, 2, 31);
    lb_contender all[] = {{lb_learner_find("logistic"), "logistic", no_parameters(f.arena), 1}, {lb_learner_find("xgboost"), "xgboost", no_parameters(f.arena), 1},
                          {lb_learner_find("leafwise"), "leafwise", no_parameters(f.arena), 1}, {lb_learner_find("perceptron"), "perceptron", no_parameters(f.arena), 1},
                          {lb_learner_find("lasso"), "lasso", no_parameters(f.arena), 1}};
    lb_pipeline p = pipeline_of(all, LB_COUNT(all));
    lb_validated run[2];
    char hash[2][65];
    for (unsigned t = 0; t < 2; t++) {
        lb_validation options = {.split = 0.7, .folds = 3, .bootstrap = 3, .permutations = 1, .refits = 3, .seed = 5, .threads = t + 1};
        lb_error err = LB_ERROR_INIT;
        if (lb_validate(&p, f.cohort, &options, f.arena, &run[t], &err)) fail_msg("%s", err.message);
        lb_fit_ledger_hash(run[t].ledger, hash[t]);
        assert_int_equal(lb_fit_ledger_check(run[t].ledger, NULL), 0);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_int_equal(run[0].refit.count, run[1].refit.count);
    assert_memory_equal(run[0].refit.data, run[1].refit.data, run[0].refit.count * sizeof(double));
    for (size_t k = 0; k < LB_COUNT(all); k++) {
        assert_memory_equal(run[0].tested[k], run[1].tested[k], run[0].test * sizeof(double));
        assert_memory_equal(run[0].nested[k], run[1].nested[k], run[0].train * sizeof(double));
    }
    lb_view view = lb_view_judge(f.cohort, run[0].ledger, "test", "test", run[0].test_row, run[0].test, false, f.arena);
    for (size_t k = 0; k < LB_COUNT(all); k++) {
        double auc = lb_auc(view.event, run[0].tested[k], NULL, view.n);
        if (!(auc > 0.7)) fail_msg("%s: held-out area %.3f", all[k].label, auc);
    }
    for (size_t i = 0; i + 1 < f.n; i += 2) { /* people stay together */
        bool in = false, too = false;
        for (size_t k = 0; k < run[0].train; k++) in |= run[0].train_row[k] == i, too |= run[0].train_row[k] == i + 1;
        assert_true(in == too);
    }
    lb_packed_free(&run[0].refit);
    lb_packed_free(&run[1].refit);
    lb_arena_free(f.arena);
}

/* ComBat against the method computed another way: two batches of a known shift and scale, many features. */
static void combat_removes_batches(void **state)
{
    (void)state;
    enum { N = 200, P = 40 };
    lb_arena *arena = lb_arena_new();
    const double *value[P];
    double *move[P];
    int32_t batch[N];
    lb_random random;
    lb_random_init(&random, 8, 0);
    for (size_t i = 0; i < N; i++) batch[i] = i < 120 ? 0 : i < 180 ? 1 : 2;
    for (size_t j = 0; j < P; j++) {
        double *x = lb_arena_array(arena, N, sizeof *x);
        double shift[] = {0, 1 + 0.2 * lb_random_normal(&random), -1 + 0.2 * lb_random_normal(&random)}, scale[] = {1, 1.5, 0.7};
        for (size_t i = 0; i < N; i++) x[i] = 10 + 3 * (shift[batch[i]] + scale[batch[i]] * lb_random_normal(&random));
        value[j] = x;
        move[j] = lb_arena_array(arena, 6, sizeof(double));
    }
    assert_true(lb_combat(value, P, batch, N, 3, arena, move));
    double before = 0, after = 0, spread = 0;
    for (size_t j = 0; j < P; j++) {
        double mean[2][3] = {{0}}, square[3] = {0}, n[3] = {0};
        for (size_t i = 0; i < N; i++) {
            double v = value[j][i], h = v * move[j][2 * batch[i]] + move[j][2 * batch[i] + 1];
            mean[0][batch[i]] += v, mean[1][batch[i]] += h, square[batch[i]] += h * h, n[batch[i]]++;
        }
        for (int b = 0; b < 3; b++) mean[0][b] /= n[b], mean[1][b] /= n[b], square[b] = square[b] / n[b] - mean[1][b] * mean[1][b];
        before += fabs(mean[0][1] - mean[0][2]) / P, after += fabs(mean[1][1] - mean[1][2]) / P, spread += square[1] / square[2] / P;
    }
    assert_true(before > 4 && after < 0.15 * before); /* shrunk, so not exactly nothing */
    assert_true(spread > 0.8 && spread < 1.35);       /* was 4.6 */
    lb_arena_free(arena);
}

/* The real set: nodes of a dog stay together; nested result with interval and calibration. */
static void real_radiomics(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_table *sln = shared_table("learn/datasets/sln_radiomics.csv", arena);
    if (!sln) skip();
    static const char plan[] = "plan: sln\nversion: '1'\ntitle: Lymph nodes\nstudy: SLN\nseed: 7\ndata: {table: sln, id: row, group: patient_id}\n"
                               "outcomes: [{id: metastatic, label: Metastatic, event: metastatic, value: '1'}]\ninputs: [{columns: original_*}]\n"
                               "pipeline: {correlation: 0.9, select: {most: 6, folds: 4}, inner_folds: 4}\nmodels: {logistic: {firth: true}, forest: {trees: 60}}\n"
                               "validation: {split: 0, folds: 5, bootstrap: 6, permutations: 4}\npublish: {model: forest}\n";
    sln->name = "sln";
    lb_column *row = lb_table_add_number(sln, "row");
    row->missing = 0;
    for (size_t i = 0; i < sln->rows; i++) row->number[i] = (double)i;
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "train"));
    lb_bytes bytes = {(const uint8_t *)plan, sizeof plan - 1, "sln.yaml"};
    assert_int_equal(lb_call_bind(call, "plan", &bytes, &err), 0);
    assert_int_equal(lb_call_bind_table(call, "data", sln, &err), 0);
    lb_call_set_threads(call, 2);
    lb_result *r = NULL;
    if (lb_call_run(call, &r, &err)) fail_msg("%s: %s", err.where, err.message);
    const lb_value *o = lb_get(r->results, "outcomes")->item[0], *nested = lb_path(o, "models[1].nested");
    assert_int_equal((int)number_at(o, "people"), 49);
    assert_int_equal((int)number_at(o, "rows"), 195);
    assert_int_equal((int)number_at(o, "ledger.leaks"), 0);
    assert_true(number_at(nested, "auc_lower") < number_at(nested, "auc") && number_at(nested, "auc") < number_at(nested, "auc_upper"));
    assert_true(number_at(nested, "auc") > 0.35 && number_at(nested, "auc") < 0.85); /* published with leave-one-dog-out: 0.44 to 0.65 */
    assert_true(isfinite(number_at(nested, "in_the_large")) && isfinite(number_at(nested, "brier")));
    assert_string_equal(lb_get_text(nested, "intervals", ""), "percentiles of resampled people");
    lb_result_free(r);
    lb_call_free(call);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leak_is_caught),       cmocka_unit_test(nothing_to_find), cmocka_unit_test(threads_and_signal),
        cmocka_unit_test(combat_removes_batches), cmocka_unit_test(real_radiomics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
