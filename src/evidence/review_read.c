/* Reading a review: the protocol (YAML or JSON) and the tables it names. */
#include "evidence/review.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const source_names[LB_REVIEW_SOURCES] = {"reported", "from_se", "from_ci", "imputed_corr",
                                                            "final_sd"};

const char *lb_sd_source_name(lb_sd_source source) { return source_names[source]; }

int lb_review_fault(const lb_value *at, lb_error *err, const char *fmt, ...)
{
    char message[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    int code = lb_fail(err, LB_BAD_DATA, "%s", message);
    if (at && at->line)
        lb_error_where(err, "review:%d:%d", at->line, at->column);
    else
        lb_error_where(err, "review");
    return code;
}

static int read_names(const lb_value *list, const char *what, const char **names, size_t *count, lb_error *err)
{
    if (!list || list->type != LB_ARRAY || list->count == 0 || list->count > LB_REVIEW_NAMES)
        return lb_review_fault(list, err, "%s is not a list of 1 to %d names", what, LB_REVIEW_NAMES);
    for (size_t i = 0; i < list->count; i++) {
        if (list->item[i]->type != LB_STRING)
            return lb_review_fault(list->item[i], err, "%s holds something that is no name", what);
        names[i] = list->item[i]->text;
    }
    *count = list->count;
    return 0;
}

/* "closest to week 12 in (0,26], ties to the later" */
static int read_terms(lb_review *review, const lb_value *visit, lb_error *err)
{
    if (!visit || visit->type != LB_OBJECT || visit->count == 0 || visit->count > LB_REVIEW_TERMS)
        return lb_review_fault(visit, err, "data_rules.visit does not name the time windows");
    for (size_t i = 0; i < visit->count; i++) {
        lb_review_term *term = &review->term[i];
        const lb_value *rule = visit->item[i];
        term->name = visit->key[i];
        if (rule->type != LB_STRING ||
            sscanf(rule->text, "closest to week %lf in (%lf,%lf]", &term->target, &term->after, &term->until) != 3) {
            int code = lb_review_fault(rule, err, "the rule of the window '%s' cannot be read", term->name);
            lb_error_hint(err, "write it as: closest to week 12 in (0,26], ties to the later");
            return code;
        }
        if (!(term->after >= 0 && term->until > term->after))
            return lb_review_fault(rule, err, "the window '%s' is empty", term->name);
    }
    review->term_count = visit->count;
    return 0;
}

static int read_sources(lb_review *review, const lb_value *list, lb_error *err)
{
    if (!list || list->type != LB_ARRAY || list->count == 0 || list->count > LB_REVIEW_SOURCES)
        return lb_review_fault(list, err, "data_rules.change_sd is not a list of sources");
    for (size_t i = 0; i < list->count; i++) {
        const char *name =
            list->item[i]->type == LB_STRING ? list->item[i]->text : lb_get_text(list->item[i], "source", "");
        size_t s = 0;
        while (s < LB_REVIEW_SOURCES && strcmp(source_names[s], name) != 0) s++;
        if (s == LB_REVIEW_SOURCES) {
            int code = lb_review_fault(list->item[i], err, "'%.60s' is no source of an SD of change", name);
            lb_error_hint(err, "known are reported, from_se, from_ci, imputed_corr, final_sd");
            return code;
        }
        review->order[i] = (lb_sd_source)s;
    }
    review->order_count = list->count;
    return 0;
}

static int read_model(lb_review *review, lb_error *err)
{
    const lb_value *model = lb_get(review->protocol, "model"), *effect = lb_get(review->protocol, "effect");
    static const char *const tests[] = {"z", "t", "knha", "adhoc"};
    const char *method = lb_get_text(model, "tau2", "REML"), *test = lb_get_text(model, "test", "z");
    review->settings = (lb_pool_settings){.fit = LB_POOL_OPTIONS_INIT, .test_name = test, .prediction_name = "metafor"};
    if (lb_text_equal(lb_get_text(model, "type", "random"), "fixed")) method = "FE";
    if (!lb_tau2_method_named(method, &review->settings.fit.method))
        return lb_review_fault(lb_get(model, "tau2"), err, "'%.40s' is no estimator of tau2", method);
    size_t t = 0;
    while (t < LB_COUNT(tests) && strcmp(tests[t], test) != 0) t++;
    if (t == LB_COUNT(tests))
        return lb_review_fault(lb_get(model, "test"), err, "'%.40s' is no test (z, t, knha, adhoc)", test);
    review->settings.fit.test = (lb_pool_test)t;
    review->settings.fit.level = lb_get_number(model, "level", .95);
    if (!(review->settings.fit.level > 0 && review->settings.fit.level < 1))
        return lb_review_fault(lb_get(model, "level"), err, "the level of intervals is not between 0 and 1");
    const char *measure = lb_get_text(effect, "measure", "SMD");
    if (strcmp(measure, "SMD") != 0)
        return lb_review_fault(lb_get(effect, "measure"), err, "a review pools SMD (and MD beside it), not '%.40s'",
                               measure);
    return 0;
}

int lb_review_read(lb_review *review, const lb_bytes *document, lb_error *err)
{
    lb_value *root;
    int code = lb_yaml_read(document, review->arena, &root, err);
    if (code) return code;
    if (root->type != LB_OBJECT) return lb_review_fault(root, err, "this is not a review: no mapping at the top");
    review->protocol = root;
    const lb_value *question = lb_get(root, "question"), *rules = lb_get(root, "data_rules"),
                   *main = lb_get(root, "main_analyses");
    if (!rules) return lb_review_fault(root, err, "the review has no data_rules");
    const lb_value *outcomes = lb_get(question, "outcomes"), *comparators = lb_get(question, "comparators");
    code = read_names(outcomes ? outcomes : lb_get(main, "outcome"), "question.outcomes", review->outcome,
                      &review->outcome_count, err);
    if (!code)
        code = read_names(comparators ? comparators : lb_get(main, "comparator"), "question.comparators",
                          review->comparator, &review->comparator_count, err);
    if (!code) code = read_terms(review, lb_get(rules, "visit"), err);
    if (!code) code = read_sources(review, lb_get(rules, "change_sd"), err);
    if (!code) code = read_model(review, err);
    if (code) return code;
    const lb_value *to = lb_path(rules, "scale.to");
    review->to_low = to && to->count == 2 ? lb_number_of(to->item[0]) : 0;
    review->to_high = to && to->count == 2 ? lb_number_of(to->item[1]) : 10;
    if (!(review->to_high > review->to_low)) return lb_review_fault(to, err, "the common scale is empty");
    return 0;
}

/* -- tables ------------------------------------------------------------------------------------------------- */

int lb_review_table(lb_review *review, const char *key, bool required, lb_table **out, lb_error *err)
{
    const lb_value *files = lb_get(review->protocol, "files");
    const char *name = lb_get_text(files, key, NULL);
    *out = NULL;
    if (!name) return required ? lb_review_fault(files, err, "files.%s does not name a table", key) : 0;
    if (!review->source) return lb_fail(err, LB_BAD_DATA, "the review names '%.80s', but no files came with it", name);
    lb_bytes bytes;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    int code = review->source->read(review->source->context, name, review->arena, &bytes, err);
    if (!code) code = lb_csv_read(&bytes, &options, review->arena, out, err);
    if (code) return code;
    lb_value *files_out = lb_get(review->result->results, "files");
    if (!files_out) files_out = lb_set_array(review->result->results, "files");
    lb_value *row = lb_push_object(files_out);
    lb_set_text(row, "name", name);
    lb_set_text(row, "sha256", (*out)->sha256);
    lb_set_int(row, "rows", (int64_t)(*out)->rows);
    if (required) return lb_table_needs_rows(*out, err);
    if ((*out)->rows == 0) lb_result_warn(review->result, "%s has headings, but no rows", (*out)->name);
    return 0;
}

static const char *cell(const lb_column *column, size_t row, lb_arena *arena)
{
    char buffer[32];
    return lb_arena_text(arena, lb_column_text(column, row, buffer));
}

static size_t study_of(const lb_review *review, const char *name)
{
    for (size_t i = 0; i < review->study.level_count; i++) {
        if (strcmp(review->study.level[i], name) == 0) return i;
    }
    return SIZE_MAX;
}

static bool yes(const lb_column *column, size_t row)
{
    return column && column->type == LB_NUMBER && column->number[row] == 1;
}

static double number_or_nan(const lb_column *column, size_t row)
{
    return column && column->type == LB_NUMBER ? column->number[row] : NAN;
}

static int read_arms(lb_review *review, lb_error *err)
{
    lb_table *table;
    lb_column *study, *arm, *role;
    int code = lb_review_table(review, "arms", true, &table, err);
    if (!code) code = lb_table_column(table, "study_id", &study, err);
    if (!code) code = lb_table_column(table, "arm", &arm, err);
    if (!code) code = lb_table_column(table, "role", &role, err);
    if (code) return code;
    if (table->rows > 10000) return lb_fail(err, LB_TOO_LARGE, "%zu arms are too many", table->rows);
    review->arm = lb_arena_array(review->arena, table->rows + 1, sizeof *review->arm);
    for (size_t row = 0; row < table->rows; row++) {
        lb_review_arm *out = &review->arm[row];
        const char *name = cell(study, row, review->arena);
        *out = (lb_review_arm){.study = study_of(review, name),
                               .arm = cell(arm, row, review->arena),
                               .role = cell(role, row, review->arena),
                               .matched = yes(lb_table_find(table, "matched"), row),
                               .true_control = yes(lb_table_find(table, "true_control"), row),
                               .randomised = number_or_nan(lb_table_find(table, "n_randomised"), row)};
        if (out->study == SIZE_MAX) {
            code = lb_fail(err, LB_BAD_DATA, "arm '%.40s' belongs to study '%.60s', which the studies do not have",
                           out->arm, name);
            lb_error_where(err, "arms, row %zu", row + 1);
            return code;
        }
        for (size_t i = 0; i < row; i++) {
            if (review->arm[i].study != out->study || strcmp(review->arm[i].arm, out->arm) != 0) continue;
            code = lb_fail(err, LB_BAD_DATA, "study '%.60s' has the arm '%.40s' twice", name, out->arm);
            lb_error_where(err, "arms, row %zu", row + 1);
            return code;
        }
    }
    review->arms = table->rows;
    return 0;
}

static int find_arm(const lb_review *review, const char *study, const char *arm, size_t row, size_t *out, lb_error *err)
{
    for (size_t i = 0; i < review->arms; i++) {
        if (strcmp(review->arm[i].arm, arm) != 0 || strcmp(review->study.level[review->arm[i].study], study) != 0)
            continue;
        *out = i;
        return 0;
    }
    int code = lb_fail(err, LB_BAD_DATA, "study '%.60s' has no arm '%.40s'", study, arm);
    lb_error_where(err, "outcomes, row %zu", row + 1);
    lb_error_hint(err, "every arm of the outcomes must stand in the table of arms");
    return code;
}

static int scale_unknown(const lb_review_visit *visit, lb_error *err)
{
    int code = lb_fail(err, LB_BAD_DATA,
                       visit->high > visit->low ? "a scale from %g to %g without a direction cannot be brought to another" : "a scale from %g to %g has no range",
                       visit->low, visit->high);
    lb_error_hint(err, "fill scale_min, scale_max and higher_is_worse (1: more is worse, 0: more is better)");
    return code;
}

/* A spread below 0 is a slip and refused; one of 0 is taken as missing, so that the next source in the protocol's order is used. */
static int check_spreads(const lb_review *review, lb_review_visit *visit, lb_error *err)
{
    struct {
        const char *name;
        double *value;
    } spread[] = {{"sd", &visit->sd}, {"change_sd", &visit->change_sd}, {"change_se", &visit->change_se}};
    for (size_t i = 0; i < LB_COUNT(spread); i++) {
        double x = *spread[i].value;
        if (x < 0) {
            int code = lb_fail(err, LB_BAD_DATA, "%s is %g: no spread is negative", spread[i].name, x);
            lb_error_hint(err, "correct the cell, or leave it empty: then the SD is looked for in the protocol's next source");
            return code;
        }
        if (x != 0) continue;
        lb_result_warn(review->result, "outcomes, row %zu: %s is 0, which no group of people has; taken as missing", visit->row + 1, spread[i].name);
        *spread[i].value = NAN;
    }
    if (!(visit->change_upper < visit->change_lower)) return 0;
    int code = lb_fail(err, LB_BAD_DATA, "the interval of the change ends before it begins: %g to %g", visit->change_lower, visit->change_upper);
    lb_error_hint(err, "were change_ci_lb and change_ci_ub exchanged, or a minus sign lost?");
    return code;
}

static int read_visits(lb_review *review, lb_error *err)
{
    static const char *const numbers[] = {
        "week", "n",  "mean",        "sd",        "scale_min", "scale_max",    "higher_is_worse", "median",
        "q1",   "q3", "change_mean", "change_sd", "change_se", "change_ci_lb", "change_ci_ub"};
    lb_table *table;
    lb_column *study, *arm, *outcome, *number[LB_COUNT(numbers)];
    int code = lb_review_table(review, "outcomes", true, &table, err);
    if (!code) code = lb_table_column(table, "study_id", &study, err);
    if (!code) code = lb_table_column(table, "arm", &arm, err);
    if (!code) code = lb_table_column(table, "outcome", &outcome, err);
    for (size_t i = 0; i < LB_COUNT(numbers) && !code; i++) code = lb_table_number(table, numbers[i], &number[i], err);
    if (code) return code;
    if (table->rows > 20000) return lb_fail(err, LB_TOO_LARGE, "%zu rows of outcomes are too many", table->rows);
    review->outcomes = table;
    review->visit = lb_arena_array(review->arena, table->rows + 1, sizeof *review->visit);
    for (size_t row = 0; row < table->rows; row++) {
        const char *name = cell(outcome, row, review->arena);
        size_t o = 0;
        while (o < review->outcome_count && strcmp(review->outcome[o], name) != 0) o++;
        if (o == review->outcome_count) continue; /* an outcome that the review does not pool */
        lb_review_visit *visit = &review->visit[review->visits];
        double x[LB_COUNT(numbers)];
        for (size_t i = 0; i < LB_COUNT(numbers); i++) x[i] = number[i]->number[row];
        *visit = (lb_review_visit){.outcome = o,
                                   .row = row,
                                   .week = x[0],
                                   .n = x[1],
                                   .mean = x[2],
                                   .sd = x[3],
                                   .low = x[4],
                                   .high = x[5],
                                   .higher_is_worse = x[6] != 0,
                                   .change = x[10],
                                   .change_sd = x[11],
                                   .change_se = x[12],
                                   .change_lower = x[13],
                                   .change_upper = x[14]};
        if (!isnan(x[7]) && !isnan(x[8]) && !isnan(x[9]) && isnan(x[2])) { /* median and quartiles: Wan 2014 */
            visit->from_median = true;
            visit->mean = (x[8] + x[7] + x[9]) / 3;
            visit->sd = (x[9] - x[8]) / 1.35;
        }
        code = find_arm(review, cell(study, row, review->arena), cell(arm, row, review->arena), row, &visit->arm, err);
        if (!code && !(visit->high > visit->low && isfinite(x[6])))
            code = scale_unknown(visit, err);
        if (!code && (!(visit->n > 0) || !(visit->week >= 0)))
            code = lb_fail(err, LB_BAD_DATA, "n = %g at week %g cannot be", visit->n, visit->week);
        if (!code) code = check_spreads(review, visit, err);
        if (code) {
            if (!err->where[0]) lb_error_where(err, "outcomes, row %zu", row + 1);
            return code;
        }
        if (!isnan(visit->mean) && (visit->mean < visit->low || visit->mean > visit->high))
            lb_result_warn(review->result, "outcomes, row %zu: the mean %g lies outside its scale, %g to %g", row + 1,
                           visit->mean, visit->low, visit->high);
        review->visits++;
    }
    return 0;
}

int lb_review_tables(lb_review *review, lb_error *err)
{
    lb_column *id;
    int code = lb_review_table(review, "studies", true, &review->studies, err);
    if (!code) code = lb_table_column(review->studies, "study_id", &id, err);
    if (!code) code = lb_table_factor(review->studies, "study_id", review->arena, &review->study, err);
    if (code) return code;
    size_t count = review->study.level_count;
    if (count > 2000) return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many", count);
    review->study_row = lb_arena_array(review->arena, count + 1, sizeof *review->study_row);
    review->risk_row = lb_arena_array(review->arena, count + 1, sizeof *review->risk_row);
    uint8_t *seen = lb_arena_array(review->arena, count + 1, 1);
    for (size_t row = 0; row < review->studies->rows; row++) {
        int32_t level = review->study.code[row];
        if (level < 0 || seen[level]++) {
            code = lb_fail(err, LB_BAD_DATA,
                           level < 0 ? "a study has no study_id" : "the study '%.60s' stands there twice",
                           level < 0 ? "" : review->study.level[level]);
            lb_error_where(err, "studies, row %zu", row + 1);
            return code;
        }
        review->study_row[level] = row;
    }
    code = read_arms(review, err);
    if (!code) code = read_visits(review, err);
    if (!code) code = lb_review_table(review, "risk_of_bias", false, &review->risk, err);
    if (code || !review->risk) return code;
    code = lb_table_column(review->risk, "study_id", &id, err);
    for (size_t row = 0; !code && row < review->risk->rows; row++) {
        size_t study = study_of(review, cell(id, row, review->arena));
        if (study != SIZE_MAX) review->risk_row[study] = row + 1;
    }
    return code;
}
