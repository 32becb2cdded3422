/* Keys in locked memory, and sealing with XChaCha20-Poly1305 (libsodium; RFC 8439, draft-irtf-cfrg-xchacha-03). Every
 * purpose has a key of its own, derived with BLAKE2b, and what a sealed value is about is bound to it, so that it cannot
 * be moved from one participant to another. Shared by the store and the allocator, which hold different keys. */
#ifndef LUMBAR_BASE_SEAL_H
#define LUMBAR_BASE_SEAL_H

#include <lumbar/base.h>

enum { LB_KEY = 32, LB_SEAL_NONCE = 24, LB_SEAL_TAG = 16, LB_SEAL_EXTRA = LB_SEAL_NONCE + LB_SEAL_TAG };

/** A key file of 32 bytes that only its owner may read; `create`: drawn from the kernel, must not be there. */
int lb_key_read(const char *path, bool create, uint8_t **out, lb_error *err) LB_MUST_CHECK;
void lb_key_free(uint8_t *key);
/** The key of a purpose, out of the master key. */
void lb_key_derive(const uint8_t *key, const char *purpose, uint8_t out[LB_KEY]);

/** Output: nonce, sealed bytes, tag; length + LB_SEAL_EXTRA bytes. */
void lb_seal(const uint8_t *key, const char *purpose, const char *about, const void *data, size_t length, uint8_t *out);
/** length − LB_SEAL_EXTRA bytes; false when it was made with another key, for another purpose, about something else, or changed. */
bool lb_unseal(const uint8_t *key, const char *purpose, const char *about, const uint8_t *sealed, size_t length, void *out);
void lb_mac(const uint8_t *key, const char *purpose, const void *data, size_t length, uint8_t out[32]);

#endif
