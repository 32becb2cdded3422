/* Allocating invented people as the protocol says: permuted blocks by rtsm-v1, or minimisation with a random element. */
#include "trial/rtsm_key.h"
#include "trial/simulate.h"

#include <stdio.h>
#include <string.h>

enum { STREAM_MINIMISE = 2, ITEMS_MOST = 4 };

/* A stratum that somebody is in, and its block now. */
typedef struct stratum {
    struct stratum *next;
    const char *name;
    bool drawn;
    uint32_t index;
    unsigned used;
    lb_rtsm_block block;
} stratum;

/* Values that a stratum is made of: its name is put together once for each. */
typedef struct values {
    struct values *next;
    uint64_t bits[ITEMS_MOST];
    stratum *stratum;
} values;

typedef struct strata {
    int source[ITEMS_MOST];
    bool simple; /* few items, each drawn or the centre; else every name is put together */
    values *met;
    stratum *all;
    lb_buf text;
} strata;

static strata start_strata(const model *m)
{
    size_t items = m->study->stratum_count;
    strata s = {.simple = items <= ITEMS_MOST};
    for (size_t i = 0; i < items && s.simple; i++) {
        s.source[i] = trial_source(m, m->study->stratum_item[i]);
        s.simple = s.source[i] != TRIAL_OTHER;
    }
    return s;
}

static stratum *stratum_named(const model *m, const person *p, strata *s)
{
    s->text.length = 0;
    for (size_t i = 0; i < m->study->stratum_count; i++) {
        if (i) lb_buf_putc(&s->text, '/');
        lb_buf_puts(&s->text, trial_person_text(m, p, m->study->stratum_item[i]));
    }
    const char *name = s->text.length ? s->text.data : "all";
    for (stratum *one = s->all; one; one = one->next)
        if (strcmp(one->name, name) == 0) return one;
    stratum *new = lb_arena_alloc(m->arena, sizeof *new);
    new->name = lb_arena_text(m->arena, name);
    new->next = s->all;
    return s->all = new;
}

static stratum *stratum_of(const model *m, const person *p, strata *s)
{
    uint64_t bits[ITEMS_MOST] = {0};
    if (!s->simple) return stratum_named(m, p, s);
    for (size_t i = 0; i < m->study->stratum_count; i++) bits[i] = trial_bits(p, s->source[i]);
    for (values *v = s->met; v; v = v->next)
        if (memcmp(v->bits, bits, sizeof bits) == 0) return v->stratum;
    values *new = lb_arena_alloc(m->arena, sizeof *new);
    memcpy(new->bits, bits, sizeof bits);
    new->stratum = stratum_named(m, p, s);
    new->next = s->met;
    s->met = new;
    return new->stratum;
}

static void next_slot(const rtsm_key *key, stratum *s, person *p)
{
    if (!s->drawn || s->used == s->block.size) {
        s->index += s->drawn;
        s->used = 0;
        s->drawn = true;
        rtsm_key_draw(key, s->name, s->index, &s->block);
    }
    p->block = s->index;
    p->arm = s->block.arm[s->used++];
    p->position = s->used;
    p->probability = 1;
}

typedef struct level {
    size_t factor;
    const char *text;
    uint32_t count[LB_RTSM_ARMS];
} level;

static level *level_of(level *levels, size_t *count, size_t factor, const char *text)
{
    for (size_t i = 0; i < *count; i++)
        if (levels[i].factor == factor && strcmp(levels[i].text, text) == 0) return &levels[i];
    levels[*count] = (level){.factor = factor, .text = text};
    return &levels[(*count)++];
}

static void minimise(const model *m, person **people, size_t n)
{
    const lb_study *s = m->study;
    size_t arms = s->arm_count, factors = s->factor_count, count = 0;
    level *levels = lb_arena_array(m->arena, n * factors + 1, sizeof *levels);
    level **mine = lb_arena_array(m->arena, factors + 1, sizeof *mine);
    uint32_t *counts = lb_arena_array(m->arena, arms * factors + 1, sizeof *counts);
    double imbalance[LB_RTSM_ARMS], chance[LB_RTSM_ARMS];
    lb_random random;
    lb_random_init(&random, m->seed, STREAM_MINIMISE);
    for (size_t i = 0; i < n; i++) {
        for (size_t f = 0; f < factors; f++) {
            mine[f] = level_of(levels, &count, f, trial_person_text(m, people[i], s->factor[f]));
            for (size_t k = 0; k < arms; k++) counts[k * factors + f] = mine[f]->count[k];
        }
        lb_minimise rule = {(unsigned)arms, (unsigned)factors, s->factor_weight, counts, s->variance, s->p_best};
        lb_minimise_scores(&rule, imbalance, chance);
        double u = lb_random_uniform(&random);
        size_t arm = 0;
        while (arm + 1 < arms && (u -= chance[arm]) >= 0) arm++;
        people[i]->arm = (int)arm;
        people[i]->probability = chance[arm];
        for (size_t f = 0; f < factors; f++) mine[f]->count[arm]++;
    }
}

void trial_allocate(const model *m, person **people, size_t n, lb_rtsm *rtsm)
{
    char text[256], hex[65];
    snprintf(text, sizeof text, "lumbar-simulate|%.100s|%llu", m->study->id, (unsigned long long)m->seed);
    lb_sha256_hex(text, strlen(text), hex);
    *rtsm = m->study->rtsm;
    bool good = lb_hex_bytes(hex, rtsm->seed, sizeof rtsm->seed);
    (void)good; /* 64 digits by construction */
    strata names = start_strata(m);
    rtsm_key key;
    rtsm_key_make(rtsm, &key);
    for (size_t i = 0; i < n; i++) {
        stratum *its = stratum_of(m, people[i], &names);
        people[i]->stratum = its->name;
        if (!m->study->minimised) next_slot(&key, its, people[i]);
    }
    rtsm_key_forget(&key);
    lb_buf_free(&names.text);
    if (m->study->minimised) minimise(m, people, n);
}
