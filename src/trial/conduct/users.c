/* Users: RFC 9106 (Argon2id) by libsodium with its "interactive" cost: 64 MiB, two passes. */
#include "trial/conduct/users.h"

#include "trial/conduct/kinds.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

int lb_user_name_check(const char *name, lb_error *err)
{
    size_t length = strlen(name), good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    if (length >= 2 && length <= 40 && good == length && name[0] >= 'a' && name[0] <= 'z') return LB_OK;
    lb_fail(err, LB_BAD_DATA, "'%.60s' cannot be a sign-in name", name);
    lb_error_where(err, "name");
    lb_error_hint(err, "2 to 40 of a-z, 0-9, '.', '_', '-', beginning with a letter");
    return LB_BAD_DATA;
}

static int refuse_password(lb_error *err, const char *why)
{
    lb_fail(err, LB_BAD_DATA, "%s", why);
    lb_error_where(err, "password");
    lb_error_hint(err, "take four or five words that do not belong together; at least %d characters", LB_PASSWORD_LEAST);
    return LB_BAD_DATA;
}

/* Characters, not bytes: a Chinese passphrase counts as it reads. */
static size_t characters(const char *text)
{
    size_t count = 0;
    for (const char *c = text; *c; c++) count += ((unsigned char)*c & 0xc0) != 0x80;
    return count;
}

int lb_password_check(const char *password, const char *name, lb_error *err)
{
    static const char *const common[] = {"123456789012", "password1234", "passwordpassword", "qwertyuiop12", "qwertyuiopasdf", "administrator",
                                         "iloveyou1234", "letmeinplease", "welcome12345", "changemeplease", "1q2w3e4r5t6y", "abcdefghijkl",
                                         "lumbarlumbar", "passw0rd1234", "password123456", "1234567890123", "12345678901234"};
    size_t length = characters(password), bytes = strlen(password), different = 0;
    if (length < LB_PASSWORD_LEAST) return refuse_password(err, "the password is too short");
    if (bytes > LB_PASSWORD_MOST) return refuse_password(err, "the password is too long");
    if (lb_utf8_bad(password, bytes) != bytes) return refuse_password(err, "the password is not UTF-8");
    if (name && *name && strcasestr(password, name)) return refuse_password(err, "the password holds the sign-in name");
    for (size_t i = 0; i < LB_COUNT(common); i++)
        if (strcasecmp(common[i], password) == 0) return refuse_password(err, "this password is among those that are tried first");
    for (size_t i = 0; i < bytes; i++) different += !memchr(password, password[i], i);
    return different < 5 ? refuse_password(err, "the password repeats too few characters") : LB_OK;
}

int lb_password_hash(const char *password, char hash[LB_PASSWORD_HASH], lb_error *err)
{
    static_assert(LB_PASSWORD_HASH >= crypto_pwhash_STRBYTES, "room for the hash");
    if (sodium_init() >= 0 && crypto_pwhash_str_alg(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                    crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return LB_OK;
    return lb_fail(err, LB_NO_MEMORY, "there is no memory to hash a password");
}

bool lb_password_right(const char *hash, const char *password)
{
    /* Argon2id of a random value that nobody kept, at the same cost. */
    static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXRoaW5nc2FsdHkxNg$"
                                 "x1Yk0n4p1c2mFq7v0wJ9cQ3mJ7m0lJ0R5r6m3bXoY2A";
    if (sodium_init() < 0 || strlen(password) > LB_PASSWORD_MOST) return false;
    bool right = crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password)) == 0;
    return hash && right;
}

void lb_password_make(char password[LB_PASSWORD_ONCE])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* no i l o 0 1 */
    size_t at = 0;
    if (sodium_init() < 0) return;
    for (int i = 0; i < 16; i++) {
        if (i > 0 && i % 4 == 0) password[at++] = '-';
        password[at++] = letters[randombytes_uniform(sizeof letters - 1)];
    }
    password[at] = '\0';
}

lb_value *lb_user_body(const lb_user_new *user, lb_arena *arena)
{
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "full_name", user->full_name);
    lb_set_text(body, "role", user->role);
    lb_value *sites = lb_set_array(body, "sites");
    for (size_t i = 0; i < user->site_count; i++) lb_push_text(sites, user->site[i]);
    lb_set_text(body, "password", user->hash);
    lb_set_bool(body, "must_change", true);
    lb_set_bool(body, "second_factor", user->second_factor || lb_text_equal(user->role, "administrator"));
    lb_set_null(body, "otp_sealed");
    lb_set_int(body, "sessions_from", 0);
    return body;
}

int lb_user_add(lb_tx *tx, const lb_user_new *user, lb_error *err)
{
    int code = lb_user_name_check(user->name, err);
    if (code) return code;
    const lb_change change = {.action = "add_user"};
    lb_record record = {.kind = LB_KIND_USER, .key = user->name, .state = "active", .body = lb_user_body(user, lb_tx_arena(tx))};
    code = lb_tx_put(tx, &record, 0, &change, err);
    if (code == LB_CONFLICT) {
        lb_fail(err, LB_CONFLICT, "the sign-in name '%s' is taken", user->name);
        lb_error_where(err, "name");
        lb_error_hint(err, "choose another; names are never given away a second time");
    }
    return code;
}
