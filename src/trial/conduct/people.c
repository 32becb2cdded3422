/* The matrix: one scan of the people, one of what was entered (by state, without values), one of the open queries. */
#include "trial/conduct/people.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <stdlib.h>
#include <string.h>

static const char *const ranks[] = {"started", "complete", "verified", "signed", "frozen", "locked"};

static size_t rank_of(const char *state)
{
    for (size_t i = 0; state && i < LB_COUNT(ranks); i++)
        if (strcmp(ranks[i], state) == 0) return i;
    return 0;
}

size_t lb_visit_forms(const lb_study *study, int visit, bool masked)
{
    size_t count = 0;
    const lb_study_visit *v = &study->visit[visit];
    for (size_t i = 0; i < v->form_count; i++) count += !masked || !lb_form_reveals(&study->form[v->form[i]], v);
    return count;
}

const char *lb_visit_state(const lb_person *p, int visit, int occurrence, bool masked)
{
    size_t worst = LB_COUNT(ranks) - 1, there = 0, forms = lb_visit_forms(p->study, visit, masked);
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_person_entry *e = &p->entry[i];
        if (e->visit != visit || e->occurrence != occurrence) continue;
        size_t rank = rank_of(e->state);
        if (rank < worst) worst = rank;
        there++;
    }
    return there == 0 ? NULL : there < forms ? "started" : ranks[worst];
}

/* -- one cell ---------------------------------------------------------------------------------------------------------- */

typedef struct tally {
    size_t entries, worst; /* of a visit, over all its occasions */
} tally;

static void count_entries(const lb_person *p, tally *of)
{
    for (size_t v = 0; v < p->study->visit_count; v++) of[v] = (tally){0, LB_COUNT(ranks) - 1};
    for (size_t i = 0; i < p->entry_count; i++) {
        tally *t = &of[p->entry[i].visit];
        size_t rank = rank_of(p->entry[i].state);
        t->entries++;
        if (rank < t->worst) t->worst = rank;
    }
}

static bool meant_for(const lb_study *s, int visit, int arm)
{
    bool all = true;
    for (size_t a = 0; a < s->arm_count; a++) all &= s->conduct->visit_arm[(size_t)visit * s->arm_count + a];
    return all || (arm >= 0 && s->conduct->visit_arm[(size_t)visit * s->arm_count + (size_t)arm]);
}

/* Nothing entered yet: is it due, or missed? Days, never dates that depend on the arm. */
static const char *empty_cell(const lb_person *p, const lb_study_visit *v, int64_t today)
{
    bool left = (p->left_followup || p->left_consent) && p->left_day <= today;
    if (v->unscheduled) return "not_due";
    if (v->anchor == LB_ANCHOR_NONE) return strcmp(p->state, "screening") == 0 ? "due" : "not_due";
    if (!p->randomised) return v->nominal <= 0 && v->repeat_every == 0 && p->consent_count > 0 && !left && strcmp(p->state, "screen_failed") != 0 ? "due" : "not_due";
    int64_t opens = p->zero + lb_visit_day(v, v->repeat_every > 0) + v->window[0];
    int64_t closes = p->zero + lb_visit_day(v, v->repeat_every > 0 ? lb_visit_occasions(v) : 0) + v->window[1];
    if (today < opens || (left && p->left_day < opens)) return "not_due";
    if (today <= closes) return left ? "not_due" : "due";
    return v->optional ? "not_due" : "missed";
}

static size_t occasions_due(const lb_person *p, const lb_study_visit *v, int64_t today)
{
    size_t due = 0;
    int most = lb_visit_occasions(v);
    for (int n = 1; p->randomised && n <= most; n++) due += p->zero + lb_visit_day(v, n) <= today;
    return due;
}

static const char *cell(const lb_person *p, int visit, const tally *t, bool masked, int64_t today)
{
    const lb_study_visit *v = &p->study->visit[visit];
    size_t forms = lb_visit_forms(p->study, visit, masked);
    if (t->entries == 0) return empty_cell(p, v, today);
    if (v->repeat_every > 0) {
        size_t due = occasions_due(p, v, today);
        return t->entries < due * forms || due < (size_t)lb_visit_occasions(v) ? "started" : ranks[t->worst];
    }
    return !v->unscheduled && t->entries < forms ? "started" : ranks[t->worst];
}

/* -- open queries ---------------------------------------------------------------------------------------------------------- */

typedef struct flags {
    const lb_study *study;
    const lb_roster *roster;
    int32_t *count; /* person × visit */
    lb_arena *arena;
} flags;

static int take_query(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    flags *f = context;
    int visit, occurrence;
    const lb_person *p = lb_roster_find(f->roster, record->subject);
    const char *bar = p && record->parent ? strchr(record->parent, '|') : NULL, *end = bar ? strchr(bar + 1, '|') : NULL;
    if (!end || !lb_visit_parse(f->study, lb_arena_textn(f->arena, bar + 1, (size_t)(end - bar - 1)), &visit, &occurrence)) return 0;
    f->count[(size_t)(p - f->roster->person) * f->study->visit_count + (size_t)visit]++;
    return 0;
}

/* -- the matrix ------------------------------------------------------------------------------------------------------------- */

static bool visit_seen(const lb_study *study, int visit, bool masked)
{
    return lb_visit_forms(study, visit, masked) > 0 && !(masked && study->visit[visit].reveals_arm);
}

static void list_visits(const lb_study *s, bool masked, lb_value *list)
{
    for (size_t v = 0; v < s->visit_count; v++) {
        const lb_study_visit *visit = &s->visit[v];
        if (!visit_seen(s, (int)v, masked)) continue;
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "id", visit->id);
        lb_set_label(one, "label", &visit->label);
        if (visit->anchor == LB_ANCHOR_NONE) lb_set_null(one, "nominal");
        else lb_set_int(one, "nominal", visit->nominal);
        lb_set_bool(one, "repeats", lb_visit_repeats(visit));
        lb_set_bool(one, "optional", visit->optional);
        lb_set_bool(one, "reveals_arm", visit->reveals_arm);
    }
}

static int add_person(lb_tx *tx, lb_store *store, const lb_study *s, const lb_person *p, const int32_t *queries, lb_value *list, lb_error *err)
{
    bool masked = lb_tx_actor(tx)->masked;
    int arm = -1;
    int64_t today = lb_site_day(s, p->site, lb_tx_now_us(tx)), total = 0;
    tally *of = lb_arena_array(lb_tx_arena(tx), s->visit_count + 1, sizeof *of);
    int code = masked || !p->randomised || !store ? LB_OK : lb_arm_of(tx, store, s, p->subject, &arm, err);
    if (code) return code;
    lb_value *one = lb_push_object(list);
    lb_set_text(one, "subject", p->subject);
    lb_set_text(one, "site", p->site);
    lb_set_text(one, "state", p->state);
    lb_value *cells = lb_set_object(one, "cells"), *flagged = lb_set_object(one, "flags");
    count_entries(p, of);
    for (size_t v = 0; v < s->visit_count; v++) {
        if (!visit_seen(s, (int)v, masked)) continue;
        bool meant = meant_for(s, (int)v, arm) || of[v].entries > 0;
        lb_set_text(cells, s->visit[v].id, meant ? cell(p, (int)v, &of[v], masked, today) : "not_due");
        if (queries[v]) lb_set_int(flagged, s->visit[v].id, queries[v]);
        total += queries[v];
    }
    lb_set_int(one, "queries", total);
    return LB_OK;
}

int lb_people_matrix(lb_tx *tx, lb_store *store, const lb_study *study, const char *site, const char *state, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_roster roster;
    int code = lb_roster_load(tx, study, site, &roster, err);
    if (code) return code;
    flags f = {study, &roster, NULL, arena};
    f.count = lb_arena_array(arena, roster.count * study->visit_count + 1, sizeof *f.count);
    const lb_find open = {.kind = LB_KIND_QUERY, .site = site, .state = "open", .heads = true};
    code = lb_tx_scan(tx, &open, take_query, &f, err);
    *out = lb_value_object(arena);
    list_visits(study, lb_tx_actor(tx)->masked, lb_set_array(*out, "visits"));
    lb_value *people = lb_set_array(*out, "people");
    for (size_t i = 0; i < roster.count && !code; i++) {
        if (state && !lb_text_equal(state, roster.person[i].state)) continue;
        code = add_person(tx, store, study, &roster.person[i], f.count + i * study->visit_count, people, err);
    }
    lb_set_int(*out, "total", (int64_t)roster.count);
    return code;
}

/* -- a new participant ------------------------------------------------------------------------------------------------------- */

static bool own_site(const lb_actor *actor, const char *site)
{
    for (size_t i = 0; i < actor->site_count; i++)
        if (strcmp(actor->site[i], site) == 0) return true;
    return actor->site_count == 0;
}

int lb_people_add(lb_tx *tx, const lb_study *study, const char *site, const char **subject, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    bool known = false;
    int64_t count = 0;
    for (size_t i = 0; i < study->site_count; i++) known |= strcmp(study->site[i].id, site) == 0;
    if (!known || !own_site(lb_tx_actor(tx), site)) {
        lb_fail(err, LB_FORBIDDEN, "'%.40s' is not a site of yours", site);
        lb_error_where(err, "site");
        return LB_FORBIDDEN;
    }
    const lb_find find = {.kind = LB_KIND_SUBJECT, .site = site};
    const lb_record *place = NULL;
    int code = lb_study_running(tx, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_SITE, site, &place, err);
    if (!code && place && (lb_text_equal(place->state, "closed") || lb_text_equal(place->state, "paused"))) {
        code = lb_fail(err, LB_CONFLICT, "the site %s is %s: nobody is screened there now", site, place->state);
        lb_error_hint(err, "an administrator opens it under Study, Sites");
    }
    if (!code) code = lb_tx_count(tx, &find, &count, err);
    if (code) return code;
    for (bool taken = true; taken && !code; count += taken) { /* codes that were brought from elsewhere may stand in the way */
        const lb_record *there = NULL;
        code = lb_tx_get(tx, LB_KIND_SUBJECT, lb_arena_printf(arena, "%s-%03d", site, (int)count + 1), &there, err);
        taken = there != NULL;
    }
    if (code) return code;
    *subject = lb_arena_printf(arena, "%s-%03d", site, (int)count + 1);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "site", site);
    lb_set_int(body, "number", count + 1);
    lb_set_text(body, "protocol_version", study->version);
    lb_set_text(body, "screened_at", lb_when(lb_tx_now_us(tx), arena));
    lb_record record = {.kind = LB_KIND_SUBJECT, .key = *subject, .site = site, .subject = *subject, .state = "screening", .body = body};
    const lb_change change = {.action = "screen", .version = study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}
