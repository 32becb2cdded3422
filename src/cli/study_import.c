/* `lumbar study import FILE --db DB`: what another program holds, into a study. Without --db it is a preview of the file alone
 * (the operation of the same name). */
#include "cli/study.h"
#include "trial/conduct/import.h"

#include <lumbar/op.h>
#include <stdio.h>
#include <string.h>

typedef struct importing {
    const study_words *words;
    lb_import import;
    const char *id;
} importing;

static int read_file(const char *path, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    *out = (lb_bytes){0};
    return path ? lb_file_read(path, lb_max_input(), arena, out, err) : LB_OK;
}

static int take_rows(importing *i, const lb_bytes *file, const lb_bytes *checks, const char *format, lb_arena *arena, lb_error *err)
{
    const study_words *w = i->words;
    entry_file rows;
    const lb_import_rows_options options = {w->id, w->site, w->visit, w->occurrence};
    int code = entry_read(file, NULL, arena, &rows, err);
    if (!code && checks->length) code = chk_apply(checks, &rows, i->import.findings, err);
    if (!code) code = lb_import_rows(&i->import, &rows, &options, err);
    i->import.format = i->import.system = format;
    return code;
}

static int take_xml(importing *i, const lb_bytes *file, const lb_bytes *records, const lb_bytes *checks, lb_arena *arena, lb_error *err)
{
    xml_node *root, *data = NULL;
    lb_value *about = lb_value_object(arena);
    int code = xml_read(file, 0, arena, &root, err);
    if (code) return code;
    if (xml_is(root, "EpiData")) return take_rows(i, file, checks, "EpiData EPX", arena, err);
    if (records->length) code = xml_read(records, 0, arena, &data, err);
    if (!code) code = import_odm(root, data, arena, about, err); /* what is off in it as a file */
    if (code) return code;
    lb_value *found = lb_get(about, "findings");
    for (size_t k = 0; k < found->count; k++)
        if (lb_text_equal(lb_get_text(found->item[k], "severity", ""), "error")) lb_push(i->import.findings, found->item[k]);
    return lb_import_odm(&i->import, root, data, err);
}

/* A dictionary says what the columns are; it must be sound, and the data must be as it says. */
static int take_redcap(importing *i, const lb_bytes *dictionary, const lb_bytes *records, const lb_bytes *checks, lb_arena *arena, lb_error *err)
{
    lb_value *about = lb_value_object(arena);
    if (!records->length) {
        lb_fail(err, LB_USAGE, "a REDCap dictionary holds no data");
        lb_error_hint(err, "give the data with --records");
        return LB_USAGE;
    }
    int code = import_redcap(dictionary, records, arena, about, err);
    if (code) return code;
    lb_value *found = lb_get(about, "findings");
    for (size_t k = 0; k < found->count; k++) lb_push(i->import.findings, found->item[k]);
    return take_rows(i, records, checks, "REDCap", arena, err);
}

static int collect(importing *i, lb_arena *arena, lb_error *err)
{
    const study_words *w = i->words;
    lb_bytes file, records, checks, map;
    char sha256[65];
    int code = read_file(w->file, arena, &file, err);
    if (!code) code = read_file(w->records, arena, &records, err);
    if (!code) code = read_file(w->checks, arena, &checks, err);
    if (!code) code = read_file(w->map, arena, &map, err);
    if (!code && w->map) code = lb_import_map(&i->import, &map, err);
    if (code) return code;
    lb_sha256_hex(records.length ? records.data : file.data, records.length ? records.length : file.length, sha256);
    i->import.sha256 = lb_arena_text(arena, sha256);
    i->import.name = records.length ? records.name : file.name;
    switch (exchange_detect(&file)) {
    case EXCHANGE_XML: return take_xml(i, &file, &records, &checks, arena, err);
    case EXCHANGE_REC: return take_rows(i, &file, &checks, "EpiData REC", arena, err);
    case EXCHANGE_DICTIONARY: return take_redcap(i, &file, &records, &checks, arena, err);
    case EXCHANGE_CSV: return take_rows(i, &file, &checks, "CSV", arena, err);
    default: break;
    }
    lb_fail(err, LB_BAD_DATA, file.length ? "this is no file of records" : "the file is empty");
    lb_error_where(err, "%s", file.name);
    lb_error_hint(err, "give ODM, a REDCap dictionary with --records, CSV, REC or EPX");
    return LB_BAD_DATA;
}

static int look(lb_tx *tx, void *context, lb_error *err)
{
    importing *i = context;
    return lb_import_check(tx, &i->import, err);
}

static int store_all(lb_tx *tx, void *context, lb_error *err)
{
    importing *i = context;
    return lb_import_write(tx, &i->import, &i->id, err);
}

static void tell(const importing *i, lb_result *result)
{
    const lb_import *m = &i->import;
    lb_value *r = result->results;
    lb_import_figures(m, r);
    lb_set_bool(r, "stored", i->id != NULL);
    if (i->id) lb_set_text(r, "import", i->id);
    lb_set(r, "findings", m->findings);
    if (exchange_has_errors(m->findings)) {
        lb_result_status(result, "invalid");
        lb_result_warn(result, "nothing was imported: see the findings of severity 'error'");
    } else if (!i->id) {
        lb_result_note(result, "Looked at only (--dry-run): nothing is stored.");
    } else {
        lb_result_note(result, "Everything is stored, in one transaction. The audit says of each change who made it, when and why there, and who brought it here.");
    }
}

int study_import(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    if (!w->file) return lb_fail(err, LB_USAGE, "study import needs a file");
    lb_study *study = NULL;
    lb_registry *registry = lb_registry_all();
    lb_arena *arena = result->arena; /* the findings name places in what was read */
    importing i = {.words = w};
    int code = study_protocol(store, arena, &study, err);
    if (!code) {
        lb_import_begin(&i.import, study, registry, arena);
        code = collect(&i, arena, err);
    }
    if (!code) code = lb_store_read(store, &study_operator, arena, look, &i, err);
    bool wrong = !code && exchange_has_errors(i.import.findings);
    if (!code && !wrong && !w->dry_run) {
        code = lb_store_write(store, &study_operator, arena, store_all, &i, err);
        if (code) i.id = NULL;
    }
    if (!code) tell(&i, result);
    lb_import_end(&i.import);
    lb_study_close(study);
    lb_registry_free(registry);
    return code;
}
