/* The allocator's process. It looks at all sockets at once, decides every question that is there, forces all decisions to
 * the disk together, and only then answers (group commit): 64 askers cost one or two disk writes, in one order. */
#include "allocator/room.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <sodium.h>

enum { CHANNELS = 256 };

typedef struct service {
    engine *engine;
    journal journal;
    mark mark;
    uint8_t *key;
    int control;
    struct pollfd poll[CHANNELS + 1]; /* [0] is the control socket */
    size_t channels;
    struct answer { lb_buf text; int socket; bool allocation, again; size_t place; } answer[CHANNELS];
    size_t answers;
} service;

static void say_error(lb_buf *out, const lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    lb_value *root = lb_value_object(arena), *error = lb_set_object(root, "error");
    lb_set_int(error, "code", err->code);
    lb_set_text(error, "message", err->message);
    lb_set_text(error, "hint", err->hint);
    lb_json_write(root, 0, out);
    lb_arena_free(arena);
}

static lb_value *describe(const engine *e, const allocation *a, lb_value *one)
{
    lb_set_text(one, "subject", a->subject);
    lb_set_text(one, "stratum", a->stratum);
    lb_set_text(one, "arm", e->plan.rtsm.arm[a->arm]);
    lb_set_text(one, "by", a->by);
    lb_set_int(one, "sequence", a->sequence);
    lb_set_int(one, "slot", a->slot);
    lb_set_int(one, "at_us", a->at_us);
    lb_set_text(one, "receipt", a->receipt);
    lb_value *levels = e->plan.minimised ? lb_set_array(one, "levels") : NULL;
    for (unsigned f = 0; levels && f < e->plan.factor_count; f++) lb_push_text(levels, a->level[f]);
    return one;
}

/* ---- the questions ---- */

static int allocate(service *s, const lb_value *root, struct answer *answer, lb_error *err)
{
    const char *level[ALLOCATOR_FACTORS];
    const lb_value *levels = lb_get(root, "level");
    lb_allocation_ask ask = {lb_get_text(root, "subject", NULL), lb_get_text(root, "stratum", ""), NULL, 0, lb_get_text(root, "by", "")};
    for (size_t i = 0; levels && levels->type == LB_ARRAY && i < levels->count && i < ALLOCATOR_FACTORS; i++)
        level[ask.level_count++] = levels->item[i]->type == LB_STRING ? levels->item[i]->text : NULL;
    if (levels) ask.level = level;
    const allocation *known = ask.subject ? engine_find(s->engine, ask.subject) : NULL;
    answer->allocation = true;
    answer->again = known != NULL;
    if (known) {
        answer->place = (size_t)(known - s->engine->list);
        return LB_OK;
    }
    allocation *made;
    int code = engine_allocate(s->engine, &ask, lb_now_us(), &made, err);
    if (code) return code;
    journal_add(&s->journal, s->engine, made);
    answer->place = (size_t)(made - s->engine->list);
    return LB_OK;
}

static void past(const service *s, const lb_value *root, lb_value *out, bool in_full)
{
    int64_t from = lb_get_int(root, "from", 0);
    lb_value *list = lb_set_array(out, "past");
    for (int64_t i = from < 0 ? 0 : from; i < (int64_t)s->engine->count && list->count < ALLOCATOR_PAGE; i++) {
        const allocation *a = &s->engine->list[i];
        lb_value *one = describe(s->engine, a, lb_push_object(list));
        if (!in_full) continue;
        lb_set_int(one, "block_index", a->block);
        lb_set_int(one, "position", a->position);
        lb_set_int(one, "block_size", a->size);
        lb_set_number(one, "probability", a->probability);
    }
}

static int reveal(service *s, lb_value *out, lb_error *err)
{
    char hex[65];
    if (!s->engine->revealed) {
        journal_add_reveal(&s->journal, lb_now_us());
        int code = journal_flush(&s->journal, err);
        if (code) return code;
        s->engine->revealed = true;
    }
    lb_set_text(out, "seed", sodium_bin2hex(hex, sizeof hex, s->engine->plan.seed, 32));
    sodium_memzero(hex, sizeof hex);
    return LB_OK;
}

static void commitment(const service *s, lb_value *out)
{
    char hex[65];
    lb_rtsm rtsm = s->engine->plan.rtsm;
    memcpy(rtsm.seed, s->engine->plan.seed, sizeof rtsm.seed);
    lb_rtsm_commitment(&rtsm, hex);
    sodium_memzero(&rtsm, sizeof rtsm);
    lb_set_text(out, "commitment", hex);
    lb_set_text(out, "trial", s->engine->plan.rtsm.trial);
    lb_set_bool(out, "minimised", s->engine->plan.minimised);
    lb_set_bool(out, "revealed", s->engine->revealed);
    lb_set_int(out, "count", (int64_t)s->engine->count);
    lb_value *factors = lb_set_array(out, "factors");
    for (unsigned f = 0; f < s->engine->plan.factor_count; f++) lb_push_text(factors, s->engine->plan.factor[f]);
}

static int decide(service *s, const lb_value *root, struct answer *answer, lb_value *out, lb_error *err)
{
    const char *what = lb_get_text(root, "do", "");
    if (strcmp(what, "allocate") == 0) return allocate(s, root, answer, err);
    if (strcmp(what, "commitment") == 0) commitment(s, out);
    else if (strcmp(what, "past") == 0) past(s, root, out, false);
    else if (strcmp(what, "reveal") == 0) return reveal(s, out, err);
    else if (strcmp(what, "log") == 0 && s->engine->revealed) past(s, root, out, true);
    else if (strcmp(what, "log") == 0) return lb_fail(err, LB_FORBIDDEN, "the log is given out once the seed is revealed");
    else return lb_fail(err, LB_USAGE, "the allocator knows no question '%.40s'", what);
    return LB_OK;
}

static void take_question(service *s, int socket, const lb_buf *question)
{
    struct answer *answer = &s->answer[s->answers++];
    *answer = (struct answer){.socket = socket};
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_value *root, *out = lb_value_object(arena);
    lb_bytes bytes = {(const uint8_t *)question->data, question->length, "question"};
    int code = lb_json_read(&bytes, arena, &root, &err);
    if (!code) code = decide(s, root, answer, out, &err);
    if (code) {
        answer->allocation = false;
        say_error(&answer->text, &err);
    } else if (!answer->allocation) {
        lb_json_write(out, 0, &answer->text);
    }
    lb_arena_free(arena);
}

/* ---- rounds ---- */

static void drop(service *s, size_t i)
{
    close(s->poll[i].fd);
    s->poll[i] = s->poll[--s->channels + 1];
}

static void add_channel(service *s, int socket)
{
    const struct timeval patience = {5, 0}; /* a half-sent question or an asker who does not listen holds up nobody for long */
    if (s->channels == CHANNELS) {
        close(socket);
        return;
    }
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    s->poll[++s->channels] = (struct pollfd){.fd = socket, .events = POLLIN};
}

static void write_allocation(const service *s, struct answer *answer)
{
    lb_arena *arena = lb_arena_new();
    lb_value *one = describe(s->engine, &s->engine->list[answer->place], lb_value_object(arena));
    lb_set_bool(one, "again", answer->again);
    lb_json_write(one, 0, &answer->text);
    lb_arena_free(arena);
}

/* Decide all that was asked, make it durable, answer. When the disk refuses, every new allocation is taken back. */
static void round_of(service *s)
{
    lb_buf question = {.max = ALLOCATOR_MESSAGE};
    size_t before = s->engine->count;
    s->answers = 0;
    for (size_t i = s->channels; i >= 1; i--) {
        if (!s->poll[i].revents) continue;
        if (wire_receive(s->poll[i].fd, &question)) take_question(s, s->poll[i].fd, &question);
        else drop(s, i);
    }
    lb_buf_free(&question);
    lb_error err = LB_ERROR_INIT;
    int code = journal_flush(&s->journal, &err);
    for (size_t i = 0; i < s->answers; i++) {
        struct answer *answer = &s->answer[i];
        if (answer->allocation && code && answer->place >= before) say_error(&answer->text, &err);
        else if (answer->allocation) write_allocation(s, answer);
    }
    if (code) engine_forget(s->engine, before);
    else mark_raise(&s->mark, (int64_t)s->engine->count);
    for (size_t i = 0; i < s->answers; i++) {
        bool sent = wire_send(s->answer[i].socket, &s->answer[i].text);
        lb_buf_free(&s->answer[i].text);
        for (size_t k = 1; !sent && k <= s->channels; k++)
            if (s->poll[k].fd == s->answer[i].socket) drop(s, k);
    }
}

static void serve(service *s)
{
    for (;;) {
        s->poll[0] = (struct pollfd){.fd = s->control, .events = POLLIN};
        int ready = poll(s->poll, s->channels + 1, -1);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return;
        short control = s->poll[0].revents;
        round_of(s);
        if (control & POLLIN) {
            int socket = wire_receive_socket(s->control);
            if (socket < 0) return; /* the program that started us is gone */
            add_channel(s, socket);
        } else if (control) {
            return;
        }
    }
}

static int report(int control, const lb_error *err, const char *field, const char *value)
{
    lb_buf text = {0};
    if (err->code) say_error(&text, err);
    else lb_buf_printf(&text, "{\"%s\":\"%s\"}", field, value);
    bool sent = wire_send(control, &text);
    lb_buf_free(&text);
    return err->code ? lb_error_exit_status(err->code) : sent ? 0 : 1;
}

int lb_allocator_serve(int control, const char *folder, const char *key)
{
    service *s = lb_alloc(1, sizeof *s);
    lb_error err = LB_ERROR_INIT;
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    guard_memory();
    s->control = control;
    s->engine = engine_new();
    s->journal.file = s->mark.file = -1;
    int code = lb_key_read(key, false, &s->key, &err);
    if (!code) code = seed_read(folder, s->key, s->engine->arena, &s->engine->plan, &err);
    if (!code) code = journal_open(&s->journal, folder, s->key, s->engine, &err);
    if (!code) {
        mark_open(&s->mark, key, s->key);
        s->engine->promised = s->mark.count;
        mark_raise(&s->mark, (int64_t)s->engine->count);
    }
    if (!code && !guard_calls()) code = lb_fail(&err, LB_FAILED, "the allocator cannot restrict itself (seccomp)");
    int status = report(control, &err, "ready", "yes");
    if (!code && status == 0) serve(s);
    journal_close(&s->journal);
    mark_close(&s->mark);
    engine_free(s->engine);
    lb_key_free(s->key);
    free(s);
    return status;
}

int lb_allocator_make(int control, const char *folder, const char *key)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf plan_text = {.max = ALLOCATOR_MESSAGE};
    char hex[65] = "";
    uint8_t *secret = NULL;
    guard_memory();
    int code = wire_receive(control, &plan_text) ? LB_OK : lb_fail(&err, LB_USAGE, "no plan of randomisation was given");
    if (!code) code = lb_key_read(key, access(key, F_OK) != 0, &secret, &err);
    if (!code) code = seed_create(folder, secret, plan_text.data ? plan_text.data : "", plan_text.length, hex, &err);
    lb_key_free(secret);
    lb_buf_free(&plan_text);
    return report(control, &err, "commitment", hex);
}
