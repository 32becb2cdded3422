/* Reading what the conduct needs from the protocol: consent stages, adherence, safety, participants' pages, reminders. Names
 * that lead nowhere are flaws with a place, like everywhere in the file. */
#include "trial/conduct/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trial/conduct/rights.h"
#include "trial/study.h"

static int form_index(const lb_study *s, const char *id)
{
    for (size_t i = 0; id && i < s->form_count; i++)
        if (strcmp(s->form[i].id, id) == 0) return (int)i;
    return -1;
}

static int visit_index(const lb_study *s, const char *id)
{
    return id ? lb_study_visit_named(s, id) : -1;
}

static lb_item_at item_at(study_reader *r, const lb_value *object, const char *key)
{
    const lb_value *value = lb_get(object, key);
    lb_item_at none = {-1, -1, NULL};
    trial_must_be(r, value, &r->items, NULL, "item");
    if (!value || value->type != LB_STRING) return none;
    for (size_t f = 0; f < r->study->form_count; f++)
        for (size_t i = 0; i < r->study->form[f].item_count; i++)
            if (strcmp(r->study->form[f].item[i].id, value->text) == 0) return (lb_item_at){(int)f, (int)i, r->study->form[f].item[i].id};
    return none;
}

static lb_words label_words(study_reader *r, const lb_value *map)
{
    lb_words w = {0};
    if (!map || map->type != LB_OBJECT) return w;
    const char **id = lb_arena_array(r->f.arena, map->count + 1, sizeof *id);
    lb_label *label = lb_arena_array(r->f.arena, map->count + 1, sizeof *label);
    for (size_t i = 0; i < map->count; i++) {
        id[w.count] = map->key[i];
        label[w.count++] = trial_label(map->item[i]);
    }
    w.id = id;
    w.label = label;
    return w;
}

static const char *const *texts(study_reader *r, const lb_value *object, const char *key, size_t *count)
{
    const lb_value *list = lb_get(object, key);
    size_t most = list && list->type == LB_ARRAY ? list->count : 1;
    const char **out = lb_arena_array(r->f.arena, most + 1, sizeof *out);
    *count = 0;
    if (list && list->type == LB_STRING) out[(*count)++] = list->text;
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) {
        char number[32];
        const lb_value *one = list->item[i];
        if (one->type == LB_STRING) out[(*count)++] = one->text;
        else if (lb_is_number(one)) out[(*count)++] = lb_arena_text(r->f.arena, lb_number_text(lb_number_of(one), number));
    }
    return out;
}

/* ---- consent and eligibility ---- */

static void build_stages(study_reader *r, lb_conduct_settings *c)
{
    const lb_value *list = trial_list(lb_get(r->root, "eligibility"), "stages", r->f.arena);
    const char **stage = lb_arena_array(r->f.arena, list->count + 1, sizeof *stage);
    lb_label *label = lb_arena_array(r->f.arena, list->count + 1, sizeof *label);
    for (size_t i = 0; i < list->count; i++) {
        stage[i] = lb_get_text(list->item[i], "id", "");
        label[i] = trial_label(lb_get(list->item[i], "label"));
    }
    c->stage = stage;
    c->stage_label = label;
    c->stage_count = list->count;
    c->eligibility_form = form_index(r->study, lb_get_text(lb_get(r->root, "eligibility"), "form", NULL));
}

static bool *visits_named(study_reader *r, const lb_value *object, const char *key)
{
    bool *of = lb_arena_array(r->f.arena, r->study->visit_count + 1, sizeof *of);
    size_t count;
    const char *const *name = texts(r, object, key, &count);
    trial_all_must_be(r, object, key, &r->visits, NULL, "visit");
    for (size_t i = 0; i < count; i++) {
        int v = visit_index(r->study, name[i]);
        if (v >= 0) of[v] = true;
    }
    return of;
}

static void build_consent(study_reader *r, lb_conduct_settings *c)
{
    const lb_value *v = lb_get(r->root, "consent"), *list = trial_list(v, "stages", r->f.arena);
    lb_consent_settings *k = &c->consent;
    lb_consent_stage *stage = lb_arena_array(r->f.arena, list->count + 1, sizeof *stage);
    words stages = {.word = (const char **)c->stage, .count = c->stage_count};
    k->form_version = lb_get_text(v, "form_version", "1");
    k->item = item_at(r, v, "item");
    bool *before = visits_named(r, v, "before_consent");
    for (size_t i = 0; !lb_get(v, "before_consent") && i < r->study->visit_count; i++) /* not said: where the screening form is */
        for (size_t f = 0; f < r->study->visit[i].form_count; f++) before[i] |= r->study->visit[i].form[f] == c->eligibility_form;
    k->before = before;
    k->language = texts(r, v, "languages", &k->language_count);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *one = list->item[i];
        trial_must_be(r, lb_get(one, "after"), &stages, NULL, "eligibility stage");
        stage[i] = (lb_consent_stage){lb_get_text(one, "id", ""), lb_get_text(one, "form_version", k->form_version), lb_get_text(one, "after", NULL),
                                      trial_label(lb_get(one, "label")), !lb_get(one, "opens"), visits_named(r, one, "opens")};
    }
    k->stage = stage;
    k->stage_count = list->count;
    if (list->count == 0) {
        stage[0] = (lb_consent_stage){"consent", k->form_version, NULL, {"Consent", "知情同意", "Samtykke"}, true,
                                      lb_arena_array(r->f.arena, r->study->visit_count + 1, sizeof(bool))};
        k->stage_count = 1;
    }
    c->gates = label_words(r, lb_get(v, "gates"));
}

static void build_randomisation(study_reader *r, lb_conduct_settings *c)
{
    const lb_value *v = lb_get(r->root, "randomisation");
    bool *visit = lb_arena_array(r->f.arena, r->study->visit_count + 1, sizeof *visit);
    size_t count;
    const char *const *after = texts(r, v, "after", &count);
    words known = {lb_arena_array(r->f.arena, r->visits.count + 2, sizeof *known.word), 0};
    known.word[known.count++] = "eligibility";
    known.word[known.count++] = "consent";
    for (size_t i = 0; i < r->visits.count; i++) known.word[known.count++] = r->visits.word[i];
    trial_all_must_be(r, v, "after", &known, NULL, "visit");
    c->after_eligibility = c->after_consent = count == 0;
    for (size_t i = 0; i < count; i++) {
        int at = visit_index(r->study, after[i]);
        c->after_eligibility |= strcmp(after[i], "eligibility") == 0;
        c->after_consent |= strcmp(after[i], "consent") == 0;
        if (at >= 0) visit[at] = true;
    }
    c->after_visit = visit;
}

/* A visit for some arms only tells the arm by being there: it must say so. */
static void build_visit_arms(study_reader *r, lb_conduct_settings *c)
{
    lb_study *s = r->study;
    const lb_value *visits = trial_list(r->root, "visits", r->f.arena), *sites = trial_list(r->root, "sites", r->f.arena);
    bool *meant = lb_arena_array(r->f.arena, s->visit_count * s->arm_count + 1, sizeof *meant);
    for (size_t v = 0; v < s->visit_count; v++) {
        size_t count;
        const char *const *arm = texts(r, visits->item[v], "arms", &count);
        trial_all_must_be(r, visits->item[v], "arms", &r->arms, NULL, "arm");
        for (size_t a = 0; a < s->arm_count; a++) {
            bool named = count == 0;
            for (size_t i = 0; i < count; i++) named |= strcmp(arm[i], s->arm[a].id) == 0;
            meant[v * s->arm_count + a] = named;
        }
        if (count && !s->visit[v].reveals_arm)
            trial_flaw(&r->f, visits->item[v], "error", "add reveals_arm: true", "the visit '%s' is for some arms only and so reveals the arm", s->visit[v].id);
    }
    int64_t *target = lb_arena_array(r->f.arena, s->site_count + 1, sizeof *target);
    for (size_t i = 0; i < s->site_count; i++) target[i] = lb_get_int(sites->item[i], "target", 0);
    c->visit_arm = meant;
    c->site_target = target;
    c->enrolment = lb_get_int(lb_get(r->root, "design"), "enrolment", 0);
}

/* ---- adherence ---- */

static void build_parts(study_reader *r, const lb_value *v, lb_adherence_settings *a)
{
    const lb_value *map = lb_get(v, "items"), *things = trial_list(r->root, "interventions", r->f.arena);
    size_t count;
    const char *const *name = texts(r, v, "components", &count);
    words parts = {(const char **)name, count};
    trial_keys_must_be(r, v, "items", &parts, NULL, "component");
    if (count > LB_ADHERENCE_PARTS) trial_flaw(&r->f, lb_get(v, "components"), "error", NULL, "more than %d components", LB_ADHERENCE_PARTS);
    for (size_t i = 0; i < count && i < LB_ADHERENCE_PARTS; i++) {
        a->part[i] = item_at(r, map, name[i]);
        a->part_label[i] = (lb_label){.en = name[i]};
        for (size_t t = 0; t < things->count; t++) {
            const lb_value *of = trial_list(things->item[t], "components", r->f.arena);
            for (size_t k = 0; k < of->count; k++)
                if (lb_text_equal(lb_get_text(of->item[k], "id", NULL), name[i])) a->part_label[i] = trial_label(lb_get(of->item[k], "label"));
        }
        if (!a->part[i].id && map)
            trial_flaw(&r->f, map, "error", "add it to items", "no item holds the minutes of '%s'", name[i]);
        a->rules.part_count++;
    }
    if (!map) trial_flaw(&r->f, v, "warning", "add items: {component: item of the diary}", "no items hold the minutes: adherence is not followed while the trial runs");
}

static void build_adherence(study_reader *r, lb_conduct_settings *c)
{
    const lb_value *v = lb_get(r->root, "adherence"), *w = lb_get(v, "weights"), *by = lb_get(v, "supervision"), *minutes = lb_get(v, "minutes");
    lb_adherence_settings *a = &c->adherence;
    lb_study *s = r->study;
    a->form = -1;
    a->call = a->held_call = (lb_item_at){-1, -1, NULL};
    if (!v || v->type != LB_OBJECT) return;
    bool two = minutes && minutes->type == LB_ARRAY && minutes->count == 2;
    a->rules = (lb_adherence_rules){.weeks = (int)lb_get_int(v, "weeks", 0), .sessions = (int)lb_get_int(v, "sessions_per_week", 0),
                                    .enough_minutes = two ? lb_number_of(minutes->item[0]) : 30, .most_minutes = two ? lb_number_of(minutes->item[1]) : 1440,
                                    .frequency = lb_get_number(w, "frequency", 0), .duration = lb_get_number(w, "duration", 0),
                                    .components = lb_get_number(w, "components", 0), .supervision = lb_get_number(w, "supervision", 0),
                                    .threshold = lb_get_number(v, "threshold", 0)};
    lb_adherence_rules *rules = &a->rules;
    if (rules->weeks < 1 || rules->weeks > LB_ADHERENCE_WEEKS)
        trial_flaw(&r->f, lb_get(v, "weeks"), "error", NULL, "a programme of %d weeks: it must be 1 to %d", rules->weeks, LB_ADHERENCE_WEEKS);
    if (rules->sessions < 1 || rules->sessions > LB_ADHERENCE_DAYS)
        trial_flaw(&r->f, lb_get(v, "sessions_per_week"), "error", NULL, "%d sessions a week: it must be 1 to 7", rules->sessions);
    double sum = rules->frequency + rules->duration + rules->components + rules->supervision;
    if (fabs(sum - 1) > 1e-9) trial_flaw(&r->f, w, "error", "frequency, duration, components, supervision", "the weights sum to %g, not to 1", sum);
    if (!(rules->enough_minutes > 0)) trial_flaw(&r->f, minutes, "error", NULL, "a session needs more than 0 minutes");
    a->form = form_index(s, lb_get_text(v, "form", NULL));
    build_parts(r, v, a);
    trial_must_be(r, lb_get(by, "form"), &r->forms, NULL, "form");
    a->call = item_at(r, by, "item");
    a->held_call = item_at(r, by, "held");
    bool *arm = lb_arena_array(r->f.arena, s->arm_count + 1, sizeof *arm);
    size_t count;
    const char *const *name = texts(r, v, "arms", &count);
    for (size_t i = 0; i < count; i++) {
        int at = lb_study_arm_named(s, name[i]);
        if (at >= 0) arm[at] = true;
    }
    a->arm = arm;
    a->there = a->form >= 0 && rules->part_count > 0 && lb_get(v, "items");
}

/* ---- safety ---- */

static void build_watch(study_reader *r, const lb_value *v, lb_safety_settings *s)
{
    const lb_value *list = trial_list(v, "watch", r->f.arena);
    struct lb_watch_rule *watch = lb_arena_array(r->f.arena, list->count + 1, sizeof *watch);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *one = list->item[i];
        watch[i].id = lb_get_text(one, "id", "");
        watch[i].text = lb_get_text(one, "rule", "");
        watch[i].label = trial_label(lb_get(one, "label"));
        watch[i].rule = trial_compile_rule(r, lb_get(one, "rule"));
        watch[i].name = lb_rule_names(watch[i].text, r->f.arena, &watch[i].name_count);
    }
    s->watch = watch;
    s->watch_count = list->count;
}

static void build_escalation(study_reader *r, const lb_value *v, lb_safety_settings *s)
{
    const lb_value *list = trial_list(v, "escalate", r->f.arena);
    struct lb_escalation *step = lb_arena_array(r->f.arena, list->count + 1, sizeof *step);
    for (size_t i = 0; i < list->count; i++) {
        step[i].after_hours = lb_get_number(list->item[i], "after_hours", 0);
        step[i].role = texts(r, list->item[i], "to", &step[i].role_count);
        trial_all_must_be(r, list->item[i], "to", &r->roles, NULL, "role");
    }
    s->escalate = step;
    s->escalate_count = list->count;
}

static void build_safety(study_reader *r, lb_conduct_settings *c)
{
    static const char *const names[] = {"term", "start", "end", "severity", "serious", "aware", "outcome", "expected", "action", "code"};
    const lb_value *v = lb_get(r->root, "safety"), *items = lb_get(v, "items"), *causes = lb_get(v, "causality_items");
    lb_safety_settings *s = &c->safety;
    words known = {(const char **)names, LB_COUNT(names)};
    s->form = form_index(r->study, lb_get_text(v, "form", NULL));
    s->sae_hours = lb_get_number(v, "sae_hours", 24);
    s->followup_days = lb_get_number(v, "followup_days", 7);
    trial_keys_must_be(r, v, "items", &known, NULL, "part of an adverse event");
    s->term = item_at(r, items, "term");
    s->start = item_at(r, items, "start");
    s->end = item_at(r, items, "end");
    s->severity = item_at(r, items, "severity");
    s->serious = item_at(r, items, "serious");
    s->aware = item_at(r, items, "aware");
    s->outcome = item_at(r, items, "outcome");
    s->expected = item_at(r, items, "expected");
    s->action = item_at(r, items, "action");
    s->code = item_at(r, items, "code");
    for (size_t i = 0; causes && causes->type == LB_OBJECT && i < causes->count; i++) {
        lb_item_at at = item_at(r, causes, causes->key[i]);
        if (s->causality_count == LB_CAUSALITIES) trial_flaw(&r->f, causes, "error", NULL, "more than %d causalities", LB_CAUSALITIES);
        if (!at.id || s->causality_count == LB_CAUSALITIES) break;
        s->causality_name[s->causality_count] = causes->key[i];
        s->causality[s->causality_count++] = at;
    }
    s->related = texts(r, v, "related_codes", &s->related_count);
    s->serious_rule = trial_compile_rule(r, lb_get(v, "serious_if"));
    build_watch(r, v, s);
    build_escalation(r, v, s);
}

/* ---- participants' pages, reminders ---- */

static void build_phone(study_reader *r, lb_conduct_settings *c)
{
    const lb_value *v = lb_get(r->root, "participant");
    lb_phone_settings *p = &c->phone;
    size_t count;
    const char *const *name = texts(r, v, "forms", &count);
    trial_all_must_be(r, v, "forms", &r->forms, NULL, "form");
    int *form = lb_arena_array(r->f.arena, count + 1, sizeof *form);
    for (size_t i = 0; i < count; i++) {
        int at = form_index(r->study, name[i]);
        if (at >= 0) form[p->form_count++] = at;
    }
    p->form = form;
    p->day_item = item_at(r, v, "day_item").id;
    p->back_days = (int)lb_get_int(v, "back_days", 1);
    p->late_days = (int)lb_get_int(v, "late_days", 30);
    p->ahead_minutes = (int)lb_get_int(v, "ahead_minutes", 15);
    p->welcome = trial_label(lb_get(v, "welcome"));
    p->thanks = trial_label(lb_get(v, "thanks"));
    p->contact = trial_label(lb_get(v, "contact"));
    p->language = texts(r, r->root, "participant_languages", &p->language_count);
}

static void build_reminders(study_reader *r, lb_conduct_settings *c)
{
    const lb_value *list = trial_list(r->root, "reminders", r->f.arena);
    lb_reminder *reminder = lb_arena_array(r->f.arena, list->count + 1, sizeof *reminder);
    words to = {lb_arena_array(r->f.arena, r->roles.count + 1, sizeof *to.word), 0};
    to.word[to.count++] = "participant";
    for (size_t i = 0; i < r->roles.count; i++) to.word[to.count++] = r->roles.word[i];
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *one = list->item[i], *days = lb_get(one, "days");
        lb_reminder *m = &reminder[i];
        int hour = 9, minute = 0;
        const char *at = lb_get_text(one, "at", NULL);
        trial_must_be(r, lb_get(one, "to"), &to, NULL, "role");
        trial_must_be(r, lb_get(one, "visit"), &r->visits, NULL, "visit");
        if (at && (sscanf(at, "%2d:%2d", &hour, &minute) != 2 || hour < 0 || hour > 23 || minute < 0 || minute > 59))
            trial_flaw(&r->f, lb_get(one, "at"), "error", "write at: \"18:30\"", "'%.20s' is no time of day", at);
        *m = (lb_reminder){.id = lb_get_text(one, "id", ""), .to = lb_get_text(one, "to", ""), .visit = visit_index(r->study, lb_get_text(one, "visit", NULL)),
                           .minute = 60 * hour + minute, .text = trial_label(lb_get(one, "text"))};
        for (size_t k = 0; days && days->type == LB_ARRAY && k < days->count && m->day_count < LB_COUNT(m->day); k++)
            m->day[m->day_count++] = (int)fmin(fmax(lb_number_of(days->item[k]), -366), 366);
        if (m->day_count == 0) m->day_count = 1;
    }
    c->reminder = reminder;
    c->reminder_count = list->count;
}

double lb_item_unit_factor(const lb_study *study, const lb_study_item *item, const char *unit)
{
    if (!unit || lb_text_equal(unit, item->unit)) return 1;
    const lb_value *forms = lb_get(study->root, "forms");
    for (size_t f = 0; forms && f < forms->count; f++) {
        const lb_value *items = lb_get(forms->item[f], "items");
        for (size_t i = 0; items && i < items->count; i++)
            if (lb_text_equal(lb_get_text(items->item[i], "id", NULL), item->id)) return lb_get_number(lb_get(items->item[i], "units"), unit, NAN);
    }
    return NAN;
}

/* What a role may do stands in the table of rights under these names; the label is the protocol's. */
static void check_roles(study_reader *r)
{
    const lb_value *roles = trial_list(r->root, "roles", r->f.arena);
    words known = {lb_arena_array(r->f.arena, 64, sizeof *known.word), 0};
    known.word[known.count++] = "participant";
    for (size_t i = 0; lb_rights_role(i) && known.count < 63; i++) known.word[known.count++] = lb_rights_role(i);
    for (size_t i = 0; i < roles->count; i++) trial_must_be(r, lb_get(roles->item[i], "id"), &known, NULL, "role with rights called");
}

static void check_drugs(study_reader *r)
{
    static const char *const names[] = {"drug", "dose", "days", "change"};
    const lb_value *drugs = lb_get(r->root, "drugs"), *items = lb_get(drugs, "items");
    words known = {(const char **)names, LB_COUNT(names)};
    trial_must_be(r, lb_get(drugs, "form"), &r->forms, NULL, "form");
    trial_keys_must_be(r, drugs, "items", &known, NULL, "part of the drug log");
    for (size_t i = 0; i < LB_COUNT(names); i++) trial_must_be(r, lb_get(items, names[i]), &r->items, NULL, "item");
}

void trial_build_conduct(study_reader *r)
{
    lb_conduct_settings *c = lb_arena_alloc(r->f.arena, sizeof *c);
    const lb_value *data = lb_get(r->root, "data");
    check_roles(r);
    check_drugs(r);
    build_stages(r, c);
    build_consent(r, c);
    build_randomisation(r, c);
    build_visit_arms(r, c);
    build_adherence(r, c);
    build_safety(r, c);
    build_phone(r, c);
    build_reminders(r, c);
    static const char *const ways[] = {"treatment", "followup", "consent"}; /* what each of them ends is known to the program */
    words known = {(const char **)ways, LB_COUNT(ways)};
    trial_keys_must_be(r, data, "withdrawals", &known, NULL, "kind of withdrawal");
    c->withdrawals = label_words(r, lb_get(data, "withdrawals"));
    c->deviations = label_words(r, lb_path(data, "deviations.kinds"));
    c->severities = label_words(r, lb_path(data, "deviations.severity"));
    c->masked = texts(r, lb_get(r->root, "masking"), "masked", &c->masked_count);
    r->study->conduct = c;
}
