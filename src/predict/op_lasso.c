/* Operation `predict lasso`: lasso, elastic net and ridge over a path of penalties, with the penalty chosen by
 * cross-validation. The fit is in lasso.c; glmnet's conventions. */
#include "predict/room.h"
#include "predict/lasso_cv.h"
#include "predict/published.h"
#include "predict/training.h"

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .summary = "columns of the predictors; every other column of numbers when not given"},
    {.name = "family", .type = LB_P_CHOICE, .preset = "binomial", .choices = "gaussian,binomial", .summary = "a number, or yes/no"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of a yes/no outcome that is the event; 1, or the later of two values"},
    {.name = "alpha", .type = LB_P_NUMBER, .preset = "1", .min = 0, .max = 1, .summary = "1 lasso, 0 ridge, between: elastic net"},
    {.name = "lambda", .type = LB_P_NUMBERS, .summary = "penalties, instead of a path of 100"},
    {.name = "nlambda", .type = LB_P_INT, .preset = "100", .min = 2, .max = 10000, .flags = LB_ADVANCED, .summary = "points of the path"},
    {.name = "foldid", .type = LB_P_COLUMN, .summary = "column that says which fold each row belongs to"},
    {.name = "folds", .type = LB_P_INT, .min = 3, .max = 1000, .summary = "cross-validate with this many random folds"},
    {.name = "group", .type = LB_P_COLUMN, .summary = "column whose equal values stay in one random fold (person)"},
    {.name = "loss", .type = LB_P_CHOICE, .preset = "deviance", .choices = "deviance,auc,class,mse,mae", .summary = "what cross-validation judges by"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 1e15, .summary = "seed of the random folds"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model at lambda_1se (or the last lambda) to this file (JSON)"},
};

typedef struct sample {
    lb_lasso_problem problem;
    const char **name; /* p */
    size_t *row;       /* n: row of the table */
    lb_outcome outcome;
} sample;

/* Names of the predictors: as given, or every column of numbers that has no other part. */
static int choose(lb_call *call, const lb_table *table, lb_arena *arena, sample *s, lb_error *err)
{
    const char *const *given, *outcome = lb_call_text(call, "outcome");
    size_t count = lb_call_texts(call, "features", &given), room = count + table->columns;
    s->name = lb_arena_array(arena, room + 1, sizeof *s->name);
    for (size_t i = 0; i < count; i++) s->name[s->problem.p++] = given[i];
    for (size_t i = 0; !count && i < table->columns; i++) {
        const lb_column *c = &table->column[i];
        if (c->type != LB_NUMBER || lb_text_equal(c->name, outcome) || lb_text_equal(c->name, lb_call_text(call, "foldid")) ||
            lb_text_equal(c->name, lb_call_text(call, "group"))) continue;
        s->name[s->problem.p++] = c->name;
    }
    for (size_t i = 0; i < s->problem.p; i++)
        if (lb_text_equal(s->name[i], outcome)) {
            int code = lb_fail(err, LB_USAGE, "%s cannot predict itself", outcome);
            lb_error_where(err, "--features");
            return code;
        }
    if (s->problem.p) return 0;
    int code = lb_fail(err, LB_BAD_DATA, "there is no column of numbers to predict from");
    lb_error_hint(err, "give --features");
    return code;
}

static int read_sample(lb_call *call, const lb_table *table, lb_result *result, sample *s, lb_error *err)
{
    lb_arena *arena = result->arena;
    lb_column *y = NULL;
    const char *outcome = lb_call_text(call, "outcome");
    s->problem = (lb_lasso_problem){.binomial = lb_call_chosen(call, "family", "binomial"), .alpha = lb_call_number(call, "alpha"), .exact = true};
    int code = choose(call, table, arena, s, err);
    if (!code && s->problem.binomial) code = lb_outcome_read(table, outcome, lb_call_text(call, "event"), arena, &s->outcome, err);
    if (!code && !s->problem.binomial) code = lb_table_number(table, outcome, &y, err);
    if (code) return code;
    size_t p = s->problem.p, n = 0;
    const double *event = y ? y->number : s->outcome.event;
    const lb_column **column = lb_arena_array(arena, p, sizeof *column);
    for (size_t j = 0; j < p && !code; j++) {
        lb_column *c;
        code = lb_predictor_read(table, s->name[j], &c, err);
        column[j] = c;
    }
    if (code) return code;
    s->row = lb_arena_try(arena, table->rows + 1, sizeof *s->row);
    double *x = lb_arena_try(arena, p + 1, (table->rows + 1) * sizeof(double));
    if (!s->row || !x) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu predictors do not fit in memory", table->rows, p);
    for (size_t i = 0; i < table->rows; i++) {
        bool whole = isfinite(event[i]);
        for (size_t j = 0; j < p && whole; j++) whole = isfinite(column[j]->number[i]);
        if (whole) s->row[n++] = i;
    }
    for (size_t j = 0; j <= p; j++)
        for (size_t i = 0; i < n; i++) x[j * n + i] = j < p ? column[j]->number[s->row[i]] : event[s->row[i]];
    s->problem.n = n, s->problem.x = x, s->problem.y = x + p * n;
    lb_set_int(result->results, "n", (int64_t)n);
    lb_set_int(result->results, "features", (int64_t)p);
    lb_set_int(result->results, "dropped", (int64_t)(table->rows - n));
    lb_columns_warn(x, n, p, s->name, result);
    if (n < table->rows) lb_result_warn(result, "%zu of %zu rows left out: something was missing", table->rows - n, table->rows);
    return 0;
}

static int check_outcome(const sample *s, lb_error *err)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < s->problem.n; i++) low = fmin(low, s->problem.y[i]), high = fmax(high, s->problem.y[i]);
    if (s->problem.n >= 3 && low < high) return 0;
    int code = lb_fail(err, LB_BAD_DATA, s->problem.n < 3 ? "%zu complete rows: at least 3 are needed" : "in the %zu complete rows the outcome does not vary", s->problem.n);
    lb_error_hint(err, "leave out predictors that are mostly missing, or impute them first");
    return code;
}

/* Folds from a column (numbered by its values), or at random: whole groups dealt in random order, balanced by outcome. */
static int make_folds(lb_call *call, const lb_table *table, const sample *s, lb_arena *arena, size_t **out, size_t *folds, lb_error *err)
{
    const char *by = lb_call_text(call, "foldid"), *group = lb_call_text(call, "group");
    size_t n = s->problem.n;
    lb_column factor;
    *out = lb_arena_array(arena, n + 1, sizeof **out);
    int code = by || group ? lb_table_factor(table, by ? by : group, arena, &factor, err) : 0;
    if (code) return code;
    size_t units = by || group ? factor.level_count : n;
    size_t *place = lb_arena_array(arena, units + 1, sizeof *place);
    *folds = by ? 0 : (size_t)lb_call_int(call, "folds");
    lb_random random;
    lb_random_init(&random, (uint64_t)lb_call_int(call, "seed"), 0);
    size_t *order = lb_arena_array(arena, units + 1, sizeof *order);
    for (size_t u = 0; u < units; u++) {
        size_t k = lb_random_below(&random, (uint32_t)u + 1);
        order[u] = order[k];
        order[k] = u;
    }
    bool *event = lb_arena_array(arena, units + 1, sizeof *event), *used = lb_arena_array(arena, units + 1, sizeof *used);
    for (size_t i = 0; i < n; i++) {
        if ((by || group) && factor.code[s->row[i]] < 0) return lb_fail(err, LB_BAD_DATA, "row %zu has no %s", s->row[i] + 1, by ? by : group);
        size_t u = by || group ? (size_t)factor.code[s->row[i]] : i;
        used[u] = true;
        if (s->problem.binomial && s->problem.y[i] == 1) event[u] = true;
    }
    size_t next = 0;
    for (int pass = 1; pass >= 0; pass--)
        for (size_t k = 0; k < units; k++) {
            size_t u = by ? k : order[k];
            if (!used[u] || (by ? pass : event[u] != (pass == 1))) continue;
            place[u] = by ? (*folds)++ : next++ % *folds;
        }
    for (size_t i = 0; i < n; i++) (*out)[i] = place[by || group ? (size_t)factor.code[s->row[i]] : i];
    if (!by && next < *folds) *folds = next;
    return *folds >= 3 ? 0 : lb_fail(err, LB_BAD_DATA, "%zu folds: at least 3 are needed", *folds);
}

/* Both kinds of outcome must be left in every training part. */
static int check_folds(const sample *s, const size_t *fold, size_t folds, lb_error *err)
{
    for (size_t k = 0; k < folds; k++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < s->problem.n; i++)
            if (fold[i] != k) low = fmin(low, s->problem.y[i]), high = fmax(high, s->problem.y[i]);
        if (low < high) continue;
        int code = lb_fail(err, LB_BAD_DATA, "without fold %zu the outcome does not vary", k + 1);
        lb_error_hint(err, "use fewer folds, or folds in which both outcomes are spread");
        return code;
    }
    return 0;
}

static void report_path(const lb_lasso_path *path, const sample *s, lb_value *out)
{
    lb_value *rows = lb_set_array(out, "path");
    for (size_t k = 0; k < path->count; k++) {
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "lambda", path->lambda[k]);
        lb_set_int(row, "nonzero", (int64_t)path->nonzero[k]);
        lb_set_number(row, "deviance_ratio", path->deviance_ratio[k]);
        lb_set_number(row, "intercept", path->intercept[k]);
        lb_value *beta = lb_set_object(row, "coefficients");
        for (size_t j = 0; j < path->p; j++)
            if (path->beta[k * path->p + j] != 0) lb_set_number(beta, s->name[j], path->beta[k * path->p + j]);
    }
    lb_set_number(out, "null_deviance", path->null_deviance);
    lb_set_number(out, "kkt_max_violation", path->kkt_max);
}

static void report_cv(const lb_lasso_path *path, const lb_lasso_cv *cv, size_t folds, const char *loss, lb_value *out)
{
    lb_value *object = lb_set_object(out, "cv");
    lb_set_text(object, "loss", loss);
    lb_set_int(object, "folds", (int64_t)folds);
    lb_set_number(object, "lambda_min", path->lambda[cv->at_min]);
    lb_set_number(object, "lambda_1se", path->lambda[cv->at_1se]);
    lb_set_int(object, "index_min", (int64_t)cv->at_min + 1);
    lb_set_int(object, "index_1se", (int64_t)cv->at_1se + 1);
    lb_set_int(object, "nonzero_min", (int64_t)path->nonzero[cv->at_min]);
    lb_set_int(object, "nonzero_1se", (int64_t)path->nonzero[cv->at_1se]);
    lb_set_numbers(object, "lambda", path->lambda, path->count);
    lb_set_numbers(object, "mean", cv->mean, path->count);
    lb_set_numbers(object, "sd", cv->sd, path->count);
}

/* The model document: what is needed to predict, and where it came from. */
static void write_model(lb_call *call, lb_result *result, const lb_table *table, const sample *s, const lb_lasso_path *path, size_t at)
{
    lb_value *model = lb_value_object(result->arena);
    lb_set_text(model, "format", "lumbar-model");
    lb_set_int(model, "format_version", 1);
    lb_set_text(model, "kind", "lasso");
    lb_set_text(model, "status", "research use only");
    lb_set_text(model, "family", lb_call_text(call, "family"));
    lb_value *about = lb_set_object(model, "outcome");
    lb_set_text(about, "column", lb_call_text(call, "outcome"));
    if (s->problem.binomial) lb_set_text(about, "event", s->outcome.event_level);
    lb_set_number(model, "alpha", s->problem.alpha);
    lb_set_number(model, "lambda", path->lambda[at]);
    lb_value *inputs = lb_set_array(model, "inputs"), *terms = lb_set_array(model, "coefficients"), *row = lb_push_object(terms);
    lb_set_text(row, "term", "(Intercept)");
    lb_set_number(row, "estimate", path->intercept[at]);
    for (size_t j = 0; j < path->p; j++) {
        if (path->beta[at * path->p + j] == 0) continue;
        const double *x = s->problem.x + j * s->problem.n;
        double low = INFINITY, high = -INFINITY, sum = 0;
        for (size_t i = 0; i < s->problem.n; i++) low = fmin(low, x[i]), high = fmax(high, x[i]), sum += x[i];
        row = lb_push_object(inputs);
        lb_set_text(row, "name", s->name[j]);
        lb_set_text(row, "type", "number");
        lb_set_number(row, "training_min", low);
        lb_set_number(row, "training_max", high);
        lb_set_number(row, "training_mean", sum / (double)s->problem.n);
        row = lb_push_object(terms);
        lb_set_text(row, "term", s->name[j]);
        lb_set_number(row, "estimate", path->beta[at * path->p + j]);
    }
    lb_value *made = lb_set_object(model, "training");
    lb_set_int(made, "n", (int64_t)s->problem.n);
    lb_set_text(made, "data_sha256", table->sha256);
    lb_set_text(made, "version", lb_version());
    lb_buf text = {0};
    lb_published_write(model, &text);
    lb_result_artifact(result, "model.json", "application/json", text.data, text.length);
    lb_buf_free(&text);
}

static lb_lasso_loss loss_of(lb_call *call, bool binomial, const char **name)
{
    static const char *const names[] = {"deviance", "auc", "class", "mse", "mae"};
    lb_lasso_loss loss = LB_LOSS_DEVIANCE;
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (lb_call_chosen(call, "loss", names[i])) loss = (lb_lasso_loss)i;
    if (!binomial && loss == LB_LOSS_DEVIANCE) loss = LB_LOSS_MSE;
    *name = names[loss];
    return loss;
}

static int penalties(lb_call *call, lb_arena *arena, const double **lambda, size_t *count, lb_error *err)
{
    const double *given;
    *count = lb_call_numbers(call, "lambda", &given);
    *lambda = NULL;
    if (!*count) {
        *count = (size_t)lb_call_int(call, "nlambda");
        return 0;
    }
    double *sorted = lb_arena_array(arena, *count, sizeof(double));
    for (size_t i = 0; i < *count; i++) {
        if (!(given[i] >= 0 && isfinite(given[i]))) return lb_fail(err, LB_USAGE, "the penalty %g is not a number from 0 up", given[i]);
        size_t k = i;
        for (; k > 0 && sorted[k - 1] < given[i]; k--) sorted[k] = sorted[k - 1];
        sorted[k] = given[i];
    }
    *lambda = sorted;
    return 0;
}

static int cross_validate(lb_call *call, lb_result *result, const lb_table *table, const sample *s, const lb_lasso_path *path, size_t *at, lb_error *err)
{
    size_t *fold, folds;
    lb_lasso_cv cv;
    const char *name;
    lb_lasso_loss loss = loss_of(call, s->problem.binomial, &name);
    if (!s->problem.binomial && (loss == LB_LOSS_AUC || loss == LB_LOSS_CLASS)) return lb_fail(err, LB_USAGE, "--loss %s is for a yes/no outcome", name);
    int code = make_folds(call, table, s, result->arena, &fold, &folds, err);
    if (!code) code = check_folds(s, fold, folds, err);
    if (!code) code = lb_lasso_cross_validate(&s->problem, path, fold, folds, loss, lb_call_threads(call), result->arena, &cv, err);
    if (code) return code;
    report_cv(path, &cv, folds, name, result->results);
    *at = cv.at_1se;
    lb_result_note(result, "Cross-validation in %zu folds by %s: mean over folds weighted by size, sd its standard error; lambda_1se is the largest "
                   "penalty within one of them of the best.", folds, name);
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *table;
    sample s = {0};
    lb_lasso_path path;
    const double *lambda;
    size_t count;
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = read_sample(call, table, result, &s, err);
    if (!code) code = check_outcome(&s, err);
    if (!code) code = penalties(call, result->arena, &lambda, &count, err);
    if (!code) code = lb_lasso_fit(&s.problem, lambda, count, s.problem.n < s.problem.p ? 1e-2 : 1e-4, result->arena, &path, err);
    if (code) return code;
    size_t at = path.count - 1;
    if (lb_call_given(call, "foldid") || lb_call_given(call, "folds")) code = cross_validate(call, result, table, &s, &path, &at, err);
    if (code) return code;
    report_path(&path, &s, result->results);
    write_model(call, result, table, &s, &path, at);
    if (path.kkt_max > 1e-8) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "the optimality conditions are broken by up to %.1e of the null gradient", path.kkt_max);
    }
    lb_result_note(result, "%s, alpha %g, on %zu predictors standardised by their SD (1/n); coefficients are for the raw predictors, those not named are 0. "
                   "kkt_max_violation: largest violation of the optimality conditions over the path, as a share of the null gradient.",
                   s.problem.binomial ? "Binomial" : "Gaussian", s.problem.alpha, s.problem.p);
    return 0;
}

const lb_op lb_op_predict_lasso = {
    .area = "predict", .verb = "lasso",
    .summary = "lasso, elastic net and ridge regression with cross-validated penalty",
    .description =
        "Minimises loss/n + lambda (alpha |b|_1 + (1 - alpha)/2 |b|^2) over a path of penalties by coordinate descent (Friedman, "
        "Hastie & Tibshirani 2010) and polishes each point by Newton's method to the exact minimum; the largest violation of the "
        "optimality conditions is in the result. Conventions of glmnet. --foldid or --folds chooses the penalty; rows of one "
        "person belong in one fold (--group).\n\nThe cross-validated loss is for choosing the penalty; it flatters the chosen model.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict lasso reference/predict/scores.csv --outcome relapse --features age,fat_fraction,risk --folds 5"};
