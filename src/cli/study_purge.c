/* `lumbar study purge`: two administrators, one after the other, each with the password. What remains is a certificate. */
#include "cli/study.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/lifecycle.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

typedef struct purging {
    const char *user, *password;
    bool agreed;
    lb_value *certificate;
} purging;

/* A line of standard input; on a terminal it is not shown. */
static int read_password(const char *user, char *password, size_t size, lb_error *err)
{
    struct termios usual, silent;
    bool terminal = tcgetattr(STDIN_FILENO, &usual) == 0;
    if (terminal) {
        fprintf(stderr, "password of %s: ", user);
        silent = usual;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSANOW, &silent);
    }
    char *line = fgets(password, (int)size, stdin);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &usual);
        fputc('\n', stderr);
    }
    if (!line) return lb_fail(err, LB_USAGE, "no password was given");
    password[strcspn(password, "\n")] = '\0';
    return LB_OK;
}

static int find_user(lb_tx *tx, void *context, lb_error *err)
{
    purging *p = context;
    const lb_record *user;
    int code = lb_tx_get(tx, LB_KIND_USER, p->user, &user, err);
    if (code) return code;
    const char *hash = user && lb_text_equal(user->state, "active") ? lb_get_text(user->body, "password", NULL) : NULL;
    bool right = lb_password_right(hash, p->password), administrator = user && lb_text_equal(lb_get_text(user->body, "role", NULL), "administrator");
    if (right && administrator) return LB_OK;
    return lb_fail(err, LB_FORBIDDEN, "the name or the password is wrong, or %s is no administrator", p->user);
}

static int ask(lb_tx *tx, void *context, lb_error *err)
{
    purging *p = context;
    const lb_record *study;
    int code = lb_study_purge_ask(tx, &p->agreed, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_STUDY, "study", &study, err);
    if (code) return code;
    p->certificate = lb_value_object(lb_tx_arena(tx));
    static const char *const keys[] = {"id", "founded", "closed", "retention_until", "purge_asked", "commitment"};
    for (size_t i = 0; i < LB_COUNT(keys); i++)
        if (lb_get(study->body, keys[i])) lb_set(p->certificate, keys[i], lb_get(study->body, keys[i]));
    return LB_OK;
}

static int carry_out(lb_store **store, purging *p, lb_result *result, lb_error *err)
{
    lb_value *verified;
    lb_buf text = {0};
    char path[4300];
    int code = lb_store_verify(*store, result->arena, &verified, err);
    if (code) return code;
    lb_set(p->certificate, "entries", lb_get(verified, "entries"));
    lb_set(p->certificate, "end_of_chain", lb_get(verified, "end_of_chain"));
    lb_json_write(p->certificate, 2, &text);
    snprintf(path, sizeof path, "%.4000s.purged.json", lb_store_beside(*store));
    code = lb_file_write(path, text.data, text.length, err);
    lb_buf_free(&text);
    if (!code) {
        lb_store *gone = *store;
        *store = NULL;
        code = lb_store_purge(gone, err);
    }
    if (code) return code;
    result->results = p->certificate;
    lb_set_bool(result->results, "purged", true);
    lb_result_note(result, "Database, identities, uploads, allocator and keys are gone; %s is the certificate. Backups without the keys cannot be read; "
                           "destroy the copy of the keys in the safe, too.", path);
    return LB_OK;
}

int study_purge(const study_words *w, lb_store **store, lb_result *result, lb_error *err)
{
    char password[256] = "";
    if (!w->as) return lb_fail(err, LB_USAGE, "study purge needs --as USER: two administrators, one after the other");
    purging p = {.user = w->as, .password = password};
    lb_actor actor = {.user = w->as, .role = "administrator", .clinical = true};
    int code = read_password(w->as, password, sizeof password, err);
    if (!code) code = lb_store_read(*store, &study_operator, result->arena, find_user, &p, err);
    sodium_memzero(password, sizeof password);
    if (!code) code = lb_store_write(*store, &actor, result->arena, ask, &p, err);
    if (!code && p.agreed) return carry_out(store, &p, result, err);
    if (code) return code;
    lb_set_bool(result->results, "purged", false);
    lb_set_text(result->results, "asked_by", lb_arena_text(result->arena, w->as));
    lb_result_note(result, "Nothing was removed yet: another administrator must ask for it, too, within fourteen days.");
    return LB_OK;
}
