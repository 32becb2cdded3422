/* Who got what, and what is next: permuted blocks by rtsm-v1, or minimisation whose draws come from the same seed
 * (lb_rtsm_uniform). The order of allocation alone decides; nothing of the future is kept beyond the current block. */
#include "allocator/room.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

engine *engine_new(void)
{
    engine *e = lb_alloc(1, sizeof *e);
    e->arena = lb_arena_new();
    e->index_size = 1024;
    e->index = lb_alloc(e->index_size, sizeof *e->index);
    return e;
}

void engine_free(engine *e)
{
    if (!e) return;
    if (e->plan.seed) sodium_free(e->plan.seed);
    for (size_t i = 0; i < e->strata; i++) sodium_memzero(&e->stratum[i].drawn, sizeof e->stratum[i].drawn);
    free(e->list);
    free(e->stratum);
    free(e->index);
    lb_arena_free(e->arena);
    free(e);
}

/* ---- subjects by name ---- */

static size_t hash_of(const char *text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

const allocation *engine_find(const engine *e, const char *subject)
{
    for (size_t k = hash_of(subject) & (e->index_size - 1); e->index[k]; k = (k + 1) & (e->index_size - 1))
        if (strcmp(e->list[e->index[k] - 1].subject, subject) == 0) return &e->list[e->index[k] - 1];
    return NULL;
}

static void index_all(engine *e)
{
    while (e->index_size < 2 * e->count + 2) e->index_size *= 2;
    free(e->index);
    e->index = lb_alloc(e->index_size, sizeof *e->index);
    for (size_t i = 0; i < e->count; i++) {
        size_t k = hash_of(e->list[i].subject) & (e->index_size - 1);
        while (e->index[k]) k = (k + 1) & (e->index_size - 1);
        e->index[k] = i + 1;
    }
}

static allocation *append(engine *e, const allocation *a)
{
    if (e->count == e->room) {
        e->room = e->room ? 2 * e->room : 256;
        e->list = lb_realloc(e->list, e->room, sizeof *e->list);
    }
    e->list[e->count++] = *a;
    if (2 * e->count + 2 > e->index_size) {
        index_all(e);
    } else {
        size_t k = hash_of(a->subject) & (e->index_size - 1);
        while (e->index[k]) k = (k + 1) & (e->index_size - 1);
        e->index[k] = e->count;
    }
    return &e->list[e->count - 1];
}

/* ---- permuted blocks ---- */

static struct stratum *stratum_named(engine *e, const char *name)
{
    for (size_t i = 0; i < e->strata; i++)
        if (strcmp(e->stratum[i].name, name) == 0) return &e->stratum[i];
    if (e->strata == e->strata_room) {
        e->strata_room = e->strata_room ? 2 * e->strata_room : 32;
        e->stratum = lb_realloc(e->stratum, e->strata_room, sizeof *e->stratum);
    }
    struct stratum *s = &e->stratum[e->strata++];
    *s = (struct stratum){.name = lb_arena_text(e->arena, name)};
    return s;
}

/* The seed is in its ordinary place only while something is drawn. */
static void take_seed(const engine *e, lb_rtsm *rtsm)
{
    *rtsm = e->plan.rtsm;
    memcpy(rtsm->seed, e->plan.seed, sizeof rtsm->seed);
}

static void next_slot(engine *e, const char *name, allocation *a)
{
    struct stratum *s = stratum_named(e, name);
    if (s->has_block && s->position == s->drawn.size) {
        s->block++;
        s->position = 0;
        s->has_block = false;
    }
    if (!s->has_block) {
        lb_rtsm rtsm;
        take_seed(e, &rtsm);
        lb_rtsm_draw(&rtsm, name, (uint32_t)s->block, &s->drawn);
        sodium_memzero(&rtsm, sizeof rtsm);
        s->has_block = true;
    }
    a->stratum = s->name;
    a->arm = s->drawn.arm[s->position];
    a->block = s->block;
    a->position = ++s->position;
    a->size = s->drawn.size;
    a->slot = ++s->slots;
    a->probability = 0;
}

/* ---- minimisation ---- */

static void minimise(engine *e, allocation *a)
{
    const plan *p = &e->plan;
    uint32_t counts[LB_RTSM_ARMS * ALLOCATOR_FACTORS] = {0};
    double score[LB_RTSM_ARMS], probability[LB_RTSM_ARMS];
    for (size_t i = 0; i < e->count; i++)
        for (unsigned f = 0; f < p->factor_count; f++)
            if (strcmp(e->list[i].level[f], a->level[f]) == 0) counts[e->list[i].arm * p->factor_count + f]++;
    lb_minimise m = {p->rtsm.arm_count, p->factor_count, p->weight, counts, p->variance, p->p_best};
    lb_minimise_scores(&m, score, probability);
    lb_rtsm rtsm;
    take_seed(e, &rtsm);
    double u = lb_rtsm_uniform(&rtsm, (uint32_t)a->sequence), sum = 0;
    sodium_memzero(&rtsm, sizeof rtsm);
    a->arm = p->rtsm.arm_count - 1;
    for (unsigned k = 0; k < p->rtsm.arm_count; k++) {
        sum += probability[k];
        if (u >= sum) continue;
        a->arm = k;
        break;
    }
    a->probability = probability[a->arm];
    a->slot = a->sequence;
    a->block = a->position = a->size = 0;
}

/* ---- one allocation ---- */

static bool sound_word(const char *word, bool may_be_empty)
{
    size_t length = word ? strlen(word) : 0;
    if (!word || length > ALLOCATOR_WORD || (length == 0 && !may_be_empty) || lb_utf8_bad(word, length) != length) return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)word[i] < 0x20 || word[i] == '|') return false;
    return true;
}

static int check(const engine *e, const lb_allocation_ask *ask, lb_error *err)
{
    if (e->revealed) {
        lb_fail(err, LB_CONFLICT, "the seed of this trial was revealed: nobody is randomised any more");
        return LB_CONFLICT;
    }
    if ((int64_t)e->count < e->promised) {
        lb_fail(err, LB_CONFLICT, "the journal holds %zu allocations, but %lld were made: it is an older copy, and nobody is randomised with it", e->count,
                (long long)e->promised);
        lb_error_hint(err, "put the allocator's folder of the original study in its place; docs/store.md, 'Backup and its return'");
        return LB_CONFLICT;
    }
    if (!sound_word(ask->subject, false)) return lb_fail(err, LB_USAGE, "an allocation needs the code of a participant");
    if (!sound_word(ask->stratum, true)) return lb_fail(err, LB_USAGE, "'%.60s' is no stratum", ask->stratum ? ask->stratum : "");
    if (!e->plan.minimised) return LB_OK;
    if (!ask->level || ask->level_count != e->plan.factor_count)
        return lb_fail(err, LB_USAGE, "minimisation by %u factors needs as many values, not %zu", e->plan.factor_count,
                       ask->level ? ask->level_count : 0);
    for (unsigned f = 0; f < e->plan.factor_count; f++)
        if (!sound_word(ask->level[f], false)) return lb_fail(err, LB_USAGE, "the factor %s has no value", e->plan.factor[f]);
    return LB_OK;
}

static void decide(engine *e, allocation *a, const char *stratum)
{
    a->sequence = (int64_t)e->count + 1;
    if (e->plan.minimised) {
        a->stratum = lb_arena_text(e->arena, stratum);
        minimise(e, a);
    } else {
        next_slot(e, stratum, a);
    }
}

int engine_allocate(engine *e, const lb_allocation_ask *ask, int64_t now_us, allocation **out, lb_error *err)
{
    int code = check(e, ask, err);
    if (code) return code;
    allocation a = {.subject = lb_arena_text(e->arena, ask->subject), .by = lb_arena_text(e->arena, ask->by ? ask->by : "")};
    for (unsigned f = 0; e->plan.minimised && f < e->plan.factor_count; f++) a.level[f] = lb_arena_text(e->arena, ask->level[f]);
    a.at_us = now_us;
    if (e->count && a.at_us <= e->list[e->count - 1].at_us) a.at_us = e->list[e->count - 1].at_us + 1;
    decide(e, &a, ask->stratum);
    *out = append(e, &a);
    return LB_OK;
}

int engine_replay(engine *e, const allocation *past, lb_error *err)
{
    allocation a = *past;
    if (engine_find(e, a.subject)) return lb_fail(err, LB_BAD_DATA, "the journal allocates %.60s twice", a.subject);
    for (unsigned f = 0; e->plan.minimised && f < e->plan.factor_count; f++)
        if (!a.level[f]) return lb_fail(err, LB_BAD_DATA, "the journal has no levels of %.60s", a.subject);
    decide(e, &a, past->stratum);
    if (a.arm != past->arm || a.sequence != past->sequence || a.slot != past->slot)
        return lb_fail(err, LB_BAD_DATA, "the journal does not agree with the seed at allocation %lld", (long long)past->sequence);
    append(e, &a);
    return LB_OK;
}

void engine_forget(engine *e, size_t count)
{
    size_t had = e->count;
    if (count >= had) return;
    for (size_t i = 0; i < e->strata; i++) sodium_memzero(&e->stratum[i].drawn, sizeof e->stratum[i].drawn);
    e->strata = 0;
    e->count = count;
    index_all(e);
    for (size_t i = 0; i < count && !e->plan.minimised; i++) {
        allocation again = e->list[i];
        next_slot(e, e->list[i].stratum, &again);
    }
}
