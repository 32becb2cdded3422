/* Questions to a protocol that was read: items, visits, arms by name; is this person eligible? */
#include <lumbar/trial.h>

#include <string.h>

const lb_study_item *lb_study_item_named(const lb_study *study, const char *id, const lb_study_form **form)
{
    for (size_t i = 0; i < study->form_count; i++)
        for (size_t k = 0; k < study->form[i].item_count; k++) {
            const char *at = study->form[i].item[k].id;
            if (*at != *id || strcmp(at, id) != 0) continue; /* mostly the first letter tells */
            if (form) *form = &study->form[i];
            return &study->form[i].item[k];
        }
    return NULL;
}

int lb_study_visit_named(const lb_study *study, const char *id)
{
    for (size_t i = 0; i < study->visit_count; i++)
        if (strcmp(study->visit[i].id, id) == 0) return (int)i;
    return -1;
}

int lb_study_arm_named(const lb_study *study, const char *id)
{
    for (size_t i = 0; i < study->arm_count; i++)
        if (strcmp(study->arm[i].id, id) == 0) return (int)i;
    return -1;
}

int lb_study_eligible(const lb_study *study, lb_rule_lookup lookup, void *context, int *answer, int *first, lb_error *err)
{
    *first = -1;
    for (size_t i = 0; i < study->criterion_count; i++) {
        const lb_study_criterion *c = &study->criterion[i];
        lb_rule_answer got;
        int code = lb_rules_run(study->rules, c->compiled, lookup, context, &got, err);
        if (code != LB_OK) {
            lb_error_where(err, "criterion %s", c->id);
            return code;
        }
        bool yes = got.known && got.value.type == LB_BOOL && got.value.boolean;
        int said = got.known ? yes : -1;
        if (answer) answer[i] = said;
        bool keeps_out = c->inclusion ? said != 1 : said != 0; /* not known keeps out, too */
        if (keeps_out && *first < 0) *first = (int)i;
    }
    return LB_OK;
}

const char *lb_item_type_name(lb_item_type type)
{
    static const char *const names[] = {"text", "integer", "number", "date", "datetime", "choice", "choices", "yesno", "slider", "derived", "file"};
    return names[type];
}
