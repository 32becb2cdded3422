/* Data out of a study: snapshots, exports; and the ends of it: lock, opening again, unblinding. */
#include "server/study_analysis.h"
#include "server/study_home.h"
#include "server/study_jobs.h"
#include "trial/conduct/lifecycle.h"
#include "trial/conduct/records.h"
#include "trial/conduct/snapshot.h"

#include <sodium.h>
#include <string.h>

typedef struct data_work {
    study_request *request;
    lb_value *list, *out;
    const lb_record *record;
    const lb_value *body;
    const char *id, *reason;
    lb_bytes bytes;
    int64_t count;
} data_work;

/* A name in a path of the API that is looked up, never opened; still, nothing but plain words. */
static bool plain_word(const char *word)
{
    return *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:") == strlen(word);
}

/* -- snapshots ----------------------------------------------------------------------------------------------------------- */

/* What tells of the other form of a table stays out: a masked reader gets the hashes of what they can read. */
static void strip_snapshot(lb_value *one, bool masked)
{
    const lb_value *tables = lb_get(one, "tables");
    lb_value *seen = lb_value_array(one->arena);
    for (size_t k = 0; masked && tables && k < tables->count; k++)
        if (!lb_get_bool(tables->item[k], "reveals_arm", false)) lb_push(seen, tables->item[k]);
    if (masked) lb_set(one, "tables", seen);
    if (masked) lb_set_null(one, "sha256");
}

static int get_snapshots(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    int code = study_snapshot_list(r, lb_set_array(out, "snapshots"), err);
    if (!code) study_answer(answer, out);
    return code;
}

/* The snapshot holds everything, whoever asks for it; what each may read of it is decided when it is read. */
static int post_snapshots(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = NULL;
    lb_actor whole = r->actor;
    whole.masked = false;
    whole.site = NULL;
    whole.site_count = 0;
    const char *label = study_text(r, "label");
    if (!label[strspn(label, " \t\n")]) return lb_fail(err, LB_BAD_DATA, "give the snapshot a name, such as: interim, January");
    int code = lb_snapshot(r->store, &whole, r->study, NULL, label, r->arena, &out, err);
    if (code) return code;
    strip_snapshot(out, r->actor.masked);
    study_answer(answer, out);
    return LB_OK;
}

static int read_frozen(lb_tx *tx, void *context, lb_error *err)
{
    data_work *w = context;
    return lb_tx_frozen(tx, w->request->part[0], w->request->part[1], &w->bytes, err);
}

static int get_snapshot(study_request *r, lb_answer *answer, lb_error *err)
{
    data_work w = {.request = r};
    if (!plain_word(r->part[0]) || !plain_word(r->part[1])) return study_absent(err, "table");
    int code = study_read(r, read_frozen, &w, err);
    if (code) return code;
    answer->type = "text/csv; charset=utf-8";
    lb_buf_add(&answer->body, (const char *)w.bytes.data, w.bytes.length);
    lb_answer_header(answer, "Content-Disposition", lb_arena_printf(r->arena, "attachment; filename=\"%s.csv\"", r->part[1]));
    return LB_OK;
}

/* -- exports -------------------------------------------------------------------------------------------------------------- */

static int keep_file(study_request *r, const char *name, const void *data, size_t length, int64_t rows, lb_value *files, lb_error *err)
{
    char sha256[65];
    const lb_bytes bytes = {data, length, name};
    int code = lb_store_file_put(r->store, &bytes, sha256, err);
    if (code) return code;
    lb_value *one = lb_push_object(files);
    lb_set_text(one, "name", name);
    lb_set_int(one, "bytes", (int64_t)length);
    lb_set_int(one, "rows", rows);
    lb_set_text(one, "sha256", lb_arena_text(files->arena, sha256));
    return LB_OK;
}

/* Of a table in two forms the one this person may read. */
static bool other_form(const lb_tables *tables, size_t index, bool masked)
{
    const lb_frozen *t = &tables->table[index];
    if (masked) return t->reveals_arm;
    for (size_t i = 0; i < tables->count; i++)
        if (i != index && strcmp(tables->table[i].name, t->name) == 0 && tables->table[i].reveals_arm) return true;
    return false;
}

static int keep_tables(study_request *r, const lb_progress *progress, const lb_tables *tables, lb_value *files, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < tables->count && !code; i++) {
        const lb_frozen *t = &tables->table[i];
        if (other_form(tables, i, r->actor.masked)) continue;
        if (lb_progress_cancelled(progress)) return lb_fail(err, LB_CANCELLED, "the export was called off");
        lb_buf codebook = {0};
        code = keep_file(r, lb_arena_printf(r->arena, "%s.csv", t->name), t->csv.data, t->csv.length, t->rows, files, err);
        lb_tables_codebook(r->study, t->name, r->actor.masked, &codebook);
        if (!code && codebook.length) code = keep_file(r, lb_arena_printf(r->arena, "%s.codebook.csv", t->name), codebook.data, codebook.length, 0, files, err);
        lb_buf_free(&codebook);
        lb_progress_report(progress, 0.5 + 0.5 * (double)(i + 1) / (double)tables->count, t->name);
    }
    return code;
}

static int note_export(lb_tx *tx, void *context, lb_error *err)
{
    data_work *w = context;
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *body = lb_value_object(arena);
    uint8_t random[8];
    char hex[17];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(hex, sizeof hex, random, sizeof random);
    w->id = lb_arena_printf(w->request->arena, "E%s", hex);
    lb_set_text(body, "what", "csv");
    lb_set_text(body, "at", lb_when(lb_tx_now_us(tx), arena));
    lb_set_text(body, "by", w->request->actor.user);
    lb_set_bool(body, "identifiers", false);
    lb_set(body, "files", w->list);
    lb_record record = {.kind = LB_KIND_EXPORT, .key = w->id, .parent = w->request->actor.user, .reveals_arm = !w->request->actor.masked, .body = body};
    const lb_change change = {.action = "export", .version = w->request->study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

static int run_export(study_request *r, const lb_progress *progress, lb_value *result, lb_error *err)
{
    lb_tables tables = {0};
    data_work w = {.request = r, .list = lb_value_array(r->arena)};
    int code = lb_tables_make(r->store, &r->actor, r->study, r->arena, &tables, err);
    lb_progress_report(progress, 0.5, "tables");
    if (!code) code = keep_tables(r, progress, &tables, w.list, err);
    if (!code) code = study_write(r, note_export, &w, err);
    lb_tables_free(&tables);
    if (code) return code;
    lb_set_text(result, "export", w.id);
    lb_set(result, "files", w.list);
    return LB_OK;
}

static int post_exports(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    const char *id = NULL;
    int code = study_job_start(r, "export", run_export, &id, err);
    if (code) return code;
    lb_set_text(out, "job", id);
    answer->status = 202;
    study_answer(answer, out);
    return LB_OK;
}

static int take_export(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    data_work *w = context;
    lb_value *one = lb_body_copy(record->body, w->list->arena);
    lb_set_text(one, "id", record->key);
    lb_push(w->list, one);
    return 0;
}

static int read_exports(lb_tx *tx, void *context, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_EXPORT};
    return lb_tx_scan(tx, &find, take_export, context, err);
}

static int get_exports(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    data_work w = {.request = r, .list = lb_set_array(out, "exports")};
    int code = study_read(r, read_exports, &w, err);
    if (!code) study_answer(answer, out);
    return code;
}

/* One's own exports only: another person's may hold what this one may not see. Fetching is written down, too. */
static int fetch_export(lb_tx *tx, void *context, lb_error *err)
{
    data_work *w = context;
    const study_request *r = w->request;
    int code = lb_tx_get(tx, LB_KIND_EXPORT, r->part[0], &w->record, err);
    if (code) return code;
    if (!w->record || !lb_text_equal(w->record->parent, r->actor.user)) return study_absent(err, "export");
    const lb_value *files = lb_get(w->record->body, "files");
    for (size_t i = 0; files && i < files->count; i++)
        if (lb_text_equal(lb_get_text(files->item[i], "name", NULL), r->part[1])) w->body = files->item[i];
    if (!w->body) return study_absent(err, "file of this export");
    const lb_audit note = {.action = "download", .kind = LB_KIND_EXPORT, .key = w->record->key, .reveals_arm = w->record->reveals_arm};
    return lb_tx_note(tx, &note, err);
}

static int get_export(study_request *r, lb_answer *answer, lb_error *err)
{
    data_work w = {.request = r};
    if (!plain_word(r->part[1])) return study_absent(err, "file of this export");
    int code = study_write(r, fetch_export, &w, err);
    if (!code) code = lb_store_file_get(r->store, lb_get_text(w.body, "sha256", ""), r->arena, &w.bytes, err);
    if (code) return code;
    answer->type = "text/csv; charset=utf-8";
    lb_buf_add(&answer->body, (const char *)w.bytes.data, w.bytes.length);
    lb_answer_header(answer, "Content-Disposition", lb_arena_printf(r->arena, "attachment; filename=\"%s\"", r->part[1]));
    return LB_OK;
}

/* -- the ends of a study --------------------------------------------------------------------------------------------------- */

static int read_obstacles(lb_tx *tx, void *context, lb_error *err)
{
    data_work *w = context;
    return lb_study_obstacles(tx, &w->out, &w->count, err);
}

static int get_lock(study_request *r, lb_answer *answer, lb_error *err)
{
    data_work w = {.request = r};
    int code = study_read(r, read_obstacles, &w, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_int(out, "count", w.count);
    lb_set(out, "obstacles", w.out);
    study_answer(answer, out);
    return LB_OK;
}

static int lock_study(lb_tx *tx, void *context, lb_error *err) { return lb_study_lock(tx, ((data_work *)context)->reason, err); }
static int open_study(lb_tx *tx, void *context, lb_error *err) { return lb_study_reopen(tx, ((data_work *)context)->reason, err); }

static int end_study(study_request *r, lb_answer *answer, lb_tx_body body, const char *state, lb_error *err)
{
    data_work w = {.request = r, .reason = lb_get_text(r->body, "reason", NULL)};
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code) code = study_write(r, body, &w, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "state", state);
    study_answer(answer, out);
    return LB_OK;
}

static int post_lock(study_request *r, lb_answer *answer, lb_error *err) { return end_study(r, answer, lock_study, "locked", err); }
static int post_open(study_request *r, lb_answer *answer, lb_error *err) { return end_study(r, answer, open_study, "running", err); }

static int post_unblind(study_request *r, lb_answer *answer, lb_error *err)
{
    char seed[65] = "";
    const study_options *options = study_home_options(r->home);
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code && !options->allocator) code = lb_fail(err, LB_CONFLICT, "this server has no allocator");
    if (!code) code = lb_study_unblind(r->store, &r->actor, options->allocator, &r->study->rtsm, seed, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "state", "unblinded");
    lb_set_text(out, "seed", seed);
    study_answer(answer, out);
    return LB_OK;
}

static const study_route routes[] = {
    {"GET", "/api/snapshots", LB_MAY_SNAPSHOTS, 0, get_snapshots, "frozen tables that analyses read", NULL, NULL, "{snapshots:[#Snapshot]}"},
    {"POST", "/api/snapshots", LB_MAY_SNAPSHOT, 0, post_snapshots, "freeze the tables now", NULL, "{label:text}", "#Snapshot"},
    {"GET", "/api/snapshots/{id}/{table}.csv", LB_MAY_SNAPSHOTS, 0, get_snapshot, "one frozen table", NULL, NULL, "text/csv"},
    {"GET", "/api/exports", LB_MAY_EXPORT, 0, get_exports, "what left the study", NULL, NULL, "{exports:[#Export]}"},
    {"POST", "/api/exports", LB_MAY_EXPORT, 0, post_exports, "CSV with codebooks, without identifiers; a job", NULL, "{what:(csv)}", "{job:text}"},
    {"GET", "/api/exports/{id}/{file}", LB_MAY_EXPORT, 0, get_export, "a file of one's own export", NULL, NULL, "text/csv"},
    {"GET", "/api/study/lock", LB_MAY_STUDY_LOCK, 0, get_lock, "what keeps the study from being locked", NULL, NULL, "{count:int,obstacles:{*:int}}"},
    {"POST", "/api/study/lock", LB_MAY_STUDY_LOCK, 0, post_lock, "no change of data from now on", NULL, "{password:text,reason?:text}", "{state:text}"},
    {"POST", "/api/study/open", LB_MAY_STUDY_OPEN, 0, post_open, "open a locked study again", NULL, "{password:text,reason:text}", "{state:text}"},
    {"POST", "/api/study/unblind", LB_MAY_STUDY_UNBLIND, STUDY_UNMASKED, post_unblind, "after the lock: reveal seed and arms", NULL, "{password:text}",
     "{state:text,seed:text}"},
};

static const study_schema schemas[] = {
    {"Snapshot", "{id:text,label?:text~,made?:text,by?:text,sha256?:text~,masked?:bool,tables:[{name:text,rows:int,sha256?:text~,reveals_arm?:bool,columns?:[text]}]}"},
    {"Export", "{id:text,what:text,at:text,by?:text,identifiers?:bool,files:[{name:text,bytes:int,rows?:int,sha256:text}]}"},
};

const study_table study_data_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};
