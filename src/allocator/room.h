/* What the files of the allocator share: the decision, the journal, the wire. */
#ifndef LUMBAR_ALLOCATOR_ROOM_H
#define LUMBAR_ALLOCATOR_ROOM_H

#include "allocator/allocator.h"
#include "base/seal.h"

enum { ALLOCATOR_MESSAGE = 1 << 20, ALLOCATOR_PAGE = 500, ALLOCATOR_FACTORS = 16, ALLOCATOR_WORD = 200 };

/* ---- plan: what is sealed with the seed ---- */

typedef struct plan {
    lb_rtsm rtsm;             /* trial, sizes, arms; texts owned by the arena. The seed is not here. */
    uint8_t *seed;            /* 32 bytes in locked memory */
    bool minimised, variance;
    unsigned factor_count;
    const char *factor[ALLOCATOR_FACTORS];
    double weight[ALLOCATOR_FACTORS], p_best;
} plan;

int plan_parse(const char *json, size_t length, lb_arena *arena, plan *out, lb_error *err) LB_MUST_CHECK;

/* ---- engine: who got what, and what is next ---- */

typedef struct allocation {
    const char *subject, *stratum, *by;
    const char *level[ALLOCATOR_FACTORS];
    unsigned arm;
    int64_t sequence, slot, block, position, size, at_us; /* position from 1 in the block */
    double probability; /* of this arm, minimisation */
    char receipt[65];
} allocation;

typedef struct engine {
    plan plan;
    lb_arena *arena;
    allocation *list;
    size_t count, room;
    struct stratum {
        const char *name;
        int64_t slots, block, position;  /* given so far; the block the next one comes from and its position (from 0) */
        lb_rtsm_block drawn;
        bool has_block;
    } *stratum;
    size_t strata, strata_room;
    size_t *index, index_size; /* subjects by hash: 1 + place in the list */
    bool revealed;
    int64_t promised; /* as many allocations were made once: fewer in the journal means that it is an older copy */
} engine;

engine *engine_new(void);
void engine_free(engine *e);
const allocation *engine_find(const engine *e, const char *subject);
/** Decide; the allocation is in the list afterwards. Needs the seed in rtsm form: see with_seed in engine.c. */
int engine_allocate(engine *e, const lb_allocation_ask *ask, int64_t now_us, allocation **out, lb_error *err) LB_MUST_CHECK;
/** A journalled allocation at start: it must be what the seed says. */
int engine_replay(engine *e, const allocation *past, lb_error *err) LB_MUST_CHECK;
/** Take the allocations after `count` back: they could not be written. */
void engine_forget(engine *e, size_t count);

/* ---- journal ---- */

typedef struct journal {
    int file;
    const uint8_t *key;
    char last[65];       /* SHA-256 of the last line: bound to the next one */
    int64_t length;      /* bytes that are whole and on the disk */
    lb_buf waiting;      /* lines not yet written */
    char waiting_last[65];
} journal;

/** Opens, waits for a former process to let go of it, replays every line into the engine. */
int journal_open(journal *j, const char *folder, const uint8_t *key, engine *e, lb_error *err) LB_MUST_CHECK;
void journal_close(journal *j);
/** Adds an entry to what is waiting; sets its receipt. */
void journal_add(journal *j, const engine *e, allocation *a);
void journal_add_reveal(journal *j, int64_t now_us);
/** Writes what is waiting and forces it to the disk. LB_FAILED: nothing of it is there. */
int journal_flush(journal *j, lb_error *err) LB_MUST_CHECK;

/* ---- mark: the number of allocations, beside the key ---- */

typedef struct mark {
    const uint8_t *key;
    int file; /* -1: it cannot be kept here */
    int64_t count;
} mark;
void mark_open(mark *m, const char *key_path, const uint8_t *key);
void mark_raise(mark *m, int64_t count);
void mark_close(mark *m);

int seed_create(const char *folder, const uint8_t *key, const char *plan_json, size_t length, char commitment[65], lb_error *err)
    LB_MUST_CHECK;
int seed_read(const char *folder, const uint8_t *key, lb_arena *arena, plan *out, lb_error *err) LB_MUST_CHECK;

/* ---- wire: four bytes of length (big endian), then one JSON object ---- */

bool wire_send(int socket, const lb_buf *message);
/** The next message into `out`; false when the other side is gone or says something impossible. */
bool wire_receive(int socket, lb_buf *out);
bool wire_send_socket(int control, int socket);
int wire_receive_socket(int control); /* -1: the other side is gone */

/* ---- guard: no core dump, no swapping, only the calls it needs ---- */
void guard_memory(void);
bool guard_calls(void);

#endif
