/* Making, finding and verifying the board's reports, and what the board recommends. */
#include "trial/conduct/board.h"

#include <string.h>

#include "trial/conduct/board_tables.h"
#include "trial/conduct/records.h"

static lb_bytes bytes_of(const lb_buf *buf, const char *name)
{
    return (lb_bytes){(const uint8_t *)buf->data, buf->length, name};
}

static void hash_report(const lb_value *report, char hex[65])
{
    lb_buf text = {0};
    lb_json_write(report, 0, &text);
    lb_sha256_hex(text.data, text.length, hex);
    lb_buf_free(&text);
}

typedef struct counting {
    const char *kind;
    int64_t n;
} counting;

static int count_kind(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    counting *c = context;
    c->n += lb_text_equal(lb_get_text(record->body, "kind", NULL), c->kind);
    return 0;
}

static int freeze(lb_tx *tx, const char *id, bool closed, const board_tables *t, lb_error *err)
{
    lb_value *about = lb_value_object(lb_tx_arena(tx));
    lb_frozen table[4] = {{"board_people", bytes_of(&t->people, "board_people"), false, t->rows[0]},
                          {"board_events", bytes_of(&t->events, "board_events"), true, t->rows[1]},
                          {"board_watch", bytes_of(&t->watch, "board_watch"), true, t->rows[2]},
                          {"board_groups", bytes_of(&t->groups, "board_groups"), true, t->rows[3]}};
    lb_set_text(about, "label", id);
    lb_set_text(about, "made", lb_when(lb_tx_now_us(tx), about->arena));
    lb_set_text(about, "by", lb_tx_actor(tx)->user);
    lb_set_text(about, "for", "safety board");
    return lb_tx_freeze(tx, id, about, table, closed ? 4 : 3, err);
}

int lb_board_make(lb_tx *tx, lb_store *store, const lb_study *study, const char *kind, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    board_tables t;
    lb_value *report;
    char hex[65];
    bool closed = strcmp(kind, "closed") == 0;
    counting c = {kind, 0};
    lb_find find = {.kind = LB_KIND_REPORT};
    if (!closed && strcmp(kind, "open") != 0) return lb_fail(err, LB_BAD_DATA, "'%.20s' is no kind of report: open or closed", kind);
    int code = lb_tx_scan(tx, &find, count_kind, &c, err);
    if (code == LB_OK) code = trial_board_tables(tx, store, study, &t, err);
    if (code != LB_OK) return code;
    const char *id = lb_arena_printf(arena, "%s-%lld", kind, (long long)c.n + 1), *snapshot = lb_arena_printf(arena, "board-%s", id);
    lb_bytes people = bytes_of(&t.people, "people"), events = bytes_of(&t.events, "events"), watch = bytes_of(&t.watch, "watch"), groups = bytes_of(&t.groups, "groups");
    code = freeze(tx, snapshot, closed, &t, err);
    if (code == LB_OK) code = lb_board_compute(study, &people, &events, &watch, closed ? &groups : NULL, arena, &report, err);
    if (code == LB_OK) {
        lb_value *body = lb_value_object(arena);
        hash_report(report, hex);
        lb_set_text(body, "kind", kind);
        lb_set_text(body, "snapshot", snapshot);
        lb_set_text(body, "sha256", hex);
        lb_set_text(body, "version", study->version);
        lb_set_text(body, "made", lb_when(lb_tx_now_us(tx), arena));
        lb_set_text(body, "by", lb_tx_actor(tx)->user);
        lb_record record = {.kind = LB_KIND_REPORT, .key = id, .state = kind, .reveals_arm = closed, .body = body};
        lb_change change = {"board report", NULL, study->version};
        code = lb_tx_put(tx, &record, 0, &change, err);
        *out = lb_body_copy(body, arena);
        lb_set_text(*out, "id", id);
    }
    trial_board_tables_free(&t);
    return code;
}

/* ---- looking ---- */

static int take_report(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    lb_value *one = lb_body_copy(record->body, ((lb_value *)context)->arena);
    lb_set_text(one, "id", record->key);
    lb_push(context, one);
    return 0;
}

int lb_board_list(lb_tx *tx, lb_value **out, lb_error *err)
{
    lb_value *all = *out = lb_value_object(lb_tx_arena(tx)), *reports = lb_set_array(all, "reports"), *said = lb_set_array(all, "recommendations");
    lb_find find = {.kind = LB_KIND_REPORT};
    int code = lb_tx_scan(tx, &find, take_report, reports, err);
    find.kind = LB_KIND_RECOMMENDATION;
    return code != LB_OK ? code : lb_tx_scan(tx, &find, take_report, said, err);
}

static int find_report(lb_tx *tx, const char *id, const lb_record **out, lb_error *err)
{
    int code = lb_tx_get(tx, LB_KIND_REPORT, id, out, err);
    if (code == LB_OK && !*out) code = lb_fail(err, LB_NOT_FOUND, "there is no report '%.40s'", id);
    return code;
}

int lb_board_report(lb_tx *tx, const lb_study *study, const char *id, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *record;
    lb_bytes people, events, watch, groups;
    char hex[65];
    int code = find_report(tx, id, &record, err);
    if (code != LB_OK) return code;
    const char *snapshot = lb_get_text(record->body, "snapshot", "");
    bool closed = lb_text_equal(lb_get_text(record->body, "kind", NULL), "closed");
    code = lb_tx_frozen(tx, snapshot, "board_people", &people, err);
    if (code == LB_OK) code = lb_tx_frozen(tx, snapshot, "board_events", &events, err);
    if (code == LB_OK) code = lb_tx_frozen(tx, snapshot, "board_watch", &watch, err);
    if (code == LB_OK && closed) code = lb_tx_frozen(tx, snapshot, "board_groups", &groups, err);
    lb_value *report = NULL;
    if (code == LB_OK) code = lb_board_compute(study, &people, &events, &watch, closed ? &groups : NULL, arena, &report, err);
    if (code != LB_OK) return code;
    hash_report(report, hex);
    const char *kept = lb_get_text(record->body, "sha256", "");
    if (strcmp(hex, kept) != 0 && lb_text_equal(lb_get_text(record->body, "version", NULL), study->version))
        return lb_fail(err, LB_FAILED, "report %s does not have the hash that was kept (%.16s…)", id, kept);
    lb_value *all = *out = lb_body_copy(record->body, arena);
    lb_set_text(all, "id", id);
    lb_set(all, "report", report);
    return LB_OK;
}

/* ---- recommending ---- */

int lb_board_recommend(lb_tx *tx, const lb_study *study, const lb_value *ask, const char *full_name, lb_value **out, lb_error *err)
{
    static const char *const decisions[] = {"continue", "modify", "pause", "stop"};
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *report;
    const char *decision = lb_get_text(ask, "decision", ""), *text = lb_get_text(ask, "text", ""), *id = lb_get_text(ask, "report", "");
    bool known = false;
    for (size_t i = 0; i < LB_COUNT(decisions); i++) known |= strcmp(decisions[i], decision) == 0;
    if (!known) return lb_fail(err, LB_BAD_DATA, "'%.20s' is no recommendation: continue, modify, pause or stop", decision);
    if (strcmp(decision, "continue") != 0 && !*text) return lb_fail(err, LB_BAD_DATA, "say why the trial should not simply go on");
    int code = find_report(tx, id, &report, err);
    if (code != LB_OK) return code;
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "report", id);
    lb_set_text(body, "report_sha256", lb_get_text(report->body, "sha256", NULL));
    lb_set_text(body, "decision", decision);
    lb_set_text(body, "text", text);
    lb_set_text(body, "signed_by", lb_tx_actor(tx)->user);
    lb_set_text(body, "full_name", full_name);
    lb_set_text(body, "at", lb_when(lb_tx_now_us(tx), arena));
    const char *key = lb_arena_printf(arena, "%s|%s", id, lb_tx_actor(tx)->user);
    lb_record record = {.kind = LB_KIND_RECOMMENDATION, .key = key, .state = decision, .reveals_arm = report->reveals_arm, .body = body};
    lb_change change = {"recommend", *text ? text : NULL, study->version};
    code = lb_tx_put(tx, &record, 0, &change, err);
    if (code == LB_CONFLICT) lb_fail(err, LB_CONFLICT, "you have signed a recommendation on this report; it stays as it is");
    if (code != LB_OK) return code;
    lb_record marked = *report;
    lb_value *about = lb_body_copy(report->body, arena);
    lb_set_text(about, "recommendation", decision);
    marked.body = about;
    change.action = "recommendation recorded";
    *out = body;
    return lb_tx_put(tx, &marked, report->revision, &change, err);
}
