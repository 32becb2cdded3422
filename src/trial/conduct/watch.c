/* Values that are watched: each rule of the protocol at each visit where something it reads was entered. */
#include <string.h>

#include "trial/conduct/records.h"
#include "trial/conduct/safety.h"

static bool read_here(const lb_person *p, const struct lb_watch_rule *w, int visit, int occurrence)
{
    for (size_t n = 0; n < w->name_count; n++)
        if (!lb_text_starts(w->name[n], "baseline_") && lb_person_value(p, visit, occurrence, w->name[n])) return true;
    return false;
}

static bool reveals(const lb_study *s, const struct lb_watch_rule *w)
{
    for (size_t n = 0; n < w->name_count; n++) {
        const char *plain = lb_text_starts(w->name[n], "baseline_") ? w->name[n] + 9 : w->name[n];
        const lb_study_form *form = NULL;
        const lb_study_item *item = lb_study_item_named(s, plain, &form);
        if (item && (item->reveals_arm || (form && form->reveals_arm))) return true;
    }
    return false;
}

static void add_finding(const lb_person *p, const struct lb_watch_rule *w, int visit, int occurrence, lb_value *list)
{
    lb_arena *arena = list->arena;
    lb_value *one = lb_push_object(list), *values = lb_value_array(arena);
    lb_person_view view = {p, visit, occurrence};
    lb_set_text(one, "subject", p->subject);
    lb_set_text(one, "site", p->site);
    lb_set_text(one, "rule", w->id);
    lb_set_label(one, "label", &w->label);
    lb_set_text(one, "visit", lb_visit_text(p->study, visit, occurrence, arena));
    lb_set_label(one, "visit_label", &p->study->visit[visit].label);
    for (size_t n = 0; n < w->name_count; n++) {
        bool before = lb_text_starts(w->name[n], "baseline_");
        const lb_study_item *item = lb_study_item_named(p->study, before ? w->name[n] + 9 : w->name[n], NULL);
        lb_value found;
        if (!item || !lb_person_lookup(&view, w->name[n], &found) || found.type == LB_NULL) continue;
        lb_value *copy = lb_arena_alloc(arena, sizeof *copy);
        *copy = found;
        copy->arena = arena;
        lb_value *answer = lb_answer_value(item, copy, arena);
        lb_set_bool(answer, "baseline", before);
        lb_push(values, answer);
    }
    lb_set(one, "values", values);
}

int lb_watch_person(const lb_person *p, bool masked, lb_value *list, lb_error *err)
{
    const lb_study *s = p->study;
    for (size_t k = 0; k < p->entry_count; k++) {
        const lb_person_entry *e = &p->entry[k];
        if (!e->values) continue;
        bool seen = false; /* each occasion once, whatever its forms */
        for (size_t j = 0; j < k; j++) seen |= p->entry[j].values && p->entry[j].visit == e->visit && p->entry[j].occurrence == e->occurrence;
        for (size_t i = 0; i < s->conduct->safety.watch_count && !seen; i++) {
            const struct lb_watch_rule *w = &s->conduct->safety.watch[i];
            lb_person_view view = {p, e->visit, e->occurrence};
            lb_rule_answer answer;
            if ((masked && reveals(s, w)) || !read_here(p, w, e->visit, e->occurrence)) continue;
            int code = lb_rules_run(s->rules, w->rule, lb_person_lookup, &view, &answer, err);
            if (code != LB_OK) {
                lb_error_where(err, "watched value %s", w->id);
                return code;
            }
            if (answer.known && answer.value.type == LB_BOOL && answer.value.boolean) add_finding(p, w, e->visit, e->occurrence, list);
        }
    }
    return LB_OK;
}
