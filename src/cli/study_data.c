/* `lumbar study snapshot` and `lumbar study export`: tables out of a study. */
#include "cli/study.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int study_snapshot(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    lb_study *study = NULL;
    lb_arena *arena = lb_arena_new();
    int code = study_protocol(store, arena, &study, err);
    if (!code) code = lb_snapshot(store, &study_operator, study, NULL, w->label, result->arena, &result->results, err);
    lb_study_close(study);
    lb_arena_free(arena);
    return code;
}

typedef struct leaving {
    const char *what, *to;
    const lb_value *files;
} leaving;

/* Every export leaves a trace: what, how many rows, which hashes. */
static int note_export(lb_tx *tx, void *context, lb_error *err)
{
    const leaving *l = context;
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "what", l->what);
    lb_set_text(body, "at", lb_when(lb_tx_now_us(tx), arena));
    lb_set(body, "files", (lb_value *)l->files);
    lb_record record = {.kind = LB_KIND_EXPORT, .key = lb_arena_printf(arena, "X%lld", (long long)lb_tx_now_us(tx)), .reveals_arm = true, .body = body};
    const lb_change change = {"export", NULL, NULL};
    return lb_tx_put(tx, &record, 0, &change, err);
}

static int write_one(const char *folder, const char *name, const char *suffix, const void *data, size_t length, lb_value *list, lb_error *err)
{
    char path[4400], sha256[65];
    if (snprintf(path, sizeof path, "%s/%s%s.csv", folder, name, suffix) >= (int)sizeof path) return lb_fail(err, LB_USAGE, "the folder's name is too long");
    int code = lb_file_write(path, data, length, err);
    if (code) return code;
    lb_value *one = lb_push_object(list);
    lb_sha256_hex(data, length, sha256);
    lb_set_textf(one, "name", "%s%s.csv", name, suffix);
    lb_set_int(one, "bytes", (int64_t)length);
    lb_set_text(one, "sha256", lb_arena_text(list->arena, sha256));
    return LB_OK;
}

/* The full form where a table has two; each with its codebook where there is one. */
static int write_tables(const lb_study *study, const lb_tables *tables, const char *folder, lb_value *list, lb_error *err)
{
    for (size_t i = 0; i < tables->count; i++) {
        const lb_frozen *t = &tables->table[i];
        bool fuller = i + 1 < tables->count && strcmp(tables->table[i + 1].name, t->name) == 0;
        if (fuller) continue;
        int code = write_one(folder, t->name, "", t->csv.data, t->csv.length, list, err);
        lb_buf codebook = {0};
        lb_tables_codebook(study, t->name, false, &codebook);
        bool described = codebook.length > strlen("name,type,label,unit,codes\n");
        if (!code && described) code = write_one(folder, t->name, ".codebook", codebook.data, codebook.length, list, err);
        lb_buf_free(&codebook);
        if (code) return code;
    }
    return LB_OK;
}

int study_export_csv(const study_words *w, lb_store *store, const lb_study *study, lb_arena *arena, lb_value *files, lb_error *err)
{
    lb_tables tables = {0};
    int code = lb_tables_make(store, &study_operator, study, arena, &tables, err);
    if (!code) code = write_tables(study, &tables, w->output, files, err);
    lb_tables_free(&tables);
    return code;
}

int study_export(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    const char *format = w->format ? w->format : "csv";
    bool odm = strcmp(format, "odm") == 0;
    if (!w->output) return lb_fail(err, LB_USAGE, "study export needs a folder: -o FOLDER");
    if (!odm && strcmp(format, "csv") != 0) {
        lb_fail(err, LB_USAGE, "study export knows no format '%.40s'", format);
        lb_error_hint(err, "the formats are: csv, odm");
        return LB_USAGE;
    }
    if (mkdir(w->output, 0700) != 0) {
        lb_fail(err, errno == EEXIST ? LB_CONFLICT : LB_FAILED, "cannot make the folder: %s", strerror(errno));
        lb_error_where(err, "%s", w->output);
        return err ? err->code : LB_FAILED;
    }
    lb_study *study = NULL;
    lb_arena *arena = lb_arena_new();
    lb_value *files = lb_set_array(result->results, "files");
    int code = study_protocol(store, arena, &study, err);
    if (!code) code = odm ? study_export_odm(w, store, study, files, err) : study_export_csv(w, store, study, arena, files, err);
    leaving l = {format, w->output, files};
    if (!code) code = lb_store_write(store, &study_operator, arena, note_export, &l, err);
    lb_study_close(study);
    lb_arena_free(arena);
    if (!code) lb_result_note(result, "Participants are known by their codes alone; the export is written down in the audit.");
    return code;
}
