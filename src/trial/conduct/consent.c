/* Consent in stages and the gates before it. ICH E6(R3) 2.8: consent before anything but screening; a new version of the form
 * is asked for again. */
#include "trial/conduct/consent.h"

#include <string.h>

#include "trial/conduct/records.h"

/* ---- who has consented to what ---- */

const lb_value *lb_consent_given(const lb_person *p, const lb_consent_stage *stage)
{
    const lb_value *last = NULL;
    for (size_t i = 0; i < p->consent_count; i++) {
        const char *of = lb_get_text(p->consent[i], "stage", NULL);
        if (of && strcmp(of, stage->id) != 0) continue;
        last = p->consent[i];
    }
    return last && strcmp(lb_get_text(last, "kind", "first"), "withdrawn") != 0 ? last : NULL;
}

bool lb_consent_old(const lb_person *p, const lb_consent_stage *stage)
{
    const lb_value *given = lb_consent_given(p, stage);
    return given && strcmp(lb_get_text(given, "form_version", ""), stage->form_version) != 0;
}

static bool ever_refused(const lb_person *p, const lb_consent_stage *stage)
{
    for (size_t i = p->consent_count; i-- > 0;) {
        const char *of = lb_get_text(p->consent[i], "stage", NULL);
        if (!of || strcmp(of, stage->id) == 0) return strcmp(lb_get_text(p->consent[i], "kind", "first"), "withdrawn") == 0;
    }
    return false;
}

lb_value *lb_consent_value(const lb_person *p, lb_arena *arena)
{
    const lb_consent_settings *c = &p->study->conduct->consent;
    lb_value *list = lb_value_array(arena);
    for (size_t i = 0; i < c->stage_count; i++) {
        const lb_value *given = lb_consent_given(p, &c->stage[i]);
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "id", c->stage[i].id);
        lb_set_label(one, "label", &c->stage[i].label);
        lb_set_text(one, "form_version", c->stage[i].form_version);
        lb_set_text(one, "needs", c->stage[i].after);
        if (given) lb_set(one, "given", (lb_value *)given);
        lb_set_bool(one, "withdrawn", ever_refused(p, &c->stage[i]));
        lb_set_bool(one, "renew", lb_consent_old(p, &c->stage[i]));
    }
    return list;
}

static bool opened_elsewhere(const lb_consent_settings *c, const lb_consent_stage *but, int visit)
{
    for (size_t i = 0; i < c->stage_count; i++)
        if (&c->stage[i] != but && !c->stage[i].opens_rest && c->stage[i].opens[visit]) return true;
    return false;
}

int lb_entry_gate(const lb_person *p, int visit, lb_error *err)
{
    const lb_consent_settings *c = &p->study->conduct->consent;
    const char *name = p->study->visit[visit].id;
    if (p->left_consent)
        return lb_fail(err, LB_CONFLICT, "%s took the consent back: nothing more is entered for this person", p->subject);
    if (c->before[visit]) return LB_OK;
    for (size_t i = 0; i < c->stage_count; i++) {
        bool opens = c->stage[i].opens_rest ? !opened_elsewhere(c, &c->stage[i], visit) : c->stage[i].opens[visit];
        if (opens && lb_consent_given(p, &c->stage[i])) return LB_OK;
    }
    int code = lb_fail(err, LB_CONFLICT, "'%s' cannot be entered before the consent of %s is recorded", name, p->subject);
    lb_error_hint(err, "record the consent first: version, date and who took it");
    return code;
}

/* ---- gates ---- */

static lb_value *gate(const lb_study *study, lb_value *list, const char *id, bool ok, const char *detail)
{
    lb_value *one = lb_push_object(list);
    lb_label text = {.en = id};
    for (size_t i = 0; i < study->conduct->gates.count; i++)
        if (strcmp(study->conduct->gates.id[i], id) == 0) text = study->conduct->gates.label[i];
    lb_set_text(one, "id", id);
    lb_set_label(one, "text", &text);
    lb_set_bool(one, "ok", ok);
    lb_set_text(one, "detail", ok ? NULL : detail);
    return one;
}

/* An approval counts from its date until it expires, for the version it was given for (or any, when it names none). */
static bool approved(const lb_value *site, const char *version, const char *today)
{
    const lb_value *list = lb_get(site, "ethics");
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) {
        const lb_value *one = list->item[i];
        const char *of = lb_get_text(one, "version", NULL), *from = lb_get_text(one, "approved", ""), *to = lb_get_text(one, "expires", NULL);
        if (of && *of && strcmp(of, version) != 0) continue;
        if (*from && strcmp(from, today) <= 0 && (!to || !*to || strcmp(today, to) <= 0)) return true;
    }
    return false;
}

typedef struct delegated {
    const char *task, *today, *user;
    bool found;
} delegated;

static int take_delegation(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    delegated *d = context;
    size_t count;
    char **part = lb_text_split(record->body->arena, record->key, '|', &count);
    if (count < 2 || strcmp(part[1], d->user) != 0) return 0;
    const lb_value *tasks = lb_get(record->body, "tasks");
    const char *from = lb_get_text(record->body, "from", ""), *to = lb_get_text(record->body, "to", NULL);
    if (strcmp(from, d->today) > 0 || (to && *to && strcmp(d->today, to) > 0)) return 0;
    for (size_t i = 0; tasks && tasks->type == LB_ARRAY && i < tasks->count; i++)
        d->found |= tasks->item[i]->type == LB_STRING && strcmp(tasks->item[i]->text, d->task) == 0;
    return 0;
}

int lb_gates(lb_tx *tx, const lb_study *study, const char *site, const char *task, lb_value *list, bool *ok, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *record;
    const char *today = lb_day_text(lb_site_day(study, site, lb_tx_now_us(tx)), arena);
    int code = lb_tx_get(tx, LB_KIND_SITE, site ? site : "", &record, err);
    if (code != LB_OK) return code;
    const lb_value *body = record ? record->body : NULL;
    const char *in_force = lb_get_text(body, "protocol_version", "none");
    bool open = record && lb_text_equal(record->state, "open"), ethics = approved(body, study->version, today);
    bool version = strcmp(in_force, study->version) == 0;
    delegated d = {task, today, lb_tx_actor(tx)->user, false};
    lb_find find = {.kind = LB_KIND_DELEGATION, .key_from = lb_arena_printf(arena, "%s|", site ? site : ""), .key_below = lb_arena_printf(arena, "%s}", site ? site : "")};
    code = lb_tx_scan(tx, &find, take_delegation, &d, err);
    gate(study, list, "site", open, lb_arena_printf(arena, "the site %s is %s", site, record && record->state ? record->state : "not open"));
    gate(study, list, "ethics", ethics, lb_arena_printf(arena, "no approval of version %s is in force today", study->version));
    gate(study, list, "protocol", version, lb_arena_printf(arena, "version %s is in force at %s, the study runs %s", in_force, site, study->version));
    gate(study, list, "delegation", d.found, lb_arena_printf(arena, "%s is not on the delegation log for: %s", d.user, task));
    *ok = open && ethics && version && d.found;
    return code;
}

static int refuse_gate(const lb_value *list, lb_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (lb_get_bool(list->item[i], "ok", false)) continue;
        int code = lb_fail(err, LB_CONFLICT, "%s", lb_get_text(list->item[i], "detail", "a gate is closed"));
        lb_error_where(err, "gate %s", lb_get_text(list->item[i], "id", ""));
        return code;
    }
    return LB_OK;
}

/* ---- recording ---- */

static const lb_consent_stage *stage_named(const lb_study *study, const char *id)
{
    const lb_consent_settings *c = &study->conduct->consent;
    if (!id || !*id) return c->stage_count == 1 ? &c->stage[0] : NULL;
    for (size_t i = 0; i < c->stage_count; i++)
        if (strcmp(c->stage[i].id, id) == 0) return &c->stage[i];
    return NULL;
}

static int check_date(const lb_person *p, const char *date, int64_t today, lb_error *err)
{
    int64_t day;
    if (!date || !lb_date_days(date, strlen(date), &day)) {
        lb_fail(err, LB_BAD_DATA, "'%.40s' is no date", date ? date : "");
        lb_error_where(err, "date");
        lb_error_hint(err, "write it as 2026-01-31");
        return LB_BAD_DATA;
    }
    if (day > today) {
        lb_fail(err, LB_BAD_DATA, "%s lies in the future at %s, where it is %s", date, p->site, lb_day_text(today, p->record->body->arena));
        lb_error_where(err, "date");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

static int check_stage(const lb_person *p, const lb_consent_stage *stage, lb_error *err)
{
    lb_judgement j;
    const lb_conduct_settings *c = p->study->conduct;
    if (!stage->after) return LB_OK;
    int code = lb_judge(p, &j, err);
    if (code != LB_OK) return code;
    for (size_t i = 0; i < c->stage_count; i++) {
        if (strcmp(c->stage[i], stage->after) != 0 || j.stages_met > i) continue;
        code = lb_fail(err, LB_CONFLICT, "%s does not meet the criteria of '%s' yet: this consent comes after them", p->subject, c->stage_label[i].en);
        lb_error_hint(err, "complete the screening form, or record a screening failure");
        return code;
    }
    return LB_OK;
}

static int check_kind(const lb_person *p, const lb_consent_stage *stage, const char *kind, const char *version, lb_error *err)
{
    bool given = lb_consent_given(p, stage) != NULL;
    bool withdrawn = strcmp(kind, "withdrawn") == 0, renewed = strcmp(kind, "renewed") == 0;
    if (!withdrawn && !renewed && strcmp(kind, "first") != 0)
        return lb_fail(err, LB_BAD_DATA, "'%.40s' is no kind of consent: first, renewed or withdrawn", kind);
    if ((withdrawn || renewed) && !given) return lb_fail(err, LB_CONFLICT, "%s has not consented to '%s'", p->subject, stage->label.en);
    if (!withdrawn && !renewed && given) return lb_fail(err, LB_CONFLICT, "the consent of %s to '%s' is on record already", p->subject, stage->label.en);
    if (!withdrawn && strcmp(version, stage->form_version) != 0) {
        int code = lb_fail(err, LB_BAD_DATA, "version %.20s of the consent form is not the one in force (%s)", version, stage->form_version);
        lb_error_where(err, "form_version");
        return code;
    }
    return LB_OK;
}

static int put_consent(lb_tx *tx, const lb_person *p, const lb_consent_stage *stage, const lb_value *ask, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const char *key, *kind = lb_get_text(ask, "kind", "first");
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "stage", stage->id);
    lb_set_text(body, "kind", kind);
    lb_set_text(body, "form_version", lb_get_text(ask, "form_version", stage->form_version));
    lb_set_text(body, "language", lb_get_text(ask, "language", NULL));
    lb_set_text(body, "date", lb_get_text(ask, "date", NULL));
    lb_set_text(body, "taken_by", lb_get_text(ask, "taken_by", lb_tx_actor(tx)->user));
    lb_set_text(body, "recorded_at", lb_when(lb_tx_now_us(tx), arena));
    int code = lb_next_key(tx, LB_KIND_CONSENT, p->subject, false, &key, err);
    if (code == LB_OK) code = lb_add_record(tx, p, LB_KIND_CONSENT, key, kind, false, body, "consent", lb_get_text(ask, "reason", NULL), err);
    return code;
}

int lb_consent_add(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    lb_person *p;
    lb_arena *arena = lb_tx_arena(tx);
    int code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_person_load(tx, study, subject, &p, err);
    if (code != LB_OK) return code;
    const lb_consent_stage *stage = stage_named(study, lb_get_text(ask, "stage", NULL));
    if (!stage) {
        lb_fail(err, LB_BAD_DATA, "there is no consent '%.40s' in this study", lb_get_text(ask, "stage", ""));
        lb_error_where(err, "stage");
        return LB_BAD_DATA;
    }
    const char *kind = lb_get_text(ask, "kind", "first"), *version = lb_get_text(ask, "form_version", stage->form_version);
    if (strcmp(p->state, "screen_failed") == 0) return lb_fail(err, LB_CONFLICT, "%s left the screening", subject);
    code = check_date(p, lb_get_text(ask, "date", NULL), lb_site_day(study, p->site, lb_tx_now_us(tx)), err);
    if (code == LB_OK) code = check_kind(p, stage, kind, version, err);
    bool withdrawn = strcmp(kind, "withdrawn") == 0, open = true;
    if (code == LB_OK && !withdrawn) code = check_stage(p, stage, err);
    lb_value *gates = lb_value_array(arena);
    if (code == LB_OK && !withdrawn) code = lb_gates(tx, study, p->site, "consent", gates, &open, err);
    if (code == LB_OK && !open) code = refuse_gate(gates, err);
    if (code == LB_OK) code = put_consent(tx, p, stage, ask, err);
    if (code != LB_OK) return code;
    if (withdrawn && stage->opens_rest) return lb_change_subject(tx, p, "withdrawn", NULL, "consent withdrawn", lb_get_text(ask, "reason", NULL), err);
    if (stage->opens_rest && (strcmp(p->state, "screening") == 0 || strcmp(p->state, "eligible") == 0))
        return lb_change_subject(tx, p, "consented", NULL, "consent", NULL, err);
    return LB_OK;
}
