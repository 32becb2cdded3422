/* Criteria judged for many invented people: the same values of the items that a rule reads give the same answer, so that it is
 * asked once for each. Whole numbers and choices repeat from person to person and from trial to trial. */
#include "trial/criterion.h"
#include "trial/simulate.h"

#include <string.h>

enum { NAMES_MOST = 3, SLOTS = 1024 /* a power of 2 */ };

typedef struct remembered {
    uint64_t bits[NAMES_MOST];
    uint32_t types; /* of the values, one byte each */
    bool used;
    int8_t said;    /* −1 not known, 0 no, 1 yes */
} remembered;

typedef struct judged {
    const char *name[NAMES_MOST];
    size_t names;
    remembered *slot; /* NULL: asked every time */
} judged;

struct trial_criteria {
    const lb_study *study;
    lb_arena *arena; /* everything below */
    judged *criterion;
};

trial_criteria *trial_criteria_new(const lb_study *study)
{
    lb_arena *arena = lb_arena_new();
    trial_criteria *c = lb_arena_array(arena, 1, sizeof *c);
    *c = (trial_criteria){study, arena, lb_arena_array(arena, study->criterion_count + 1, sizeof *c->criterion)};
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

static int judge(trial_criteria *c, size_t i, lb_rule_lookup lookup, void *context, int *said, lb_error *err)
{
    judged *j = &c->criterion[i];
    if (!j->slot) return trial_criterion_ask(c->study, i, lookup, context, said, err);
    remembered key = {.used = true};
    uint64_t hash = 0;
    for (size_t k = 0; k < j->names; k++) {
        lb_value value = {.type = LB_NULL};
        if (!lookup(context, j->name[k], &value)) value.type = LB_NULL;
        key.bits[k] = bits_of(&value);
        key.types |= (uint32_t)value.type << (8 * k);
        hash = (hash ^ key.bits[k]) * 0x9e3779b97f4a7c15u;
    }
    remembered *slot = &j->slot[(hash >> 32) & (SLOTS - 1)];
    bool same = slot->used && slot->types == key.types && memcmp(slot->bits, key.bits, sizeof key.bits) == 0;
    if (!same) {
        int code = trial_criterion_ask(c->study, i, lookup, context, said, err);
        if (code) return code;
        key.said = (int8_t)*said;
        *slot = key; /* whoever was there is asked again */
    }
    *said = slot->said;
    return LB_OK;
}

int trial_criteria_first(trial_criteria *c, lb_rule_lookup lookup, void *context, int *first, lb_error *err)
{
    *first = -1;
    for (size_t i = 0; i < c->study->criterion_count && *first < 0; i++) {
        int said;
        int code = judge(c, i, lookup, context, &said, err);
        if (code) return code;
        if (trial_criterion_keeps_out(&c->study->criterion[i], said)) *first = (int)i;
    }
    return LB_OK;
}
