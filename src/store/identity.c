/* Names and telephone numbers: sealed, in a file of their own beside the database, which only ever holds a token for the
 * version that counts. The file is appended to and forced to the disk *before* the transaction that points to it is
 * committed: a crash in between leaves a line nobody points to, never a pointer to nothing. One line per version:
 * token, subject, base64 of the sealed JSON. */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

enum { TOKEN = 32, LINE_MOST = 1 << 20 };
#define KIND "identity"

int store_identity_open(lb_store *store, lb_error *err)
{
    char *path = store_path(store, ".identities");
    store->identity_file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int code = LB_OK;
    if (store->identity_file < 0) {
        code = lb_fail(err, LB_FAILED, "cannot open the file of identities: %s", strerror(errno));
        lb_error_where(err, "%s", path);
    }
    free(path);
    return code;
}

void store_identity_close(lb_store *store)
{
    if (store->identity_file >= 0) close(store->identity_file);
    store->identity_file = -1;
}

/* Appended whole or not at all: what was written of a line that did not fit is cut off again. */
static int append(lb_store *store, const char *line, size_t length, int64_t *offset, lb_error *err)
{
    pthread_mutex_lock(&store->identity_lock);
    struct stat st;
    int code = LB_OK;
    bool known = fstat(store->identity_file, &st) == 0;
    bool written = known && write(store->identity_file, line, length) == (ssize_t)length &&
                   (store->fast || fdatasync(store->identity_file) == 0);
    if (!written) {
        int reason = errno;
        if (known && ftruncate(store->identity_file, st.st_size) != 0) reason = errno;
        code = lb_fail(err, LB_FAILED, "the identity cannot be kept: %s; nothing was changed", strerror(reason));
    }
    *offset = known ? st.st_size : 0;
    pthread_mutex_unlock(&store->identity_lock);
    return code;
}

static int keep_pointer(lb_tx *tx, const char *subject, const char *site, const lb_record *old, const char *token, int64_t offset,
                        size_t length, const char *reason, lb_error *err)
{
    lb_value *body = lb_value_object(tx->arena);
    lb_set_text(body, "token", token);
    lb_set_int(body, "at", offset);
    lb_set_int(body, "length", (int64_t)length);
    lb_record record = {.kind = KIND, .key = subject, .subject = subject, .site = site, .body = body};
    lb_change change = {.action = "identify", .reason = reason};
    return lb_tx_put(tx, &record, old ? old->revision : 0, &change, err);
}

static int subject_record(lb_tx *tx, const char *subject, const lb_record **out, lb_error *err)
{
    int code = lb_tx_get(tx, "subject", subject, out, err);
    if (!code && !*out) {
        code = lb_fail(err, LB_NOT_FOUND, "there is no participant %.60s", subject);
        lb_error_hint(err, "check the code");
    }
    return code;
}

int lb_tx_identity_put(lb_tx *tx, const char *subject, const lb_value *identity, const char *reason, lb_error *err)
{
    const lb_record *person, *old;
    int code = subject_record(tx, subject, &person, err);
    if (!code) code = lb_tx_get(tx, KIND, subject, &old, err);
    if (code) return code;
    uint8_t random[TOKEN / 2];
    char token[TOKEN + 1];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(token, sizeof token, random, sizeof random);
    const char *about = lb_arena_printf(tx->arena, "%s|%s", subject, token);
    lb_buf json = {.max = LINE_MOST / 2}, line = {0};
    lb_json_write(identity, 0, &json);
    if (json.overflow) {
        lb_buf_free(&json);
        return lb_fail(err, LB_TOO_LARGE, "an identity may have at most %d bytes", LINE_MOST / 2);
    }
    size_t sealed_length = json.length + LB_SEAL_EXTRA;
    uint8_t *sealed = lb_arena_alloc(tx->arena, sealed_length);
    lb_seal(tx->store->key, KIND, about, json.data, json.length, sealed);
    size_t room = sodium_base64_encoded_len(sealed_length, sodium_base64_VARIANT_ORIGINAL);
    char *text = lb_arena_alloc(tx->arena, room);
    sodium_bin2base64(text, room, sealed, sealed_length, sodium_base64_VARIANT_ORIGINAL);
    lb_buf_printf(&line, "%s %s %s\n", token, subject, text);
    int64_t offset;
    code = append(tx->store, line.data, line.length, &offset, err);
    if (!code) code = keep_pointer(tx, subject, person->site, old, token, offset, line.length, reason, err);
    sodium_memzero(json.data, json.length);
    lb_buf_free(&json);
    lb_buf_free(&line);
    return code;
}

static int lost(const char *subject, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "the identity of %.60s cannot be read: its file was changed, or the keys are not this study's", subject);
    lb_error_hint(err, "run 'lumbar study verify'; restore the file of identities from the last backup");
    return LB_BAD_DATA;
}

int lb_tx_identity_get(lb_tx *tx, const char *subject, const lb_value **out, lb_error *err)
{
    const lb_record *person, *pointer;
    *out = NULL;
    int code = subject_record(tx, subject, &person, err);
    if (!code) code = lb_tx_get(tx, KIND, subject, &pointer, err);
    if (code || !pointer) return code;
    const char *token = lb_get_text(pointer->body, "token", "");
    int64_t offset = lb_get_int(pointer->body, "at", -1), length = lb_get_int(pointer->body, "length", 0);
    if (offset < 0 || length < TOKEN + 4 || length > LINE_MOST) return lost(subject, err);
    char *line = lb_arena_alloc(tx->arena, (size_t)length + 1);
    uint8_t *sealed = lb_arena_alloc(tx->arena, (size_t)length), *json = lb_arena_alloc(tx->arena, (size_t)length);
    if (pread(tx->store->identity_file, line, (size_t)length, offset) != length) return lost(subject, err);
    const char *expected = lb_arena_printf(tx->arena, "%s %s ", token, subject);
    size_t prefix = strlen(expected), sealed_length;
    if (strncmp(line, expected, prefix) != 0 || line[length - 1] != '\n') return lost(subject, err);
    const char *about = lb_arena_printf(tx->arena, "%s|%s", subject, token);
    if (sodium_base642bin(sealed, (size_t)length, line + prefix, (size_t)length - prefix - 1, NULL, &sealed_length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        !lb_unseal(tx->store->key, KIND, about, sealed, sealed_length, json))
        return lost(subject, err);
    lb_bytes bytes = {json, sealed_length - LB_SEAL_EXTRA, "identity"};
    lb_value *value;
    code = lb_json_read(&bytes, tx->arena, &value, err);
    *out = value;
    return code;
}
