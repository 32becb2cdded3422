/* Questions to a protocol that was read: items, visits, arms by name; is this person eligible? */
#include "trial/criterion.h"

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

int trial_criterion_ask(const lb_study *study, size_t index, lb_rule_lookup lookup, void *context, int *said, lb_error *err)
{
    lb_rule_answer got;
    int code = lb_rules_run(study->rules, study->criterion[index].compiled, lookup, context, &got, err);
    if (code) lb_error_where(err, "criterion %s", study->criterion[index].id);
    else *said = got.known ? got.value.type == LB_BOOL && got.value.boolean : -1;
    return code;
}

bool trial_criterion_keeps_out(const lb_study_criterion *criterion, int said)
{
    return criterion->inclusion ? said != 1 : said != 0;
}

int lb_study_eligible(const lb_study *study, lb_rule_lookup lookup, void *context, int *answer, int *first, lb_error *err)
{
    *first = -1;
    for (size_t i = 0; i < study->criterion_count; i++) {
        int said;
        int code = trial_criterion_ask(study, i, lookup, context, &said, err);
        if (code) return code;
        if (answer) answer[i] = said;
        if (trial_criterion_keeps_out(&study->criterion[i], said) && *first < 0) *first = (int)i;
    }
    return LB_OK;
}

const char *lb_item_type_name(lb_item_type type)
{
    static const char *const names[] = {"text", "integer", "number", "date", "datetime", "choice", "choices", "yesno", "slider", "derived", "file"};
    return names[type];
}
