/* The sealed seed and the journal: one line per allocation, sealed under the allocator's key and bound to the line before,
 * forced to the disk before anyone hears of it. A last line without its end was never acknowledged and is cut off; any
 * other flaw stops the allocator. */
#include "allocator/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

enum { LOCK_WAIT_MS = 10000, BASE64 = sodium_base64_VARIANT_ORIGINAL };

static char *inside(const char *folder, const char *name)
{
    size_t room = strlen(folder) + strlen(name) + 2;
    char *path = lb_alloc(room, 1);
    snprintf(path, room, "%s/%s", folder, name);
    return path;
}

/* ---- the seed: 32 bytes, then the plan's text, sealed together ---- */

int seed_create(const char *folder, const uint8_t *key, const char *plan_json, size_t length, char commitment[65], lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    plan p;
    char *path = inside(folder, "seed");
    int code = plan_parse(plan_json, length, arena, &p, err);
    if (!code && access(path, F_OK) == 0) {
        code = lb_fail(err, LB_CONFLICT, "this trial has a seed already; it is never drawn again");
        lb_error_where(err, "%s", path);
    }
    if (!code) {
        size_t whole = sizeof p.rtsm.seed + length;
        uint8_t *clear = sodium_malloc(whole), *sealed = lb_alloc(whole + LB_SEAL_EXTRA, 1);
        randombytes_buf(clear, sizeof p.rtsm.seed);
        memcpy(clear + sizeof p.rtsm.seed, plan_json, length);
        memcpy(p.rtsm.seed, clear, sizeof p.rtsm.seed);
        lb_rtsm_commitment(&p.rtsm, commitment);
        sodium_memzero(p.rtsm.seed, sizeof p.rtsm.seed);
        lb_seal(key, "seed", "seed", clear, whole, sealed);
        code = lb_file_write(path, sealed, whole + LB_SEAL_EXTRA, err);
        if (!code && chmod(path, 0600) != 0) code = lb_fail(err, LB_FAILED, "cannot protect %s", path);
        free(sealed);
        sodium_free(clear);
    }
    free(path);
    lb_arena_free(arena);
    return code;
}

int seed_read(const char *folder, const uint8_t *key, lb_arena *arena, plan *out, lb_error *err)
{
    char *path = inside(folder, "seed");
    lb_bytes sealed;
    int code = lb_file_read(path, ALLOCATOR_MESSAGE, arena, &sealed, err);
    if (!code && sealed.length < LB_SEAL_EXTRA + sizeof out->rtsm.seed) code = lb_fail(err, LB_BAD_DATA, "the sealed seed is cut off");
    if (!code) {
        size_t length = sealed.length - LB_SEAL_EXTRA;
        uint8_t *clear = sodium_malloc(length);
        if (!clear || !lb_unseal(key, "seed", "seed", sealed.data, sealed.length, clear)) {
            code = lb_fail(err, LB_BAD_DATA, "the seed does not open: it was changed, or the key is not this trial's");
            lb_error_where(err, "%s", path);
        } else {
            const char *json = lb_arena_textn(arena, (const char *)clear + sizeof out->rtsm.seed, length - sizeof out->rtsm.seed);
            code = plan_parse(json, length - sizeof out->rtsm.seed, arena, out, err);
        }
        if (!code) {
            out->seed = sodium_malloc(sizeof out->rtsm.seed);
            memcpy(out->seed, clear, sizeof out->rtsm.seed);
            sodium_mprotect_readonly(out->seed);
        }
        if (clear) sodium_free(clear);
    }
    free(path);
    return code;
}

/* ---- lines ---- */

static void seal_line(journal *j, const lb_buf *json)
{
    size_t length = json->length + LB_SEAL_EXTRA, room = sodium_base64_encoded_len(length, BASE64);
    uint8_t *sealed = lb_alloc(length, 1);
    char *text = lb_alloc(room, 1);
    lb_seal(j->key, "journal", j->waiting_last, json->data, json->length, sealed);
    sodium_bin2base64(text, room, sealed, length, BASE64);
    lb_sha256_hex(text, strlen(text), j->waiting_last);
    lb_buf_puts(&j->waiting, text);
    lb_buf_putc(&j->waiting, '\n');
    free(sealed);
    free(text);
}

void journal_add(journal *j, const engine *e, allocation *a)
{
    lb_arena *arena = lb_arena_new();
    lb_value *root = lb_value_object(arena);
    lb_buf json = {0};
    uint8_t mac[32];
    lb_set_int(root, "sequence", a->sequence);
    lb_set_text(root, "subject", a->subject);
    lb_set_text(root, "stratum", a->stratum);
    lb_set_int(root, "slot", a->slot);
    lb_set_text(root, "arm", e->plan.rtsm.arm[a->arm]);
    lb_set_int(root, "at_us", a->at_us);
    lb_set_text(root, "by", a->by);
    lb_value *levels = e->plan.minimised ? lb_set_array(root, "levels") : NULL;
    for (unsigned f = 0; levels && f < e->plan.factor_count; f++) lb_push_text(levels, a->level[f]);
    lb_json_write(root, 0, &json);
    lb_mac(j->key, "receipt", json.data, json.length, mac);
    sodium_bin2hex(a->receipt, sizeof a->receipt, mac, sizeof mac);
    seal_line(j, &json);
    lb_buf_free(&json);
    lb_arena_free(arena);
}

void journal_add_reveal(journal *j, int64_t now_us)
{
    lb_buf json = {0};
    lb_buf_printf(&json, "{\"reveal\":true,\"at_us\":%lld}", (long long)now_us);
    seal_line(j, &json);
    lb_buf_free(&json);
}

int journal_flush(journal *j, lb_error *err)
{
    if (j->waiting.length == 0) return LB_OK;
    size_t done = 0;
    int reason = 0;
    while (done < j->waiting.length && !reason) {
        ssize_t n = pwrite(j->file, j->waiting.data + done, j->waiting.length - done, j->length + (off_t)done);
        if (n > 0) done += (size_t)n;
        else if (n == 0 || errno != EINTR) reason = n == 0 ? ENOSPC : errno;
    }
    if (!reason && fdatasync(j->file) != 0) reason = errno;
    if (reason) {
        /* What may be there of it is cut off; when even that fails, nobody can say what is on the disk: end here. */
        if (ftruncate(j->file, j->length) != 0 || fdatasync(j->file) != 0) _exit(3);
        memcpy(j->waiting_last, j->last, sizeof j->last);
    } else {
        j->length += (int64_t)j->waiting.length;
        memcpy(j->last, j->waiting_last, sizeof j->last);
    }
    j->waiting.length = 0;
    if (!reason) return LB_OK;
    lb_fail(err, LB_FAILED, "the allocation cannot be written down (%s), so nobody was randomised", strerror(reason));
    lb_error_hint(err, "free some space on the disk of the allocator's folder, then try again");
    return LB_FAILED;
}

/* ---- reading at start ---- */

static int replay_entry(engine *e, const lb_value *root, lb_error *err)
{
    if (lb_get_bool(root, "reveal", false)) {
        e->revealed = true;
        return LB_OK;
    }
    allocation a = {.sequence = lb_get_int(root, "sequence", 0), .slot = lb_get_int(root, "slot", 0), .at_us = lb_get_int(root, "at_us", 0)};
    a.subject = lb_arena_text(e->arena, lb_get_text(root, "subject", ""));
    a.stratum = lb_arena_text(e->arena, lb_get_text(root, "stratum", ""));
    a.by = lb_arena_text(e->arena, lb_get_text(root, "by", ""));
    const lb_value *levels = lb_get(root, "levels");
    for (size_t f = 0; levels && f < levels->count && f < ALLOCATOR_FACTORS; f++)
        if (levels->item[f]->type == LB_STRING) a.level[f] = lb_arena_text(e->arena, levels->item[f]->text);
    const char *arm = lb_get_text(root, "arm", "");
    a.arm = LB_RTSM_ARMS;
    for (unsigned k = 0; k < e->plan.rtsm.arm_count; k++)
        if (strcmp(e->plan.rtsm.arm[k], arm) == 0) a.arm = k;
    return engine_replay(e, &a, err);
}

static int replay_line(journal *j, engine *e, const char *line, size_t length, size_t number, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    uint8_t *sealed = lb_arena_alloc(arena, length + 1), *json = lb_arena_alloc(arena, length + 1);
    size_t got;
    bool sound = sodium_base642bin(sealed, length + 1, line, length, NULL, &got, NULL, BASE64) == 0 && got > LB_SEAL_EXTRA &&
                 lb_unseal(j->key, "journal", j->last, sealed, got, json);
    int code = LB_OK;
    if (!sound) {
        code = lb_fail(err, LB_BAD_DATA, "line %zu of the journal was changed, or is of another trial", number);
        lb_error_hint(err, "restore the allocator's folder from the last backup; do not remove lines");
    }
    lb_value *root = NULL;
    lb_bytes bytes = {json, got - LB_SEAL_EXTRA, "journal"};
    if (!code) code = lb_json_read(&bytes, arena, &root, err);
    if (!code) code = replay_entry(e, root, err);
    if (!code && !lb_get_bool(root, "reveal", false)) {
        uint8_t mac[32];
        lb_mac(j->key, "receipt", json, bytes.length, mac);
        allocation *a = &e->list[e->count - 1];
        a->at_us = lb_get_int(root, "at_us", 0);
        sodium_bin2hex(a->receipt, sizeof a->receipt, mac, sizeof mac);
    }
    if (!code) lb_sha256_hex(line, length, j->last);
    lb_arena_free(arena);
    return code;
}

static int replay_all(journal *j, engine *e, const lb_bytes *bytes, lb_error *err)
{
    const char *text = (const char *)bytes->data;
    size_t at = 0, number = 0;
    while (at < bytes->length) {
        const char *end = memchr(text + at, '\n', bytes->length - at);
        if (!end) break;
        int code = replay_line(j, e, text + at, (size_t)(end - text) - at, ++number, err);
        if (code) return code;
        at = (size_t)(end - text) + 1;
    }
    j->length = (int64_t)at;
    if (at < bytes->length && ftruncate(j->file, j->length) != 0) return lb_fail(err, LB_FAILED, "cannot mend the journal: %s", strerror(errno));
    memcpy(j->waiting_last, j->last, sizeof j->last);
    return LB_OK;
}

/* A former process may still be on its way out. */
static bool locked(int file)
{
    for (int waited = 0; flock(file, LOCK_EX | LOCK_NB) != 0; waited += 20) {
        if (waited >= LOCK_WAIT_MS) return false;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    return true;
}

int journal_open(journal *j, const char *folder, const uint8_t *key, engine *e, lb_error *err)
{
    char *path = inside(folder, "journal");
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    *j = (journal){.key = key, .waiting = {.max = (size_t)64 << 20}};
    memset(j->last, '0', 64);
    int code = LB_OK;
    j->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (j->file < 0) code = lb_fail(err, LB_FAILED, "cannot open the journal: %s", strerror(errno));
    else if (!locked(j->file)) code = lb_fail(err, LB_FAILED, "another allocator of this trial is running");
    if (!code) code = lb_file_read(path, (size_t)1 << 30, arena, &bytes, err);
    if (!code) code = replay_all(j, e, &bytes, err);
    if (code && err && !err->where[0]) lb_error_where(err, "%s", path);
    lb_arena_free(arena);
    free(path);
    return code;
}

void journal_close(journal *j)
{
    if (j->file >= 0) close(j->file);
    lb_buf_free(&j->waiting);
}
