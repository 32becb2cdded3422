/* The protocols of a study, opened. A protocol's rules are a Lua state, which one thread at a time may use: every version
 * has a small pool of opened copies, made when they are first needed and kept. */
#include "server/study_home.h"
#include "server/study_jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { HASHES_AT_ONCE = 2, COPIES_KEPT = 40 };

typedef struct copy {
    lb_arena *arena;
    lb_study *study;
    char *version;
    bool lent, stale;
    struct copy *next;
} copy;

struct study_home {
    study_options options;
    pthread_mutex_t lock;
    pthread_cond_t hashed;
    unsigned hashing;
    copy *copies;
    size_t kept;
    study_jobs *jobs;
};

int study_home_new(const study_options *options, study_home **out, lb_error *err)
{
    study_home *home = lb_alloc(1, sizeof *home);
    *out = NULL;
    home->jobs = study_jobs_new();
    if (!home->jobs) {
        free(home);
        return lb_fail(err, LB_FAILED, "no thread can be started");
    }
    home->options = *options;
    if (!(home->options.idle_seconds > 0)) home->options.idle_seconds = 1800;
    pthread_mutex_init(&home->lock, NULL);
    pthread_cond_init(&home->hashed, NULL);
    *out = home;
    return LB_OK;
}

static void free_copy(copy *one)
{
    lb_study_close(one->study);
    lb_arena_free(one->arena);
    free(one->version);
    free(one);
}

void study_home_free(study_home *home)
{
    if (!home) return;
    study_jobs_free(home->jobs);
    while (home->copies) {
        copy *next = home->copies->next;
        free_copy(home->copies);
        home->copies = next;
    }
    pthread_cond_destroy(&home->hashed);
    pthread_mutex_destroy(&home->lock);
    free(home);
}

struct study_jobs *study_home_jobs(study_home *home)
{
    return home->jobs;
}

const study_options *study_home_options(const study_home *home)
{
    return &home->options;
}

int64_t study_idle_us(const study_home *home)
{
    return (int64_t)(home->options.idle_seconds * 1e6);
}

void study_hash_begin(study_home *home)
{
    pthread_mutex_lock(&home->lock);
    while (home->hashing >= HASHES_AT_ONCE) pthread_cond_wait(&home->hashed, &home->lock);
    home->hashing++;
    pthread_mutex_unlock(&home->lock);
}

void study_hash_end(study_home *home)
{
    pthread_mutex_lock(&home->lock);
    home->hashing--;
    pthread_cond_signal(&home->hashed);
    pthread_mutex_unlock(&home->lock);
}

/* -- protocols ------------------------------------------------------------------------------------------------- */

static copy *take_idle(study_home *home, const char *version)
{
    copy *found = NULL;
    pthread_mutex_lock(&home->lock);
    for (copy *one = home->copies; one && !found; one = one->next) {
        if (!one->lent && !one->stale && strcmp(one->version, version) == 0) found = one;
    }
    if (found) found->lent = true;
    pthread_mutex_unlock(&home->lock);
    return found;
}

static int open_copy(study_home *home, const lb_record *protocol, copy **out, lb_error *err)
{
    copy *one = lb_alloc(1, sizeof *one);
    one->arena = lb_arena_new();
    one->version = strdup(protocol->key);
    one->lent = true;
    const char *text = lb_arena_text(one->arena, lb_get_text(protocol->body, "text", ""));
    const lb_bytes bytes = {(const uint8_t *)text, strlen(text), "protocol"};
    int code = lb_study_read(&bytes, one->arena, &one->study, NULL, err);
    if (code) {
        lb_arena_free(one->arena);
        free(one->version);
        free(one);
        return code;
    }
    pthread_mutex_lock(&home->lock);
    one->next = home->copies;
    home->copies = one;
    home->kept++;
    pthread_mutex_unlock(&home->lock);
    *out = one;
    return LB_OK;
}

typedef struct newest {
    const lb_record *record;
    lb_arena *arena;
} newest;

static int see_active(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    newest *found = context;
    found->record = record;
    return 1;
}

/* The key of the active protocol; records are read as heads, the text only when a copy must be opened. */
static int active_version(lb_tx *tx, const char **version, lb_error *err)
{
    newest found = {NULL, lb_tx_arena(tx)};
    const lb_find find = {.kind = LB_KIND_PROTOCOL, .state = "active", .heads = true, .limit = 1};
    int code = lb_tx_scan(tx, &find, see_active, &found, err);
    *version = found.record ? lb_arena_text(lb_tx_arena(tx), found.record->key) : NULL;
    return code;
}

int study_borrow(study_home *home, const char *version, lb_tx *tx, const lb_study **out, lb_error *err)
{
    *out = NULL;
    int code = version ? LB_OK : active_version(tx, &version, err);
    if (code || !version) return code;
    copy *one = take_idle(home, version);
    if (!one) {
        const lb_record *protocol = NULL;
        code = lb_tx_get(tx, LB_KIND_PROTOCOL, version, &protocol, err);
        if (!code && !protocol) code = study_absent(err, "version of the protocol");
        if (!code) code = open_copy(home, protocol, &one, err);
    }
    if (!code) *out = one->study;
    return code;
}

static void unlink_copy(study_home *home, copy *one)
{
    copy **at = &home->copies;
    while (*at != one) at = &(*at)->next;
    *at = one->next;
    home->kept--;
}

void study_give_back(study_home *home, const lb_study *study)
{
    copy *gone = NULL;
    if (!study) return;
    pthread_mutex_lock(&home->lock);
    for (copy *one = home->copies; one; one = one->next) {
        if (one->study != study) continue;
        one->lent = false;
        if (one->stale || home->kept > COPIES_KEPT) {
            unlink_copy(home, one);
            gone = one;
        }
        break;
    }
    pthread_mutex_unlock(&home->lock);
    if (gone) free_copy(gone);
}

void study_home_refresh(study_home *home)
{
    pthread_mutex_lock(&home->lock);
    copy *dead = NULL, **at = &home->copies;
    while (*at) {
        copy *one = *at;
        one->stale = true;
        if (one->lent) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        one->next = dead;
        dead = one;
        home->kept--;
    }
    pthread_mutex_unlock(&home->lock);
    while (dead) {
        copy *next = dead->next;
        free_copy(dead);
        dead = next;
    }
}
