/* The protocols of a study, opened: each version once, when it is first needed, and shared by all requests. One that was replaced goes
 * when the last request that borrowed it has ended. */
#include "server/study_home.h"
#include "server/study_jobs.h"
#include "trial/conduct/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { HASHES_AT_ONCE = 2, VERSIONS_KEPT = 40 };

typedef struct opened {
    lb_arena *arena;
    lb_study *study;
    char *version;
    size_t loans;
    bool stale;
    struct opened *next;
} opened;

struct study_home {
    study_options options;
    pthread_mutex_t lock;
    pthread_mutex_t opening; /* held while a protocol is opened: it takes some milliseconds, and once is enough */
    pthread_cond_t hashed;
    unsigned hashing;
    opened *versions;
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
    pthread_mutex_init(&home->opening, NULL);
    pthread_cond_init(&home->hashed, NULL);
    *out = home;
    return LB_OK;
}

static void free_opened(opened *one)
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
    while (home->versions) {
        opened *next = home->versions->next;
        free_opened(home->versions);
        home->versions = next;
    }
    pthread_cond_destroy(&home->hashed);
    pthread_mutex_destroy(&home->opening);
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

static opened *lend(study_home *home, const char *version)
{
    opened *found = NULL;
    pthread_mutex_lock(&home->lock);
    for (opened *one = home->versions; one && !found; one = one->next) {
        if (!one->stale && strcmp(one->version, version) == 0) found = one;
    }
    if (found) found->loans++;
    pthread_mutex_unlock(&home->lock);
    return found;
}

static int open_version(study_home *home, const lb_record *protocol, opened **out, lb_error *err)
{
    opened *one = lb_alloc(1, sizeof *one);
    one->arena = lb_arena_new();
    one->version = strdup(protocol->key);
    one->loans = 1;
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
    one->next = home->versions;
    home->versions = one;
    home->kept++;
    pthread_mutex_unlock(&home->lock);
    *out = one;
    return LB_OK;
}

/* Somebody else may have opened it while we waited. */
static int lend_or_open(study_home *home, const char *version, lb_tx *tx, opened **out, lb_error *err)
{
    const lb_record *protocol = NULL;
    int code = LB_OK;
    pthread_mutex_lock(&home->opening);
    *out = lend(home, version);
    if (!*out) code = lb_tx_get(tx, LB_KIND_PROTOCOL, version, &protocol, err);
    if (!*out && !code && !protocol) code = study_absent(err, "version of the protocol");
    if (!*out && !code) code = open_version(home, protocol, out, err);
    pthread_mutex_unlock(&home->opening);
    return code;
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

/* The key of the active protocol; records are read as heads, the text only when it must be opened. */
static int active_version(lb_tx *tx, const char **version, lb_error *err)
{
    newest found = {NULL, lb_tx_arena(tx)};
    int code = lb_tx_scan(tx, &lb_find_active, see_active, &found, err);
    *version = found.record ? lb_arena_text(lb_tx_arena(tx), found.record->key) : NULL;
    return code;
}

int study_borrow(study_home *home, const char *version, lb_tx *tx, const lb_study **out, lb_error *err)
{
    *out = NULL;
    int code = version ? LB_OK : active_version(tx, &version, err);
    if (code || !version) return code;
    opened *one = lend(home, version);
    if (!one) code = lend_or_open(home, version, tx, &one, err);
    if (!code) *out = one->study;
    return code;
}

static void unlink_version(study_home *home, opened *one)
{
    opened **at = &home->versions;
    while (*at != one) at = &(*at)->next;
    *at = one->next;
    home->kept--;
}

void study_give_back(study_home *home, const lb_study *study)
{
    opened *gone = NULL;
    if (!study) return;
    pthread_mutex_lock(&home->lock);
    for (opened *one = home->versions; one; one = one->next) {
        if (one->study != study) continue;
        one->loans--;
        if (one->loans == 0 && (one->stale || home->kept > VERSIONS_KEPT)) {
            unlink_version(home, one);
            gone = one;
        }
        break;
    }
    pthread_mutex_unlock(&home->lock);
    if (gone) free_opened(gone);
}

void study_home_refresh(study_home *home)
{
    pthread_mutex_lock(&home->lock);
    opened *dead = NULL, **at = &home->versions;
    while (*at) {
        opened *one = *at;
        one->stale = true;
        if (one->loans) {
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
        opened *next = dead->next;
        free_opened(dead);
        dead = next;
    }
}
