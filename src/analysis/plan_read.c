/* Reading a plan file: YAML to a checked tree. Every key is known, or refused with its line and the nearest key. */
#include "analysis/plan.h"

#include <string.h>

int lb_plan_fail(const lb_plan *plan, const lb_value *node, lb_error *err, const char *fmt, ...)
{
    lb_buf text = {.max = 4096};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    int code = lb_fail(err, LB_BAD_DATA, "%s", text.data ? text.data : "the plan cannot be used");
    lb_buf_free(&text);
    if (node && node->line) lb_error_where(err, "%s:%d:%d", plan->name, node->line, node->column);
    else lb_error_where(err, "%s", plan->name);
    return code;
}

typedef struct keys {
    const char *const *word;
    size_t count;
} keys;
#define KEYS(...) ((keys){(const char *const[]){__VA_ARGS__}, LB_COUNT(((const char *const[]){__VA_ARGS__}))})

static int check_keys(const lb_plan *plan, const lb_value *object, const char *what, keys allowed, lb_error *err)
{
    if (!object) return 0;
    if (object->type != LB_OBJECT) return lb_plan_fail(plan, object, err, "%s must be a mapping of keys to values", what);
    for (size_t i = 0; i < object->count; i++) {
        bool known = false;
        for (size_t k = 0; k < allowed.count && !known; k++) known = strcmp(object->key[i], allowed.word[k]) == 0;
        if (known) continue;
        int code = lb_plan_fail(plan, object->item[i], err, "%s has no key '%.80s'", what, object->key[i]);
        const char *near = lb_text_nearest(object->key[i], allowed.word, allowed.count);
        if (near) lb_error_hint(err, "did you mean '%s'?", near);
        return code;
    }
    return 0;
}

static int check_list(const lb_plan *plan, const lb_value *root, const char *section, keys allowed, lb_error *err)
{
    const lb_value *list = lb_get(root, section);
    if (!list) return 0;
    if (list->type != LB_ARRAY) return lb_plan_fail(plan, list, err, "%s must be a list", section);
    for (size_t i = 0; i < list->count; i++) {
        int code = check_keys(plan, list->item[i], section, allowed, err);
        if (code) return code;
    }
    return 0;
}

static int need_text(const lb_plan *plan, const lb_value *object, const char *what, const char *key, lb_error *err)
{
    const lb_value *value = lb_get(object, key);
    if (value && value->type == LB_STRING && value->text[0]) return 0;
    int code = lb_plan_fail(plan, value ? value : object, err, "%s needs the text '%s'", what, key);
    lb_error_hint(err, "add a line '%s: …'; put it in quotes if it looks like a number", key);
    return code;
}

#define ANALYSIS_KEYS \
    "id", "title", "estimand", "set", "data", "where", "operation", "parameters", "benefit", "alpha", "level", "mcid", "same_as_primary", \
        "same_scale", "unit", "note", "impute"

static int check_sections(const lb_plan *plan, const lb_value *root, lb_error *err)
{
    int code = check_keys(plan, root, "the plan",
                          KEYS("plan", "version", "title", "study", "registration", "seed", "participants", "id", "treatment", "labels", "levels", "derive",
                               "estimands", "sets", "flow", "baseline", "primary", "margin_test", "sensitivity", "secondary",
                               "sample_size", "methods", "notes", "rehearsal", "multiplicity", "safety"), err);
    if (!code) code = check_keys(plan, lb_get(root, "treatment"), "treatment", KEYS("column", "reference", "comparison", "labels"), err);
    if (!code) code = check_list(plan, root, "derive", KEYS("name", "label", "unit", "expression", "from", "where", "value"), err);
    if (!code)
        code = check_list(plan, root, "estimands",
                          KEYS("id", "objective", "population", "treatment", "variable", "intercurrent_events", "summary", "note"), err);
    if (!code) code = check_list(plan, root, "sets", KEYS("id", "label", "definition", "exclude"), err);
    if (!code) code = check_keys(plan, lb_get(root, "primary"), "primary", KEYS(ANALYSIS_KEYS), err);
    if (!code) code = check_keys(plan, lb_get(root, "margin_test"), "margin_test", KEYS("title", "margin", "note"), err);
    if (!code) code = check_list(plan, root, "sensitivity", KEYS(ANALYSIS_KEYS), err);
    if (!code) code = check_list(plan, root, "secondary", KEYS(ANALYSIS_KEYS), err);
    if (!code) code = check_keys(plan, lb_get(root, "rehearsal"), "rehearsal", KEYS("strata"), err);
    if (!code) code = check_keys(plan, lb_get(root, "multiplicity"), "multiplicity", KEYS("alpha", "sides", "gate", "families", "note"), err);
    if (!code) code = check_list(plan, lb_get(root, "multiplicity"), "families", KEYS("id", "method", "hypotheses", "note"), err);
    if (!code) code = check_list(plan, root, "sample_size", KEYS("title", "operation", "parameters", "note"), err);
    return code;
}

static int check_required(const lb_plan *plan, const lb_value *root, lb_error *err)
{
    static const char *const sections[] = {"treatment", "primary"};
    int code = need_text(plan, root, "the plan", "plan", err);
    if (!code) code = need_text(plan, root, "the plan", "title", err);
    for (size_t i = 0; i < LB_COUNT(sections) && !code; i++)
        if (!lb_get(root, sections[i])) code = lb_plan_fail(plan, root, err, "the plan needs the section '%s'", sections[i]);
    const lb_value *treatment = lb_get(root, "treatment");
    if (!code) code = need_text(plan, treatment, "treatment", "column", err);
    if (!code) code = need_text(plan, treatment, "treatment", "reference", err);
    if (!code) code = need_text(plan, treatment, "treatment", "comparison", err);
    if (!code) code = need_text(plan, lb_get(root, "primary"), "primary", "operation", err);
    return code;
}

int lb_plan_read(lb_plan *plan, const lb_bytes *bytes, lb_error *err)
{
    lb_value *root;
    plan->name = bytes->name ? bytes->name : "plan";
    plan->bytes = *bytes;
    lb_sha256_hex(bytes->data, bytes->length, plan->sha256);
    int code = lb_yaml_read(bytes, plan->arena, &root, err);
    if (code) return code;
    if (!root || root->type != LB_OBJECT) return lb_plan_fail(plan, root, err, "a plan is a mapping of keys to values");
    plan->root = root;
    code = check_sections(plan, root, err);
    if (!code) code = check_required(plan, root, err);
    if (code) return code;
    const lb_value *treatment = lb_get(root, "treatment"), *primary = lb_get(root, "primary");
    plan->id = lb_get_text(root, "id", "id");
    plan->arm = lb_get_text(treatment, "column", NULL);
    plan->reference = lb_get_text(treatment, "reference", NULL);
    plan->comparison = lb_get_text(treatment, "comparison", NULL);
    const char *benefit = lb_get_text(primary, "benefit", "higher");
    plan->lower_is_better = strcmp(benefit, "lower") == 0;
    if (!plan->lower_is_better && strcmp(benefit, "higher") != 0)
        return lb_plan_fail(plan, lb_get(primary, "benefit"), err, "benefit is '%.60s': it must be 'lower' or 'higher'", benefit);
    plan->mcid = lb_get_number(primary, "mcid", 0);
    plan->alpha = lb_get_number(primary, "alpha", 0.025);
    plan->level = lb_get_number(primary, "level", 0.95);
    if (!(plan->alpha > 0 && plan->alpha < 0.5))
        return lb_plan_fail(plan, lb_get(primary, "alpha"), err, "the one-sided alpha %g must lie between 0 and 0.5", plan->alpha);
    if (!(plan->level > 0.5 && plan->level < 1))
        return lb_plan_fail(plan, lb_get(primary, "level"), err, "the level %g of the intervals must lie between 0.5 and 1", plan->level);
    if (!(plan->mcid >= 0)) return lb_plan_fail(plan, lb_get(primary, "mcid"), err, "mcid is a size: it cannot be below 0");
    return 0;
}

lb_value *lb_value_copy(lb_arena *arena, const lb_value *value)
{
    if (!value) return NULL;
    lb_value *copy;
    if (value->type == LB_ARRAY) {
        copy = lb_value_array(arena);
        for (size_t i = 0; i < value->count; i++) lb_push(copy, lb_value_copy(arena, value->item[i]));
    } else if (value->type == LB_OBJECT) {
        copy = lb_value_object(arena);
        for (size_t i = 0; i < value->count; i++) lb_set(copy, value->key[i], lb_value_copy(arena, value->item[i]));
    } else {
        copy = lb_arena_alloc(arena, sizeof *copy);
        *copy = *value;
        copy->arena = arena;
        if (value->type == LB_STRING) copy->text = lb_arena_text(arena, value->text);
    }
    return copy;
}
