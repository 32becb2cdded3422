/* Keeping entries that were made on a phone, perhaps days ago and without network. Each entry is a transaction of its own: one
 * that is refused does not hold back the others. What is refused is kept in its receipt, so that nothing a person wrote is lost. */
#include <stdio.h>
#include <string.h>

#include "trial/conduct/consent.h"
#include "trial/conduct/entry.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/phone_days.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

typedef struct arrival {
    lb_store *store;
    const lb_study *study;
    const char *subject;
    const lb_value *entry;
    int64_t sent_us, received_us;
    const lb_registry *registry;
    const char *status;
    char message[512];
} arrival;

static void refuse(arrival *a, const char *message)
{
    a->status = "refused";
    snprintf(a->message, sizeof a->message, "%s", message);
}

/* ---- times ---- */

/* When it was made, by our clock: what the phone says, moved by what its clock was off when it sent. */
static bool true_time(arrival *a, int64_t *made_us)
{
    int64_t recorded;
    const char *text = lb_get_text(a->entry, "recorded_at", NULL);
    if (!text || !lb_time_seconds(text, &recorded)) {
        refuse(a, "the entry does not say when it was made");
        return false;
    }
    int64_t before_sending = a->sent_us - recorded * 1000000, slack = (int64_t)a->study->conduct->phone.ahead_minutes * 60 * 1000000;
    if (before_sending < -slack) {
        refuse(a, "the entry was made after it was sent: the phone's clock was changed in between");
        return false;
    }
    if (before_sending < 0) before_sending = 0;
    if (before_sending > (int64_t)a->study->conduct->phone.late_days * 86400 * 1000000) {
        refuse(a, "the entry is too old to be taken over; please tell your study centre");
        return false;
    }
    *made_us = a->received_us - before_sending;
    return true;
}

static bool open_then(arrival *a, const lb_person *p, int arm, int visit, int occurrence, int64_t made_us, lb_arena *arena)
{
    lb_occasion *list;
    int64_t day = lb_site_day(a->study, p->site, made_us), from, to;
    size_t count = lb_person_occasions(p, arm, arena, &list);
    for (size_t i = 0; i < count; i++) {
        if (list[i].visit != visit || list[i].occurrence != occurrence) continue;
        trial_phone_open(a->study, &list[i], &from, &to);
        if (day < from) refuse(a, "this day had not come yet");
        else if (day > to) refuse(a, "this day can no longer be filled in");
        return day >= from && day <= to;
    }
    refuse(a, "this page is not part of your plan");
    return false;
}

/* ---- one entry ---- */

static lb_value *times_of(const arrival *a, int64_t made_us, lb_arena *arena)
{
    lb_value *times = lb_value_object(arena);
    lb_set_text(times, "by", "participant");
    lb_set_text(times, "id", lb_get_text(a->entry, "id", NULL));
    lb_set_text(times, "at", lb_when(made_us, arena));
    lb_set_text(times, "recorded_at", lb_get_text(a->entry, "recorded_at", NULL));
    lb_set_text(times, "sent_at", lb_when(a->sent_us, arena));
    lb_set_text(times, "received_at", lb_when(a->received_us, arena));
    lb_set_int(times, "clock_off_seconds", (a->sent_us - a->received_us) / 1000000);
    return times;
}

/* The day that the page is for needs no question: it is the occasion's date. */
static const lb_value *with_day(const arrival *a, const lb_person *p, int visit, int occurrence, int form, lb_arena *arena)
{
    const char *day = a->study->conduct->phone.day_item;
    const lb_value *values = lb_get(a->entry, "values");
    bool asks = false;
    for (size_t i = 0; day && i < a->study->form[form].item_count; i++) asks |= strcmp(a->study->form[form].item[i].id, day) == 0;
    if (!asks) return values;
    lb_value *all = lb_body_copy(values, arena);
    lb_set_text(all, day, lb_day_text(p->zero + lb_visit_day(&a->study->visit[visit], occurrence), arena));
    return all;
}

/* Through the form engine, like everybody's entries: checked, derived, scored. */
static int keep(lb_tx *tx, arrival *a, const lb_person *p, int visit, int occurrence, int form, int64_t made_us, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_form_place place;
    lb_entry_plan plan;
    lb_error own = LB_ERROR_INIT;
    lb_entry_ask ask = {.values = with_day(a, p, visit, occurrence, form, arena), .by_participant = true};
    int code = lb_form_place_find(a->study, a->registry, lb_tx_actor(tx), a->subject, lb_visit_text(a->study, visit, occurrence, arena),
                                  a->study->form[form].id, arena, &place, err);
    if (code != LB_OK) return code;
    code = lb_entry_prepare(tx, &place, &ask, &plan, &own);
    if (code == LB_BAD_DATA || code == LB_CONFLICT) {
        const lb_value *findings = code == LB_BAD_DATA ? plan.computed.findings : NULL;
        const char *message = own.message;
        for (size_t i = 0; findings && i < findings->count; i++)
            if (strcmp(lb_get_text(findings->item[i], "severity", ""), "hard") == 0) message = lb_get_text(findings->item[i], "message", message);
        refuse(a, message);
        return LB_OK;
    }
    if (code != LB_OK) {
        if (err) *err = own;
        return code;
    }
    lb_set(plan.main_body ? plan.main_body : plan.arm_body, "recorded", times_of(a, made_us, arena));
    a->status = "kept";
    return lb_entry_commit(tx, &plan, err);
}

static int keep_receipt(lb_tx *tx, const arrival *a, const lb_person *p, const char *key, const char *sha256, bool reveals, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "status", a->status);
    lb_set_text(body, "message", a->message);
    lb_set_text(body, "sha256", sha256);
    lb_set_text(body, "received_at", lb_when(a->received_us, arena));
    if (strcmp(a->status, "refused") == 0) lb_set(body, "entry", (lb_value *)a->entry);
    lb_record record = {.kind = LB_KIND_RECEIPT, .key = key, .site = p->site, .subject = p->subject, .state = a->status, .reveals_arm = reveals, .body = body};
    lb_change change = {"receive", NULL, a->study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

static int form_named(const lb_study *study, const char *id)
{
    for (size_t i = 0; id && i < study->form_count; i++)
        if (strcmp(study->form[i].id, id) == 0) return (int)i;
    return -1;
}

/* Everything that can be said about an entry before it is kept. False: refused, or already there. */
static bool may_keep(arrival *a, const lb_person *p, int arm, int *visit, int *occurrence, int *form, int64_t *made_us, lb_arena *arena)
{
    const char *at = lb_get_text(a->entry, "visit", "");
    const lb_value *values = lb_get(a->entry, "values");
    *form = form_named(a->study, lb_get_text(a->entry, "form", NULL));
    bool here = false, known = *form >= 0 && trial_phone_form(a->study, *form) && lb_visit_parse(a->study, at, visit, occurrence);
    for (size_t i = 0; known && i < a->study->visit[*visit].form_count; i++) here |= a->study->visit[*visit].form[i] == *form;
    lb_error closed = LB_ERROR_INIT;
    if (!here || !values || values->type != LB_OBJECT) refuse(a, "this page is not part of the study");
    else if (p->left_consent || p->left_followup) refuse(a, "you have left the study; thank you for what you gave");
    else if (lb_entry_gate(p, *visit, &closed) != LB_OK) refuse(a, "this page is not open to you yet");
    else if (true_time(a, made_us) && open_then(a, p, arm, *visit, *occurrence, *made_us, arena)) {
        if (!lb_person_find(p, *visit, *occurrence, *form)) return true;
        refuse(a, "this day is filled in already; the first entry is kept");
    }
    return false;
}

static int arrive(lb_tx *tx, void *context, lb_error *err)
{
    arrival *a = context;
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *receipt;
    lb_person *p;
    int arm = -1, visit = -1, occurrence = 0, form = -1;
    int64_t made_us = 0;
    char sha256[65];
    lb_buf text = {0};
    a->received_us = lb_tx_now_us(tx);
    lb_json_write(a->entry, 0, &text);
    lb_sha256_hex(text.data, text.length, sha256);
    lb_buf_free(&text);
    const char *key = lb_arena_printf(arena, "%s|%s", a->subject, lb_get_text(a->entry, "id", ""));
    int code = lb_tx_get(tx, LB_KIND_RECEIPT, key, &receipt, err);
    if (code == LB_OK && receipt) {
        bool same = lb_text_equal(lb_get_text(receipt->body, "sha256", NULL), sha256), kept = lb_text_equal(receipt->state, "kept");
        if (same && kept) a->status = "already";
        else refuse(a, same ? lb_get_text(receipt->body, "message", "refused before") : "another entry came under this number; the first is kept");
        return LB_OK;
    }
    if (code == LB_OK) code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_person_load(tx, a->study, a->subject, &p, err);
    if (code == LB_OK) code = lb_arm_of(tx, a->store, a->study, a->subject, &arm, err);
    if (code != LB_OK) return code;
    if (may_keep(a, p, arm, &visit, &occurrence, &form, &made_us, arena)) {
        code = keep(tx, a, p, visit, occurrence, form, made_us, err);
        if (code != LB_OK) return code;
    }
    bool reveals = visit >= 0 && form >= 0 && (a->study->visit[visit].reveals_arm || a->study->form[form].reveals_arm);
    return keep_receipt(tx, a, p, key, sha256, reveals, err);
}

static bool good_id(const char *id)
{
    size_t length = id ? strlen(id) : 0;
    for (size_t i = 0; i < length; i++)
        if (id[i] <= ' ' || id[i] == '|' || id[i] > '~') return false;
    return length >= 8 && length <= 64;
}

/* A conflict or an item that the form engine refuses is the entry's fault; anything else stops the batch: the phone tries again. */
static int take_one(arrival *a, const lb_actor *actor, lb_arena *arena, lb_error *err)
{
    lb_error own = LB_ERROR_INIT;
    if (!good_id(lb_get_text(a->entry, "id", NULL))) {
        refuse(a, "the entry has no number of its own");
        return LB_OK;
    }
    int code = lb_store_write(a->store, actor, arena, arrive, a, &own);
    if (code == LB_CONFLICT || code == LB_BAD_DATA) {
        refuse(a, own.message);
        return LB_OK;
    }
    if (code != LB_OK && err) *err = own;
    return code;
}

int lb_phone_sync(lb_store *store, const lb_study *study, const char *subject, const lb_value *batch, const lb_registry *registry, lb_arena *arena,
                  lb_value **out, lb_error *err)
{
    const lb_value *entries = lb_get(batch, "entries");
    lb_actor actor = {.user = lb_arena_printf(arena, "participant:%s", subject), .role = "participant", .clinical = true};
    lb_value *list = *out = lb_value_array(arena);
    int64_t sent = 0;
    const char *said = lb_get_text(batch, "sent_at", NULL);
    if (!said || !lb_time_seconds(said, &sent)) return lb_fail(err, LB_USAGE, "sent_at is no time such as 2026-11-28T09:41:07Z");
    if (!entries || entries->type != LB_ARRAY || entries->count > LB_PHONE_ENTRIES) return lb_fail(err, LB_USAGE, "send at most %d entries at a time", LB_PHONE_ENTRIES);
    for (size_t i = 0; i < entries->count; i++) {
        arrival a = {.store = store, .study = study, .subject = subject, .entry = entries->item[i], .sent_us = sent * 1000000,
                     .registry = registry, .status = "refused"};
        int code = take_one(&a, &actor, arena, err);
        if (code != LB_OK) return code;
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "id", lb_get_text(a.entry, "id", NULL));
        lb_set_text(one, "status", a.status);
        lb_set_text(one, "message", a.message[0] ? a.message : NULL);
    }
    return LB_OK;
}
