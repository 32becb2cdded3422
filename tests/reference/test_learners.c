/* Forest, perceptron, XGBoost, Firth, bootstrap, kernel SHAP and LIME against ../shared/data/learn/ref and their definitions. */
#include "predict_tables.h"
#include "predict/forest.h"
#include "predict/perceptron.h"
#include "predict/shap_batch.h"

#include <lumbar/stats.h>

static const char *const PIMA = "npreg,glu,bp,skin,bmi,ped,age";

static lb_table *pima(const char *set, lb_arena *arena)
{
    lb_table *all = shared_table("learn/datasets/pima.csv", arena);
    return all ? rows_where(all, "set", set, arena) : NULL;
}

static lb_bytes bytes_of(const lb_result *result)
{
    assert_true(result->artifact_count > 0);
    return (lb_bytes){result->artifact[0].data, result->artifact[0].length, "model"};
}

static lb_table *first_rows(const lb_table *table, size_t count, lb_arena *arena)
{
    size_t row[64];
    for (size_t i = 0; i < count; i++) row[i] = i;
    return lb_table_rows(table, row, count, arena);
}

typedef struct bag_range {
    const char *file, *set, *prefix, *outcome, *key;
} bag_range;

/* The columns that begin with `prefix`, but for the outcome, as a list. */
static const char *predictors(const lb_table *table, const char *prefix, const char *outcome, lb_arena *arena)
{
    const char *list = "";
    for (size_t c = 0; c < table->columns; c++) {
        const char *name = table->column[c].name;
        if (strncmp(name, prefix, strlen(prefix)) == 0 && strcmp(name, outcome) && strcmp(name, "set")) list = lb_arena_printf(arena, "%s%s%s", list, *list ? "," : "", name);
    }
    return list;
}

/* The reference gives the least, mean and largest figure of eight forests of scikit-learn (500 trees, grown out). The mean of eight of ours lies
 * between the first and the last, and is no further from theirs than two means of eight forests are by chance (3.3 standard errors). */
static void out_of_bag(void **state)
{
    (void)state;
    enum { SEEDS = 8, FIGURES = 3 };
    static const bag_range sets[] = {{"wdbc", NULL, "", "y", "rf_wdbc"}, {"pima", "train", "", "y", "rf_pima_train"}, {"sln_radiomics", NULL, "original_", "metastatic", "rf_sln"}};
    static const char *const figures[FIGURES] = {"auc", "brier", "error"};
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *ref = shared_json("learn/ref/misc.json", arena);
    if (!ref) skip();
    for (size_t k = 0; k < LB_COUNT(sets); k++) {
        lb_table *all = shared_table(lb_arena_printf(arena, "learn/datasets/%s.csv", sets[k].file), arena);
        lb_table *train = sets[k].set ? rows_where(all, "set", sets[k].set, arena) : all;
        const char *features = predictors(train, sets[k].prefix, sets[k].outcome, arena), *trees = lb_arena_printf(arena, "%g", number_at(ref, lb_arena_printf(arena, "%s.ntree", sets[k].key)));
        assert_int_equal((int)number_at(ref, lb_arena_printf(arena, "%s.seeds", sets[k].key)), SEEDS);
        double sum[FIGURES] = {0}, square[FIGURES] = {0};
        for (int seed = 0; seed < SEEDS; seed++) {
            lb_result *r = run_on(registry, "forest", train,
                                  (const char *const[]){"outcome", sets[k].outcome, "features", features, "seed", lb_arena_printf(arena, "%d", seed), "trees", trees, NULL});
            for (size_t f = 0; f < FIGURES; f++) {
                double value = number_at(r->results, lb_arena_printf(arena, "oob.%s", figures[f]));
                sum[f] += value, square[f] += value * value;
            }
            lb_result_free(r);
        }
        for (size_t f = 0; f < FIGURES; f++) {
            double mean = sum[f] / SEEDS, sd = sqrt(fmax(0, square[f] / SEEDS - mean * mean) * SEEDS / (SEEDS - 1)), bound[3];
            for (int i = 0; i < 3; i++) bound[i] = number_at(ref, lb_arena_printf(arena, "%s.oob_%s[%d]", sets[k].key, figures[f], i));
            sd = fmax(sd, (bound[2] - bound[0]) / 2.85); /* the range of eight is 2.85 standard deviations */
            if (!(mean >= bound[0] - 1e-12 && mean <= bound[2] + 1e-12)) fail_msg("%s: mean %s %.5f is not within %.5f to %.5f", sets[k].key, figures[f], mean, bound[0], bound[2]);
            if (fabs(mean - bound[1]) > 3.3 * sd * sqrt(2.0 / SEEDS)) fail_msg("%s: mean %s %.5f is far from %.5f (sd %.5f)", sets[k].key, figures[f], mean, bound[1], sd);
        }
    }
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* An exclusive or: where a sample is balanced no first cut gains anything, and yet every tree is grown until its leaves are pure. */
static void cuts_without_gain(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    enum { N = 8, TREES = 400 };
    double x[2 * N], y[N];
    lb_forest forest;
    lb_error err = LB_ERROR_INIT;
    for (size_t i = 0; i < N; i++) x[i] = (double)(i % 2), x[N + i] = (double)(i / 2 % 2), y[i] = i % 2 != i / 2 % 2;
    lb_forest_options o = {.trees = TREES, .mtry = 1, .min_node = 1, .seed = 4, .threads = 1};
    assert_int_equal(lb_forest_fit(x, y, N, 2, &o, NULL, arena, &forest, &err), 0);
    for (size_t t = 0; t < TREES; t++)
        for (size_t k = 0; k < forest.model.tree[t].nodes; k++) {
            const lb_score_node *n = &forest.model.tree[t].node[k];
            assert_true(n->feature >= 0 || n->value == 0 || n->value == 1);
        }
    lb_arena_free(arena);
}

/* Threads change nothing. */
static void forest_threads(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    enum { N = 200, P = 6 };
    double x[N * P], y[N], row[P];
    lb_random random;
    lb_error err = LB_ERROR_INIT;
    lb_random_init(&random, 3, 0);
    for (size_t i = 0; i < N * P; i++) x[i] = floor(8 * lb_random_uniform(&random));
    for (size_t i = 0; i < N; i++) y[i] = x[i] + x[N + i] > 8 ? 1 : lb_random_below(&random, 2);
    lb_forest one, two;
    lb_forest_options o = {.trees = 40, .min_node = 1, .seed = 9, .threads = 1};
    assert_int_equal(lb_forest_fit(x, y, N, P, &o, NULL, arena, &one, &err), 0);
    o.threads = 2;
    assert_int_equal(lb_forest_fit(x, y, N, P, &o, NULL, arena, &two, &err), 0);
    double right = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < P; j++) row[j] = x[j * N + i];
        assert_true(lb_score_margin(&one.model, row) == lb_score_margin(&two.model, row));
        right += (lb_score_margin(&one.model, row) / 40 > 0.5) == (y[i] == 1);
    }
    assert_true(right > 0.9 * N); /* it learned */
    lb_arena_free(arena);
}

static void start_json(const lb_value *ref, size_t columns, lb_buf *out)
{
    const lb_value *hidden = lb_get(ref, "hidden");
    size_t width[8] = {columns}, layers = hidden->count + 1;
    for (size_t l = 0; l < hidden->count; l++) width[l + 1] = (size_t)lb_number_of(hidden->item[l]);
    width[layers] = 1;
    lb_buf_puts(out, "{\"weights\": [");
    for (size_t l = 0; l < layers; l++) {
        lb_buf_puts(out, l ? ",[" : "[");
        for (size_t i = 0; i < width[l]; i++) {
            lb_buf_puts(out, i ? ",[" : "[");
            for (size_t j = 0; j < width[l + 1]; j++) lb_buf_printf(out, "%s%.17g", j ? "," : "", 0.3 * sin(1 + 7.0 * (double)i + 3.0 * (double)j + (double)l));
            lb_buf_puts(out, "]");
        }
        lb_buf_puts(out, "]");
    }
    lb_buf_puts(out, "], \"biases\": [");
    for (size_t l = 0; l < layers; l++) {
        lb_buf_puts(out, l ? ",[" : "[");
        for (size_t j = 0; j < width[l + 1]; j++) lb_buf_printf(out, "%s%.17g", j ? "," : "", 0.1 * cos((double)j + (double)l));
        lb_buf_puts(out, "]");
    }
    lb_buf_puts(out, "]}");
}

static void check_network(lb_registry *registry, lb_table *train, const lb_value *ref, lb_arena *arena)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf start = {0}, hidden = {0};
    char alpha[32];
    start_json(ref, 7, &start);
    const lb_value *layers = lb_get(ref, "hidden");
    for (size_t l = 0; l < layers->count; l++) lb_buf_printf(&hidden, "%s%g", l ? "," : "", lb_number_of(layers->item[l]));
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "perceptron"));
    assert_int_equal(lb_call_bind_table(call, "data", train, &err), 0);
    lb_bytes bytes = {(const uint8_t *)start.data, start.length, "start"};
    assert_int_equal(lb_call_bind(call, "start", &bytes, &err), 0);
    const char *const pairs[] = {"outcome", "y", "features", PIMA, "hidden", hidden.data, "activation", lb_get_text(ref, "activation", ""), "alpha",
                                 lb_number_text(number_at(ref, "alpha"), alpha), "max_iter", "0", NULL};
    for (size_t i = 0; pairs[i]; i += 2) assert_int_equal(lb_call_set(call, pairs[i], pairs[i + 1], &err), 0);
    lb_result *r = NULL;
    if (lb_call_run(call, &r, &err)) fail_msg("%s", err.message);
    assert_close(number_at(r->results, "loss"), number_at(ref, "loss"), 1e-12);
    const lb_value *proba = lb_get(ref, "proba_first10"), *w = lb_get(ref, "grad_W"), *b = lb_get(ref, "grad_b");
    assert_true(w->count >= 2);
    for (size_t i = 0; i < proba->count; i++) assert_close(lb_number_of(lb_get(r->results, "fitted")->item[i]), lb_number_of(proba->item[i]), 1e-12);
    for (size_t l = 0; l < w->count; l++) {
        const lb_value *mine = lb_get(r->results, "gradient_weights")->item[l];
        for (size_t i = 0; i < mine->count; i++)
            for (size_t o = 0; o < mine->item[i]->count; o++) {
                const lb_value *row = w->item[l]->item[i];
                double theirs = row->type == LB_ARRAY ? lb_number_of(row->item[o]) : lb_number_of(row);
                if (fabs(lb_number_of(mine->item[i]->item[o]) - theirs) > 1e-13) fail_msg("layer %zu, weight %zu,%zu: %.17g, expected %.17g", l, i, o, lb_number_of(mine->item[i]->item[o]), theirs);
            }
        const lb_value *bias = lb_get(r->results, "gradient_biases")->item[l];
        for (size_t o = 0; o < bias->count; o++) {
            double theirs = b->item[l]->type == LB_ARRAY ? lb_number_of(b->item[l]->item[o]) : lb_number_of(b->item[l]);
            assert_true(fabs(lb_number_of(bias->item[o]) - theirs) < 1e-13);
        }
    }
    lb_result_free(r);
    lb_call_free(call);
    lb_buf_free(&start);
    lb_buf_free(&hidden);
    (void)arena;
}

static void fixed_weights(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *ref = shared_json("learn/ref/misc.json", arena);
    lb_table *train = pima("train", arena);
    if (!ref || !train) skip();
    size_t checked = 0;
    for (size_t i = 0; i < ref->count; i++) {
        if (!lb_text_starts(ref->key[i], "mlp_")) continue;
        check_network(registry, train, ref->item[i], arena);
        checked++;
    }
    assert_int_equal(checked, 3);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* The gradient against central differences of the loss, with weights of the rows. */
static void finite_differences(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    enum { N = 40, P = 3 };
    double x[N * P], y[N], weight[N];
    lb_random random;
    lb_error err = LB_ERROR_INIT;
    lb_random_init(&random, 4, 0);
    for (size_t i = 0; i < N * P; i++) x[i] = lb_random_normal(&random);
    for (size_t i = 0; i < N; i++) y[i] = lb_random_below(&random, 2), weight[i] = 0.5 + lb_random_uniform(&random);
    for (int a = LB_SCORE_TANH; a <= LB_SCORE_LOGISTIC; a++) {
        lb_perceptron net;
        lb_perceptron_options o = {.hidden = {5, 4}, .layers = 2, .activation = (lb_score_activation)a, .alpha = 0.3, .seed = 2};
        assert_int_equal(lb_perceptron_start(P, &o, arena, &net, &err), 0);
        double *gradient = lb_arena_array(arena, net.parameters, sizeof *gradient);
        (void)lb_perceptron_loss(&net, &o, x, y, weight, N, gradient, arena);
        for (size_t k = 0; k < net.parameters; k++) {
            double h = 1e-5, keep = net.parameter[k];
            net.parameter[k] = keep + h;
            double up = lb_perceptron_loss(&net, &o, x, y, weight, N, NULL, arena);
            net.parameter[k] = keep - h;
            double down = lb_perceptron_loss(&net, &o, x, y, weight, N, NULL, arena);
            net.parameter[k] = keep;
            assert_true(fabs((up - down) / (2 * h) - gradient[k]) < 1e-9);
        }
    }
    lb_arena_free(arena);
}

/* Trained to rest from five starts each: the mean loss and area lie within scikit-learn's of its five (a network has many resting places), and
 * where the ridge leaves one only, in it. */
static void networks_at_rest(void **state)
{
    (void)state;
    enum { STARTS = 5 };
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *ref = shared_json("learn/ref/misc.json", arena);
    lb_table *train = pima("train", arena);
    if (!ref || !train) skip();
    for (size_t k = 0; k < ref->count; k++) {
        if (!lb_text_starts(ref->key[k], "mlp_")) continue;
        const lb_value *expected = ref->item[k], *theirs = lb_get(expected, "lbfgs_final_loss_auc_5seeds"), *hidden = lb_get(expected, "hidden");
        const char *layers = "";
        for (size_t i = 0; i < hidden->count; i++) layers = lb_arena_printf(arena, "%s%s%g", layers, i ? "," : "", lb_number_of(hidden->item[i]));
        double mean[2] = {0}, least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY}, one = number_at(expected, "alpha") >= 1;
        assert_int_equal(theirs->count, STARTS);
        for (size_t i = 0; i < STARTS; i++)
            for (int m = 0; m < 2; m++) {
                double v = lb_number_of(theirs->item[i]->item[m]);
                least[m] = fmin(least[m], v), most[m] = fmax(most[m], v);
            }
        for (int seed = 1; seed <= STARTS; seed++) {
            lb_result *r = run_on(registry, "perceptron", train,
                                  (const char *const[]){"outcome", "y", "features", PIMA, "hidden", layers, "activation", lb_get_text(expected, "activation", ""), "alpha",
                                                        lb_arena_printf(arena, "%.17g", number_at(expected, "alpha")), "solver", "lbfgs", "max_iter", "20000", "tol", "1e-6", "seed",
                                                        lb_arena_printf(arena, "%d", seed), NULL});
            double figure[2] = {number_at(r->results, "loss"), number_at(r->results, "training_auc")};
            assert_true(lb_get(r->results, "stopped_early")->boolean); /* at rest */
            for (int m = 0; m < 2; m++) {
                mean[m] += figure[m] / STARTS;
                if (one && !(figure[m] >= least[m] - 2e-3 && figure[m] <= most[m] + 2e-3)) fail_msg("%s, start %d: %.6f is not within %.6f to %.6f", ref->key[k], seed, figure[m], least[m], most[m]);
            }
            lb_result_free(r);
        }
        for (int m = 0; m < 2; m++)
            if (!(mean[m] >= least[m] - 1e-6 && mean[m] <= most[m] + 1e-6)) fail_msg("%s: the mean %s %.6f is not within %.6f to %.6f", ref->key[k], m ? "area" : "loss", mean[m], least[m], most[m]);
    }
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* A trained network tells people apart it has not seen. */
static void perceptron_learns(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_table *train = pima("train", arena);
    if (!train) skip();
    lb_result *r = run_on(registry, "perceptron", train, (const char *const[]){"outcome", "y", "features", PIMA, "learning_rate", "0.01", "max_iter", "300", NULL});
    assert_true(number_at(r->results, "training_auc") > 0.8);
    lb_result_free(r);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* Trained anew by the reference's parameters: its losses after every tree, and its margins to the bit. */
static void check_xgboost(lb_registry *registry, const lb_value *expected, lb_arena *arena)
{
    const char *data = lb_get_text(expected, "data", "");
    lb_table *table = shared_table(lb_arena_printf(arena, "learn/datasets/%.*s", (int)strcspn(data, " "), data), arena);
    const lb_value *params = lb_get(expected, "params"), *losses = lb_get(expected, "train_metric")->item[0], *margin = lb_get(expected, "margin");
    bool binary = strcmp(lb_get(expected, "train_metric")->key[0], "logloss") == 0;
    char number[64];
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "xgboost"));
    assert_int_equal(lb_call_bind_table(call, "data", table, &err), 0);
    assert_int_equal(lb_call_set(call, "outcome", "y", &err), 0);
    assert_int_equal(lb_call_set(call, "features", predictors(table, "", "y", arena), &err), 0);
    assert_int_equal(lb_call_set(call, "nrounds", lb_number_text(number_at(expected, "rounds"), number), &err), 0);
    for (size_t i = 0; i < params->count; i++) {
        const char *key = params->key[i];
        if (!strcmp(key, "eval_metric") || !strcmp(key, "nthread")) continue;
        const char *text = params->item[i]->type == LB_STRING ? params->item[i]->text : lb_number_text(lb_number_of(params->item[i]), number);
        if (lb_call_set(call, key, text, &err)) fail_msg("%s: %s", key, err.message);
    }
    lb_result *r = NULL, *scored = NULL;
    if (lb_call_run(call, &r, &err)) fail_msg("%s", err.message);
    const lb_value *history = lb_get(r->results, "training");
    assert_int_equal(history->count, losses->count);
    for (size_t i = 0; i < losses->count; i++) assert_close(number_at(history->item[i], binary ? "log_loss" : "rmse"), lb_number_of(losses->item[i]), 1e-6);
    lb_bytes model = bytes_of(r);
    lb_call *score = lb_call_new(registry, lb_registry_find(registry, "predict", "score"));
    assert_int_equal(lb_call_bind(score, "model", &model, &err), 0);
    assert_int_equal(lb_call_bind_table(score, "data", first_rows(table, margin->count, arena), &err), 0);
    if (lb_call_run(score, &scored, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < margin->count; i++) assert_true(number_at(lb_get(scored->results, "scores")->item[i], "margin") == lb_number_of(margin->item[i]));
    const lb_value *importance = lb_get(r->results, "importance"), *gain = lb_get(expected, "gain_importance");
    for (size_t j = 0; j < importance->count; j++) {
        const lb_value *theirs = lb_get(gain, lb_get_text(importance->item[j], "feature", ""));
        if (theirs) assert_close(number_at(importance->item[j], "total_gain"), lb_number_of(theirs), 1e-6);
    }
    lb_result_free(r);
    lb_result_free(scored);
    lb_call_free(call);
    lb_call_free(score);
}

static void xgboost_trained(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *all = shared_json("learn/ref/xgboost.json", arena);
    if (!all) skip();
    assert_int_equal(all->count, 4);
    for (size_t i = 0; i < all->count; i++) check_xgboost(registry, all->item[i], arena);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* The samples of the reference have no line of names. */
static lb_table *samples_of(const char *relative, lb_arena *arena)
{
    const char *path = shared_data(relative);
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_bytes bytes;
    lb_table *table;
    lb_buf named = {0};
    if (!path) return NULL;
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), 0);
    for (int k = 1; k <= 100; k++) lb_buf_printf(&named, "%sb%d", k > 1 ? "," : "", k);
    lb_buf_putc(&named, '\n');
    lb_buf_add(&named, (const char *)bytes.data, bytes.length);
    lb_bytes whole = {(const uint8_t *)lb_arena_text(arena, named.data), named.length, "samples"};
    if (lb_csv_read(&whole, &options, arena, &table, &err)) fail_msg("%s", err.message);
    lb_buf_free(&named);
    return table;
}

/* Harrell, .632 and .632+ with the very samples of the reference. */
static void bootstrap_reference(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *ref = shared_json("learn/ref/performance.json", arena);
    lb_table *train = pima("train", arena), *samples = samples_of("learn/ref/pima_train_boot100_indices.csv", arena);
    if (!ref || !train || !samples) skip();
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "bootstrap"));
    assert_int_equal(lb_call_bind_table(call, "data", train, &err), 0);
    assert_int_equal(lb_call_bind_table(call, "resamples", samples, &err), 0);
    assert_int_equal(lb_call_set(call, "outcome", "y", &err), 0);
    assert_int_equal(lb_call_set(call, "features", PIMA, &err), 0);
    lb_result *r = NULL;
    if (lb_call_run(call, &r, &err)) fail_msg("%s", err.message);
    static const char *const same[][2] = {{"apparent.auc", "apparent.auc"}, {"optimism.auc", "optimism.auc"}, {"optimism.brier", "optimism.brier"}, {"optimism.slope", "optimism.slope"}, {"apparent.brier", "apparent.brier"}, {"apparent.slope", "apparent.slope"},
        {"corrected.auc", "corrected.auc"}, {"corrected.brier", "corrected.brier"}, {"corrected.slope", "corrected.slope"}, {"corrected.in_the_large", "corrected.citl"},
        {"held_out_auc", "mean_oob_auc"}, {"held_out_brier", "mean_oob_brier"}, {"auc_632", "auc_632"}, {"relative_overfitting", "rel_overfit"}, {"weight_632plus", "weight"},
        {"auc_632plus", "auc_632plus"}};
    for (size_t i = 0; i < LB_COUNT(same); i++)
        assert_close(number_at(r->results, same[i][0]), number_at(lb_get(ref, "pima_bootstrap"), same[i][1]), 1e-7);
    assert_close(number_at(r->results, "optimism.in_the_large"), number_at(ref, "pima_bootstrap.optimism.citl"), 1e-6);
    assert_true(fabs(number_at(r->results, "apparent.in_the_large") - number_at(ref, "pima_bootstrap.apparent.citl")) < 1e-10);
    const lb_value *replicate = lb_path(ref, "pima_bootstrap.per_replicate"); /* areas on sample and all, slopes on sample and all, area of those out */
    static const char *const figures[] = {"sample_auc", "auc", "sample_slope", "slope", "held_out_auc"};
    const lb_value *mine = lb_get(r->results, "samples");
    double lost[100];
    assert_int_equal(replicate->count, LB_COUNT(lost));
    assert_int_equal(mine->count, LB_COUNT(lost));
    for (size_t i = 0; i < LB_COUNT(lost); i++)
        for (size_t k = 0; k < LB_COUNT(figures); k++) assert_close(number_at(mine->item[i], figures[k]), lb_number_of(replicate->item[i]->item[k]), 1e-6);
    for (size_t i = 0; i < LB_COUNT(lost); i++) { /* sorted as they come */
        double d = lb_number_of(replicate->item[i]->item[2]) - lb_number_of(replicate->item[i]->item[3]);
        size_t at = i;
        for (; at > 0 && lost[at - 1] > d; at--) lost[at] = lost[at - 1];
        lost[at] = d;
    }
    assert_close(number_at(r->results, "corrected.slope_median"), number_at(r->results, "apparent.slope") - (lost[49] + lost[50]) / 2, 1e-7);
    lb_result_free(r);
    lb_call_free(call);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* Firth with one binary predictor: a half is added to each cell of the table (Heinze & Schemper 2002), also where a cell is empty. */
static void firth_two_by_two(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    static const int cells[][4] = {{10, 5, 4, 11}, {12, 0, 7, 9}}; /* exposed without, with event; others without, with */
    for (size_t k = 0; k < LB_COUNT(cells); k++) {
        double x[80], y[40];
        size_t n = 0;
        for (int cell = 0; cell < 4; cell++)
            for (int i = 0; i < cells[k][cell]; i++) x[n] = cell < 2, y[n++] = cell % 2;
        for (size_t i = 0; i < n; i++) x[n + i] = x[i];
        for (size_t i = 0; i < n; i++) x[i] = 1;
        lb_logistic fit;
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_firth_fit(x, y, NULL, n, 2, arena, &fit, &err), 0);
        assert_true(fit.converged);
        double a = cells[k][0] + 0.5, b = cells[k][1] + 0.5, c = cells[k][2] + 0.5, d = cells[k][3] + 0.5;
        assert_close(fit.coefficient[0], log(d / c), 1e-8);
        assert_close(fit.coefficient[1], log(b / a) - log(d / c), 1e-8);
    }
    lb_arena_free(arena);
}

static lb_result *explain(lb_registry *registry, const lb_bytes *model, lb_table *data, lb_table *background, lb_table *given, const char *const *pairs)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "explain"));
    assert_int_equal(lb_call_bind(call, "model", model, &err), 0);
    assert_int_equal(lb_call_bind_table(call, "data", data, &err), 0);
    if (background) assert_int_equal(lb_call_bind_table(call, "background", background, &err), 0);
    if (given) assert_int_equal(lb_call_bind_table(call, "perturbations", given, &err), 0);
    for (size_t i = 0; pairs[i]; i += 2) assert_int_equal(lb_call_set(call, pairs[i], pairs[i + 1], &err), 0);
    lb_result *r = NULL;
    if (lb_call_run(call, &r, &err)) fail_msg("%s: %s", err.where, err.message);
    lb_call_free(call);
    return r;
}

/* Quartiles and shares of the training rows, or means and SDs; a scaler of 0 and 1 where features become 0 and 1. */
static void check_scales(const lb_value *mine, const lb_value *about)
{
    bool parts = lb_get(about, "discretize")->boolean;
    assert_int_equal(mine->count, 7);
    for (size_t j = 0; j < mine->count; j++) {
        const char *name = lb_get_text(mine->item[j], "feature", "");
        double mean = lb_number_of(lb_get(about, "scaler_mean")->item[j]), scale = lb_number_of(lb_get(about, "scaler_scale")->item[j]);
        if (!parts) {
            assert_close(number_at(mine->item[j], "mean"), mean, 1e-12);
            assert_close(number_at(mine->item[j], "sd"), scale, 1e-12);
            continue;
        }
        assert_true(mean == 0 && scale == 1);
        const lb_value *cut = lb_get(lb_get(about, "bins"), name), *share = lb_get(lb_get(about, "bin_freq"), name), *value = lb_get(lb_get(about, "bin_values"), name);
        const lb_value *cuts = lb_get(mine->item[j], "quartiles"), *shares = lb_get(mine->item[j], "shares"), *label = lb_get(lb_get(about, "bin_names"), name);
        assert_int_equal(cuts->count, cut->count);
        assert_int_equal(shares->count, share->count);
        for (size_t k = 0; k < cut->count; k++) assert_close(lb_number_of(cuts->item[k]), lb_number_of(cut->item[k]), 1e-13);
        for (size_t k = 0; k < share->count; k++) {
            char edge[64];
            snprintf(edge, sizeof edge, k < cut->count ? "<= %.2f" : "> %.2f", lb_number_of(cuts->item[k < cut->count ? k : k - 1]));
            assert_close(lb_number_of(shares->item[k]), lb_number_of(share->item[k]), 1e-13);
            assert_true(lb_number_of(value->item[k]) == (double)k);
            assert_non_null(strstr(label->item[k]->text, edge));
        }
    }
}

/* The samples as people, and what the model says of them. */
static void check_answers(lb_registry *registry, const lb_bytes *model, const lb_value *c, const lb_table *train)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    const lb_value *people = lb_get(c, "inverse_first3");
    lb_table *table = lb_table_new(arena, "people", people->count);
    lb_result *r = NULL;
    for (size_t j = 0; j < 7; j++) {
        lb_column *column = lb_table_add_number(table, train->column[j + 1].name);
        column->missing = 0;
        for (size_t i = 0; i < people->count; i++) column->number[i] = lb_number_of(people->item[i]->item[j]);
    }
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "score"));
    assert_int_equal(lb_call_bind(call, "model", model, &err), 0);
    assert_int_equal(lb_call_bind_table(call, "data", table, &err), 0);
    if (lb_call_run(call, &r, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < people->count; i++) assert_close(number_at(lb_get(r->results, "scores")->item[i], "score"), lb_number_of(lb_get(c, "y")->item[i]), 1e-9);
    lb_result_free(r);
    lb_call_free(call);
    lb_arena_free(arena);
}

/* The row that is explained, as a table of one; it is the first of the samples, too. */
static lb_table *row_of(const lb_value *c, const lb_table *train, lb_arena *arena)
{
    lb_table *table = lb_table_new(arena, "row", 1);
    for (size_t j = 0; j < 7; j++) {
        lb_column *column = lb_table_add_number(table, train->column[j + 1].name);
        column->missing = 0;
        column->number[0] = lb_number_of(lb_get(c, "row")->item[j]);
        assert_true(column->number[0] == lb_number_of(lb_get(c, "inverse_first3")->item[0]->item[j]));
    }
    return table;
}

/* One case of lime.json: its samples and the answers to them give its weights. */
static void one_lime(lb_registry *registry, const lb_bytes *model, const lb_value *about, const lb_value *c, lb_table *row, const lb_table *train, lb_table *background, const char *const *pairs)
{
    lb_arena *arena = lb_arena_new();
    const lb_value *data = lb_get(c, "data"), *y = lb_get(c, "y"), *weights = lb_get(c, "explanation"), *kernel = lb_get(c, "weight_first5"), *distance = lb_get(c, "dist_first5");
    lb_table *given = lb_table_new(arena, "samples", data->count);
    for (size_t j = 0; j < 7; j++) {
        lb_column *column = lb_table_add_number(given, train->column[j + 1].name);
        column->missing = 0;
        for (size_t i = 0; i < data->count; i++) column->number[i] = lb_number_of(data->item[i]->item[j]);
    }
    lb_column *answer = lb_table_add_number(given, "y");
    answer->missing = 0;
    for (size_t i = 0; i < y->count; i++) answer->number[i] = lb_number_of(y->item[i]);
    lb_result *r = explain(registry, model, row, background, given, pairs);
    assert_close(number_at(r->results, "intercept"), number_at(c, "intercept"), 1e-10);
    assert_close(number_at(r->results, "r2"), number_at(c, "score"), 1e-10);
    assert_int_equal(lb_get(r->results, "weights")->count, weights->count);
    for (size_t i = 0; i < weights->count; i++)
        assert_close(lb_get_number(lb_get(r->results, "weights"), weights->item[i]->item[0]->text, NAN), lb_number_of(weights->item[i]->item[1]), 1e-10);
    for (size_t i = 0; i < kernel->count; i++) assert_close(lb_number_of(lb_get(r->results, "kernel")->item[i]), lb_number_of(kernel->item[i]), 1e-10);
    for (size_t i = 0; i < distance->count; i++) assert_close(lb_number_of(lb_get(r->results, "distances")->item[i]), lb_number_of(distance->item[i]), 1e-10);
    assert_close(number_at(r->results, "local_prediction"), number_at(c, "local_pred"), 1e-10);
    assert_int_equal((int)number_at(r->results, "samples"), (int)number_at(about, "num_samples"));
    assert_close(number_at(r->results, "kernel_width"), number_at(about, "kernel_width"), 1e-14);
    assert_close(number_at(r->results, "ridge"), number_at(about, "ridge_alpha"), 0);
    check_scales(lb_get(r->results, "scales"), about);
    check_answers(registry, model, c, train);
    lb_result_free(r);
    lb_arena_free(arena);
}

/* The logistic model of the reference: exact values of the score by all coalitions, of the margin by its coefficients, and LIME with its samples. */
static void kernel_linear_and_lime(void **state)
{
    (void)state;
    static const char *const kinds[][4] = {{"discretized", "quartile", "num_samples", "300"}, {"top4", "quartile", "num_features", "4"}, {"continuous", "none", "num_samples", "300"}};
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *misc = shared_json("learn/ref/misc.json", arena), *lime = shared_json("learn/ref/lime.json", arena);
    lb_table *train = pima("train", arena), *test = pima("test", arena);
    if (!misc || !lime || !train) skip();
    lb_result *fit = run_on(registry, "logistic", train, (const char *const[]){"outcome", "y", "features", PIMA, NULL});
    lb_bytes model = bytes_of(fit);
    const lb_value *linear = lb_get(misc, "linear_shap_interventional"), *exact = lb_get(lb_get(misc, "kernel_shap_exact"), "cases");
    for (int kernel = 0; kernel < 2; kernel++) {
        lb_result *r = explain(registry, &model, first_rows(test, 3, arena), kernel ? first_rows(train, 50, arena) : train, NULL,
                               kernel ? (const char *const[]){"method", "kernel", "scale", "score", NULL} : (const char *const[]){"method", "shap", NULL});
        for (size_t i = 0; i < 3; i++) {
            const lb_value *mine = lb_get(r->results, "contributions")->item[i], *phi = kernel ? lb_get(exact->item[i], "phi") : lb_get(linear, "phi_first3")->item[i];
            assert_close(number_at(mine, "base"), number_at(kernel ? exact->item[i] : linear, "base"), 1e-10);
            if (kernel) assert_close(number_at(mine, "score"), number_at(exact->item[i], "fx"), 1e-9);
            for (size_t j = 0; j < phi->count; j++)
                if (fabs(lb_number_of(lb_get(mine, "values")->item[j]) - lb_number_of(phi->item[j])) > 1e-10)
                    fail_msg("%s, row %zu, feature %zu: %.17g, expected %.17g", kernel ? "kernel" : "linear", i + 1, j + 1, lb_number_of(lb_get(mine, "values")->item[j]), lb_number_of(phi->item[j]));
        }
        lb_result_free(r);
    }
    for (size_t k = 0; k < LB_COUNT(kinds); k++) {
        const lb_value *cases = lb_get(lb_get(lime, kinds[k][0]), "cases");
        for (size_t i = 0; i < cases->count; i++)
            one_lime(registry, &model, lb_get(lime, kinds[k][0]), cases->item[i], row_of(cases->item[i], train, arena), train, train,
                     (const char *const[]){"method", "lime", "discretize", kinds[k][1], kinds[k][2], kinds[k][3], NULL});
    }
    lb_result_free(fit);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* Many rows at once against one by one. */
static void shap_batches(void **state)
{
    (void)state;
    enum { N = 3000, P = 8 };
    lb_arena *arena = lb_arena_new();
    double *x = lb_arena_array(arena, N * P, sizeof *x), *rows = lb_arena_array(arena, N * P, sizeof *rows), *value = lb_arena_array(arena, N * P, sizeof *value), y[N], base;
    lb_random random;
    lb_error err = LB_ERROR_INIT;
    lb_random_init(&random, 6, 0);
    for (size_t i = 0; i < N * P; i++) x[i] = lb_random_normal(&random);
    for (size_t i = 0; i < N; i++) y[i] = x[i] * x[N + i] + x[2 * N + i] > 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < P; j++) rows[i * P + j] = x[j * N + i];
    lb_forest forest;
    lb_forest_options o = {.trees = 10, .min_node = 20, .seed = 9, .threads = 1};
    assert_int_equal(lb_forest_fit(x, y, N, P, &o, NULL, arena, &forest, &err), 0);
    assert_int_equal(lb_shap_batch(&forest.model, rows, N, 2, value, &base, &err), 0);
    lb_score_paths *paths = lb_score_paths_make(&forest.model, lb_arena_alloc(arena, lb_score_paths_size(&forest.model)));
    for (size_t i = 0; i < N; i += 37) {
        double one[P] = {0}, alone = lb_score_shap(paths, rows + i * P, one), sum = base;
        assert_close(base, alone, 1e-12);
        for (size_t j = 0; j < P; j++) {
            assert_true(fabs(one[j] - value[i * P + j]) < 1e-12);
            sum += value[i * P + j];
        }
        assert_true(fabs(sum - lb_score_margin(&forest.model, rows + i * P)) < 1e-11);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_of_bag),       cmocka_unit_test(cuts_without_gain),       cmocka_unit_test(forest_threads),      cmocka_unit_test(fixed_weights),    cmocka_unit_test(finite_differences),
        cmocka_unit_test(perceptron_learns), cmocka_unit_test(xgboost_trained),    cmocka_unit_test(networks_at_rest),
        cmocka_unit_test(bootstrap_reference), cmocka_unit_test(firth_two_by_two),
        cmocka_unit_test(kernel_linear_and_lime),  cmocka_unit_test(shap_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
