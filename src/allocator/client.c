/* Asking the allocator: starts its process, hands it one end of a socket per asker, starts it again when it died. Asking
 * again is always safe, for a subject is allocated at most once. */
#include "allocator/room.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDLE = 64, ATTEMPTS = 4, CHILD_SOCKET = 3 };

struct lb_allocator {
    char *program, *folder, *key;
    pthread_mutex_t lock;
    pid_t process;
    int control;
    uint64_t generation; /* counts starts: channels of an earlier process are worth nothing */
    int idle[IDLE];
    size_t idle_count;
    lb_allocator_face face;
};

/* ---- the process ---- */

static int spawn(const lb_allocator *a, const char *verb, pid_t *process, int *control, lb_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return lb_fail(err, LB_FAILED, "no socket for the allocator: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (pair[1] == CHILD_SOCKET) fcntl(pair[1], F_SETFD, 0); /* dup2 onto itself would leave it close-on-exec */
    posix_spawn_file_actions_adddup2(&actions, pair[1], CHILD_SOCKET);
    posix_spawn_file_actions_addclosefrom_np(&actions, CHILD_SOCKET + 1);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    char *const argv[] = {"lumbar", "allocator", (char *)verb, "--socket-fd", "3", "--folder", a->folder, "--key", a->key, NULL};
    char clock[4200] = "";
    if (lb_clock_moves()) snprintf(clock, sizeof clock, "LUMBAR_CLOCK_FILE=%s", getenv("LUMBAR_CLOCK_FILE")); /* test builds only */
    char *const environment[] = {"LC_ALL=C", clock[0] ? clock : NULL, NULL};
    int wrong = posix_spawn(process, a->program, &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(pair[1]);
    *control = pair[0];
    if (!wrong) return LB_OK;
    close(pair[0]);
    return lb_fail(err, LB_FAILED, "cannot start the allocator: %s", strerror(wrong));
}

static int take_error(const lb_value *root, lb_error *err)
{
    const lb_value *error = lb_get(root, "error");
    if (!error) return LB_OK;
    int code = (int)lb_get_int(error, "code", LB_FAILED);
    lb_fail(err, code < 0 ? code : LB_FAILED, "%s", lb_get_text(error, "message", "the allocator refuses"));
    lb_error_hint(err, "%s", lb_get_text(error, "hint", ""));
    return code < 0 ? code : LB_FAILED;
}

/* One message from the other side; LB_CANCELLED when it is gone. */
static int receive(int socket, lb_arena *arena, lb_value **out, lb_error *err)
{
    lb_buf text = {.max = ALLOCATOR_MESSAGE};
    int code = LB_OK;
    if (!wire_receive(socket, &text)) code = lb_fail(err, LB_CANCELLED, "the allocator does not answer");
    lb_bytes bytes = {(const uint8_t *)text.data, text.length, "answer of the allocator"};
    if (!code) code = lb_json_read(&bytes, arena, out, err);
    if (!code) code = take_error(*out, err);
    lb_buf_free(&text);
    return code;
}

static void bury(lb_allocator *a)
{
    for (size_t i = 0; i < a->idle_count; i++) close(a->idle[i]);
    a->idle_count = 0;
    if (a->control >= 0) close(a->control);
    a->control = -1;
    if (a->process > 0) {
        kill(a->process, SIGKILL); /* what it has acknowledged is on its disk */
        while (waitpid(a->process, NULL, 0) < 0 && errno == EINTR) continue;
    }
    a->process = 0;
}

/* With the lock held: a process that has said it is ready. */
static int revive(lb_allocator *a, lb_error *err)
{
    bury(a);
    int code = spawn(a, "serve", &a->process, &a->control, err);
    if (code) {
        a->process = 0;
        a->control = -1;
        return code;
    }
    a->generation++;
    lb_arena *arena = lb_arena_new();
    lb_value *ready;
    code = receive(a->control, arena, &ready, err);
    lb_arena_free(arena);
    if (code) bury(a);
    return code;
}

/* ---- channels ---- */

static int open_channel(lb_allocator *a, int *out)
{
    const struct timeval patience = {30, 0};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -1;
    bool sent = wire_send_socket(a->control, pair[1]);
    close(pair[1]);
    if (!sent) {
        close(pair[0]);
        return -1;
    }
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    *out = pair[0];
    return 0;
}

/* `failed`: the generation whose process did not answer, or 0. */
static int take_channel(lb_allocator *a, uint64_t failed, int *out, uint64_t *generation, lb_error *err)
{
    pthread_mutex_lock(&a->lock);
    int code = LB_OK;
    if (a->process == 0 || (failed && failed == a->generation)) code = revive(a, err);
    if (!code && a->idle_count > 0) *out = a->idle[--a->idle_count];
    else if (!code && open_channel(a, out) != 0) {
        code = revive(a, err);
        if (!code && open_channel(a, out) != 0) code = lb_fail(err, LB_FAILED, "the allocator does not answer");
    }
    *generation = a->generation;
    pthread_mutex_unlock(&a->lock);
    return code;
}

static void give_channel(lb_allocator *a, int socket, uint64_t generation)
{
    pthread_mutex_lock(&a->lock);
    if (generation == a->generation && a->idle_count < IDLE) {
        a->idle[a->idle_count++] = socket;
        socket = -1;
    }
    pthread_mutex_unlock(&a->lock);
    if (socket >= 0) close(socket);
}

static int ask(lb_allocator *a, const lb_value *question, lb_arena *arena, lb_value **answer, lb_error *err)
{
    lb_buf text = {.max = ALLOCATOR_MESSAGE};
    uint64_t failed = 0, generation;
    int code = LB_OK, socket;
    lb_json_write(question, 0, &text);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        code = take_channel(a, failed, &socket, &generation, err);
        if (code == LB_CANCELLED) continue; /* it died again before it was ready */
        if (code) break;
        code = wire_send(socket, &text) ? receive(socket, arena, answer, err) : lb_fail(err, LB_CANCELLED, "the allocator does not answer");
        if (code != LB_CANCELLED) {
            give_channel(a, socket, generation);
            break;
        }
        close(socket);
        failed = generation;
    }
    lb_buf_free(&text);
    if (code != LB_CANCELLED) return code;
    lb_fail(err, LB_FAILED, "the allocator does not answer");
    lb_error_hint(err, "try again: whoever was allocated meanwhile keeps that allocation");
    return LB_FAILED;
}

/* ---- the face ---- */

static int face_allocate(void *context, const lb_allocation_ask *who, lb_allocation *out, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_value *question = lb_value_object(arena), *answer;
    lb_set_text(question, "do", "allocate");
    lb_set_text(question, "subject", who->subject);
    lb_set_text(question, "stratum", who->stratum);
    lb_set_text(question, "by", who->by);
    lb_value *levels = who->level ? lb_set_array(question, "level") : NULL;
    for (size_t i = 0; levels && i < who->level_count; i++) lb_push_text(levels, who->level[i]);
    int code = ask(context, question, arena, &answer, err);
    if (!code) {
        *out = (lb_allocation){.sequence = lb_get_int(answer, "sequence", 0), .slot = lb_get_int(answer, "slot", 0),
                               .at_us = lb_get_int(answer, "at_us", 0), .again = lb_get_bool(answer, "again", false)};
        snprintf(out->arm, sizeof out->arm, "%s", lb_get_text(answer, "arm", ""));
        snprintf(out->receipt, sizeof out->receipt, "%s", lb_get_text(answer, "receipt", ""));
        if (!out->arm[0] || out->sequence < 1) code = lb_fail(err, LB_FAILED, "the allocator gave no allocation");
    }
    lb_arena_free(arena);
    return code;
}

static int one_past(const lb_value *one, lb_allocation_seen seen, void *context, lb_error *err)
{
    const char *level[ALLOCATOR_FACTORS];
    const lb_value *levels = lb_get(one, "levels");
    lb_allocation_past past = {.subject = lb_get_text(one, "subject", ""), .stratum = lb_get_text(one, "stratum", ""),
                               .arm = lb_get_text(one, "arm", ""), .by = lb_get_text(one, "by", ""),
                               .sequence = lb_get_int(one, "sequence", 0), .slot = lb_get_int(one, "slot", 0), .at_us = lb_get_int(one, "at_us", 0)};
    for (size_t i = 0; levels && i < levels->count && i < ALLOCATOR_FACTORS; i++)
        level[past.level_count++] = levels->item[i]->type == LB_STRING ? levels->item[i]->text : "";
    if (levels) past.level = level;
    return seen(context, &past, err);
}

static int page(lb_allocator *a, const char *what, int64_t from, lb_arena *arena, const lb_value **list, lb_error *err)
{
    lb_value *question = lb_value_object(arena), *answer;
    lb_set_text(question, "do", what);
    lb_set_int(question, "from", from);
    int code = ask(a, question, arena, &answer, err);
    if (!code) *list = lb_get(answer, "past");
    return code;
}

static int face_past(void *context, lb_allocation_seen seen, void *seen_context, lb_error *err)
{
    int code = LB_OK;
    bool more = true;
    for (int64_t from = 0; more && !code;) {
        lb_arena *arena = lb_arena_new();
        const lb_value *list;
        code = page(context, "past", from, arena, &list, err);
        more = !code && list && list->count == ALLOCATOR_PAGE;
        for (size_t i = 0; !code && list && i < list->count; i++) code = one_past(list->item[i], seen, seen_context, err);
        if (!code && list) from += (int64_t)list->count;
        lb_arena_free(arena);
    }
    return code > 0 ? LB_OK : code;
}

static int ask_text(lb_allocator *a, const char *what, const char *field, char text[65], lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_value *question = lb_value_object(arena), *answer;
    lb_set_text(question, "do", what);
    int code = ask(a, question, arena, &answer, err);
    if (!code) snprintf(text, 65, "%s", lb_get_text(answer, field, ""));
    lb_arena_free(arena);
    return code;
}

static int face_commitment(void *context, char hex[65], lb_error *err) { return ask_text(context, "commitment", "commitment", hex, err); }
static int face_reveal(void *context, char seed_hex[65], lb_error *err) { return ask_text(context, "reveal", "seed", seed_hex, err); }

/* ---- the log, once revealed ---- */

int lb_allocator_log(lb_allocator *a, lb_buf *csv, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_value *question = lb_value_object(arena), *about, *rows = lb_value_array(arena);
    const lb_value *list = NULL;
    lb_set_text(question, "do", "commitment");
    int code = ask(a, question, arena, &about, err);
    do {
        if (!code) code = page(a, "log", (int64_t)rows->count, arena, &list, err);
        for (size_t i = 0; !code && list && i < list->count; i++) {
            const lb_value *one = list->item[i], *levels = lb_get(one, "levels"), *factors = lb_get(about, "factors");
            lb_value *row = lb_push_object(rows);
            char time[24];
            lb_time_text(lb_get_int(one, "at_us", 0) / 1000000, time);
            lb_set_int(row, "seq", lb_get_int(one, "sequence", 0));
            lb_set_text(row, "time_utc", time);
            lb_set_text(row, "subject", lb_get_text(one, "subject", ""));
            lb_set_text(row, "stratum", lb_get_text(one, "stratum", ""));
            for (size_t f = 0; levels && factors && f < levels->count && f < factors->count; f++)
                lb_set_text(row, factors->item[f]->text, levels->item[f]->text);
            static const char *const place[] = {"block_index", "position", "block_size"};
            for (size_t k = 0; !levels && k < LB_COUNT(place); k++) lb_set_int(row, place[k], lb_get_int(one, place[k], 0));
            if (levels) lb_set_number(row, "probability", lb_get_number(one, "probability", 0));
            lb_set_text(row, "arm", lb_get_text(one, "arm", ""));
            lb_set_text(row, "event", "allocate");
            lb_set_text(row, "receipt", lb_get_text(one, "receipt", ""));
        }
    } while (!code && list && list->count == ALLOCATOR_PAGE);
    lb_table *table;
    if (!code) code = lb_table_from_value(rows, "allocations", arena, &table, err);
    if (!code) lb_csv_write(table, true, csv);
    lb_arena_free(arena);
    return code;
}

/* ---- starting and stopping ---- */

static lb_allocator *new_client(const lb_allocator_options *options)
{
    lb_allocator *a = lb_alloc(1, sizeof *a);
    a->program = strdup(options->program ? options->program : "/proc/self/exe");
    a->folder = strdup(options->folder);
    a->key = strdup(options->key);
    a->control = -1;
    pthread_mutex_init(&a->lock, NULL);
    a->face = (lb_allocator_face){a, face_allocate, face_past, face_commitment, face_reveal};
    return a;
}

int lb_allocator_start(const lb_allocator_options *options, lb_allocator **out, lb_error *err)
{
    lb_allocator *a = new_client(options);
    pthread_mutex_lock(&a->lock);
    int code = revive(a, err);
    pthread_mutex_unlock(&a->lock);
    *out = NULL;
    if (code) lb_allocator_stop(a);
    else *out = a;
    return code;
}

void lb_allocator_stop(lb_allocator *a)
{
    if (!a) return;
    bury(a);
    pthread_mutex_destroy(&a->lock);
    free(a->program);
    free(a->folder);
    free(a->key);
    free(a);
}

const lb_allocator_face *lb_allocator_ask(lb_allocator *a) { return &a->face; }

int lb_allocator_process(lb_allocator *a)
{
    pthread_mutex_lock(&a->lock);
    int process = (int)a->process;
    pthread_mutex_unlock(&a->lock);
    return process;
}

int lb_allocator_create(const lb_allocator_options *options, const char *plan_text, char commitment[65], lb_error *err)
{
    if (mkdir(options->folder, 0700) != 0 && errno != EEXIST) {
        lb_fail(err, LB_FAILED, "cannot make the allocator's folder: %s", strerror(errno));
        lb_error_where(err, "%s", options->folder);
        return LB_FAILED;
    }
    lb_allocator *a = new_client(options);
    int code = spawn(a, "create", &a->process, &a->control, err);
    if (code) a->process = 0;
    lb_arena *arena = lb_arena_new();
    lb_value *answer;
    lb_buf text = {0};
    lb_buf_puts(&text, plan_text);
    if (!code && !wire_send(a->control, &text)) code = lb_fail(err, LB_FAILED, "the allocator does not answer");
    if (!code) code = receive(a->control, arena, &answer, err);
    if (!code) snprintf(commitment, 65, "%s", lb_get_text(answer, "commitment", ""));
    lb_buf_free(&text);
    lb_arena_free(arena);
    lb_allocator_stop(a);
    return code;
}
