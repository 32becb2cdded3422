/* Randomisation: readiness, the three steps of an allocation, and what is told of it. */
#include "trial/conduct/randomise.h"

#include <string.h>

#include "trial/conduct/consent.h"
#include "trial/conduct/records.h"

/* ---- the stratum, and the factors of minimisation ---- */

typedef struct stratum {
    const char *text;           /* "C01/F" */
    const char **level;
    size_t level_count;
    const char *missing;        /* item without a value, or NULL */
    lb_value *shown;            /* for the page */
} stratum;

static const char *value_text(const lb_value *value, lb_arena *arena)
{
    char number[32];
    if (!value || value->type == LB_NULL) return NULL;
    if (value->type == LB_STRING) return value->text[0] ? value->text : NULL;
    if (value->type == LB_BOOL) return value->boolean ? "1" : "0";
    return lb_is_number(value) ? lb_arena_text(arena, lb_number_text(lb_number_of(value), number)) : NULL;
}

/* One item of the stratum: its text, and a line for the page. Factors with cut points ("cut") take the interval's number. */
static const char *level_of(const lb_person *p, const char *name, stratum *s, lb_arena *arena)
{
    const lb_study *study = p->study;
    lb_value *line;
    const char *text;
    if (strcmp(name, "centre") == 0) {
        line = lb_push_object(s->shown);
        lb_set_text(line, "item", name);
        lb_label label = {"Centre", "中心", "Center"};
        lb_set_label(line, "label", &label);
        lb_set_text(line, "value", p->site);
        if (p->site_index >= 0) lb_set_label(line, "value_label", &study->site[p->site_index].label);
        return p->site;
    }
    const lb_study_item *item = lb_study_item_named(study, name, NULL);
    const lb_value *value = lb_person_first(p, name);
    text = value_text(value, arena);
    if (item) lb_push(s->shown, lb_answer_value(item, value, arena));
    if (!text && !s->missing) s->missing = name;
    return text ? text : "";
}

/* "cut: [40, 60]" of a factor turns a number into 0, 1, 2. */
static const char *cut_level(const lb_study *study, size_t factor, const char *text, lb_arena *arena)
{
    const lb_value *cut = lb_get(lb_path(study->root, "randomisation.factors")->item[factor], "cut");
    double x;
    if (!cut || cut->type != LB_ARRAY || !lb_text_number(text, strlen(text), &x)) return text;
    int level = 0;
    for (size_t i = 0; i < cut->count; i++) level += x >= lb_number_of(cut->item[i]);
    return lb_arena_printf(arena, "%d", level);
}

static void find_stratum(const lb_person *p, stratum *s, lb_arena *arena)
{
    const lb_study *study = p->study;
    lb_buf text = {0};
    *s = (stratum){.shown = lb_value_array(arena)};
    size_t count = study->minimised ? study->factor_count : study->stratum_count;
    s->level = lb_arena_array(arena, count + 1, sizeof *s->level);
    for (size_t i = 0; i < count; i++) {
        const char *name = study->minimised ? study->factor[i] : study->stratum_item[i], *level = level_of(p, name, s, arena);
        s->level[s->level_count++] = study->minimised ? cut_level(study, i, level, arena) : level;
        lb_buf_printf(&text, "%s%s", i ? "/" : "", level);
    }
    s->text = lb_arena_text(arena, text.data ? text.data : "");
    lb_buf_free(&text);
}

/* ---- readiness ---- */

typedef struct readiness {
    lb_person *person;
    lb_judgement judgement;
    stratum stratum;
    lb_value *gates, *visits;
    bool eligible, consented, gates_open, visits_done, ready;
} readiness;

static void check_visits(readiness *r, const lb_study *study, lb_arena *arena)
{
    r->visits = lb_value_array(arena);
    r->visits_done = true;
    for (size_t v = 0; v < study->visit_count; v++) {
        if (!study->conduct->after_visit[v]) continue;
        bool done = lb_occasion_progress(r->person, (int)v, 0) == LB_OCCASION_COMPLETE;
        lb_value *one = lb_push_object(r->visits);
        lb_set_text(one, "visit", study->visit[v].id);
        lb_set_label(one, "label", &study->visit[v].label);
        lb_set_bool(one, "complete", done);
        r->visits_done &= done;
    }
}

static bool consent_complete(const lb_person *p)
{
    const lb_consent_settings *c = &p->study->conduct->consent;
    for (size_t i = 0; i < c->stage_count; i++)
        if (!lb_consent_given(p, &c->stage[i]) || lb_consent_old(p, &c->stage[i])) return false;
    return true;
}

static int look(lb_tx *tx, const lb_study *study, const char *subject, readiness *r, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    *r = (readiness){.gates = lb_value_array(arena)};
    int code = lb_person_load(tx, study, subject, &r->person, err);
    if (code == LB_OK) code = lb_judge(r->person, &r->judgement, err);
    if (code == LB_OK) code = lb_gates(tx, study, r->person->site, "randomise", r->gates, &r->gates_open, err);
    if (code != LB_OK) return code;
    check_visits(r, study, arena);
    find_stratum(r->person, &r->stratum, arena);
    r->eligible = !study->conduct->after_eligibility || r->judgement.first < 0;
    r->consented = !study->conduct->after_consent || consent_complete(r->person);
    const char *state = r->person->state;
    bool here = strcmp(state, "screen_failed") != 0 && strcmp(state, "withdrawn") != 0 && !r->person->left_consent && !r->person->left_followup;
    r->ready = r->eligible && r->consented && r->gates_open && r->visits_done && !r->stratum.missing && here && !r->person->randomised;
    return LB_OK;
}

static int refuse(const readiness *r, const lb_study *study, lb_error *err)
{
    const lb_person *p = r->person;
    if (!r->eligible && r->judgement.first >= 0)
        return lb_fail(err, LB_CONFLICT, "%s does not meet criterion %s: %s", p->subject, study->criterion[r->judgement.first].id,
                       study->criterion[r->judgement.first].label.en);
    if (!r->consented) return lb_fail(err, LB_CONFLICT, "the consent of %s is not on record in the version in force", p->subject);
    for (size_t i = 0; i < r->gates->count; i++)
        if (!lb_get_bool(r->gates->item[i], "ok", true)) return lb_fail(err, LB_CONFLICT, "%s", lb_get_text(r->gates->item[i], "detail", "a gate is closed"));
    if (!r->visits_done) return lb_fail(err, LB_CONFLICT, "a visit that must be complete before randomisation is not");
    if (r->stratum.missing) return lb_fail(err, LB_CONFLICT, "the stratum of %s needs '%s', which has no value", p->subject, r->stratum.missing);
    return lb_fail(err, LB_CONFLICT, "%s is %s and cannot be randomised", p->subject, p->state);
}

/* ---- the arm ---- */

enum { SEALED_BYTES = 64 }; /* always as long, whatever the arm's name */

static const char *purpose(const char *subject, lb_arena *arena)
{
    return lb_arena_printf(arena, "arm|%s", subject);
}

int lb_arm_of(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, int *arm, lb_error *err)
{
    const lb_record *record;
    lb_bytes code_of;
    *arm = -1;
    if (lb_tx_actor(tx)->masked) return LB_OK; /* the store would not give it either */
    int code = lb_tx_get(tx, LB_KIND_ARM, subject, &record, err);
    if (code != LB_OK || !record || !store) return code;
    code = lb_store_open_seal(store, purpose(subject, lb_tx_arena(tx)), lb_get_text(record->body, "sealed", ""), lb_tx_arena(tx), &code_of, err);
    for (size_t i = 0; code == LB_OK && i < study->arm_count; i++) {
        size_t length = strlen(study->arm[i].code);
        bool same = code_of.length == SEALED_BYTES && memcmp(code_of.data, study->arm[i].code, length) == 0 && code_of.data[length] == '\0';
        if (same) *arm = (int)i;
    }
    return code;
}

lb_value *lb_arm_value(const lb_study *study, int arm, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    lb_set_text(out, "id", study->arm[arm].id);
    lb_set_label(out, "label", &study->arm[arm].label);
    return out;
}

static int set_arm(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, bool may, lb_value *out, lb_error *err)
{
    int arm = -1, code = may ? lb_arm_of(tx, store, study, subject, &arm, err) : LB_OK;
    if (code == LB_OK && arm >= 0) lb_set(out, "arm", lb_arm_value(study, arm, lb_tx_arena(tx)));
    return code;
}

/* What was told at the allocation: the same to everybody but for the arm. */
static void tell(const lb_record *allocation, lb_value *out)
{
    static const char *const keys[] = {"at", "by", "date", "receipt", "stratum", "flags", "true_stratum"};
    lb_set_text(out, "state", allocation->state);
    for (size_t i = 0; i < LB_COUNT(keys); i++)
        if (lb_get(allocation->body, keys[i])) lb_set(out, keys[i], lb_get(allocation->body, keys[i]));
}

int lb_randomise_view(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, bool may_see_arm, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *allocation;
    readiness r;
    int code = look(tx, study, subject, &r, err);
    if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_ALLOCATION, subject, &allocation, err);
    if (code != LB_OK) return code;
    lb_value *v = *out = lb_value_object(arena);
    lb_set_text(v, "subject", subject);
    lb_set_text(v, "site", r.person->site);
    lb_set_text(v, "state", r.person->state);
    lb_set_bool(v, "ready", r.ready);
    lb_set(v, "checks", lb_judgement_value(r.person, &r.judgement, arena));
    lb_set(v, "consent", lb_consent_value(r.person, arena));
    lb_set(v, "gates", r.gates);
    lb_set(v, "visits", r.visits);
    lb_set(v, "stratum", r.stratum.shown);
    if (!allocation) return LB_OK;
    lb_value *told = lb_set_object(v, "allocated");
    tell(allocation, told);
    const char *frozen = lb_get_text(allocation->body, "stratum", "");
    lb_set_bool(told, "stratum_differs", strcmp(frozen, r.stratum.text) != 0);
    lb_set_bool(told, "ineligible", r.judgement.first >= 0);
    return set_arm(tx, store, study, subject, may_see_arm, told, err);
}

/* ---- the three steps ---- */

typedef struct step {
    lb_store *store;
    const lb_study *study;
    const lb_randomise_ask *ask;
    const char *subject;
    lb_allocation got;
    const char *stratum;
    const char *const *level;
    size_t level_count;
    const char *by;
    bool done, repeated;     /* allocated before this request */
    bool may_see_arm;
    lb_value *out;
} step;

static void levels_of(const lb_value *body, step *s, lb_arena *arena)
{
    const lb_value *list = lb_get(body, "levels");
    const char **level = lb_arena_array(arena, (list ? list->count : 0) + 1, sizeof *level);
    s->level_count = 0;
    for (size_t i = 0; list && i < list->count; i++) level[s->level_count++] = list->item[i]->text;
    s->level = level;
    s->stratum = lb_get_text(body, "stratum", "");
    s->by = lb_get_text(body, "by", "");
}

/* First step: everything stands, so the intention is written down; from here on the answer is final. */
static int intend(lb_tx *tx, void *context, lb_error *err)
{
    step *s = context;
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *before;
    readiness r;
    int code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_ALLOCATION, s->subject, &before, err);
    if (code != LB_OK) return code;
    if (before) {
        s->done = lb_text_equal(before->state, "allocated");
        s->repeated = s->done;
        levels_of(before->body, s, arena);
        if (s->done && !lb_text_equal(lb_get_text(before->body, "key", NULL), s->ask->key)) {
            code = lb_fail(err, LB_CONFLICT, "%s was randomised on %s by %s; the first allocation is kept", s->subject, lb_get_text(before->body, "at", ""), s->by);
            lb_error_hint(err, "open the person to see it");
        }
        return code;
    }
    code = look(tx, s->study, s->subject, &r, err);
    if (code != LB_OK) return code;
    if (!r.ready) return refuse(&r, s->study, err);
    lb_value *body = lb_value_object(arena), *levels = lb_set_array(body, "levels");
    lb_set_text(body, "stratum", r.stratum.text);
    for (size_t i = 0; i < r.stratum.level_count; i++) lb_push_text(levels, r.stratum.level[i]);
    lb_set_text(body, "by", lb_tx_actor(tx)->user);
    lb_set_text(body, "key", s->ask->key);
    lb_set_text(body, "asked_at", lb_when(lb_tx_now_us(tx), arena));
    levels_of(body, s, arena);
    return lb_add_record(tx, r.person, LB_KIND_ALLOCATION, s->subject, "asked", false, body, "randomise", NULL, err);
}

static int put_arm(lb_tx *tx, step *s, const lb_person *p, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    char padded[SEALED_BYTES] = "";
    const char *sealed;
    memcpy(padded, s->got.arm, strlen(s->got.arm));
    int code = lb_store_seal(s->store, purpose(s->subject, arena), padded, sizeof padded, arena, &sealed, err);
    if (code != LB_OK) return code;
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "sealed", sealed);
    return lb_add_record(tx, p, LB_KIND_ARM, s->subject, NULL, true, body, "allocate", NULL, err);
}

/* What happens next: the visits of the first six weeks, and those for this arm where the actor may know it. */
static void add_next(const lb_person *p, int arm, int64_t today, lb_value *out)
{
    lb_occasion *list;
    lb_arena *arena = out->arena;
    lb_value *next = lb_set_array(out, "next");
    size_t count = lb_person_occasions(p, arm, arena, &list);
    for (size_t i = 0; i < count && next->count < 6; i++) {
        const lb_study_visit *v = &p->study->visit[list[i].visit];
        if (list[i].date < today || (v->reveals_arm && arm < 0) || list[i].occurrence > 1) continue;
        lb_value *one = lb_push_object(next);
        lb_set_text(one, "visit", lb_visit_text(p->study, list[i].visit, list[i].occurrence, arena));
        lb_set_label(one, "label", &v->label);
        lb_set_text(one, "date", lb_day_text(list[i].date, arena));
        lb_set_int(one, "every_days", v->repeat_every);
    }
}

/* Third step: the answer becomes part of the trial. Doing it twice writes nothing the second time. */
static int record(lb_tx *tx, void *context, lb_error *err)
{
    step *s = context;
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *allocation;
    lb_person *p;
    int arm = -1;
    int code = lb_person_load(tx, s->study, s->subject, &p, err);
    if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_ALLOCATION, s->subject, &allocation, err);
    if (code != LB_OK) return code;
    if (!allocation) return lb_fail(err, LB_FAILED, "the intention to randomise %s is gone", s->subject);
    if (!lb_text_equal(allocation->state, "allocated")) {
        lb_value *body = lb_body_copy(allocation->body, arena), *subject = lb_body_copy(p->record->body, arena);
        lb_record changed = *allocation;
        lb_change change = {"allocate", NULL, s->study->version};
        const char *at = lb_when(s->got.at_us, arena), *date = lb_day_text(lb_site_day(s->study, p->site, s->got.at_us), arena);
        lb_set_text(body, "at", at);
        lb_set_text(body, "date", date);
        lb_set_text(body, "receipt", s->got.receipt);
        lb_set_text(subject, "allocated_at", at);
        lb_set_text(subject, "stratum", s->stratum);
        changed.body = body;
        changed.state = "allocated";
        code = put_arm(tx, s, p, err);
        if (code == LB_OK) code = lb_tx_put(tx, &changed, allocation->revision, &change, err);
        if (code == LB_OK) code = lb_change_subject(tx, p, "randomised", subject, "allocate", NULL, err);
        if (code == LB_OK) code = lb_person_load(tx, s->study, s->subject, &p, err);
        if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_ALLOCATION, s->subject, &allocation, err);
        if (code != LB_OK) return code;
    }
    s->out = lb_value_object(arena);
    tell(allocation, s->out);
    lb_set_bool(s->out, "again", s->repeated);
    code = set_arm(tx, s->store, s->study, s->subject, s->may_see_arm, s->out, err);
    if (code == LB_OK && s->may_see_arm) code = lb_arm_of(tx, s->store, s->study, s->subject, &arm, err);
    if (code == LB_OK) add_next(p, arm, p->zero, s->out);
    return code;
}

static int ask_and_record(lb_store *store, const lb_actor *actor, const lb_allocator_face *allocator, step *s, lb_arena *arena, lb_error *err)
{
    if (!s->done) {
        lb_allocation_ask ask = {s->subject, s->stratum, s->study->minimised ? s->level : NULL, s->study->minimised ? s->level_count : 0, s->by};
        int code = allocator->allocate(allocator->context, &ask, &s->got, err);
        if (code != LB_OK) return code;
        if (strlen(s->got.arm) >= SEALED_BYTES) return lb_fail(err, LB_FAILED, "the allocator's answer is no arm of this study");
    }
    return lb_store_write(store, actor, arena, record, s, err);
}

int lb_randomise(lb_store *store, const lb_actor *actor, const lb_study *study, const lb_allocator_face *allocator, const lb_randomise_ask *ask,
                 lb_arena *arena, lb_value **out, lb_error *err)
{
    step s = {.store = store, .study = study, .ask = ask, .subject = ask->subject, .may_see_arm = ask->may_see_arm};
    if (!ask->key || strlen(ask->key) < 8 || strlen(ask->key) > 100) {
        lb_fail(err, LB_USAGE, "a confirmation carries a key of 8 to 100 characters of its own");
        lb_error_where(err, "key");
        return LB_USAGE;
    }
    if (actor->masked) return lb_fail(err, LB_FORBIDDEN, "a masked role cannot randomise");
    int code = lb_store_write(store, actor, arena, intend, &s, err);
    if (code == LB_OK) code = ask_and_record(store, actor, allocator, &s, arena, err);
    *out = s.out;
    return code;
}

/* ---- after a crash ---- */

typedef struct waiting {
    const char *subject[1000];
    const lb_value *body[1000];
    size_t count;
    lb_arena *arena;
} waiting;

static int take_waiting(void *context, const lb_record *record_, lb_error *err)
{
    (void)err;
    waiting *w = context;
    w->subject[w->count] = lb_arena_text(w->arena, record_->key);
    w->body[w->count++] = record_->body;
    return w->count == LB_COUNT(w->subject);
}

static int list_waiting(lb_tx *tx, void *context, lb_error *err)
{
    waiting *w = context;
    lb_find find = {.kind = LB_KIND_ALLOCATION, .state = "asked"};
    return lb_tx_scan(tx, &find, take_waiting, w, err);
}

int lb_randomise_resume(lb_store *store, const lb_study *study, const lb_allocator_face *allocator, size_t *count, lb_error *err)
{
    lb_actor system = {.user = "system", .role = "system", .clinical = true};
    lb_arena *arena = lb_arena_new();
    waiting *w = lb_arena_alloc(arena, sizeof *w);
    w->arena = arena;
    *count = 0;
    int code = lb_store_read(store, &system, arena, list_waiting, w, err);
    for (size_t i = 0; i < w->count && code == LB_OK; i++) {
        step s = {.store = store, .study = study, .subject = w->subject[i]};
        levels_of(w->body[i], &s, arena);
        code = ask_and_record(store, &system, allocator, &s, arena, err);
        *count += code == LB_OK;
    }
    lb_arena_free(arena);
    return code;
}
