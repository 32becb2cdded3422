/* Personal links: 256 random bits, of which the store keeps only a hash. A link ends when another is made, when it is too old,
 * and when somebody ends it. */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "trial/conduct/phone.h"
#include "trial/conduct/records.h"

static void hash_of(const char *token, char hex[65])
{
    lb_sha256_hex(token, strlen(token), hex);
}

static void draw(char token[LB_LINK_TOKEN + 1])
{
    unsigned char bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, LB_LINK_TOKEN + 1, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

typedef struct ending {
    const char *key[64];
    const lb_record *record[64];
    size_t count;
    const char *user;
    lb_arena *arena;
} ending;

static int take_active(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    ending *e = context;
    if (e->user && !lb_text_equal(lb_get_text(record->body, "user", NULL), e->user)) return 0;
    lb_record *copy = lb_arena_alloc(e->arena, sizeof *copy);
    *copy = *record;
    e->record[e->count++] = copy;
    return e->count == LB_COUNT(e->record);
}

static int end_links(lb_tx *tx, const lb_study *study, const char *subject, const char *user, lb_error *err)
{
    ending e = {.user = user, .arena = lb_tx_arena(tx)};
    lb_find find = {.kind = LB_KIND_LINK, .subject = subject, .state = "active"};
    int code = lb_tx_scan(tx, &find, take_active, &e, err);
    for (size_t i = 0; i < e.count && code == LB_OK; i++) {
        lb_record ended = *e.record[i];
        lb_change change = {"end link", NULL, study->version};
        ended.state = "ended";
        code = lb_tx_put(tx, &ended, e.record[i]->revision, &change, err);
    }
    return code;
}

static int put_link(lb_tx *tx, const lb_study *study, const char *site, const char *subject, const char *user, int days, const char *token, const char **ends,
                    lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    char hex[65];
    lb_value *body = lb_value_object(arena);
    *ends = lb_when(lb_tx_now_us(tx) + (int64_t)days * 86400 * 1000000, arena);
    lb_set_text(body, "subject", subject);
    lb_set_text(body, "user", user);
    lb_set_text(body, "made", lb_when(lb_tx_now_us(tx), arena));
    lb_set_text(body, "ends", *ends);
    hash_of(token, hex);
    lb_record record = {.kind = LB_KIND_LINK, .key = lb_arena_text(arena, hex), .site = site, .subject = subject, .state = "active", .body = body};
    lb_change change = {"make link", NULL, study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

int lb_link_make(lb_tx *tx, const lb_study *study, const char *subject, int days, char token[LB_LINK_TOKEN + 1], const char **ends, lb_error *err)
{
    lb_person *p;
    int code = lb_person_load(tx, study, subject, &p, err);
    if (code == LB_OK && (p->left_consent || strcmp(p->state, "screen_failed") == 0))
        code = lb_fail(err, LB_CONFLICT, "%s has left: there is nothing to fill in", subject);
    if (code == LB_OK) code = end_links(tx, study, subject, NULL, err);
    if (code != LB_OK) return code;
    draw(token);
    return put_link(tx, study, p->site, subject, NULL, days, token, ends, err);
}

int lb_link_end(lb_tx *tx, const lb_study *study, const char *subject, lb_error *err)
{
    lb_person *p;
    int code = lb_person_load(tx, study, subject, &p, err);
    return code == LB_OK ? end_links(tx, study, subject, NULL, err) : code;
}

int lb_calendar_link(lb_tx *tx, const lb_study *study, const char *user, char token[LB_LINK_TOKEN + 1], lb_error *err)
{
    const char *ends;
    int code = end_links(tx, study, NULL, user, err);
    if (code != LB_OK) return code;
    draw(token);
    return put_link(tx, study, NULL, NULL, user, 366, token, &ends, err);
}

int lb_link_find(lb_tx *tx, const char *token, const char **subject, const char **user, lb_error *err)
{
    const lb_record *record = NULL;
    char hex[65];
    int64_t ends = 0;
    *subject = *user = NULL;
    int code = LB_OK;
    if (strlen(token) == LB_LINK_TOKEN) {
        hash_of(token, hex);
        code = lb_tx_get(tx, LB_KIND_LINK, hex, &record, err);
    }
    if (code != LB_OK) return code;
    bool good = record && lb_text_equal(record->state, "active") && lb_time_seconds(lb_get_text(record->body, "ends", ""), &ends) &&
                lb_tx_now_us(tx) < ends * 1000000;
    if (!good) return lb_fail(err, LB_NOT_FOUND, "this link is not valid any more: ask the study centre for a new one");
    *subject = lb_get_text(record->body, "subject", NULL);
    *user = lb_get_text(record->body, "user", NULL);
    return LB_OK;
}
