/* `lumbar study archive`: a folder that opens with a browser and `sha256sum` alone, in ten years. It is made under another name
 * and renamed at the end: there is never half an archive. */
#include "cli/study.h"
#include "trial/conduct/casebook.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct archive {
    const study_words *words;
    lb_store *store;
    lb_study *study;
    lb_arena *arena;
    lb_result *result;
    char folder[3000]; /* the one being filled */
    char **subject;
    size_t subjects, room;
} archive;

static int make_folder(const archive *a, const char *name, char path[4200], lb_error *err)
{
    snprintf(path, 4200, "%s%s%s", a->folder, *name ? "/" : "", name);
    if (mkdir(path, 0700) == 0) return LB_OK;
    lb_fail(err, errno == EEXIST ? LB_CONFLICT : LB_FAILED, "cannot make the folder: %s", strerror(errno));
    lb_error_where(err, "%s", path);
    return LB_FAILED;
}

static int exports(archive *a, lb_error *err)
{
    char path[4200];
    study_words inner = *a->words;
    lb_value *files = lb_value_array(a->arena);
    inner.output = path;
    int code = make_folder(a, "csv", path, err);
    if (!code) code = study_export_csv(&inner, a->store, a->study, a->arena, files, err);
    if (!code) code = make_folder(a, "odm", path, err);
    if (!code) code = study_export_odm(&inner, a->store, a->study, files, err);
    return code;
}

/* ---- protocols, participants ---- */

static int write_protocol(void *context, const lb_record *record, lb_error *err)
{
    archive *a = context;
    char path[4400];
    const char *text = lb_get_text(record->body, "text", "");
    snprintf(path, sizeof path, "%s/protocol/version-%.100s.yaml", a->folder, record->key);
    return lb_file_write(path, text, strlen(text), err);
}

static int take_subject(void *context, const lb_record *record, lb_error *err)
{
    archive *a = context;
    (void)err;
    if (a->subjects == a->room) {
        a->room = a->room ? 2 * a->room : 64;
        char **more = lb_arena_array(a->arena, a->room, sizeof *more);
        if (a->subjects) memcpy(more, a->subject, a->subjects * sizeof *more);
        a->subject = more;
    }
    a->subject[a->subjects++] = lb_arena_text(a->arena, record->key);
    return LB_OK;
}

static int list_records(lb_tx *tx, void *context, lb_error *err)
{
    const lb_find protocols = {.kind = LB_KIND_PROTOCOL}, people = {.kind = LB_KIND_SUBJECT, .heads = true};
    int code = lb_tx_scan(tx, &protocols, write_protocol, context, err);
    return code ? code : lb_tx_scan(tx, &people, take_subject, context, err);
}

typedef struct book {
    archive *archive;
    const char *subject;
} book;

static int write_book(lb_tx *tx, void *context, lb_error *err)
{
    const book *b = context;
    lb_buf pdf = {.max = (size_t)512 << 20};
    char path[4400];
    snprintf(path, sizeof path, "%s/casebooks/%.100s.pdf", b->archive->folder, b->subject);
    int code = lb_casebook(tx, b->archive->store, b->archive->study, b->subject, &pdf, err);
    if (!code) code = lb_file_write(path, pdf.data, pdf.length, err);
    lb_buf_free(&pdf);
    return code;
}

static int casebooks(archive *a, lb_error *err)
{
    char path[4200];
    int code = make_folder(a, "protocol", path, err);
    if (!code) code = make_folder(a, "casebooks", path, err);
    if (!code) code = lb_store_read(a->store, &study_operator, a->arena, list_records, a, err);
    for (size_t i = 0; i < a->subjects && !code; i++) {
        lb_arena *own = lb_arena_new();
        book b = {a, a->subject[i]};
        code = lb_store_read(a->store, &study_operator, own, write_book, &b, err);
        lb_arena_free(own);
    }
    return code;
}

/* The allocation log, once the seed is revealed; before that the future is nobody's business. */
static int allocations(archive *a, bool *revealed, lb_error *err)
{
    lb_allocator *allocator = NULL;
    lb_buf log = {0};
    char path[4400];
    int code = study_allocator(a->store, &allocator, err);
    if (code) return code;
    code = lb_allocator_log(allocator, &log, err);
    *revealed = code == LB_OK;
    snprintf(path, sizeof path, "%s/allocations.csv", a->folder);
    if (code == LB_FORBIDDEN) code = LB_OK;
    else if (!code) code = lb_file_write(path, log.data ? log.data : "", log.length, err);
    lb_buf_free(&log);
    lb_allocator_stop(allocator);
    return code;
}

/* ---- the page to begin with ---- */

static void link_to(lb_buf *page, const char *href, const char *text)
{
    lb_buf_puts(page, "<li><a href=\"");
    lb_buf_xml(page, href);
    lb_buf_puts(page, "\">");
    lb_buf_xml(page, text);
    lb_buf_puts(page, "</a></li>\n");
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* Every file of a folder by its name: not every browser shows a folder. */
static void list_folder(archive *a, lb_buf *page, const char *folder, const char *title)
{
    char path[4200];
    struct dirent **entry = NULL;
    snprintf(path, sizeof path, "%s/%s", a->folder, folder);
    int count = scandir(path, &entry, visible, alphasort);
    lb_buf_puts(page, "<li>");
    lb_buf_xml(page, title);
    lb_buf_puts(page, "<ul>");
    for (int i = 0; i < count; i++) {
        link_to(page, lb_arena_printf(a->arena, "%s/%s", folder, entry[i]->d_name), entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    lb_buf_puts(page, "</ul></li>\n");
}

static int write_index(archive *a, int64_t entries, const char *end, bool revealed, lb_error *err)
{
    lb_buf page = {0};
    char path[4400];
    lb_html_page_open(&page, lb_arena_printf(a->arena, "Archive of %s", a->study->id), "en");
    lb_buf_puts(&page, "<h1>");
    lb_buf_xml(&page, lb_arena_printf(a->arena, "Archive of %s", a->study->id));
    lb_buf_puts(&page, "</h1><p>");
    lb_buf_xml(&page, a->study->title.en);
    lb_buf_printf(&page, "</p><p>%zu participants, known by their codes alone. The audit has %lld entries; its chain ends with <code>%s</code>.</p>", a->subjects,
                  (long long)entries, end);
    lb_buf_puts(&page, "<h2>What is here</h2><ul>");
    list_folder(a, &page, "csv", "Tables as CSV, with codebooks");
    list_folder(a, &page, "odm", "CDISC ODM 1.3.2: the values as they are, and every change");
    list_folder(a, &page, "protocol", "Every version of the protocol");
    link_to(&page, "audit.jsonl", "The audit, one entry a line");
    if (revealed) link_to(&page, "allocations.csv", "The allocation log");
    lb_buf_puts(&page, "</ul><h2>Casebooks</h2><ul>");
    for (size_t i = 0; i < a->subjects; i++) link_to(&page, lb_arena_printf(a->arena, "casebooks/%s.pdf", a->subject[i]), a->subject[i]);
    lb_buf_puts(&page, "</ul><h2>Is it as it was?</h2><p>In this folder: <code>sha256sum -c SHA256SUMS</code>; with Lumbar: <code>lumbar study verify FOLDER</code>, "
                       "which also follows the chain of the audit. Of each entry: hash = SHA-256 over \"lumbar-audit-v1\", the hash before, seq, at_us, user, role, site, "
                       "subject, kind, key, action, reason, version, reveals_arm, revision, SHA-256 of before, SHA-256 of after, record_hash, and, where there is one, "
                       "origin; every field as LENGTH:BYTES, one that is absent as \"-\".</p>");
    lb_html_page_close(&page);
    snprintf(path, sizeof path, "%s/index.html", a->folder);
    int code = lb_file_write(path, page.data, page.length, err);
    lb_buf_free(&page);
    return code;
}

/* ---- the whole ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int fill_folder(archive *a, char sha256[65], lb_error *err)
{
    int64_t entries = 0, files = 0;
    char end[65];
    bool revealed = false;
    int code = exports(a, err);
    if (!code) code = casebooks(a, err);
    if (!code) code = allocations(a, &revealed, err);
    if (!code) code = lb_store_archive_audit(a->store, a->folder, &entries, end, err);
    if (!code) code = write_index(a, entries, end, revealed, err);
    if (!code) code = lb_store_archive_seal(a->folder, sha256, &files, err);
    if (code) return code;
    lb_value *r = a->result->results;
    lb_set_int(r, "files", files);
    lb_set_int(r, "participants", (int64_t)a->subjects);
    lb_set_int(r, "entries", entries);
    lb_set_text(r, "end_of_chain", lb_arena_text(a->result->arena, end));
    lb_set_text(r, "manifest_sha256", lb_arena_text(a->result->arena, sha256));
    return LB_OK;
}

static int note_archive(lb_tx *tx, void *context, lb_error *err)
{
    lb_value *after = lb_value_object(lb_tx_arena(tx));
    lb_set_text(after, "manifest_sha256", context);
    const lb_audit note = {.kind = LB_KIND_STUDY, .key = "study", .action = "archive", .after = after, .reveals_arm = true};
    return lb_tx_note(tx, &note, err);
}

int study_archive(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    archive a = {.words = w, .store = store, .result = result, .arena = lb_arena_new()};
    char path[4200], sha256[65];
    int code = LB_OK;
    if (!w->output || strlen(w->output) > 2900) code = lb_fail(err, LB_USAGE, "study archive needs a folder: -o FOLDER");
    if (!code && access(w->output, F_OK) == 0) {
        code = lb_fail(err, LB_CONFLICT, "there is something of that name already");
        lb_error_where(err, "%s", w->output);
    }
    if (!code) {
        snprintf(a.folder, sizeof a.folder, "%s.partial", w->output);
        nftw(a.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* of an attempt that was ended */
        code = make_folder(&a, "", path, err);
    }
    if (!code) code = study_protocol(store, a.arena, &a.study, err);
    if (!code) code = fill_folder(&a, sha256, err);
    if (!code && rename(a.folder, w->output) != 0) code = lb_fail(err, LB_FAILED, "cannot name the archive: %s", strerror(errno));
    if (code && a.folder[0]) nftw(a.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!code) code = lb_store_write(store, &study_operator, a.arena, note_archive, sha256, err);
    if (!code) lb_result_note(result, "Open index.html. Keep the manifest's SHA-256 apart from the archive: it is the hash of everything in it.");
    lb_study_close(a.study);
    lb_arena_free(a.arena);
    return code;
}
