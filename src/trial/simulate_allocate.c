/* Allocating invented people as the protocol says: permuted blocks by rtsm-v1, or minimisation with a random element. */
#include "trial/simulate.h"

#include <stdio.h>
#include <string.h>

enum { STREAM_MINIMISE = 2 };

typedef struct open_block {
    const char *stratum;
    uint32_t index;
    unsigned used;
    lb_rtsm_block block;
} open_block;

/* The name of a person's stratum, in a buffer that is used again. */
static const char *stratum_of(const model *m, const person *p, lb_buf *text)
{
    text->length = 0;
    for (size_t i = 0; i < m->study->stratum_count; i++) {
        if (i) lb_buf_putc(text, '/');
        lb_buf_puts(text, trial_person_text(m, p, m->study->stratum_item[i]));
    }
    return text->length ? text->data : "all";
}

static void next_slot(const model *m, const lb_rtsm *rtsm, const char *stratum, open_block *open, size_t *count, person *p)
{
    size_t i = 0;
    while (i < *count && strcmp(open[i].stratum, stratum) != 0) i++;
    open_block *b = &open[i];
    if (i == *count) {
        (*count)++;
        b->stratum = lb_arena_text(m->arena, stratum);
        lb_rtsm_draw(rtsm, b->stratum, 0, &b->block);
    } else if (b->used == b->block.size) {
        b->used = 0;
        lb_rtsm_draw(rtsm, b->stratum, ++b->index, &b->block);
    }
    p->stratum = b->stratum;
    p->block = b->index;
    p->arm = b->block.arm[b->used++];
    p->position = b->used;
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
    size_t count = 0;
    lb_buf buffer = {0};
    open_block *open = m->study->minimised ? NULL : lb_arena_array(m->arena, n + 1, sizeof *open);
    for (size_t i = 0; i < n; i++) {
        const char *stratum = stratum_of(m, people[i], &buffer);
        if (open) next_slot(m, rtsm, stratum, open, &count, people[i]);
        else people[i]->stratum = lb_arena_text(m->arena, stratum);
    }
    lb_buf_free(&buffer);
    if (!open) minimise(m, people, n);
}
