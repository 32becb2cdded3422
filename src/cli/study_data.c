/* `lumbar study snapshot` and `lumbar study export`: tables out of a study. */
#include "cli/study.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"
#include "trial/conduct/snapshot.h"

#include <lumbar/op.h>

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

typedef struct enrolled {
    int64_t count, first_us;
} enrolled;

static int see_allocation(void *context, const lb_record *record, lb_error *err)
{
    enrolled *e = context;
    const char *at = lb_get_text(record->body, "at", "");
    int64_t seconds = 0;
    (void)err;
    if (!lb_time_seconds(at, &seconds)) return LB_OK;
    if (e->count++ == 0 || seconds * 1000000 < e->first_us) e->first_us = seconds * 1000000;
    return LB_OK;
}

static int count_enrolled(lb_tx *tx, void *context, lb_error *err)
{
    return lb_tx_scan(tx, &(lb_find){.kind = LB_KIND_ALLOCATION, .state = "allocated"}, see_allocation, context, err);
}

/* What the study itself knows better than its protocol. */
static void set_item(lb_value *items, int64_t number, const char *value, const char *from)
{
    for (size_t i = 0; items && i < items->count; i++) {
        if (lb_get_int(items->item[i], "number", 0) != number) continue;
        lb_set_text(items->item[i], "value", value);
        lb_set_text(items->item[i], "from", from);
    }
}

static int write_register(const char *folder, lb_result *made, lb_value *files, lb_error *err)
{
    lb_table *table;
    lb_buf csv = {0};
    int code = lb_table_from_value(lb_get(made->results, "items"), "registry", made->arena, &table, err);
    if (!code) lb_csv_write(table, true, &csv);
    if (!code) code = write_one(folder, "registration", "", csv.data, csv.length, files, err);
    lb_buf_free(&csv);
    return code;
}

/* `study register` on the protocol in force, with the enrolment there is. */
static int study_export_register(const study_words *w, lb_store *store, const lb_study *study, lb_arena *arena, lb_value *files, lb_error *err)
{
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "register"));
    lb_result *made = NULL;
    enrolled e = {0, 0};
    const char *text = NULL;
    int code = study_protocol_text(store, arena, &text, err);
    const lb_bytes protocol = {(const uint8_t *)text, text ? strlen(text) : 0, "protocol.yaml"};
    if (!code) code = lb_call_bind(call, "file", &protocol, err);
    if (!code) code = lb_call_run(call, &made, err);
    if (!code) code = lb_store_read(store, &study_operator, arena, count_enrolled, &e, err);
    if (!code && e.count) {
        int64_t planned = lb_get_int(lb_get(study->root, "design"), "enrolment", 0);
        set_item(lb_get(made->results, "items"), 16, lb_arena_textn(made->arena, lb_when(e.first_us, arena), 10), "first allocation");
        set_item(lb_get(made->results, "items"), 17, lb_arena_printf(made->arena, "%lld planned, %lld enrolled", (long long)planned, (long long)e.count), "design.enrolment, allocations");
    }
    if (!code) code = write_register(w->output, made, files, err);
    lb_result_free(made);
    lb_call_free(call);
    lb_registry_free(registry);
    return code;
}

int study_export(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    const char *format = w->format ? w->format : "csv";
    bool odm = strcmp(format, "odm") == 0, record = strcmp(format, "registry") == 0;
    if (!w->output) return lb_fail(err, LB_USAGE, "study export needs a folder: -o FOLDER");
    if (!odm && !record && strcmp(format, "csv") != 0) {
        lb_fail(err, LB_USAGE, "study export knows no format '%.40s'", format);
        lb_error_hint(err, "the formats are: csv, odm, registry");
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
    if (!code && record) code = study_export_register(w, store, study, arena, files, err);
    else if (!code) code = odm ? study_export_odm(w, store, study, files, err) : study_export_csv(w, store, study, arena, files, err);
    leaving l = {format, w->output, files};
    if (!code) code = lb_store_write(store, &study_operator, arena, note_export, &l, err);
    lb_study_close(study);
    lb_arena_free(arena);
    if (!code) lb_result_note(result, "Participants are known by their codes alone; the export is written down in the audit.");
    return code;
}
