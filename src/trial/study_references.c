/* Names in a protocol must lead somewhere: duplicate ids, and references to arms, forms, visits, instruments, roles,
 * sites and items that do not exist; each with the nearest word that does. */
#include "trial/study.h"

#include <string.h>

static void check_twice(study_reader *r, const lb_value *list, const char *key, const char *what)
{
    for (size_t i = 0; i < list->count && i < STUDY_ITEMS_MOST; i++) {
        const lb_value *id = lb_get(list->item[i], key);
        for (size_t k = 0; id && id->type == LB_STRING && k < i; k++) {
            const lb_value *before = lb_get(list->item[k], key);
            if (!before || before->type != LB_STRING || strcmp(before->text, id->text) != 0) continue;
            trial_flaw(&r->f, id, "error", lb_arena_printf(r->f.arena, "the first one stands in line %d", before->line),
                       "the %s '%s' is there twice", what, id->text);
            break;
        }
    }
}

static void check_duplicates(study_reader *r)
{
    static const struct {
        const char *list, *what;
    } lists[] = {{"sites", "site"}, {"arms", "arm"}, {"interventions", "intervention"}, {"visits", "visit"}, {"forms", "form"},
                 {"instruments", "instrument"}, {"roles", "role"}, {"contradictions", "contradiction"}, {"gaps", "gap"}};
    lb_arena *arena = r->f.arena;
    for (size_t i = 0; i < LB_COUNT(lists); i++) check_twice(r, trial_list(r->root, lists[i].list, arena), "id", lists[i].what);
    check_twice(r, trial_list(r->root, "arms", arena), "code", "arm code");
    check_twice(r, trial_list(lb_get(r->root, "drugs"), "list", arena), "id", "drug");
    lb_value *items = lb_value_array(arena), *criteria = lb_value_array(arena), *outcomes = lb_value_array(arena);
    const lb_value *forms = trial_list(r->root, "forms", arena), *stages = trial_list(lb_get(r->root, "eligibility"), "stages", arena);
    for (size_t i = 0; i < forms->count; i++) {
        const lb_value *of = trial_list(forms->item[i], "items", arena);
        for (size_t k = 0; k < of->count; k++) lb_push(items, of->item[k]);
    }
    for (size_t i = 0; i < stages->count; i++) {
        const lb_value *of = trial_list(stages->item[i], "criteria", arena);
        for (size_t k = 0; k < of->count; k++) lb_push(criteria, of->item[k]);
    }
    const lb_value *all = lb_get(r->root, "outcomes"), *secondary = trial_list(all, "secondary", arena);
    if (lb_get(all, "primary")) lb_push(outcomes, lb_get(all, "primary"));
    for (size_t i = 0; i < secondary->count; i++) lb_push(outcomes, secondary->item[i]);
    check_twice(r, items, "id", "item");
    check_twice(r, criteria, "id", "criterion");
    check_twice(r, outcomes, "id", "outcome");
    check_twice(r, stages, "id", "eligibility stage");
}

/* One text that must be one of `words` (or of `more`). */
void trial_must_be(study_reader *r, const lb_value *value, const words *w, const words *more, const char *what)
{
    if (!value || value->type != LB_STRING) return;
    if (trial_known(w, value->text) || (more && trial_known(more, value->text))) return;
    const char *near = lb_text_nearest(value->text, w->word, w->count);
    const words *from = !near && more && lb_text_nearest(value->text, more->word, more->count) ? more : w;
    trial_flaw(&r->f, value, "error", trial_nearest(&r->f, value->text, from->word, from->count), "there is no %s '%s'", what, value->text);
}

void trial_all_must_be(study_reader *r, const lb_value *object, const char *key, const words *w, const words *more, const char *what)
{
    const lb_value *list = lb_get(object, key);
    if (!list) return;
    if (list->type != LB_ARRAY) {
        trial_must_be(r, list, w, more, what);
        return;
    }
    for (size_t i = 0; i < list->count; i++) trial_must_be(r, list->item[i], w, more, what);
}

void trial_keys_must_be(study_reader *r, const lb_value *object, const char *key, const words *w, const words *more, const char *what)
{
    const lb_value *map = lb_get(object, key);
    for (size_t i = 0; map && map->type == LB_OBJECT && i < map->count; i++) {
        const char *word = map->key[i];
        if (trial_known(w, word) || (more && trial_known(more, word))) continue;
        trial_flaw_key(&r->f, map, word, "error", trial_nearest(&r->f, word, w->word, w->count), "there is no %s '%s'", what, word);
    }
}

static words plus(study_reader *r, const words *w, const char *more)
{
    words all = {lb_arena_array(r->f.arena, w->count + 1, sizeof *all.word), w->count};
    memcpy(all.word, w->word, w->count * sizeof *all.word);
    all.word[all.count++] = more;
    return all;
}

static void check_outcomes(study_reader *r)
{
    const lb_value *outcomes = lb_get(r->root, "outcomes"), *primary = lb_get(outcomes, "primary");
    const lb_value *secondary = trial_list(outcomes, "secondary", r->f.arena);
    for (size_t i = 0; i <= secondary->count; i++) {
        const lb_value *one = i < secondary->count ? secondary->item[i] : primary;
        trial_must_be(r, lb_get(one, "measure"), &r->scores, &r->items, "score or item");
        trial_all_must_be(r, one, "visits", &r->visits, NULL, "visit");
        trial_all_must_be(r, one, "sensitivity", &r->visits, NULL, "visit");
    }
}

static void check_simulation(study_reader *r)
{
    const lb_value *s = lb_get(r->root, "simulation");
    if (!s || s->type != LB_OBJECT) return;
    static const char *const draws[] = {"candidate", "baseline"};
    words items = plus(r, &r->items, "centre");
    trial_must_be(r, lb_get(s, "treated"), &r->arms, NULL, "arm");
    trial_keys_must_be(r, s, "sites", &r->sites, NULL, "site");
    for (size_t d = 0; d < LB_COUNT(draws); d++) {
        const lb_value *list = trial_list(s, draws[d], r->f.arena);
        for (size_t i = 0; i < list->count; i++) {
            trial_must_be(r, lb_get(list->item[i], "item"), &r->items, &r->scores, "item");
            trial_keys_must_be(r, list->item[i], "per", &r->items, &r->scores, "item");
        }
    }
    trial_all_must_be(r, s, "participants", &items, &r->scores, "item");
    const lb_value *scores = trial_list(s, "scores", r->f.arena);
    for (size_t i = 0; i < scores->count; i++) {
        const lb_value *one = scores->item[i];
        trial_must_be(r, lb_get(one, "score"), &r->scores, &r->items, "score or item");
        trial_must_be(r, lb_get(one, "follows"), &r->scores, &r->items, "score or item");
        trial_must_be(r, lb_get(one, "baseline"), &r->items, &r->scores, "item");
        trial_keys_must_be(r, one, "course", &r->visits, NULL, "visit");
        trial_keys_must_be(r, one, "fraction", &r->visits, NULL, "visit");
        trial_keys_must_be(r, one, "columns", &r->visits, NULL, "visit");
        trial_all_must_be(r, one, "not_at", &r->visits, NULL, "visit");
        const lb_value *modifiers = trial_list(one, "modifiers", r->f.arena);
        for (size_t k = 0; k < modifiers->count; k++) trial_must_be(r, lb_get(modifiers->item[k], "item"), &r->items, NULL, "item");
    }
    trial_must_be(r, lb_get(lb_get(s, "adherence"), "arm"), &r->arms, NULL, "arm");
    trial_must_be(r, lb_get(lb_get(s, "dropout"), "score"), &r->scores, &r->items, "score or item");
    const lb_value *events = trial_list(s, "events", r->f.arena);
    for (size_t i = 0; i < events->count; i++) trial_must_be(r, lb_get(events->item[i], "arm"), &r->arms, NULL, "arm");
}

static void check_parts(study_reader *r)
{
    lb_arena *arena = r->f.arena;
    const lb_value *list = trial_list(r->root, "interventions", arena);
    for (size_t i = 0; i < list->count; i++) trial_all_must_be(r, list->item[i], "arms", &r->arms, NULL, "arm");
    words interventions = trial_ids(list, "id", arena);
    list = trial_list(r->root, "arms", arena);
    for (size_t i = 0; i < list->count; i++) trial_all_must_be(r, list->item[i], "interventions", &interventions, NULL, "intervention");
    list = trial_list(r->root, "forms", arena);
    for (size_t i = 0; i < list->count; i++) trial_must_be(r, lb_get(list->item[i], "instrument"), &r->instruments, NULL, "instrument");
    list = trial_list(r->root, "visits", arena);
    for (size_t i = 0; i < list->count; i++) trial_all_must_be(r, list->item[i], "forms", &r->forms, NULL, "form");
    list = trial_list(r->root, "instruments", arena);
    for (size_t i = 0; i < list->count; i++) trial_all_must_be(r, list->item[i], "items", &r->items, NULL, "item");
}

void trial_check_references(study_reader *r)
{
    check_duplicates(r);
    check_parts(r);
    words strata = plus(r, &r->items, "centre");
    const lb_value *randomisation = lb_get(r->root, "randomisation"), *adherence = lb_get(r->root, "adherence");
    trial_all_must_be(r, lb_get(r->root, "drugs"), "arms", &r->arms, NULL, "arm");
    trial_all_must_be(r, randomisation, "strata", &strata, NULL, "item");
    trial_all_must_be(r, randomisation, "concealed_from", &r->roles, NULL, "role");
    const lb_value *factors = trial_list(randomisation, "factors", r->f.arena);
    for (size_t i = 0; i < factors->count; i++) trial_must_be(r, lb_get(factors->item[i], "item"), &strata, NULL, "item");
    trial_all_must_be(r, lb_get(r->root, "masking"), "masked", &r->roles, NULL, "role");
    trial_must_be(r, lb_get(lb_get(r->root, "consent"), "item"), &r->items, NULL, "item");
    trial_must_be(r, lb_get(lb_get(r->root, "eligibility"), "form"), &r->forms, NULL, "form");
    trial_must_be(r, lb_get(lb_get(r->root, "safety"), "form"), &r->forms, NULL, "form");
    trial_must_be(r, lb_get(adherence, "form"), &r->forms, NULL, "form");
    trial_all_must_be(r, adherence, "arms", &r->arms, NULL, "arm");
    check_outcomes(r);
    check_simulation(r);
    const lb_value *roles = trial_list(r->root, "roles", r->f.arena), *masked = lb_get(lb_get(r->root, "masking"), "masked");
    for (size_t i = 0; i < roles->count; i++) {
        const char *id = lb_get_text(roles->item[i], "id", "");
        bool listed = false;
        for (size_t k = 0; masked && masked->type == LB_ARRAY && k < masked->count; k++)
            listed |= masked->item[k]->type == LB_STRING && strcmp(masked->item[k]->text, id) == 0;
        if (listed != lb_get_bool(roles->item[i], "masked", false))
            trial_flaw(&r->f, roles->item[i], "error", "make masking.masked and the role's masked say the same",
                       "the role '%s' is masked in one place and not in the other", id);
    }
}
