/* Quality of the data, in one pass over what was entered. Only counts and places are kept: memory does not grow with the values. */
#include "trial/conduct/quality.h"

#include <string.h>

#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

enum { LIST_MOST = 500, BATCH = 400 };

typedef struct form_tally {
    int64_t entries, complete, items, missing, verified, signed_off;
} form_tally;

typedef struct tally {
    lb_tx *tx;
    const lb_study *study;
    lb_arena *arena;       /* of the answer */
    bool masked;
    lb_roster roster;
    form_tally *form;
    int64_t open, answered, closed, age[3], raised_by_rule;
    int64_t *site_open;
    int64_t differences, second_missing, second_done;
    lb_value *by_role, *windows, *missed, *verify, *deviations;
} tally;

/* ---- queries ---- */

static int take_query(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    tally *t = context;
    bool open = lb_text_equal(record->state, "open"), answered = lb_text_equal(record->state, "answered");
    t->open += open;
    t->answered += answered;
    t->closed += !open && !answered;
    if (!open && !answered) return 0;
    int64_t seconds = 0, now = lb_tx_now_us(t->tx) / 1000000;
    if (!lb_time_seconds(lb_get_text(record->body, "opened_at", ""), &seconds)) seconds = record->changed_us / 1000000;
    int64_t days = (now - seconds) / 86400;
    t->age[days <= 7 ? 0 : days <= 30 ? 1 : 2]++;
    t->raised_by_rule += lb_get_text(record->body, "rule", NULL) != NULL;
    const char *role = lb_get_text(record->body, "role", "system");
    lb_set_int(t->by_role, lb_arena_text(t->arena, role), lb_get_int(t->by_role, role, 0) + 1);
    for (size_t i = 0; record->site && i < t->study->site_count; i++) t->site_open[i] += strcmp(t->study->site[i].id, record->site) == 0;
    return 0;
}

/* ---- entries ---- */

/* The day a visit took place: when its form was first keyed. */
static bool keyed_day(const tally *t, const lb_person *p, const lb_value *body, int64_t *day)
{
    const lb_value *keyed = lb_get(body, "keyed_by");
    int64_t seconds;
    const char *at = keyed && keyed->type == LB_ARRAY && keyed->count ? lb_get_text(keyed->item[0], "at", NULL) : NULL;
    if (lb_get(body, "recorded")) at = lb_get_text(lb_get(body, "recorded"), "at", at);
    if (!at || !lb_time_seconds(at, &seconds)) return false;
    *day = lb_site_day(t->study, p->site, seconds * 1000000);
    return true;
}

static void check_window(tally *t, const lb_person *p, const lb_person_entry *e, const lb_value *body)
{
    const lb_study_visit *v = &t->study->visit[e->visit];
    int64_t day;
    bool dated = v->anchor != LB_ANCHOR_NONE && !v->unscheduled && v->repeat_every == 0;
    if (!dated || !p->randomised || t->windows->count >= LIST_MOST || !keyed_day(t, p, body, &day)) return;
    int64_t nominal = p->zero + v->nominal, from = nominal + v->window[0], to = nominal + v->window[1];
    if (day >= from && day <= to) return;
    lb_value *one = lb_push_object(t->windows);
    lb_set_text(one, "subject", p->subject);
    lb_set_text(one, "site", p->site);
    lb_set_text(one, "visit", v->id);
    lb_set_label(one, "label", &v->label);
    lb_set_text(one, "form", t->study->form[e->form].id);
    lb_set_text(one, "date", lb_day_text(day, t->arena));
    lb_set_int(one, "days_off", day < from ? day - from : day - to);
}

static int64_t answered_of(const lb_study_form *form, const lb_value *values, bool masked, int64_t *asked)
{
    int64_t answered = 0;
    *asked = 0;
    for (size_t i = 0; i < form->item_count; i++) {
        if (form->item[i].type == LB_ITEM_DERIVED || form->item[i].shown_if || form->item[i].reveals_arm) continue;
        (void)masked;
        const lb_value *v = lb_get(values, form->item[i].id);
        ++*asked;
        answered += v && v->type != LB_NULL;
    }
    return answered;
}

static void take_values(tally *t, const lb_person *p, const lb_person_entry *e, const lb_value *body)
{
    form_tally *f = &t->form[e->form];
    int64_t asked, answered = answered_of(&t->study->form[e->form], lb_get(body, "values"), t->masked, &asked);
    bool complete = strcmp(e->state, "started") != 0, waiting = strcmp(e->state, "complete") == 0;
    f->entries++;
    f->complete += complete;
    f->items += asked;
    f->missing += asked - answered;
    f->verified += strcmp(e->state, "verified") == 0;
    f->signed_off += strcmp(e->state, "signed") == 0;
    check_window(t, p, e, body);
    if (!waiting || t->verify->count >= LIST_MOST) return;
    lb_value *one = lb_push_object(t->verify);
    lb_set_text(one, "subject", p->subject);
    lb_set_text(one, "site", p->site);
    lb_set_text(one, "visit", lb_visit_text(t->study, e->visit, e->occurrence, t->arena));
    lb_set_text(one, "form", t->study->form[e->form].id);
    lb_set_label(one, "label", &t->study->form[e->form].label);
}

/* One person at a time, read into an arena that goes before the next. */
static int take_person(tally *t, lb_person *p, lb_error *err)
{
    lb_arena *own = lb_arena_new(), *before = lb_tx_read_into(t->tx, own);
    int code = LB_OK;
    for (size_t k = 0; k < p->entry_count && code == LB_OK; k++) {
        const lb_record *record;
        code = lb_tx_get(t->tx, LB_KIND_ENTRY, p->entry[k].record->key, &record, err);
        if (code == LB_OK && record) take_values(t, p, &p->entry[k], record->body);
    }
    lb_tx_read_into(t->tx, before);
    lb_arena_free(own);
    return code;
}

static void take_missed(tally *t, const lb_person *p)
{
    const lb_study *s = t->study;
    int64_t today = lb_site_day(s, p->site, lb_tx_now_us(t->tx));
    for (size_t v = 0; p->randomised && v < s->visit_count && t->missed->count < LIST_MOST; v++) {
        const lb_study_visit *visit = &s->visit[v];
        if (visit->anchor == LB_ANCHOR_NONE || visit->unscheduled || visit->optional || visit->repeat_every > 0 || visit->reveals_arm) continue;
        int64_t closes = p->zero + visit->nominal + visit->window[1];
        if (closes >= today || closes > p->left_day || lb_occasion_progress(p, (int)v, 0) != LB_OCCASION_NONE) continue;
        lb_value *one = lb_push_object(t->missed);
        lb_set_text(one, "subject", p->subject);
        lb_set_text(one, "site", p->site);
        lb_set_text(one, "visit", visit->id);
        lb_set_label(one, "label", &visit->label);
        lb_set_text(one, "closed", lb_day_text(closes, t->arena));
    }
}

/* ---- double entry, deviations ---- */

static int take_keyed(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    tally *t = context;
    t->second_done++;
    t->differences += lb_text_equal(record->state, "differences");
    return 0;
}

static int take_deviation(void *context, const lb_record *record, lb_error *err)
{
    static const char *const keys[] = {"kind", "severity", "visit", "date", "text", "by", "at"};
    (void)err;
    tally *t = context;
    if (t->deviations->count >= LIST_MOST) return 0;
    lb_value *one = lb_push_object(t->deviations);
    lb_set_text(one, "subject", record->subject);
    lb_set_text(one, "site", record->site);
    for (size_t i = 0; i < LB_COUNT(keys); i++) lb_set_text(one, keys[i], lb_get_text(record->body, keys[i], NULL));
    lb_set_bool(one, "per_protocol", lb_get_bool(record->body, "per_protocol", false));
    return 0;
}

/* ---- the answer ---- */

static void report_queries(const tally *t, lb_value *out)
{
    static const char *const ages[] = {"0-7", "8-30", "31+"};
    lb_value *q = lb_set_object(out, "queries"), *age = lb_set_object(q, "age_days"), *sites = lb_set_object(q, "by_site");
    lb_set_int(q, "open", t->open);
    lb_set_int(q, "answered", t->answered);
    lb_set_int(q, "closed", t->closed);
    lb_set_int(q, "by_rule", t->raised_by_rule);
    for (size_t i = 0; i < LB_COUNT(ages); i++) lb_set_int(age, ages[i], t->age[i]);
    for (size_t i = 0; i < t->study->site_count; i++)
        if (t->site_open[i] > 0) lb_set_int(sites, t->study->site[i].id, t->site_open[i]);
    lb_set(q, "by_role", t->by_role);
}

static void report_forms(const tally *t, lb_value *out)
{
    lb_value *forms = lb_set_array(out, "forms");
    for (size_t f = 0; f < t->study->form_count; f++) {
        const form_tally *n = &t->form[f];
        if (n->entries == 0) continue;
        lb_value *one = lb_push_object(forms);
        lb_set_text(one, "form", t->study->form[f].id);
        lb_set_label(one, "label", &t->study->form[f].label);
        lb_set_int(one, "entries", n->entries);
        lb_set_int(one, "complete", n->complete);
        lb_set_int(one, "items", n->items);
        lb_set_int(one, "missing", n->missing);
        lb_set_int(one, "verified", n->verified);
        lb_set_int(one, "signed", n->signed_off);
    }
}

static int scan_lists(tally *t, const char *site, lb_error *err)
{
    static const struct {
        const char *kind;
        lb_record_seen seen;
    } parts[] = {{LB_KIND_QUERY, take_query}, {LB_KIND_KEYED, take_keyed}, {LB_KIND_DEVIATION, take_deviation}};
    int code = LB_OK;
    for (size_t i = 0; i < LB_COUNT(parts) && code == LB_OK; i++) {
        lb_find find = {.kind = parts[i].kind, .site = site};
        code = lb_tx_scan(t->tx, &find, parts[i].seen, t, err);
    }
    return code;
}

int lb_quality(lb_tx *tx, const lb_study *study, const char *site, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    tally t = {.tx = tx, .study = study, .arena = arena, .masked = lb_tx_actor(tx)->masked};
    t.form = lb_arena_array(arena, study->form_count + 1, sizeof *t.form);
    t.site_open = lb_arena_array(arena, study->site_count + 1, sizeof *t.site_open);
    t.by_role = lb_value_object(arena);
    t.windows = lb_value_array(arena);
    t.missed = lb_value_array(arena);
    t.verify = lb_value_array(arena);
    t.deviations = lb_value_array(arena);
    int code = lb_roster_load(tx, study, site, &t.roster, err);
    if (code == LB_OK) code = scan_lists(&t, site, err);
    for (size_t i = 0; i < t.roster.count && code == LB_OK; i++) {
        code = take_person(&t, &t.roster.person[i], err);
        take_missed(&t, &t.roster.person[i]);
        for (size_t k = 0; k < t.roster.person[i].entry_count; k++) {
            const lb_person_entry *e = &t.roster.person[i].entry[k];
            t.second_missing += study->form[e->form].double_entry && strcmp(e->state, "started") != 0;
        }
    }
    if (code != LB_OK) return code;
    lb_value *q = *out = lb_value_object(arena);
    report_queries(&t, q);
    report_forms(&t, q);
    lb_set(q, "out_of_window", t.windows);
    lb_set(q, "missed", t.missed);
    lb_set(q, "to_verify", t.verify);
    lb_set(q, "deviations", t.deviations);
    lb_value *twice = lb_set_object(q, "double_entry");
    lb_set_int(twice, "wanted", t.second_missing);
    lb_set_int(twice, "done", t.second_done);
    lb_set_int(twice, "differences", t.differences);
    return LB_OK;
}
