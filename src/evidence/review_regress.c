/* The meta-regression of a review, as Wilson's macro and as metafor compute it. A predictor is a column of the
 * contrasts or studies; NAME (a, b) is 1 where a text column holding those levels has one of them; COLUMN_LEVEL and a
 * comparator's name are 1 where the column or comparator is that. */
#include "evidence/review.h"
#include "evidence/wilson.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static bool has_level(const lb_column *column, const char *level)
{
    for (size_t i = 0; column->type == LB_TEXT && i < column->level_count; i++) {
        if (strcmp(column->level[i], level) == 0) return true;
    }
    return false;
}

static void indicate(const lb_column *column, char **level, size_t levels, const size_t *row, size_t k, double *x)
{
    char buffer[32];
    for (size_t i = 0; i < k; i++) {
        x[i] = lb_column_missing(column, row[i]) ? NAN : 0;
        for (size_t l = 0; l < levels; l++) {
            if (strcmp(lb_column_text(column, row[i], buffer), level[l]) == 0) x[i] = 1;
        }
    }
}

/* "effective (smt, mckenzie)": the column is the one that has all these levels. */
static bool from_list(const lb_review *review, const char *text, const char **name, const size_t *row, size_t k,
                      double *x)
{
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open) return false;
    size_t length = (size_t)(open - text), levels;
    while (length && text[length - 1] == ' ') length--;
    *name = lb_arena_textn(review->arena, text, length);
    char **level =
        lb_text_split(review->arena, lb_arena_textn(review->arena, open + 1, (size_t)(close - open - 1)), ',', &levels);
    for (size_t c = 0; c < review->table->columns; c++) {
        bool all = levels > 0;
        for (size_t l = 0; l < levels; l++) all = all && has_level(&review->table->column[c], level[l]);
        if (!all) continue;
        indicate(&review->table->column[c], level, levels, row, k, x);
        return true;
    }
    return false;
}

static bool from_name(const lb_review *review, const char *name, const size_t *row, size_t k, double *x)
{
    const lb_column *column = lb_table_find(review->table, name);
    if (column && column->type == LB_NUMBER) {
        for (size_t i = 0; i < k; i++) x[i] = column->number[row[i]];
        return true;
    }
    char *level[1] = {(char *)name};
    for (size_t c = 0; c < review->comparator_count; c++) {
        if (strcmp(review->comparator[c], name) != 0) continue;
        indicate(lb_table_find(review->table, "comparator"), level, 1, row, k, x);
        return true;
    }
    for (const char *bar = strchr(name, '_'); bar; bar = strchr(bar + 1, '_')) {
        column = lb_table_find(review->table, lb_arena_textn(review->arena, name, (size_t)(bar - name)));
        if (!column || !has_level(column, bar + 1)) continue;
        level[0] = (char *)bar + 1;
        indicate(column, level, 1, row, k, x);
        return true;
    }
    return false;
}

typedef struct regression {
    size_t k, p;
    double *x, *y, *v; /* x: intercept first */
    const char **name;
    size_t *row;
} regression;

static int build(lb_review *review, const lb_value *plan, size_t outcome, size_t term, regression *out, lb_error *err)
{
    const lb_value *predictors = lb_get(plan, "predictors");
    size_t p = predictors->count + 1, k = 0;
    const char *comparator = lb_get_text(lb_get(plan, "of"), "comparator", "both");
    out->row = lb_arena_array(review->arena, review->contrasts + 1, sizeof *out->row);
    for (size_t i = 0; i < review->contrasts; i++) {
        const lb_review_contrast *at = &review->contrast[i];
        if (at->outcome != outcome || at->term != term) continue;
        if (strcmp(comparator, "both") != 0 && strcmp(comparator, review->comparator[at->comparator]) != 0) continue;
        out->row[k++] = i;
    }
    out->p = p;
    out->name = lb_arena_array(review->arena, p, sizeof *out->name);
    double *all = lb_arena_array(review->arena, (k + 1) * p, sizeof *all);
    out->name[0] = "(Intercept)";
    for (size_t i = 0; i < k; i++) all[i] = 1;
    for (size_t j = 1; j < p; j++) {
        const lb_value *given = predictors->item[j - 1];
        if (given->type != LB_STRING) return lb_review_fault(given, err, "a predictor is no text");
        out->name[j] = given->text;
        if (from_list(review, given->text, &out->name[j], out->row, k, all + j * k) ||
            from_name(review, given->text, out->row, k, all + j * k))
            continue;
        return lb_review_fault(given, err, "the predictor '%.80s' is no column of the studies and no level of one",
                               given->text);
    }
    out->x = lb_arena_array(review->arena, (k + 1) * p, sizeof *out->x);
    out->y = lb_arena_array(review->arena, k + 1, sizeof *out->y);
    out->v = lb_arena_array(review->arena, k + 1, sizeof *out->v);
    for (size_t i = 0; i < k; i++) { /* studies with everything */
        bool whole = true;
        for (size_t j = 0; j < p; j++) whole = whole && isfinite(all[j * k + i]);
        if (!whole) continue;
        out->row[out->k] = out->row[i];
        out->y[out->k] = review->contrast[out->row[i]].g;
        out->v[out->k++] = review->contrast[out->row[i]].vg;
    }
    size_t place = 0;
    for (size_t i = 0; i < k; i++) {
        bool whole = true;
        for (size_t j = 0; j < p; j++) whole = whole && isfinite(all[j * k + i]);
        for (size_t j = 0; whole && j < p; j++) out->x[j * out->k + place] = all[j * k + i];
        place += whole;
    }
    if (out->k < k)
        lb_result_warn(review->result, "meta-regression of %s: %zu contrasts miss a predictor",
                       review->outcome[outcome], k - out->k);
    return 0;
}

static void add_row(lb_value *rows, const char *term, double estimate, double se, double df, double critical,
                    double beta)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "term", term);
    lb_set_number(row, "estimate", estimate);
    lb_set_number(row, "se", se);
    lb_set_number(row, "df", df);
    lb_set_number(row, "statistic", estimate / se);
    lb_set_number(row, "p", lb_two_sided_p(estimate / se, df));
    lb_set_number(row, "lower", estimate - critical * se);
    lb_set_number(row, "upper", estimate + critical * se);
    if (!isnan(beta)) lb_set_number(row, "beta", beta);
}

static int run_wilson(lb_review *review, const regression *r, lb_value *out, lb_error *err)
{
    static const struct {
        const char *key;
        lb_tau2_method method;
    } kinds[] = {
        {"wilson_FE", LB_TAU2_FE}, {"wilson_MM", LB_TAU2_DL}, {"wilson_ML", LB_TAU2_ML}, {"wilson_REML", LB_TAU2_REML}};
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        lb_pool_model model;
        lb_wilson fit;
        int code = lb_pool_model_init(&model, r->y, r->v, r->x, r->k, r->p, review->arena, err);
        if (!code) code = lb_wilson_fit(&model, r->x, kinds[i].method, review->arena, &fit, err);
        if (code) return code;
        double k = (double)r->k, p = (double)model.p;
        lb_value *one = lb_set_object(out, kinds[i].key), *rows;
        lb_set_int(one, "k", (int64_t)r->k);
        lb_set_number(one, "mean_es", fit.mean);
        lb_set_number(one, "r2", fit.r2);
        lb_set_number(one, "Q_model", fit.q_model);
        lb_set_number(one, "df_model", p - 1);
        lb_set_number(one, "p_model", lb_chisq_p(fit.q_model, p - 1, LB_UPPER));
        lb_set_number(one, "Q_resid", fit.q_residual);
        lb_set_number(one, "df_resid", k - p);
        lb_set_number(one, "p_resid", lb_chisq_p(fit.q_residual, k - p, LB_UPPER));
        lb_set_number(one, "Q_total", fit.q_model + fit.q_residual);
        lb_set_number(one, "v", fit.v);
        lb_set_number(one, "se_v", fit.v_se);
        rows = lb_set_array(one, "coefficients");
        for (size_t j = 0; j < model.p; j++)
            add_row(rows, r->name[model.kept[j]], fit.b[j], fit.se[j], INFINITY, 1.96, fit.beta[j]);
    }
    return 0;
}

static int run_metafor(lb_review *review, const regression *r, lb_value *out, lb_error *err)
{
    static const struct {
        const char *key;
        lb_tau2_method method;
        lb_pool_test test;
    } kinds[] = {{"metafor_DL", LB_TAU2_DL, LB_TEST_Z},
                 {"metafor_ML", LB_TAU2_ML, LB_TEST_Z},
                 {"metafor_REML", LB_TAU2_REML, LB_TEST_Z},
                 {"metafor_REML_knha", LB_TAU2_REML, LB_TEST_KNHA}};
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        lb_pool_model model;
        lb_pool pool;
        lb_pool_settings settings = review->settings;
        settings.fit.method = kinds[i].method;
        settings.fit.test = kinds[i].test;
        int code = lb_pool_model_init(&model, r->y, r->v, r->x, r->k, r->p, review->arena, err);
        if (!code) code = lb_pool_fit(&model, &settings.fit, review->arena, &pool, err);
        if (code) return code;
        lb_interval none = {NAN, NAN, false};
        lb_value *one = lb_set_object(out, kinds[i].key), *rows;
        lb_set_int(one, "k", (int64_t)r->k);
        lb_pool_report(&pool, &none, &settings, one);
        lb_model_report(&pool, one);
        rows = lb_set_array(one, "coefficients");
        for (size_t j = 0; j < model.p; j++) {
            double critical = (pool.upper[j] - pool.beta[j]) / pool.se[j];
            add_row(rows, r->name[model.kept[j]], pool.beta[j], pool.se[j], pool.df, critical, NAN);
        }
        if (!pool.tau2.converged) lb_result_status(review->result, "not_converged");
    }
    return 0;
}

int lb_review_regressions(lb_review *review, lb_error *err)
{
    const lb_value *plan = lb_get(review->protocol, "meta_regression"), *predictors = lb_get(plan, "predictors");
    if (!plan) return 0;
    if (!predictors || predictors->type != LB_ARRAY || predictors->count == 0 || predictors->count > 100)
        return lb_review_fault(plan, err, "meta_regression.predictors is not a list of 1 to 100 predictors");
    size_t term = 0;
    const char *wanted = lb_get_text(lb_get(plan, "of"), "term", review->term[0].name);
    while (term < review->term_count && strcmp(review->term[term].name, wanted) != 0) term++;
    if (term == review->term_count)
        return lb_review_fault(plan, err, "meta_regression.of.term '%.40s' is no window of the review", wanted);
    lb_value *out = lb_set_object(review->result->results, "meta_regression");
    for (size_t o = 0; o < review->outcome_count; o++) {
        regression r = {0};
        int code = build(review, plan, o, term, &r, err);
        if (code) return code;
        lb_value *of = lb_set_object(out, review->outcome[o]);
        lb_set_int(of, "k", (int64_t)r.k);
        if (r.k <= r.p) {
            lb_set_text(of, "reason", "fewer contrasts than coefficients");
            lb_result_warn(review->result, "meta-regression of %s: %zu contrasts cannot carry %zu coefficients",
                           review->outcome[o], r.k, r.p);
            continue;
        }
        code = run_wilson(review, &r, of, err);
        if (!code) code = run_metafor(review, &r, of, err);
        if (code) return code;
    }
    return 0;
}
