/* Signing in: sessions, the count of wrong passwords, and what a user must still do. A session is known by a random token
 * of 32 bytes; the store keeps only its SHA-256. */
#ifndef LUMBAR_TRIAL_SESSION_H
#define LUMBAR_TRIAL_SESSION_H

#include "trial/conduct/store.h"

enum {
    LB_TOKEN = 44,              /* 32 bytes in base64url and the end */
    LB_WRONG_MOST = 10,         /* wrong passwords in a row: the account is locked */
    LB_WRONG_ADDRESS = 30,      /* … from one address within … */
    LB_WRONG_MINUTES = 15,
    LB_SESSION_HOURS = 12       /* a session ends then, whatever happens */
};

typedef struct lb_session {
    const char *key;      /**< SHA-256 of the token */
    const char *user, *csrf;
    int64_t made_us, seen_us, revision;
    const lb_record *record; /**< the user's */
} lb_session;

/** A random token in base64url. */
void lb_token_make(char token[LB_TOKEN]);
/** Its key in the store: SHA-256 in hex. */
void lb_token_key(const char *token, char key[65]);

/** The protocol in force: read together with the session. */
extern const lb_find lb_find_active;
/** What is to be read ahead for lb_session_get(); how many (none when it cannot be a token). */
enum { LB_SESSION_NAMES = 4 };
size_t lb_session_names(const char *token, lb_arena *arena, lb_name name[LB_SESSION_NAMES]);
/** The session of a token, with its user; NULL *out when there is none, when it ended (*expired says so), or the user may
 *  not sign in any more. */
int lb_session_get(lb_tx *tx, const char *token, int64_t idle_us, lb_session *out, bool *found, bool *expired, lb_error *err) LB_MUST_CHECK;
/** It was used just now. */
int lb_session_touch(lb_tx *tx, const lb_session *session, lb_error *err) LB_MUST_CHECK;

typedef enum lb_signin {
    LB_SIGNIN_OK,
    LB_SIGNIN_WRONG,      /**< name, password or code wrong, or locked: the same answer for all */
    LB_SIGNIN_OTP,        /**< password right, the one-time code is missing */
    LB_SIGNIN_TOO_OFTEN
} lb_signin;

/** What was found out before the transaction (hashing takes time, and the secret is opened outside). */
typedef struct lb_signin_try {
    const char *user, *address, *otp; /**< otp NULL when not sent */
    bool password_right;
    int64_t user_revision;            /**< the record the password was checked against; 0 = no such user */
    const uint8_t *secret;            /**< of the second factor, or NULL when the user has none */
    const char *old_token;            /**< a session that this one replaces, or NULL */
} lb_signin_try;

/** Judge and record a try. On LB_SIGNIN_OK `token` and `csrf` are those of the new session. */
int lb_signin_judge(lb_tx *tx, const lb_signin_try *tried, lb_signin *out, char token[LB_TOKEN], char csrf[LB_TOKEN], lb_error *err)
    LB_MUST_CHECK;
/** Has this address failed too often lately? */
int lb_signin_limited(lb_tx *tx, const char *address, bool *out, lb_error *err) LB_MUST_CHECK;
/** A wrong password in a confirmation counts like one at the door: at the tenth the account is locked and its sessions end. */
int lb_signin_failed(lb_tx *tx, const char *user, const char *address, const char *where, lb_error *err) LB_MUST_CHECK;
int lb_signin_passed(lb_tx *tx, const char *user, lb_error *err) LB_MUST_CHECK;
int lb_signout(lb_tx *tx, const lb_session *session, lb_error *err) LB_MUST_CHECK;
/** End every session of a user but `keep` (NULL: all). */
int lb_sessions_end(lb_tx *tx, const char *user, const char *keep, lb_error *err) LB_MUST_CHECK;

#endif
