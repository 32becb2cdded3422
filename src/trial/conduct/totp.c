/* RFC 4226 (HOTP, dynamic truncation) and RFC 6238 (TOTP); HMAC-SHA-1 by nettle, which these RFCs prescribe. */
#include "trial/conduct/totp.h"

#include <nettle/hmac.h>
#include <sodium.h>
#include <string.h>

void lb_totp_make(uint8_t secret[LB_TOTP_SECRET])
{
    if (sodium_init() >= 0) randombytes_buf(secret, LB_TOTP_SECRET);
}

/* RFC 4648 section 6; 20 bytes are 32 letters without padding. */
void lb_totp_base32(const uint8_t secret[LB_TOTP_SECRET], char text[LB_TOTP_BASE32])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (int i = 0; i < LB_TOTP_BASE32 - 1; i++) {
        int bit = 5 * i, byte = bit / 8, shift = bit % 8;
        unsigned pair = (unsigned)secret[byte] << 8 | (byte + 1 < LB_TOTP_SECRET ? secret[byte + 1] : 0u);
        text[i] = letters[pair >> (11 - shift) & 31];
    }
    text[LB_TOTP_BASE32 - 1] = '\0';
}

uint32_t lb_totp_code(const uint8_t *secret, size_t length, int64_t step, int digits)
{
    struct hmac_sha1_ctx hmac;
    uint8_t counter[8], digest[SHA1_DIGEST_SIZE];
    for (int i = 0; i < 8; i++) counter[i] = (uint8_t)(step >> (56 - 8 * i));
    hmac_sha1_set_key(&hmac, length, secret);
    hmac_sha1_update(&hmac, sizeof counter, counter);
    hmac_sha1_digest(&hmac, sizeof digest, digest);
    unsigned at = digest[19] & 15;
    uint32_t code = ((uint32_t)digest[at] & 0x7f) << 24 | (uint32_t)digest[at + 1] << 16 | (uint32_t)digest[at + 2] << 8 | digest[at + 3];
    return code % (digits == 8 ? 100000000u : 1000000u);
}

bool lb_totp_right(const uint8_t secret[LB_TOTP_SECRET], const char *code, int64_t now_s, int64_t last, int64_t *step)
{
    int64_t sent = 0;
    if (strlen(code) != 6 || strspn(code, "0123456789") != 6 || !lb_text_integer(code, 6, &sent)) return false;
    bool right = false;
    for (int64_t at = now_s / 30 - 1; at <= now_s / 30 + 1; at++) {
        if (at <= last || lb_totp_code(secret, LB_TOTP_SECRET, at, 6) != (uint32_t)sent) continue;
        *step = at;
        right = true;
    }
    return right;
}
