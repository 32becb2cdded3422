/* Keys in locked memory, and sealed bytes: base/seal.h. */
#include "base/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

void lb_key_free(uint8_t *key)
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
    randombytes_buf(key, LB_KEY);
    bool written = write(fd, key, LB_KEY) == LB_KEY && fsync(fd) == 0;
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
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != LB_KEY) wrong = "this is no key";
    else if (st.st_mode & 077) wrong = "other users of this machine may read the key";
    else if (read(fd, key, LB_KEY) != LB_KEY) wrong = "the key cannot be read";
    close(fd);
    if (!wrong) return LB_OK;
    key_error(path, wrong, err);
    if (st.st_mode & 077) lb_error_hint(err, "chmod 600 on the file, 700 on its folder");
    return LB_FAILED;
}

int lb_key_read(const char *path, bool create, uint8_t **out, lb_error *err)
{
    *out = NULL;
    if (sodium_init() < 0) return lb_fail(err, LB_FAILED, "libsodium does not start");
    uint8_t *key = sodium_malloc(LB_KEY);
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

void lb_key_derive(const uint8_t *key, const char *purpose, uint8_t out[LB_KEY])
{
    crypto_generichash(out, LB_KEY, (const uint8_t *)purpose, strlen(purpose), key, LB_KEY);
}

void lb_seal(const uint8_t *key, const char *purpose, const char *about, const void *data, size_t length, uint8_t *out)
{
    uint8_t own[32];
    lb_key_derive(key, purpose, own);
    randombytes_buf(out, LB_SEAL_NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + LB_SEAL_NONCE, NULL, data, length, (const uint8_t *)about, strlen(about), NULL, out, own);
    sodium_memzero(own, sizeof own);
}

bool lb_unseal(const uint8_t *key, const char *purpose, const char *about, const uint8_t *sealed, size_t length, void *out)
{
    if (length < LB_SEAL_EXTRA) return false;
    uint8_t own[32];
    lb_key_derive(key, purpose, own);
    int wrong = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + LB_SEAL_NONCE, length - LB_SEAL_NONCE, (const uint8_t *)about,
                                                           strlen(about), sealed, own);
    sodium_memzero(own, sizeof own);
    return wrong == 0;
}

void lb_mac(const uint8_t *key, const char *purpose, const void *data, size_t length, uint8_t out[32])
{
    uint8_t own[32];
    lb_key_derive(key, purpose, own);
    crypto_generichash(out, 32, data, length, own, sizeof own);
    sodium_memzero(own, sizeof own);
}
