/* study describe: the protocol as JSON that pages can be made from: every section as in the file, and what Lumbar works out
 * (nominal days, the matrix of visits and forms, rules with the items they read, the marked proposals). */
#include "trial/op_study.h"

#include <math.h>
#include <string.h>

static void set_label(lb_value *object, const char *key, const lb_label *label)
{
    lb_value *texts = lb_set_object(object, key);
    lb_set_text(texts, "en", label->en);
    if (label->zh) lb_set_text(texts, "zh", label->zh);
    if (label->da) lb_set_text(texts, "da", label->da);
}

/* Sections that need no work are handed over as they stand in the file. */
static void copy_sections(const lb_study *s, lb_value *results)
{
    static const char *const sections[] = {
        "acronym", "date", "official_title", "summary", "background", "condition", "participant_languages", "registry", "contacts", "sponsor", "design",
        "sites", "arms", "interventions", "drugs", "randomisation", "masking", "consent", "instruments", "outcomes", "adherence", "safety", "roles",
        "data", "retention", "sharing", "imaging", "prediction", "sample_size", "plan", "contradictions", "gaps"};
    for (size_t i = 0; i < LB_COUNT(sections); i++) {
        lb_value *section = lb_get(s->root, sections[i]);
        if (section) lb_set(results, sections[i], section);
    }
}

static void describe_eligibility(const lb_study *s, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "eligibility");
    for (size_t i = 0; i < s->criterion_count; i++) {
        const lb_study_criterion *c = &s->criterion[i];
        const lb_value *stages = lb_path(s->root, "eligibility.stages");
        lb_value *row = lb_push_object(rows);
        size_t names;
        const char **name = lb_rule_names(c->rule, s->arena, &names);
        lb_set_text(row, "id", c->id);
        lb_set_text(row, "stage", c->stage);
        for (size_t k = 0; stages && k < stages->count; k++)
            if (lb_text_equal(lb_get_text(stages->item[k], "id", ""), c->stage)) lb_set(row, "stage_label", lb_get(stages->item[k], "label"));
        lb_set_text(row, "kind", c->inclusion ? "inclusion" : "exclusion");
        lb_set_text(row, "rule", c->rule);
        set_label(row, "text", &c->label);
        lb_value *items = lb_set_array(row, "items");
        for (size_t k = 0; k < names; k++) lb_push_text(items, name[k]);
    }
}

static void describe_visits(const lb_study *s, lb_value *results)
{
    const lb_value *source = lb_get(s->root, "visits");
    lb_value *rows = lb_set_array(results, "visits");
    for (size_t i = 0; i < s->visit_count; i++) {
        const lb_study_visit *v = &s->visit[i];
        bool timed = v->anchor != LB_ANCHOR_NONE && !v->unscheduled;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "id", v->id);
        set_label(row, "label", &v->label);
        lb_set_text(row, "anchor", v->anchor >= 0 ? s->visit[v->anchor].id : v->anchor == LB_ANCHOR_RANDOMISATION ? "randomisation" : NULL);
        lb_set_int(row, "day", v->day);
        if (timed) lb_set_int(row, "nominal", v->nominal);
        else lb_set_null(row, "nominal");
        if (timed && v->repeat_every == 0) {
            lb_set_int(row, "opens", v->nominal + v->window[0]);
            lb_set_int(row, "closes", v->nominal + v->window[1]);
        }
        lb_set_bool(row, "unscheduled", v->unscheduled);
        lb_set_bool(row, "optional", v->optional);
        lb_set_bool(row, "reveals_arm", v->reveals_arm);
        static const char *const kept[] = {"repeat", "source", "proposal", "note", "mode"};
        for (size_t k = 0; k < LB_COUNT(kept); k++)
            if (lb_get(source->item[i], kept[k])) lb_set(row, kept[k], lb_get(source->item[i], kept[k]));
        lb_value *forms = lb_set_array(row, "forms");
        for (size_t k = 0; k < v->form_count; k++) lb_push_text(forms, s->form[v->form[k]].id);
    }
}

/* One row per form, one column per visit: true where the form is filled in. */
static void describe_matrix(const lb_study *s, lb_value *results)
{
    lb_value *matrix = lb_set_object(results, "schedule");
    lb_value *visits = lb_set_array(matrix, "visits"), *rows = lb_set_array(matrix, "rows");
    for (size_t i = 0; i < s->visit_count; i++) lb_push_text(visits, s->visit[i].id);
    for (size_t f = 0; f < s->form_count; f++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "form", s->form[f].id);
        set_label(row, "label", &s->form[f].label);
        lb_value *cells = lb_set_array(row, "at");
        for (size_t i = 0; i < s->visit_count; i++)
            for (size_t k = 0; k < s->visit[i].form_count; k++)
                if (s->visit[i].form[k] == (int)f) lb_push_text(cells, s->visit[i].id);
    }
}

static void describe_item(const lb_study_item *item, lb_value *row)
{
    lb_set_text(row, "id", item->id);
    set_label(row, "label", &item->label);
    lb_set_text(row, "type", lb_item_type_name(item->type));
    if (item->unit) lb_set_text(row, "unit", item->unit);
    if (!isnan(item->low)) lb_set_number(row, "low", item->low);
    if (!isnan(item->high)) lb_set_number(row, "high", item->high);
    if (!isnan(item->soft_low)) lb_set_number(row, "expected_low", item->soft_low);
    if (!isnan(item->soft_high)) lb_set_number(row, "expected_high", item->soft_high);
    lb_set_bool(row, "required", item->required);
    lb_set_bool(row, "identifier", item->identifier);
    lb_set_bool(row, "reveals_arm", item->reveals_arm);
    if (item->shown_if) lb_set_text(row, "shown_if", item->shown_if);
    if (item->derived_by) lb_set_text(row, "derived_by", item->derived_by);
    if (item->code_count == 0) return;
    lb_value *codes = lb_set_array(row, "codes");
    for (size_t i = 0; i < item->code_count; i++) {
        lb_value *code = lb_push_object(codes);
        lb_set_text(code, "code", item->code[i].code);
        set_label(code, "label", &item->code[i].label);
    }
}

static void describe_forms(const lb_study *s, lb_value *results)
{
    const lb_value *source = lb_get(s->root, "forms");
    lb_value *rows = lb_set_array(results, "forms");
    for (size_t i = 0; i < s->form_count; i++) {
        const lb_study_form *form = &s->form[i];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "id", form->id);
        set_label(row, "label", &form->label);
        lb_set_text(row, "instrument", form->instrument);
        lb_set_text(row, "filled_by", form->filled_by);
        lb_set_bool(row, "reveals_arm", form->reveals_arm);
        lb_set_text(row, "entry", form->double_entry ? "double" : "single");
        if (lb_get(source->item[i], "note")) lb_set(row, "note", lb_get(source->item[i], "note"));
        lb_value *items = lb_set_array(row, "items");
        for (size_t k = 0; k < form->item_count; k++) describe_item(&form->item[k], lb_push_object(items));
    }
}

/* Whatever carries `proposal:` is ours and not the record's: gathered with its place in the file. */
static void gather_proposals(const lb_value *value, const char *path, lb_arena *arena, lb_value *rows)
{
    for (size_t i = 0; i < value->count && (value->type == LB_OBJECT || value->type == LB_ARRAY); i++) {
        const char *id = lb_get_text(value->item[i], "id", NULL);
        const char *step = value->type == LB_OBJECT ? value->key[i] : id ? id : lb_arena_printf(arena, "%zu", i + 1);
        if (value->type == LB_OBJECT && strcmp(step, "proposal") == 0) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "what", path);
            lb_set(row, "proposal", value->item[i]);
            lb_set_int(row, "line", value->item[i]->line);
        } else {
            gather_proposals(value->item[i], path[0] ? lb_arena_printf(arena, "%s › %s", path, step) : step, arena, rows);
        }
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_study *s;
    int code = trial_study_of_call(call, &s, err);
    if (code != LB_OK) return code;
    lb_value *results = result->results;
    lb_set_text(results, "id", s->id);
    lb_set_text(results, "version", s->version);
    lb_set_text(results, "sha256", s->sha256);
    set_label(results, "title", &s->title);
    copy_sections(s, results);
    describe_eligibility(s, results);
    describe_visits(s, results);
    describe_matrix(s, results);
    describe_forms(s, results);
    gather_proposals(s->root, "", s->arena, lb_set_array(results, "proposals"));
    lb_study_close(s);
    return LB_OK;
}

static const lb_param params[] = {TRIAL_PARAM_STUDY};

const lb_op trial_op_describe = {
    .area = "study",
    .verb = "describe",
    .summary = "a protocol as readable data",
    .description = "The whole protocol for pages and scripts: registry record, arms, interventions, eligibility with its rules, the schedule as a "
                   "matrix of forms and visits with nominal days and windows, forms and items, outcomes, safety, roles, retention, the contradictions "
                   "of the records with both readings and the decision, and everything that is a proposal of ours.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study describe studies/modic.yaml",
};
