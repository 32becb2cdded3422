/* `lumbar study export --format odm`: the study as two ODM 1.3.2 files, streamed to the disk. */
#include "cli/study.h"
#include "trial/conduct/odm.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A file being written, hashed on the way. */
typedef struct writing {
    FILE *file;
    crypto_hash_sha256_state hash;
    int64_t bytes;
    const lb_study *study;
    bool transactional;
    lb_odm_counts counts;
} writing;

static int take_bytes(void *context, const char *data, size_t length)
{
    writing *w = context;
    crypto_hash_sha256_update(&w->hash, (const unsigned char *)data, length);
    w->bytes += (int64_t)length;
    return fwrite(data, 1, length, w->file) == length ? 0 : -1;
}

static int run_export(lb_tx *tx, void *context, lb_error *err)
{
    writing *w = context;
    const lb_odm_options options = {.transactional = w->transactional, .write = take_bytes, .context = w};
    return lb_odm_export(tx, w->study, &options, &w->counts, err);
}

static int cannot_write(const char *path, lb_error *err)
{
    lb_fail(err, LB_FAILED, "cannot write the file: %s", strerror(errno));
    lb_error_where(err, "%s", path);
    return LB_FAILED;
}

static int write_file(writing *w, lb_store *store, const char *path, lb_error *err)
{
    w->file = fopen(path, "wbx");
    if (!w->file) return cannot_write(path, err);
    crypto_hash_sha256_init(&w->hash);
    lb_arena *arena = lb_arena_new();
    int code = lb_store_read(store, &study_operator, arena, run_export, w, err);
    lb_arena_free(arena);
    bool kept = fflush(w->file) == 0 && fsync(fileno(w->file)) == 0;
    if (fclose(w->file) != 0 || !kept) code = code ? code : cannot_write(path, err);
    if (code) unlink(path); /* no half file */
    return code;
}

static void tell(writing *w, const char *name, lb_value *files)
{
    unsigned char sha[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof sha + 1];
    crypto_hash_sha256_final(&w->hash, sha);
    sodium_bin2hex(hex, sizeof hex, sha, sizeof sha);
    lb_value *one = lb_push_object(files);
    lb_set_text(one, "name", lb_arena_text(files->arena, name));
    lb_set_int(one, "bytes", w->bytes);
    lb_set_text(one, "sha256", lb_arena_text(files->arena, hex));
    lb_set_int(one, "subjects", w->counts.subjects);
    lb_set_int(one, "values", w->counts.values);
}

int study_export_odm(const study_words *words, lb_store *store, const lb_study *study, lb_value *files, lb_error *err)
{
    for (int changes = 0; changes < 2; changes++) {
        char name[256], path[4400];
        writing w = {.study = study, .transactional = changes};
        snprintf(name, sizeof name, "%.100s%s.odm.xml", study->id, changes ? ".changes" : "");
        if (snprintf(path, sizeof path, "%s/%s", words->output, name) >= (int)sizeof path) return lb_fail(err, LB_USAGE, "the folder's name is too long");
        int code = write_file(&w, store, path, err);
        if (code) return code;
        tell(&w, name, files);
    }
    return LB_OK;
}
