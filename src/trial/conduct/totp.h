/* One-time passwords by time (RFC 6238): SHA-1, six digits, thirty seconds, as authenticator apps expect. */
#ifndef LUMBAR_TRIAL_TOTP_H
#define LUMBAR_TRIAL_TOTP_H

#include <lumbar/base.h>

enum { LB_TOTP_SECRET = 20, LB_TOTP_BASE32 = 33 };

void lb_totp_make(uint8_t secret[LB_TOTP_SECRET]);
void lb_totp_base32(const uint8_t secret[LB_TOTP_SECRET], char text[LB_TOTP_BASE32]);
/** The code of a step (seconds / 30). `digits` 6 or 8. */
uint32_t lb_totp_code(const uint8_t *secret, size_t length, int64_t step, int digits);
/** Is `code` (six digits) that of now, or of the step before or after? Steps up to `last` were used and do not count again:
 *  *step is set to the one that matched. */
bool lb_totp_right(const uint8_t secret[LB_TOTP_SECRET], const char *code, int64_t now_s, int64_t last, int64_t *step);

#endif
