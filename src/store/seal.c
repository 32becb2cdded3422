/* Small secrets of the trial (an arm, a one-time-password secret), sealed under the store's key, which is not in the database. */
#include "store/room.h"

#include <string.h>

#include <sodium.h>

int lb_store_seal(lb_store *store, const char *purpose, const void *data, size_t length, lb_arena *arena, const char **out_base64,
                  lb_error *err)
{
    if (length > STORE_BODY_MOST) return lb_fail(err, LB_TOO_LARGE, "%zu bytes are too many to seal", length);
    size_t sealed_length = length + LB_SEAL_EXTRA;
    uint8_t *sealed = lb_arena_alloc(arena, sealed_length);
    size_t room = sodium_base64_encoded_len(sealed_length, sodium_base64_VARIANT_ORIGINAL);
    char *text = lb_arena_alloc(arena, room);
    lb_seal(store->key, "seal", purpose, data, length, sealed);
    *out_base64 = sodium_bin2base64(text, room, sealed, sealed_length, sodium_base64_VARIANT_ORIGINAL);
    return LB_OK;
}

int lb_store_open_seal(lb_store *store, const char *purpose, const char *base64, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    size_t length = strlen(base64), got = 0;
    uint8_t *sealed = lb_arena_try(arena, length + 1, 1), *opened = lb_arena_try(arena, length + 1, 1);
    if (!sealed || !opened) return lb_fail(err, LB_TOO_LARGE, "the sealed value does not fit into memory");
    bool sound = sodium_base642bin(sealed, length, base64, length, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    if (!sound || !lb_unseal(store->key, "seal", purpose, sealed, got, opened)) {
        lb_fail(err, LB_BAD_DATA, "a sealed value does not open: it was changed, or sealed with another key");
        lb_error_hint(err, "run 'lumbar study verify'; the folder of keys must be the one of this study");
        return LB_BAD_DATA;
    }
    *out = (lb_bytes){opened, got - LB_SEAL_EXTRA, purpose};
    return LB_OK;
}
