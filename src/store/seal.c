/* Keys in locked memory, and sealing with XChaCha20-Poly1305 (libsodium; RFC 8439, draft-irtf-cfrg-xchacha-03). Every
 * purpose has a key of its own, derived with BLAKE2b, and what a sealed value is about is bound to it, so that it cannot
 * be moved from one participant to another. */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };

void store_key_free(uint8_t *key)
{
    if (key) sodium_free(key); /* wipes it */
}

static int key_error(const char *path, const char *what, lb_error *err)
{
    lb_fail(err, LB_FAILED, "%s", what);
    lb_error_where(err, "%s", path);
    lb_error_hint(err, "the keys were made by 'study new'; restore their folder from its own backup, or set LUMBAR_KEYS");
    return LB_FAILED;
}

static int make_key(const char *path, uint8_t *key, lb_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return key_error(path, errno == EEXIST ? "there is a key already" : strerror(errno), err);
    randombytes_buf(key, STORE_KEY);
    bool written = write(fd, key, STORE_KEY) == STORE_KEY && fsync(fd) == 0;
    if (close(fd) != 0) written = false;
    if (written) return LB_OK;
    unlink(path);
    return key_error(path, "the key cannot be written", err);
}

static int load_key(const char *path, uint8_t *key, lb_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return key_error(path, errno == ENOENT ? "the key of this study is not here" : strerror(errno), err);
    const char *wrong = NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != STORE_KEY) wrong = "this is no key";
    else if (st.st_mode & 077) wrong = "other users of this machine may read the key";
    else if (read(fd, key, STORE_KEY) != STORE_KEY) wrong = "the key cannot be read";
    close(fd);
    if (!wrong) return LB_OK;
    key_error(path, wrong, err);
    if (st.st_mode & 077) lb_error_hint(err, "chmod 600 on the file, 700 on its folder");
    return LB_FAILED;
}

int store_key_read(const char *path, bool create, uint8_t **out, lb_error *err)
{
    *out = NULL;
    if (sodium_init() < 0) return lb_fail(err, LB_FAILED, "libsodium does not start");
    uint8_t *key = sodium_malloc(STORE_KEY);
    if (!key) return lb_fail(err, LB_NO_MEMORY, "no locked memory for a key");
    int code = create ? make_key(path, key, err) : load_key(path, key, err);
    if (code) {
        sodium_free(key);
        return code;
    }
    sodium_mprotect_readonly(key);
    *out = key;
    return LB_OK;
}

static void derive(const uint8_t *key, const char *purpose, uint8_t out[32])
{
    crypto_generichash(out, 32, (const uint8_t *)purpose, strlen(purpose), key, STORE_KEY);
}

size_t store_sealed_length(size_t length) { return NONCE + length + TAG; }

void store_seal(const uint8_t *key, const char *purpose, const char *about, const void *data, size_t length, uint8_t *out)
{
    uint8_t own[32];
    derive(key, purpose, own);
    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, data, length, (const uint8_t *)about, strlen(about), NULL, out, own);
    sodium_memzero(own, sizeof own);
}

bool store_unseal(const uint8_t *key, const char *purpose, const char *about, const uint8_t *sealed, size_t length, void *out)
{
    if (length < NONCE + TAG) return false;
    uint8_t own[32];
    derive(key, purpose, own);
    int wrong = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + NONCE, length - NONCE, (const uint8_t *)about,
                                                           strlen(about), sealed, own);
    sodium_memzero(own, sizeof own);
    return wrong == 0;
}

void store_mac(const uint8_t *key, const char *purpose, const void *data, size_t length, uint8_t out[32])
{
    uint8_t own[32];
    derive(key, purpose, own);
    crypto_generichash(out, 32, data, length, own, sizeof own);
    sodium_memzero(own, sizeof own);
}

/* ---- what the trial asks for ---- */

int lb_store_seal(lb_store *store, const char *purpose, const void *data, size_t length, lb_arena *arena, const char **out_base64,
                  lb_error *err)
{
    if (length > STORE_BODY_MOST) return lb_fail(err, LB_TOO_LARGE, "%zu bytes are too many to seal", length);
    size_t sealed_length = store_sealed_length(length);
    uint8_t *sealed = lb_arena_alloc(arena, sealed_length);
    size_t room = sodium_base64_encoded_len(sealed_length, sodium_base64_VARIANT_ORIGINAL);
    char *text = lb_arena_alloc(arena, room);
    store_seal(store->key, "seal", purpose, data, length, sealed);
    *out_base64 = sodium_bin2base64(text, room, sealed, sealed_length, sodium_base64_VARIANT_ORIGINAL);
    return LB_OK;
}

int lb_store_open_seal(lb_store *store, const char *purpose, const char *base64, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    size_t length = strlen(base64), got = 0;
    uint8_t *sealed = lb_arena_try(arena, length + 1, 1), *opened = lb_arena_try(arena, length + 1, 1);
    if (!sealed || !opened) return lb_fail(err, LB_TOO_LARGE, "the sealed value does not fit into memory");
    bool sound = sodium_base642bin(sealed, length, base64, length, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    if (!sound || !store_unseal(store->key, "seal", purpose, sealed, got, opened)) {
        lb_fail(err, LB_BAD_DATA, "a sealed value does not open: it was changed, or sealed with another key");
        lb_error_hint(err, "run 'lumbar study verify'; the folder of keys must be the one of this study");
        return LB_BAD_DATA;
    }
    *out = (lb_bytes){opened, got - NONCE - TAG, purpose};
    return LB_OK;
}
