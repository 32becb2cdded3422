/* Criteria judged for many invented people: the same values of the items that a rule reads give the same answer, so that it is
 * asked once for each. Whole numbers and choices repeat from person to person and from trial to trial. */
#include "trial/criterion.h"
#include "trial/simulate.h"

#include <string.h>

enum { NAMES_MOST = 3, SLOT_BITS = 12, SLOTS = 1 << SLOT_BITS };

typedef struct remembered {
    uint64_t bits[NAMES_MOST];
    uint32_t types; /* of the values, one byte each */
    bool used;
    int8_t said;    /* −1 not known, 0 no, 1 yes */
} remembered;

typedef struct judged {
    const char *name[NAMES_MOST];
    int draw[NAMES_MOST]; /* that gives it, or −1 */
    size_t names, known_at; /* the draw after which it can be judged */
    remembered *slot; /* NULL: asked every time */
} judged;

struct trial_criteria {
    const lb_study *study;
    lb_arena *arena; /* everything below */
    judged *criterion;
    size_t *order, *from; /* criteria by the draw after which they can be judged: order[from[d]] to order[from[d + 1] - 1]; NULL: not yet */
};

/* Where the names of the rules come from: the draws of a study are the same in all its trials. */
static void place(trial_criteria *c, const model *m)
{
    for (size_t i = 0; i < c->study->criterion_count; i++) {
        judged *j = &c->criterion[i];
        bool all = j->slot && j->names > 0;
        for (size_t k = 0; k < j->names && j->slot; k++) {
            j->draw[k] = trial_draw_named(m, j->name[k]);
            all = all && j->draw[k] >= 0 && (size_t)j->draw[k] < m->candidate_draws;
            if (j->draw[k] > (int)j->known_at) j->known_at = (size_t)j->draw[k];
        }
        if (!all) j->known_at = m->candidate_draws ? m->candidate_draws - 1 : 0;
    }
    size_t count = c->study->criterion_count, at = 0;
    c->order = lb_arena_array(c->arena, count + 1, sizeof *c->order);
    c->from = lb_arena_array(c->arena, m->candidate_draws + 2, sizeof *c->from);
    for (size_t d = 0; d <= m->candidate_draws; d++) {
        c->from[d] = at;
        for (size_t i = 0; i < count; i++)
            if (c->criterion[i].known_at == d) c->order[at++] = i;
    }
    c->from[m->candidate_draws + 1] = at;
}

trial_criteria *trial_criteria_new(const lb_study *study)
{
    lb_arena *arena = lb_arena_new();
    trial_criteria *c = lb_arena_array(arena, 1, sizeof *c);
    *c = (trial_criteria){study, arena, lb_arena_array(arena, study->criterion_count + 1, sizeof *c->criterion), NULL, NULL};
    for (size_t i = 0; i < study->criterion_count; i++) {
        judged *j = &c->criterion[i];
        const char **names = lb_rule_names(study->criterion[i].rule, arena, &j->names);
        if (j->names > NAMES_MOST || strstr(study->criterion[i].rule, "missing")) continue;
        for (size_t k = 0; k < j->names; k++) j->name[k] = names[k];
        j->slot = lb_arena_array(arena, SLOTS, sizeof *j->slot);
    }
    return c;
}

void trial_criteria_free(trial_criteria *c)
{
    if (c) lb_arena_free(c->arena);
}

static uint64_t bits_of(const lb_value *value)
{
    uint64_t bits = 0;
    switch (value->type) {
    case LB_INT: return (uint64_t)value->integer;
    case LB_BOOL: return value->boolean;
    case LB_DOUBLE: memcpy(&bits, &value->number, sizeof bits); return bits;
    case LB_STRING: return (uint64_t)(uintptr_t)value->text; /* the protocol's own text: the same place each time */
    default: return 0;
    }
}

static int judge(const model *m, const person *p, size_t i, int *said, lb_error *err)
{
    trial_criteria *c = m->criteria;
    judged *j = &c->criterion[i];
    trial_reading reading = {m, p};
    if (!j->slot) return trial_criterion_ask(c->study, i, trial_look_up, &reading, said, err);
    remembered key;
    key.used = true;
    key.types = 0;
    uint64_t hash = 0;
    for (size_t k = 0; k < NAMES_MOST; k++) {
        key.bits[k] = 0;
        if (k >= j->names) continue;
        lb_value other;
        const lb_value *value = j->draw[k] >= 0 ? &p->value[j->draw[k]] : &other;
        if (value == &other && !trial_look_up(&reading, j->name[k], &other)) other.type = LB_NULL;
        key.bits[k] = bits_of(value);
        key.types |= (uint32_t)value->type << (8 * k);
        hash = (hash ^ key.bits[k] ^ key.bits[k] >> 32) * 0x9e3779b97f4a7c15u; /* whole numbers as doubles differ in high bits only */
    }
    remembered *slot = &j->slot[hash >> (64 - SLOT_BITS)];
    bool same = slot->used && slot->types == key.types;
    for (size_t k = 0; k < NAMES_MOST; k++) same = same && slot->bits[k] == key.bits[k];
    if (!same) {
        int code = trial_criterion_ask(c->study, i, trial_look_up, &reading, said, err);
        if (code) return code;
        key.said = (int8_t)*said;
        *slot = key; /* whoever was there is asked again */
    }
    *said = slot->said;
    return LB_OK;
}

/* The criteria of a list, or all of them in their order. */
static int first_of(const model *m, const person *p, const size_t *list, size_t count, int *first, lb_error *err)
{
    *first = -1;
    for (size_t k = 0; k < count; k++) {
        int said;
        size_t i = list ? list[k] : k;
        int code = judge(m, p, i, &said, err);
        if (code) return code;
        if (!trial_criterion_keeps_out(&m->criteria->study->criterion[i], said)) continue;
        *first = (int)i;
        break;
    }
    return LB_OK;
}

int trial_criteria_first(const model *m, const person *p, int *first, lb_error *err)
{
    if (!m->criteria->order) place(m->criteria, m);
    return first_of(m, p, NULL, m->criteria->study->criterion_count, first, err);
}

int trial_criteria_at(const model *m, const person *p, size_t drawn, int *first, lb_error *err)
{
    trial_criteria *c = m->criteria;
    if (!c->order) place(c, m);
    return first_of(m, p, c->order + c->from[drawn], c->from[drawn + 1] - c->from[drawn], first, err);
}
