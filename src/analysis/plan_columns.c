/* Does the data have the columns a plan names? Asked of every analysis before any is run: a report from which one is missing for a
 * slip of the pen, found after the arms were seen, is worth little. */
#include "analysis/plan.h"

#include <string.h>

/* Where an analysis finds its columns: the table it names, and the people of its set. */
typedef struct place {
    const lb_plan *plan;
    const lb_table *data, *people;
    bool imputed; /* the column `imputation` will be there */
} place;

static int check_column(const place *at, const char *name, const lb_value *node, lb_error *err)
{
    lb_column *column;
    if (lb_table_find(at->data, name) || lb_table_find(at->people, name) || (at->imputed && strcmp(name, "imputation") == 0)) return 0;
    int code = lb_table_column(at->data, name, &column, err);
    if (code && err)
        lb_error_where(err, "%s:%d:%d: %s", at->plan->name, node->line, node->column, at->data->name);
    return code;
}

static int check_columns(const place *at, const lb_value *value, lb_error *err)
{
    size_t count = 0;
    int code = 0;
    char **name = value->type == LB_STRING ? lb_text_split(at->plan->arena, value->text, ',', &count) : NULL;
    for (size_t i = 0; i < count && !code; i++) code = check_column(at, name[i], value, err);
    for (size_t i = 0; value->type == LB_ARRAY && i < value->count && !code; i++) code = check_columns(at, value->item[i], err);
    return code;
}

static int check_formula(const place *at, const lb_value *value, lb_error *err)
{
    lb_formula *formula;
    int code = value->type == LB_STRING ? lb_formula_parse(value->text, at->plan->arena, &formula, err) : 0;
    if (code && err) lb_error_where(err, "%s:%d:%d", at->plan->name, value->line, value->column);
    if (code || value->type != LB_STRING) return code;
    size_t count;
    const char *const *name = lb_formula_names(formula, at->plan->arena, &count);
    for (size_t i = 0; i < count && !code; i++) code = check_column(at, name[i], value, err);
    return code;
}

static int check_options(const place *at, const lb_op *op, const lb_value *options, lb_error *err)
{
    int code = 0;
    for (size_t i = 0; options && options->type == LB_OBJECT && i < op->param_count && !code; i++) {
        const lb_param *param = &op->params[i];
        const lb_value *value = lb_get(options, param->name);
        if (!value || (param->of && strcmp(param->of, "data") != 0)) continue;
        if (param->type == LB_P_COLUMN || param->type == LB_P_COLUMNS) code = check_columns(at, value, err);
        if (param->type == LB_P_FORMULA) code = check_formula(at, value, err);
    }
    return code;
}

static int check_entry(const lb_plan *plan, const lb_value *entry, lb_error *err)
{
    const lb_registry *registry = lb_call_registry(plan->call);
    const char *operation = lb_get_text(entry, "operation", NULL), *space = operation ? strchr(operation, ' ') : NULL;
    const lb_op *op = space ? lb_registry_find(registry, lb_arena_textn(plan->arena, operation, (size_t)(space - operation)), space + 1) : NULL;
    const lb_plan_set *set = lb_plan_find_set(plan, lb_get_text(entry, "set", plan->set[0].id));
    const char *data = lb_get_text(entry, "data", NULL);
    const lb_table *table = data ? lb_plan_table(plan, data) : plan->participants;
    if (!op || !set || !table) return 0; /* cannot run, and the report says so */
    const place at = {plan, table, set->table, lb_get(entry, "impute") != NULL};
    int code = at.imputed ? check_options(&at, lb_registry_find(registry, "analyse", "impute"), lb_get(entry, "impute"), err) : 0;
    return code ? code : check_options(&at, op, lb_get(entry, "parameters"), err);
}

int lb_plan_columns(const lb_plan *plan, lb_error *err)
{
    static const char *const sections[] = {"sensitivity", "secondary"};
    int code = lb_get(plan->root, "primary") ? check_entry(plan, lb_get(plan->root, "primary"), err) : 0;
    for (size_t s = 0; s < LB_COUNT(sections); s++) {
        const lb_value *list = lb_get(plan->root, sections[s]);
        for (size_t i = 0; list && i < list->count && !code; i++) code = check_entry(plan, list->item[i], err);
    }
    return code;
}
