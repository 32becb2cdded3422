/* Which columns the tables of a snapshot have: found in the protocol, named as `study simulate` names them. */
#include "trial/conduct/snapshot_tables.h"

#include <ctype.h>
#include <string.h>

const char *trial_score_of(const lb_study *study, const lb_study_form *form)
{
    for (size_t i = 0; form->instrument && i < study->instrument_count; i++)
        if (strcmp(study->instrument[i].id, form->instrument) == 0) return study->instrument[i].score;
    return NULL;
}

static bool has_column(const snapshot_plan *plan, const char *name)
{
    static const char *const taken[] = {"id", "centre", "arm", "stratum", "randomised_on", "adherence", "last_visit", "reason", "response"};
    for (size_t i = 0; i < LB_COUNT(taken); i++)
        if (strcmp(taken[i], name) == 0) return true;
    for (size_t i = 0; i < plan->columns; i++)
        if (strcmp(plan->column[i].name, name) == 0) return true;
    return false;
}

static bool listed(const lb_value *list, const char *word)
{
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++)
        if (list->item[i]->type == LB_STRING && strcmp(list->item[i]->text, word) == 0) return true;
    return false;
}

/* Items of visits before randomisation. The single questions of a questionnaire stay in its own table. */
static void add_items(snapshot_plan *plan, const lb_study_visit *visit)
{
    const lb_value *named = lb_get(lb_get(plan->study->root, "simulation"), "participants");
    for (size_t f = 0; f < visit->form_count; f++) {
        const lb_study_form *form = &plan->study->form[visit->form[f]];
        for (size_t i = 0; i < form->item_count; i++) {
            const lb_study_item *item = &form->item[i];
            bool question = form->instrument && form->item_count > 2 && !listed(named, item->id);
            if (question || item->identifier || item->type == LB_ITEM_TEXT || item->type == LB_ITEM_FILE || has_column(plan, item->id)) continue;
            plan->column[plan->columns++] =
                (snapshot_column){.name = item->id, .item = item, .visit = -1, .reveals = item->reveals_arm || form->reveals_arm || visit->reveals_arm};
        }
    }
}

static const char *score_column(const snapshot_plan *plan, const char *score, const char *visit)
{
    const lb_value *scores = lb_get(lb_get(plan->study->root, "simulation"), "scores");
    for (size_t i = 0; scores && scores->type == LB_ARRAY && i < scores->count; i++) {
        const char *name = lb_get_text(lb_get(scores->item[i], "columns"), visit, NULL);
        if (name && lb_text_equal(lb_get_text(scores->item[i], "score", NULL), score)) return name;
    }
    char *name = lb_arena_printf(plan->arena, "%s_%s", score, visit);
    for (char *c = name + strlen(score) + 1; *c; c++) *c = (char)tolower((unsigned char)*c);
    return name;
}

static void add_scores(snapshot_plan *plan, int v)
{
    const lb_study_visit *visit = &plan->study->visit[v];
    for (size_t f = 0; f < visit->form_count; f++) {
        const lb_study_form *form = &plan->study->form[visit->form[f]];
        const char *score = trial_score_of(plan->study, form), *name = score ? score_column(plan, score, visit->id) : NULL;
        if (!score || has_column(plan, name)) continue;
        plan->column[plan->columns++] = (snapshot_column){.name = name, .score = score, .visit = v, .reveals = form->reveals_arm || visit->reveals_arm};
        size_t k = 0;
        while (k < plan->scores && strcmp(plan->score[k], score) != 0) k++;
        if (k == plan->scores && !form->reveals_arm) plan->score[plan->scores++] = score;
    }
}

static const char *first_date(const lb_study_form *form)
{
    for (size_t i = 0; i < form->item_count; i++)
        if (form->item[i].type == LB_ITEM_DATE) return form->item[i].id;
    return NULL;
}

static void add_event(snapshot_plan *plan, const lb_value *outcome)
{
    const lb_study_form *form;
    const lb_value *visits = lb_get(outcome, "visits");
    const char *measure = lb_get_text(outcome, "measure", "");
    const lb_study_item *item = lb_study_item_named(plan->study, measure, &form);
    if (!item || (item->type != LB_ITEM_DERIVED && item->type != LB_ITEM_YESNO) || !visits || visits->type != LB_ARRAY || visits->count != 1) return;
    int visit = lb_study_visit_named(plan->study, visits->item[0]->type == LB_STRING ? visits->item[0]->text : "");
    if (visit < 0 || !lb_visit_repeats(&plan->study->visit[visit])) return;
    plan->event[plan->events++] = (snapshot_event){form->id, item->id, first_date(form), visit, item->reveals_arm || form->reveals_arm};
}

void trial_snapshot_plan(const lb_study *study, lb_arena *arena, snapshot_plan *plan)
{
    const lb_value *outcomes = lb_get(study->root, "outcomes"), *secondary = lb_get(outcomes, "secondary");
    size_t room = study->visit_count * study->form_count + 1;
    for (size_t f = 0; f < study->form_count; f++) room += study->form[f].item_count;
    *plan = (snapshot_plan){.study = study, .arena = arena, .response = lb_get(lb_get(study->root, "simulation"), "response")};
    plan->column = lb_arena_array(arena, room, sizeof *plan->column);
    plan->score = lb_arena_array(arena, study->instrument_count + 1, sizeof *plan->score);
    plan->event = lb_arena_array(arena, (secondary ? secondary->count : 0) + 2, sizeof *plan->event);
    for (size_t v = 0; v < study->visit_count; v++) {
        const lb_study_visit *visit = &study->visit[v];
        if (!lb_visit_repeats(visit) && visit->nominal <= 0) add_items(plan, visit);
    }
    for (size_t v = 0; v < study->visit_count; v++)
        if (!lb_visit_repeats(&study->visit[v])) add_scores(plan, (int)v);
    if (lb_get(outcomes, "primary")) add_event(plan, lb_get(outcomes, "primary"));
    for (size_t i = 0; secondary && secondary->type == LB_ARRAY && i < secondary->count; i++) add_event(plan, secondary->item[i]);
}
