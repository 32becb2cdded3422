/* Scans and readings: who may see which reading, and when. Two masked readers on the same scan are what makes their
 * agreement (ICC, Dice) mean something (Koo & Li 2016, doi:10.1016/j.jcm.2016.02.012): the second starts from nothing. */
#include "trial/conduct/scan.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"

#include <stdio.h>
#include <string.h>

int lb_scan_readers(const lb_study *study)
{
    int64_t readers = lb_get_int(lb_get(study->root, "imaging"), "readers", LB_SCAN_READERS);
    return readers == 1 ? 1 : LB_SCAN_READERS;
}

static int no_scan(const char *key, lb_error *err)
{
    lb_fail(err, LB_NOT_FOUND, "there is no scan '%.80s'", key);
    lb_error_hint(err, "the list of scans shows those that are yours to see");
    return LB_NOT_FOUND;
}

static int get_scan(lb_tx *tx, const char *key, const lb_record **out, lb_error *err)
{
    int code = lb_tx_get(tx, LB_KIND_SCAN, key, out, err);
    if (!code && !*out) code = no_scan(key, err);
    return code;
}

static int refuse_state(lb_error *err, const char *message, const char *hint)
{
    lb_fail(err, LB_CONFLICT, "%s", message);
    lb_error_hint(err, "%s", hint);
    return LB_CONFLICT;
}

/* -- receiving -------------------------------------------------------------------------------------------------- */

int lb_scan_new(lb_tx *tx, const lb_study *study, const char *subject, const char *visit, const char **key, lb_error *err)
{
    lb_person *person = NULL;
    int at = -1, occurrence = 0;
    int code = lb_person_load(tx, study, subject, &person, err);
    if (code) return code;
    if (!lb_visit_parse(study, visit, &at, &occurrence)) {
        lb_fail(err, LB_BAD_DATA, "the protocol has no visit '%.60s'", visit);
        lb_error_where(err, "visit");
        return LB_BAD_DATA;
    }
    bool reveals = study->visit[at].reveals_arm;
    code = lb_next_key(tx, LB_KIND_SCAN, subject, reveals, key, err);
    if (code) return code;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "visit", visit);
    lb_set_array(body, "files");
    lb_set_object(body, "images");
    lb_record record = {.kind = LB_KIND_SCAN, .key = *key, .site = person->site, .subject = subject, .parent = visit, .state = "receiving",
                        .reveals_arm = reveals, .body = body};
    return lb_tx_put(tx, &record, 0, &(lb_change){.action = "scan", .version = study->version}, err);
}

static int put_again(lb_tx *tx, const lb_record *old, const char *state, const lb_value *body, const lb_change *change, lb_error *err)
{
    lb_record record = *old;
    record.state = state;
    record.body = body;
    return lb_tx_put(tx, &record, old->revision, change, err);
}

int lb_scan_add_file(lb_tx *tx, const char *key, const char *name, const char *sha256, int64_t size, lb_error *err)
{
    const lb_record *scan = NULL;
    int code = get_scan(tx, key, &scan, err);
    if (code) return code;
    if (!lb_text_equal(scan->state, "receiving"))
        return refuse_state(err, "this scan has been received", "further files belong to a scan of their own");
    const lb_value *files = lb_get(scan->body, "files");
    if (files && files->count >= LB_SCAN_FILES) return lb_fail(err, LB_TOO_LARGE, "a scan has at most %d files", LB_SCAN_FILES);
    lb_value *body = lb_body_copy(scan->body, lb_tx_arena(tx)), *list = lb_value_array(lb_tx_arena(tx));
    for (size_t i = 0; files && i < files->count; i++)
        if (!lb_text_equal(lb_get_text(files->item[i], "name", ""), name)) lb_push(list, files->item[i]);
    lb_value *row = lb_push_object(list);
    lb_set_text(row, "name", name);
    lb_set_text(row, "sha256", sha256);
    lb_set_int(row, "size", size);
    lb_set(body, "files", list);
    return put_again(tx, scan, scan->state, body, &(lb_change){.action = "upload"}, err);
}

static int count_readings(lb_tx *tx, const char *key, int64_t *out, lb_error *err)
{
    const char *below = lb_arena_printf(lb_tx_arena(tx), "%s}", key); /* '}' follows '|' */
    const char *from = lb_arena_printf(lb_tx_arena(tx), "%s|", key);
    return lb_tx_count(tx, &(lb_find){.kind = LB_KIND_READING, .key_from = from, .key_below = below}, out, err);
}

int lb_scan_set_images(lb_tx *tx, const char *key, const lb_value *images, lb_error *err)
{
    const lb_record *scan = NULL;
    int64_t begun = 0;
    int code = get_scan(tx, key, &scan, err);
    if (!code) code = count_readings(tx, key, &begun, err);
    if (code) return code;
    if (begun > 0) return refuse_state(err, "a reading of this scan has begun", "its images stay as they are; receive the scan again as a new one");
    lb_value *body = lb_body_copy(scan->body, lb_tx_arena(tx));
    lb_set(body, "images", (lb_value *)images);
    return put_again(tx, scan, "ready", body, &(lb_change){.action = "series"}, err);
}

/* -- seeing ----------------------------------------------------------------------------------------------------- */

static bool is_reader(const lb_record *reading, const lb_actor *actor)
{
    return lb_text_equal(lb_get_text(reading->body, "reader", NULL), actor->user);
}

static int fill_scan(lb_tx *tx, const lb_study *study, const lb_record *record, lb_scan *out, lb_error *err)
{
    const lb_actor *actor = lb_tx_actor(tx);
    *out = (lb_scan){.record = record, .readers = lb_scan_readers(study), .mine = -1};
    for (int place = 0; place < out->readers; place++) {
        const lb_record *reading = NULL;
        const char *key = lb_arena_printf(lb_tx_arena(tx), "%s|%d", record->key, place + 1);
        int code = lb_tx_get(tx, LB_KIND_READING, key, &reading, err);
        if (code) return code;
        if (!reading) continue;
        out->begun++;
        out->done += lb_text_equal(reading->state, "done");
        if (is_reader(reading, actor)) out->mine = place;
        out->reading[place] = reading;
    }
    out->open = out->done == out->readers;
    out->may_read = lb_text_equal(record->state, "ready") && (out->mine >= 0 || out->begun < out->readers);
    for (int place = 0; place < out->readers && !out->open; place++)
        if (place != out->mine) out->reading[place] = NULL;
    bool own_done = out->mine >= 0 && lb_text_equal(out->reading[out->mine]->state, "done");
    if (out->mine >= 0 && !own_done) out->begun = out->done = 0; /* says nothing of the other reader */
    return LB_OK;
}

int lb_scan_get(lb_tx *tx, const lb_study *study, const char *key, lb_scan *out, lb_error *err)
{
    const lb_record *record = NULL;
    int code = get_scan(tx, key, &record, err);
    return code ? code : fill_scan(tx, study, record, out, err);
}

typedef struct walk {
    lb_tx *tx;
    const lb_study *study;
    lb_scan_seen seen;
    void *context;
} walk;

static int walk_scan(void *context, const lb_record *record, lb_error *err)
{
    walk *w = context;
    lb_scan scan;
    int code = fill_scan(w->tx, w->study, record, &scan, err);
    return code ? code : w->seen(w->context, &scan, err);
}

int lb_scan_each(lb_tx *tx, const lb_study *study, const char *subject, lb_scan_seen seen, void *context, lb_error *err)
{
    walk w = {tx, study, seen, context};
    return lb_tx_scan(tx, &(lb_find){.kind = LB_KIND_SCAN, .subject = subject}, walk_scan, &w, err);
}

/* -- reading ---------------------------------------------------------------------------------------------------- */

static int free_place(lb_tx *tx, const lb_scan *scan, int *place, lb_error *err)
{
    for (int i = 0; i < scan->readers; i++) {
        const lb_record *there = NULL;
        const char *key = lb_arena_printf(lb_tx_arena(tx), "%s|%d", scan->record->key, i + 1);
        int code = lb_tx_get(tx, LB_KIND_READING, key, &there, err);
        if (code) return code;
        if (!there) {
            *place = i;
            return LB_OK;
        }
    }
    return refuse_state(err, "this scan has all its readers", "open another one");
}

int lb_reading_save(lb_tx *tx, const lb_study *study, const char *key, const lb_value *about, int64_t revision, bool done, int64_t *now,
                    lb_error *err)
{
    lb_scan scan;
    int code = lb_scan_get(tx, study, key, &scan, err);
    if (code) return code;
    if (lb_text_equal(scan.record->state, "receiving"))
        return refuse_state(err, "this scan is still being received", "choose its series first");
    const lb_record *old = scan.mine >= 0 ? scan.reading[scan.mine] : NULL;
    if (lb_text_equal(scan.record->state, "signed") || (old && lb_text_equal(old->state, "done")))
        return refuse_state(err, "this reading is finished", "have it opened again, with a reason, before you change it");
    const lb_value *labels = lb_get(about, "labels"), *rows = lb_get(about, "rows");
    if (done && (!lb_get_text(about, "mask", NULL) || !labels || labels->count == 0 || !rows || rows->count == 0)) {
        lb_fail(err, LB_BAD_DATA, "nothing has been drawn and measured yet");
        lb_error_hint(err, "draw the muscles, save, and finish then");
        return LB_BAD_DATA;
    }
    int place = scan.mine;
    if (place < 0) code = free_place(tx, &scan, &place, err);
    if (code) return code;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "reader", lb_tx_actor(tx)->user);
    for (size_t i = 0; i < about->count; i++) lb_set(body, about->key[i], about->item[i]);
    const char *reading = lb_arena_printf(lb_tx_arena(tx), "%s|%d", key, place + 1);
    lb_record record = {.kind = LB_KIND_READING, .key = reading, .site = scan.record->site, .subject = scan.record->subject, .parent = key,
                        .state = done ? "done" : "draft", .reveals_arm = scan.record->reveals_arm, .body = body};
    code = lb_tx_put(tx, &record, revision, &(lb_change){.action = done ? "finish_reading" : "read", .version = study->version}, err);
    if (!code && now) *now = revision + 1;
    return code;
}

int lb_reading_reopen(lb_tx *tx, const lb_study *study, const char *key, int place, const char *reason, lb_error *err)
{
    lb_scan scan;
    int code = lb_scan_get(tx, study, key, &scan, err);
    if (code) return code;
    if (!reason || !*reason) {
        lb_fail(err, LB_BAD_DATA, "opening a finished reading again needs a reason");
        lb_error_where(err, "reason");
        return LB_BAD_DATA;
    }
    if (lb_text_equal(scan.record->state, "signed")) return refuse_state(err, "this scan has been signed", "a new reading needs a new scan record");
    const lb_record *reading = place >= 0 && place < scan.readers ? scan.reading[place] : NULL;
    if (!reading || !lb_text_equal(reading->state, "done")) return refuse_state(err, "there is no finished reading here", "only a finished one can be opened again");
    return put_again(tx, reading, "draft", reading->body, &(lb_change){.action = "reopen_reading", .reason = reason, .version = study->version}, err);
}

int lb_scan_sign(lb_tx *tx, const lb_study *study, const char *key, const char *meaning, const char *sha256, lb_error *err)
{
    lb_scan scan;
    int code = lb_scan_get(tx, study, key, &scan, err);
    if (code) return code;
    if (!scan.open) return refuse_state(err, "not all readings of this scan are done", "the radiologist signs what the readers have finished");
    if (lb_text_equal(scan.record->state, "signed")) return refuse_state(err, "this scan has been signed", "one signature is enough");
    char at[24];
    lb_time_text(lb_tx_now_us(tx) / 1000000, at);
    lb_value *body = lb_body_copy(scan.record->body, lb_tx_arena(tx)), *signature = lb_set_object(body, "signature");
    lb_set_text(signature, "by", lb_tx_actor(tx)->user);
    lb_set_text(signature, "at", at);
    lb_set_text(signature, "meaning", meaning);
    lb_set_text(signature, "sha256", sha256);
    return put_again(tx, scan.record, "signed", body, &(lb_change){.action = "sign", .version = study->version}, err);
}
