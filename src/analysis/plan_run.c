/* Running a plan: each analysis is an operation called by its name through the registry, on the analysis set's table.
 * The primary analysis must succeed; another that the data do not carry is reported as not run, with the reason. A column that is not
 * there is refused before anything runs. */
#include "analysis/plan.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

/* A value of the plan as the text an option takes: lists become comma lists. */
static const char *option_text(lb_arena *arena, const lb_value *value)
{
    char number[32];
    if (value->type == LB_STRING) return value->text;
    if (value->type == LB_BOOL) return value->boolean ? "true" : "false";
    if (lb_is_number(value)) return lb_arena_text(arena, lb_number_text(lb_number_of(value), number));
    if (value->type != LB_ARRAY) return NULL;
    lb_buf text = {0};
    for (size_t i = 0; i < value->count; i++) {
        const char *item = option_text(arena, value->item[i]);
        if (item) lb_buf_printf(&text, "%s%s", i ? "," : "", item);
    }
    const char *copy = lb_arena_text(arena, text.data ? text.data : "");
    lb_buf_free(&text);
    return copy;
}

static const lb_param *find_param(const lb_op *op, const char *name)
{
    for (size_t i = 0; i < op->param_count; i++)
        if (strcmp(op->params[i].name, name) == 0) return &op->params[i];
    return NULL;
}

static bool is_table(const lb_param *param) { return param && (param->type == LB_P_TABLE || param->type == LB_P_TABLES); }

/* The plan's names for arms and columns as one JSON object. */
static const char *label_option(const lb_plan *plan)
{
    const lb_value *lists[] = {lb_get(plan->root, "labels"), lb_get(lb_get(plan->root, "treatment"), "labels")};
    lb_value *all = lb_value_object(plan->arena);
    for (size_t l = 0; l < LB_COUNT(lists); l++)
        for (size_t i = 0; lists[l] && i < lists[l]->count; i++)
            if (lists[l]->item[i]->type == LB_STRING) lb_set_text(all, lists[l]->key[i], lists[l]->item[i]->text);
    lb_buf text = {0};
    lb_json_write(all, 0, &text);
    const char *kept = lb_arena_text(plan->arena, text.data);
    lb_buf_free(&text);
    return kept;
}

/* Options the plan sets once for all: the treatment's column and levels, the seed, names for print. */
static int set_common(const lb_plan *plan, const lb_op *op, const lb_value *parameters, lb_call *call, lb_error *err)
{
    char seed[32];
    const char *const common[][2] = {{"treatment", plan->arm}, {"id", plan->id}, {"reference", plan->reference}, {"arm", plan->arm}, {"labels", label_option(plan)},
                                     {"seed", lb_number_text((double)lb_get_int(plan->root, "seed", 1), seed)}};
    for (size_t i = 0; i < LB_COUNT(common); i++) {
        if (!find_param(op, common[i][0]) || lb_get(parameters, common[i][0])) continue;
        int code = lb_call_set(call, common[i][0], common[i][1], err);
        if (code) return code;
    }
    return 0;
}

static int set_parameters(const lb_plan *plan, const lb_op *op, const lb_value *parameters, lb_call *call, lb_error *err)
{
    if (parameters && parameters->type != LB_OBJECT)
        return lb_plan_fail(plan, parameters, err, "options are a mapping of names to values");
    for (size_t i = 0; parameters && i < parameters->count; i++) {
        const char *name = parameters->key[i], *text = option_text(plan->arena, parameters->item[i]);
        if (!text || !*text || parameters->item[i]->type == LB_NULL) continue;
        int code;
        if (is_table(find_param(op, name))) {
            lb_table *table = lb_plan_table(plan, text);
            if (!table) return lb_plan_fail(plan, parameters->item[i], err, "there is no table called '%.80s'", text);
            code = lb_call_bind_table(call, name, table, err);
        } else {
            code = lb_call_set(call, name, text, err);
        }
        if (!code) continue;
        if (err) lb_error_where(err, "%s:%d:%d", plan->name, parameters->item[i]->line, parameters->item[i]->column);
        return code;
    }
    return set_common(plan, op, parameters, call, err);
}

/* A long table with each row's person beside it: only people of the set and rows that `where` asks for, their columns joined by the
 * identifier. */
static int join_people(const lb_plan *plan, const lb_table *people, const char *name, const lb_value *entry, lb_table **out, lb_error *err)
{
    const lb_table *source = lb_plan_table(plan, name);
    lb_column *id, *person_id;
    if (!source) return lb_plan_fail(plan, lb_get(entry, "data"), err, "there is no table called '%.80s'", name);
    int code = lb_table_column(source, plan->id, &id, err);
    if (!code) code = lb_table_column(people, plan->id, &person_id, err);
    if (code) return code;
    size_t *row = lb_arena_array(plan->arena, source->rows + 1, sizeof *row), n = 0;
    size_t *who = lb_arena_array(plan->arena, source->rows + 1, sizeof *who), last = 0;
    char a[64], b[64];
    for (size_t i = 0; i < source->rows; i++) {
        if (!lb_plan_row_matches(source, i, lb_get(entry, "where"))) continue;
        const char *text = lb_column_text(id, i, a);
        for (size_t tried = 0; tried < people->rows; tried++) { /* rows of one person follow each other: start where the last was */
            size_t k = (last + tried) % people->rows;
            if (strcmp(text, lb_column_text(person_id, k, b)) != 0) continue;
            row[n] = i;
            who[n++] = last = k;
            break;
        }
    }
    lb_table *joined = lb_table_rows(source, row, n, plan->arena), *beside = lb_table_rows(people, who, n, plan->arena);
    lb_column *column = lb_arena_array(plan->arena, joined->columns + beside->columns + 1, sizeof *column);
    size_t count = joined->columns;
    memcpy(column, joined->column, count * sizeof *column);
    for (size_t i = 0; i < beside->columns; i++)
        if (!lb_table_find(joined, beside->column[i].name)) column[count++] = beside->column[i];
    joined->column = column;
    joined->columns = count;
    *out = joined;
    return 0;
}

/* impute: {columns, m, …}: the set's table imputed and stacked, for analyse pool. */
static int impute_first(const lb_plan *plan, const lb_value *entry, lb_table **table, lb_error *err)
{
    const lb_registry *registry = lb_call_registry(plan->call);
    const lb_op *op = lb_registry_find(registry, "analyse", "impute");
    lb_call *call = lb_call_new(registry, op);
    lb_result *result = NULL;
    lb_call_set_threads(call, lb_call_threads(plan->call));
    int code = set_parameters(plan, op, lb_get(entry, "impute"), call, err);
    if (!code) code = lb_call_bind_table(call, "data", *table, err);
    if (!code) code = lb_call_run(call, &result, err);
    lb_call_free(call);
    if (code) return code;
    for (size_t i = 0; i < result->notes->count; i++)
        lb_result_note(plan->result, "%s: %s", lb_get_text(entry, "title", "imputation"), result->notes->item[i]->text);
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    char *copy = lb_arena_textn(plan->arena, result->artifact[0].data, result->artifact[0].length);
    lb_bytes bytes = {(const uint8_t *)copy, result->artifact[0].length, "imputed"};
    code = lb_csv_read(&bytes, &options, plan->arena, table, err);
    lb_result_free(result);
    return code;
}

/* Run one entry. LB_NOT_FOUND when the operation is not in this version. */
static int run_entry(const lb_plan *plan, const lb_value *entry, const char *fallback, lb_result **out, lb_error *err)
{
    const char *operation = lb_get_text(entry, "operation", fallback), *space = operation ? strchr(operation, ' ') : NULL;
    const lb_registry *registry = lb_call_registry(plan->call);
    if (!space) return lb_plan_fail(plan, entry, err, "an analysis needs an operation, such as 'analyse ancova'");
    const lb_op *op = lb_registry_find(registry, lb_arena_textn(plan->arena, operation, (size_t)(space - operation)), space + 1);
    if (!op) {
        lb_plan_fail(plan, lb_get(entry, "operation"), err, "the operation '%.80s' is not in this version", operation);
        return LB_NOT_FOUND;
    }
    const char *set_id = lb_get_text(entry, "set", plan->set[0].id);
    const lb_plan_set *set = lb_plan_find_set(plan, set_id);
    if (!set) return lb_plan_fail(plan, lb_get(entry, "set"), err, "there is no analysis set '%.80s'", set_id);
    lb_table *table = set->table;
    const char *data = lb_get_text(entry, "data", NULL);
    int code = data && lb_plan_table(plan, data) != plan->participants ? join_people(plan, set->table, data, entry, &table, err) : 0;
    if (!code && lb_get(entry, "impute")) code = impute_first(plan, entry, &table, err);
    if (code) return code;
    lb_call *call = lb_call_new(registry, op);
    lb_call_set_threads(call, lb_call_threads(plan->call));
    const lb_value *parameters = fallback ? entry : lb_get(entry, "parameters");
    code = set_parameters(plan, op, parameters, call, err);
    if (!code && strcmp(op->verb, "subgroup") == 0 && !lb_call_given(call, "better"))
        code = lb_call_set(call, "better", lb_get_text(entry, "benefit", plan->lower_is_better ? "lower" : "higher"), err);
    if (!code && lb_get(entry, "impute") && find_param(op, "imputation")) code = lb_call_set(call, "imputation", "imputation", err);
    if (!code && is_table(find_param(op, "data"))) code = lb_call_bind_table(call, "data", table, err);
    if (!code) code = lb_call_run(call, out, err);
    lb_call_free(call);
    return code;
}

static void keep(lb_plan *plan, lb_result *result)
{
    lb_result **more = lb_arena_array(plan->arena, plan->kept_count + 1, sizeof *more);
    if (plan->kept_count) memcpy(more, plan->kept, plan->kept_count * sizeof *more);
    more[plan->kept_count++] = result;
    plan->kept = more;
}

static lb_plan_row *new_row(lb_plan *plan)
{
    lb_plan_row *more = lb_arena_array(plan->arena, plan->rows + 1, sizeof *more);
    if (plan->rows) memcpy(more, plan->row, plan->rows * sizeof *more);
    plan->row = more;
    return &more[plan->rows++];
}

/* What tells the rows of one analysis apart: the visit, or the group with its test of interaction. */
static const char *row_label(const lb_plan *plan, const lb_value *from)
{
    const char *group = lb_get_text(from, "subgroup", NULL);
    double p = lb_get_number(from, "interaction_p", NAN);
    static const char *const name[][2] = {{"mar", "missing at random"}, {"j2r", "jump to reference"}, {"cir", "copy increments in reference"}, {"cr", "copy reference"}};
    const char *strategy = lb_get_text(from, "strategy", NULL);
    for (size_t i = 0; strategy && i < LB_COUNT(name); i++)
        if (strcmp(strategy, name[i][0]) == 0) return name[i][1];
    if (!group) return lb_arena_text(plan->arena, lb_get_text(from, "visit", NULL));
    return isnan(p) ? lb_arena_text(plan->arena, group) : lb_arena_printf(plan->arena, "%s (interaction p = %.3f)", group, p);
}

/* Of a mixed model: the levels of the finest random effect, which are mostly the people; -1: not a mixed model. */
static int64_t finest_groups(const lb_value *results)
{
    int64_t most = -1;
    const lb_value *groups = lb_get(results, "variance") ? lb_get(results, "groups") : NULL;
    for (size_t i = 0; groups && groups->type == LB_ARRAY && i < groups->count; i++) {
        int64_t levels = lb_get_int(groups->item[i], "levels", -1);
        if (levels > most) most = levels;
    }
    return most;
}

/* The comparison's rows: contrasts between the two arms, or else the coefficient of the arm. */
static size_t take_rows(lb_plan *plan, const lb_value *entry, const char *role, lb_result *result)
{
    const char *wanted = lb_arena_printf(plan->arena, "%s - %s", plan->comparison, plan->reference);
    const char *term = lb_arena_printf(plan->arena, "%s%s", plan->arm, plan->comparison);
    const lb_value *list = lb_get(result->results, "contrasts");
    bool contrasts = list && list->count;
    if (!contrasts) list = lb_get(result->results, "coefficients");
    size_t taken = 0;
    for (size_t i = 0; list && i < list->count; i++) {
        const lb_value *from = list->item[i];
        if (!lb_text_equal(lb_get_text(from, contrasts ? "contrast" : "term", ""), contrasts ? wanted : term)) continue;
        lb_plan_row *row = new_row(plan);
        *row = (lb_plan_row){.id = lb_get_text(entry, "id", role),
                             .title = lb_get_text(entry, "title", lb_get_text(entry, "id", role)),
                             .label = row_label(plan, from),
                             .group = lb_get(from, "subgroup") != NULL,
                             .strategy = lb_arena_text(plan->arena, lb_get_text(from, "strategy", NULL)),
                             .set = lb_get_text(entry, "set", plan->set[0].id),
                             .role = role,
                             .estimate = lb_get_number(from, "estimate", NAN),
                             .se = lb_get_number(from, "se", NAN),
                             .df = lb_get_number(from, "df", INFINITY),
                             .statistic = lb_get_number(from, "statistic", NAN),
                             .n = lb_get_int(from, "n", lb_get_int(from, "n_model", lb_get_int(result->results, "people", lb_get_int(result->results, "n", -1)))), /* people rather than their rows */
                             .groups = finest_groups(result->results),
                             .same_as_primary = lb_get_bool(entry, "same_as_primary", false),
                             .same_scale = lb_get_bool(entry, "same_scale", strcmp(role, "secondary") != 0),
                             .hazard_ratio = lb_get(from, "hazard_ratio") != NULL,
                             .status = lb_arena_text(plan->arena, result->status),
                             .result = result};
        /* from estimate and SE, so that every line of the report has the plan's level and two-sided p */
        row->same_scale &= !row->hazard_ratio;
        row->statistic = row->estimate / row->se;
        row->p = lb_two_sided_p(row->statistic, row->df);
        double half = lb_t_q((1 - plan->level) / 2, row->df, LB_UPPER) * row->se;
        row->lower = row->estimate - half;
        row->upper = row->estimate + half;
        taken++;
    }
    return taken;
}

static void record_row(const lb_plan_row *row, lb_value *out)
{
    lb_set_text(out, "id", row->id);
    lb_set_text(out, "title", row->title);
    if (row->strategy) lb_set_text(out, "strategy", row->strategy);
    else if (row->label) lb_set_text(out, row->group ? "subgroup" : "visit", row->label);
    lb_set_text(out, "set", row->set);
    if (row->n >= 0) lb_set_int(out, "n", row->n);
    if (row->groups >= 0) lb_set_int(out, "groups", row->groups);
    lb_set_number(out, "estimate", row->estimate);
    lb_set_number(out, "se", row->se);
    lb_set_number(out, "df", row->df);
    lb_set_number(out, "statistic", row->statistic);
    lb_set_number(out, "p", row->p);
    lb_set_number(out, "lower", row->lower);
    lb_set_number(out, "upper", row->upper);
    if (row->hazard_ratio) {
        lb_set_number(out, "hazard_ratio", exp(row->estimate));
        lb_set_number(out, "hr_lower", exp(row->lower));
        lb_set_number(out, "hr_upper", exp(row->upper));
    }
    lb_set_text(out, "status", row->status);
}

/* No single estimate: keep the result for the report, and its test for the document. */
static void record_other(lb_plan *plan, const lb_value *entry, const char *role, const lb_result *result, lb_value *out)
{
    static const char *const test[] = {"chisq", "statistic", "df", "p"};
    lb_plan_other *more = lb_arena_array(plan->arena, plan->others + 1, sizeof *more);
    if (plan->others) memcpy(more, plan->other, plan->others * sizeof *more);
    const char *title = lb_get_text(entry, "title", lb_get_text(entry, "id", role));
    more[plan->others++] = (lb_plan_other){title, role, lb_get_text(entry, "set", plan->set[0].id), result};
    plan->other = more;
    lb_set_text(out, "id", lb_get_text(entry, "id", role));
    lb_set_text(out, "title", title);
    lb_set_text(out, "set", lb_get_text(entry, "set", plan->set[0].id));
    for (size_t i = 0; i < LB_COUNT(test); i++)
        if (lb_is_number(lb_get(result->results, test[i]))) lb_set_number(out, test[i], lb_get_number(result->results, test[i], NAN));
    lb_set_text(out, "status", lb_arena_text(plan->arena, result->status));
}

static void not_run(lb_plan *plan, const lb_value *entry, const char *section, const char *reason)
{
    lb_value *list = lb_get(plan->result->results, "not_run");
    lb_value *row = lb_push_object(list ? list : lb_set_array(plan->result->results, "not_run"));
    lb_set_text(row, "section", section);
    lb_set_text(row, "title", lb_get_text(entry, "title", lb_get_text(entry, "id", "")));
    lb_set_text(row, "operation", lb_get_text(entry, "operation", ""));
    lb_set_text(row, "reason", reason);
}

static void run_list(lb_plan *plan, const char *section)
{
    const lb_value *list = lb_get(plan->root, section);
    lb_value *out = lb_set_array(plan->result->results, section);
    for (size_t i = 0; list && i < list->count; i++) {
        lb_error error = LB_ERROR_INIT;
        lb_result *result = NULL;
        lb_progress_report(lb_call_progress(plan->call), 0.2 + 0.6 * (double)i / (double)list->count, section);
        int code = run_entry(plan, list->item[i], NULL, &result, &error);
        if (code) {
            not_run(plan, list->item[i], section, lb_arena_text(plan->arena, error.message));
            if (code != LB_NOT_FOUND)
                lb_result_warn(plan->result, "%s: %s (%s)", lb_get_text(list->item[i], "title", section), error.message, error.where);
            continue;
        }
        keep(plan, result);
        for (size_t w = 0; w < result->warnings->count; w++)
            lb_result_warn(plan->result, "%s: %s", lb_get_text(list->item[i], "title", section), result->warnings->item[w]->text);
        size_t first = plan->rows, taken = take_rows(plan, list->item[i], section, result);
        for (size_t k = 0; k < taken; k++) record_row(&plan->row[first + k], lb_push_object(out));
        if (taken == 0) record_other(plan, list->item[i], section, result, lb_push_object(out));
    }
    lb_value *missing = lb_get(plan->result->results, "not_run");
    size_t absent = 0;
    for (size_t i = 0; missing && i < missing->count; i++)
        absent += strstr(lb_get_text(missing->item[i], "reason", ""), "not in this version") != NULL;
    if (absent && strcmp(section, "secondary") == 0)
        lb_result_warn(plan->result, "%zu planned analyses use operations that are not in this version; the report lists them", absent);
}

/* One- and two-sided p, and the interval read against the MCID. */
static void read_primary(lb_plan *plan, lb_value *out)
{
    const lb_plan_row *row = &plan->row[0];
    double sign = plan->lower_is_better ? -1 : 1;
    double one_sided = lb_t_p(sign * row->statistic, row->df, LB_UPPER);
    double least = sign * (plan->lower_is_better ? row->upper : row->lower), most = sign * (plan->lower_is_better ? row->lower : row->upper);
    lb_set_text(out, "contrast", lb_arena_printf(plan->arena, "%s - %s", plan->comparison, plan->reference));
    lb_set_number(out, "p_one_sided", one_sided);
    lb_set_number(out, "p_two_sided", row->p);
    lb_set_number(out, "alpha_one_sided", plan->alpha);
    lb_set_bool(out, "superior", one_sided <= plan->alpha);
    lb_set_number(out, "benefit", sign * row->estimate);
    lb_set_number(out, "benefit_lower", least);
    lb_set_number(out, "benefit_upper", most);
    if (plan->mcid > 0) {
        lb_set_number(out, "mcid", plan->mcid);
        lb_set_text(out, "mcid_reading", least >= plan->mcid ? "clinically important" : most < plan->mcid ? "excluded" : "not excluded");
    }
}

/* The test against a margin, second in a fixed sequence: it counts only after the primary test succeeded. */
static void margin_test(lb_plan *plan)
{
    const lb_value *entry = lb_get(plan->root, "margin_test"), *primary = lb_get(plan->result->results, "primary");
    if (!entry) return;
    const lb_plan_row *row = &plan->row[0];
    double margin = lb_get_number(entry, "margin", plan->mcid), benefit = lb_get_number(primary, "benefit", NAN);
    double statistic = (benefit - margin) / row->se, p = lb_t_p(statistic, row->df, LB_UPPER);
    bool reached = lb_get_bool(primary, "superior", false);
    lb_value *out = lb_set_object(plan->result->results, "margin_test");
    lb_set_number(out, "margin", margin);
    lb_set_number(out, "statistic", statistic);
    lb_set_number(out, "df", row->df);
    lb_set_number(out, "p_one_sided", p);
    lb_set_bool(out, "reached", reached);
    lb_set_bool(out, "superior_by_margin", reached && p <= plan->alpha);
}

static int run_primary(lb_plan *plan, lb_error *err)
{
    const lb_value *entry = lb_get(plan->root, "primary");
    int code = run_entry(plan, entry, NULL, &plan->primary, err);
    if (code == LB_NOT_FOUND) return LB_BAD_DATA;
    if (code) return code;
    keep(plan, plan->primary);
    for (size_t w = 0; w < plan->primary->warnings->count; w++)
        lb_result_warn(plan->result, "primary analysis: %s", plan->primary->warnings->item[w]->text);
    if (strcmp(plan->primary->status, "ok") != 0) lb_result_status(plan->result, plan->primary->status);
    if (take_rows(plan, entry, "primary", plan->primary) == 0)
        return lb_plan_fail(plan, entry, err, "the primary analysis makes no comparison '%s - %s'", plan->comparison, plan->reference);
    lb_value *out = lb_set_object(plan->result->results, "primary");
    record_row(&plan->row[0], out);
    read_primary(plan, out);
    static const char *const tables[] = {"means", "contrasts", "coefficients", "dropped"};
    for (size_t i = 0; i < LB_COUNT(tables); i++)
        if (lb_get(plan->primary->results, tables[i])) lb_set(out, tables[i], lb_value_copy(plan->arena, lb_get(plan->primary->results, tables[i])));
    margin_test(plan);
    return 0;
}

/* A table of the plan (flow, baseline): the section itself is the list of options. */
static int run_table(lb_plan *plan, const char *section, const char *operation, lb_result **kept, lb_error *err)
{
    const lb_value *entry = lb_get(plan->root, section);
    if (!entry) return 0;
    lb_result *result;
    int code = run_entry(plan, entry, operation, &result, err);
    if (code == LB_NOT_FOUND) return LB_BAD_DATA;
    if (code) return code;
    *kept = result;
    keep(plan, result);
    for (size_t w = 0; w < result->warnings->count; w++) lb_result_warn(plan->result, "%s: %s", section, result->warnings->item[w]->text);
    lb_set(plan->result->results, section, lb_value_copy(plan->arena, result->results));
    return 0;
}

static void sample_size(lb_plan *plan)
{
    const lb_value *list = lb_get(plan->root, "sample_size");
    static const char *const keys[] = {"n_exact", "n_per_arm", "n_total", "power", "detectable"};
    lb_value *out = list ? lb_set_array(plan->result->results, "sample_size") : NULL;
    for (size_t i = 0; list && i < list->count; i++) {
        lb_error error = LB_ERROR_INIT;
        lb_result *result = NULL;
        if (run_entry(plan, list->item[i], NULL, &result, &error)) {
            not_run(plan, list->item[i], "sample_size", lb_arena_text(plan->arena, error.message));
            lb_result_warn(plan->result, "sample size: %s (%s)", error.message, error.where);
            continue;
        }
        lb_value *row = lb_push_object(out);
        lb_set_text(row, "reading", lb_get_text(list->item[i], "title", ""));
        for (size_t k = 0; k < LB_COUNT(keys); k++) lb_set_number(row, keys[k], lb_get_number(result->results, keys[k], NAN));
        lb_result_free(result);
    }
}

/* Planned in two forms that must agree: the change from baseline and the outcome itself, both adjusted for baseline. */
static void check_sameness(lb_plan *plan)
{
    for (size_t i = 1; i < plan->rows; i++) {
        if (!plan->row[i].same_as_primary) continue;
        double gap = fabs(plan->row[i].estimate - plan->row[0].estimate), scale = fmax(plan->row[0].se, 1e-300);
        lb_set_number(plan->result->results, "raw_versus_change", gap);
        if (gap <= 1e-9 * scale)
            lb_result_note(plan->result, "The change from baseline and the outcome itself, both with baseline as a covariate, give the same "
                           "difference between the arms: here to within 1e-9 of its standard error.");
        else
            lb_result_warn(plan->result, "%s was planned to equal the primary analysis and differs by %g", plan->row[i].title, gap);
    }
}

int lb_plan_run(lb_plan *plan, lb_error *err)
{
    int code = lb_plan_columns(plan, err);
    if (code) return code;
    lb_value *sets = lb_set_array(plan->result->results, "sets");
    for (size_t i = 0; i < plan->sets; i++) {
        lb_value *row = lb_push_object(sets);
        lb_set_text(row, "id", plan->set[i].id);
        lb_set_text(row, "label", plan->set[i].label);
        lb_set_int(row, "n", (int64_t)plan->set[i].table->rows);
    }
    code = run_table(plan, "flow", "analyse flow", &plan->flow, err);
    if (!code) code = run_table(plan, "baseline", "analyse describe", &plan->baseline, err);
    if (!code) code = run_primary(plan, err);
    if (code) return code;
    run_list(plan, "sensitivity");
    run_list(plan, "secondary");
    const lb_value *safety = lb_get(plan->root, "safety");
    if (safety && !lb_plan_table(plan, lb_get_text(safety, "data", "adverse_events")))
        not_run(plan, safety, "safety", lb_arena_printf(plan->arena, "the table %s was not given", lb_get_text(safety, "data", "adverse_events")));
    else code = run_table(plan, "safety", "analyse adverse", &plan->safety, err);
    if (!code) code = lb_plan_multiplicity(plan, err);
    if (code) return code;
    sample_size(plan);
    check_sameness(plan);
    return lb_progress_cancelled(lb_call_progress(plan->call)) ? lb_fail(err, LB_CANCELLED, "cancelled") : 0;
}
