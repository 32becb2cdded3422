/* People who sign in: their names, passwords (Argon2id, RFC 9106, through libsodium) and records. No transaction here but
 * what is given one; hashing takes a tenth of a second and belongs outside of any. */
#ifndef LUMBAR_TRIAL_USERS_H
#define LUMBAR_TRIAL_USERS_H

#include "trial/conduct/store.h"

enum { LB_PASSWORD_HASH = 128, LB_PASSWORD_ONCE = 20, LB_PASSWORD_LEAST = 12, LB_PASSWORD_MOST = 200 };

/** Sign-in names: 2 to 40 of a–z, 0–9, '.', '_', '-', beginning with a letter. */
int lb_user_name_check(const char *name, lb_error *err) LB_MUST_CHECK;
/** At least 12 characters, not the name, not one everybody tries (OWASP ASVS 2.1). */
int lb_password_check(const char *password, const char *name, lb_error *err) LB_MUST_CHECK;
int lb_password_hash(const char *password, char hash[LB_PASSWORD_HASH], lb_error *err) LB_MUST_CHECK;
/** A NULL hash takes as long as a real one and is false: an unknown user cannot be told by the time. */
bool lb_password_right(const char *hash, const char *password);
/** A password to be used once: 16 letters and digits that nobody confuses, in groups of four. */
void lb_password_make(char password[LB_PASSWORD_ONCE]);

/** What a new user is made from. Texts borrowed. */
typedef struct lb_user_new {
    const char *name, *full_name, *role;
    const char *const *site; /**< none: all sites */
    size_t site_count;
    const char *hash;        /**< lb_password_hash() of the first password, which must be changed at the first sign-in */
    bool second_factor;      /**< must set up a one-time password, too; administrators always must */
} lb_user_new;
/** Body of the record ("user", name): {full_name, role, sites[], password, must_change, second_factor, otp_sealed,
 *  sessions_from}. sessions_from: microseconds; sessions made before are void. */
lb_value *lb_user_body(const lb_user_new *user, lb_arena *arena);
/** Add a user (action "add_user"): LB_CONFLICT when the name is taken. */
int lb_user_add(lb_tx *tx, const lb_user_new *user, lb_error *err) LB_MUST_CHECK;

#endif
