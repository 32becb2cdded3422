/* Reading the plan of a prediction model: every key is known, every number in range, or the message says where and what. */
#include "predict/model_plan.h"
#include "predict/widen.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int lb_model_plan_fail(const lb_model_plan *plan, const lb_value *node, lb_error *err, const char *fmt, ...)
{
    char text[480];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    int code = lb_fail(err, LB_BAD_DATA, "%s", text);
    if (node) lb_error_where(err, "%s:%d:%d", plan->name, node->line, node->column);
    else lb_error_where(err, "%s", plan->name);
    lb_error_hint(err, "docs/prediction-plan.md lists the keys of a plan");
    return code;
}

int lb_model_plan_keys(const lb_model_plan *plan, const lb_value *node, const char *what, const char *known, lb_error *err)
{
    if (!node) return 0;
    if (node->type != LB_OBJECT) return lb_model_plan_fail(plan, node, err, "%s is not a mapping of keys", what);
    size_t count;
    char **key = lb_text_split(plan->arena, known, ',', &count);
    for (size_t i = 0; i < node->count; i++) {
        size_t k = 0;
        while (k < count && strcmp(key[k], node->key[i])) k++;
        if (k < count) continue;
        const char *near = lb_text_nearest(node->key[i], (const char *const *)key, count);
        return lb_model_plan_fail(plan, node->item[i], err, "%s has no key '%.60s'%s%s%s", what, node->key[i], near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    return 0;
}

/* A number in [low, high], or the fallback when the key is absent. */
static int number(const lb_model_plan *plan, const lb_value *node, const char *key, double fallback, double low, double high, double *out, lb_error *err)
{
    const lb_value *value = lb_get(node, key);
    *out = value ? lb_number_of(value) : fallback;
    if (!value || (*out >= low && *out <= high)) return 0;
    return lb_model_plan_fail(plan, value, err, "%s must be a number from %g to %g", key, low, high);
}

static int whole(const lb_model_plan *plan, const lb_value *node, const char *key, double fallback, double low, double high, size_t *out, lb_error *err)
{
    double value;
    int code = number(plan, node, key, fallback, low, high, &value, err);
    *out = code ? 0 : (size_t)value;
    return code;
}

static int read_pipeline(lb_model_plan *plan, lb_error *err)
{
    const lb_value *p = lb_get(plan->root, "pipeline"), *select = lb_get(p, "select"), *threshold = lb_get(p, "threshold");
    lb_pipeline *out = &plan->pipeline;
    int code = lb_model_plan_keys(plan, p, "pipeline", "reliability,harmonise,missing_most,correlation,select,recalibrate,threshold,inner_folds", err);
    if (!code && select && select->type != LB_BOOL) code = lb_model_plan_keys(plan, select, "select", "alpha,rule,folds,most", err);
    if (!code) code = number(plan, p, "reliability", NAN, -1, 1, &out->reliability, err);
    if (!code) code = number(plan, p, "missing_most", 0.5, 0, 1, &out->missing_most, err);
    if (!code) code = number(plan, p, "correlation", NAN, 0, 1, &out->correlation, err);
    if (!code) code = number(plan, select, "alpha", 1, 0.01, 1, &out->select_alpha, err);
    if (!code) code = whole(plan, select, "folds", 5, 3, 50, &out->select_folds, err);
    if (!code) code = whole(plan, select, "most", 0, 0, 1e6, &out->select_most, err);
    if (!code) code = whole(plan, p, "inner_folds", 5, 2, 50, &out->inner_folds, err);
    out->harmonise = lb_get_bool(p, "harmonise", false);
    out->recalibrate = lb_get_bool(p, "recalibrate", true);
    out->select = select && (select->type != LB_BOOL || select->boolean);
    out->select_1se = lb_text_equal(lb_get_text(select, "rule", "min"), "1se");
    out->threshold = NAN;
    if (!code && threshold && threshold->type != LB_STRING) code = number(plan, p, "threshold", NAN, 0, 1, &out->threshold, err);
    else if (!code && threshold && !lb_text_equal(threshold->text, "youden")) code = lb_model_plan_fail(plan, threshold, err, "threshold is 'youden' or a risk from 0 to 1");
    return code;
}

/* Every combination of the lists in a grid; scalars stay as they are. */
static int expand(const lb_model_plan *plan, const lb_value *grid, const lb_learner *learner, lb_contender *out, lb_error *err)
{
    size_t total = 1;
    for (size_t i = 0; grid && i < grid->count; i++) {
        bool list = grid->item[i]->type == LB_ARRAY && !lb_text_equal(grid->key[i], "hidden");
        if (!list) continue;
        total *= grid->item[i]->count;
        if (!grid->item[i]->count || total > 1000) return lb_model_plan_fail(plan, grid->item[i], err, "a grid of %zu combinations: from 1 to 1000 are tried", total);
    }
    const lb_value **points = lb_arena_array(plan->arena, total, sizeof *points);
    for (size_t g = 0; g < total; g++) {
        lb_value *point = lb_value_object(plan->arena);
        size_t rest = g;
        for (size_t i = 0; grid && i < grid->count; i++) {
            lb_value *item = grid->item[i];
            if (item->type == LB_ARRAY && !lb_text_equal(grid->key[i], "hidden")) {
                size_t at = rest % item->count;
                rest /= item->count;
                item = item->item[at];
            }
            lb_set(point, grid->key[i], item);
        }
        int code = lb_learner_check(learner, point, err);
        if (code) {
            if (err) lb_error_where(err, "%s:%s", plan->name, err->where);
            return code;
        }
        points[g] = point;
    }
    out->grid = points;
    out->grids = total;
    return 0;
}

static int read_models(lb_model_plan *plan, lb_error *err)
{
    const lb_value *models = lb_get(plan->root, "models");
    if (!models || models->type != LB_OBJECT || !models->count) return lb_model_plan_fail(plan, models, err, "the plan names no models");
    lb_contender *contender = lb_arena_array(plan->arena, models->count, sizeof *contender);
    const char *primary = lb_get_text(lb_get(plan->root, "publish"), "model", models->key[0]);
    bool found = false;
    for (size_t i = 0; i < models->count; i++) {
        const lb_learner *learner = lb_learner_find(models->key[i]);
        if (!learner) return lb_model_plan_fail(plan, models->item[i], err, "there is no model '%.60s': lasso, logistic, forest, xgboost, leafwise, perceptron", models->key[i]);
        contender[i] = (lb_contender){.learner = learner, .label = learner->label};
        int code = expand(plan, models->item[i]->type == LB_OBJECT ? models->item[i] : NULL, learner, &contender[i], err);
        if (code) return code;
        if (lb_text_equal(primary, models->key[i])) found = true, plan->validation.primary = i;
    }
    if (!found) return lb_model_plan_fail(plan, lb_get(lb_get(plan->root, "publish"), "model"), err, "the model to publish, '%.60s', is not among the models", primary);
    plan->pipeline.contender = contender;
    plan->pipeline.contenders = models->count;
    return 0;
}

static int read_validation(lb_model_plan *plan, lb_error *err)
{
    const lb_value *v = lb_get(plan->root, "validation"), *publish = lb_get(plan->root, "publish");
    lb_validation *out = &plan->validation;
    int code = lb_model_plan_keys(plan, v, "validation", "split,folds,bootstrap,permutations", err);
    if (!code) code = lb_model_plan_keys(plan, publish, "publish", "model,refits,compare,licence,contact,intended_use,intended_use_zh,limits,limits_zh", err);
    if (!code) code = number(plan, v, "split", 0.7, 0, 0.95, &out->split, err);
    if (!code) code = whole(plan, v, "folds", 5, 0, 100, &out->folds, err);
    if (!code) code = whole(plan, v, "bootstrap", 100, 0, 10000, &out->bootstrap, err);
    if (!code) code = whole(plan, v, "permutations", 20, 0, 10000, &out->permutations, err);
    if (!code) code = whole(plan, publish, "refits", (double)out->bootstrap, 0, (double)out->bootstrap, &out->refits, err);
    double seed = 1;
    if (!code) code = number(plan, plan->root, "seed", 1, 0, 9007199254740991.0, &seed, err);
    if (!code) out->seed = (uint64_t)seed;
    return code;
}

static int read_outcomes(lb_model_plan *plan, lb_error *err)
{
    const lb_value *list = lb_get(plan->root, "outcomes");
    if (!list || list->type != LB_ARRAY || !list->count) return lb_model_plan_fail(plan, list, err, "the plan names no outcomes");
    plan->outcome = lb_arena_array(plan->arena, list->count, sizeof *plan->outcome);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *o = list->item[i];
        int code = lb_model_plan_keys(plan, o, "an outcome", "id,label,label_zh,definition,definition_zh,event,value,time,horizon,seen_to,expected_r2_nagelkerke,expected_prevalence,strata,better", err);
        if (code) return code;
        if (!lb_get_text(o, "id", NULL) || !lb_get_text(o, "event", NULL)) return lb_model_plan_fail(plan, o, err, "an outcome needs an id and the column of its event");
        if (lb_get(o, "time") && !(lb_get_number(o, "horizon", NAN) > 0)) return lb_model_plan_fail(plan, o, err, "an outcome with a time needs a horizon above 0");
        double horizon = lb_get_number(o, "horizon", NAN), seen_to = lb_get_number(o, "seen_to", horizon);
        if (lb_get(o, "seen_to") && !(lb_get(o, "time") && seen_to > 0 && seen_to <= horizon))
            return lb_model_plan_fail(plan, o, err, "seen_to is the last time anybody is asked: above 0 and at most the horizon, for an outcome with a time");
        const lb_value *strata = lb_get(o, "strata");
        for (size_t s = 0; strata && s < strata->count; s++)
            if ((code = lb_model_plan_keys(plan, strata->item[s], "a stratum", "below,label,label_zh,pathway,pathway_zh", err))) return code;
        plan->outcome[plan->outcomes++] = o;
    }
    return 0;
}

int lb_model_plan_read(const lb_bytes *bytes, lb_arena *arena, lb_model_plan *out, lb_error *err)
{
    *out = (lb_model_plan){.arena = arena, .name = bytes->name ? bytes->name : "plan"};
    lb_value *root;
    int code = lb_yaml_read(bytes, arena, &root, err);
    if (code) return code;
    out->root = root;
    lb_sha256_hex(bytes->data, bytes->length, out->sha256);
    code = lb_model_plan_keys(out, root, "the plan", "plan,version,title,study,seed,data,outcomes,inputs,batch,pipeline,models,validation,publish,report", err);
    if (!code && !root->count) code = lb_model_plan_fail(out, root, err, "the plan is empty");
    const lb_value *data = lb_get(root, "data");
    if (!code) code = lb_model_plan_keys(out, data, "data", "table,id,group,join,second_reading,widen", err);
    if (!code) code = read_validation(out, err);
    if (!code) code = read_pipeline(out, err);
    if (!code) code = read_models(out, err);
    if (!code) code = read_outcomes(out, err);
    out->data = lb_get_text(data, "table", NULL);
    out->id = lb_get_text(data, "id", NULL);
    out->group = lb_get_text(data, "group", out->id);
    return code ? code : lb_model_plan_widen_check(out, err);
}
