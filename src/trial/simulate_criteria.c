/* Criteria judged for many invented people: the same values of the items that a rule reads give the same answer, so that it is
 * asked once for each. Whole numbers and choices repeat from person to person and from trial to trial. */
#include "trial/criterion.h"
#include "trial/simulate.h"

#include <string.h>

enum { NAMES_MOST = 3, SLOT_BITS = 12, SLOTS = 1 << SLOT_BITS };

typedef enum answer { NOT_ASKED, STAYS, KEPT_OUT } answer;

typedef struct remembered {
    uint64_t bits[NAMES_MOST];
    answer answer;
} remembered;

typedef struct judged {
    const char *name[NAMES_MOST];
    int from[NAMES_MOST]; /* its source among what is drawn of candidates */
    size_t names, known_at; /* the draw after which it can be judged */
    remembered *slot; /* NULL: asked every time */
} judged;

struct trial_criteria {
    const lb_study *study;
    lb_arena *arena; /* everything below */
    judged *criterion;
    int **first_out; /* by draw: see trial_criteria_known(); NULL: not for this draw */
    size_t *order, *from; /* criteria by the draw after which they can be judged: order[from[d]] to order[from[d + 1] - 1]; NULL: not yet */
};

/* Room for an answer to each outcome of a draw that alone decides its criteria, or NULL. */
static int *few_outcomes(const trial_criteria *c, const model *m, size_t d)
{
    draw_kind kind = m->draw[d].kind;
    size_t outcomes = kind == DRAW_CHANCE ? 2 : kind == DRAW_CHOICE ? m->draw[d].among.count : 0;
    for (size_t o = c->from[d]; o < c->from[d + 1]; o++) {
        const judged *j = &c->criterion[c->order[o]];
        if (!j->slot || j->names != 1 || j->from[0] != (int)d) outcomes = 0;
    }
    if (outcomes == 0) return NULL;
    int *out = lb_arena_array(c->arena, outcomes, sizeof *out);
    for (size_t i = 0; i < outcomes; i++) out[i] = TRIAL_NOT_ASKED;
    return out;
}

/* Where the names of the rules come from: the draws of a study are the same in all its trials. */
static void place(trial_criteria *c, const model *m)
{
    for (size_t i = 0; i < c->study->criterion_count; i++) {
        judged *j = &c->criterion[i];
        bool all = j->slot && j->names > 0;
        for (size_t k = 0; k < j->names && j->slot; k++) {
            int source = trial_source(m, j->name[k]);
            j->from[k] = source < (int)m->candidate_draws ? source : TRIAL_OTHER; /* later ones are not known yet */
            all = all && j->from[k] >= 0;
            if (j->from[k] > (int)j->known_at) j->known_at = (size_t)j->from[k];
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
    c->first_out = lb_arena_array(c->arena, m->candidate_draws + 1, sizeof *c->first_out);
    for (size_t d = 0; d < m->candidate_draws; d++) c->first_out[d] = few_outcomes(c, m, d);
}

trial_criteria *trial_criteria_new(const lb_study *study)
{
    lb_arena *arena = lb_arena_new();
    trial_criteria *c = lb_arena_array(arena, 1, sizeof *c);
    *c = (trial_criteria){.study = study, .arena = arena, .criterion = lb_arena_array(arena, study->criterion_count + 1, sizeof *c->criterion)};
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

static int ask(const model *m, const person *p, size_t i, answer *out, lb_error *err)
{
    const lb_study *study = m->criteria->study;
    trial_reading reading = {m, p};
    int said, code = trial_criterion_ask(study, i, trial_look_up, &reading, &said, err);
    if (code == LB_OK) *out = trial_criterion_keeps_out(&study->criterion[i], said) ? KEPT_OUT : STAYS;
    return code;
}

static int judge(const model *m, const person *p, size_t i, answer *out, lb_error *err)
{
    const judged *j = &m->criteria->criterion[i];
    if (!j->slot) return ask(m, p, i, out, err);
    uint64_t hash = 0, bits[NAMES_MOST];
    for (size_t k = 0; k < j->names; k++) {
        bits[k] = trial_bits(p, j->from[k]);
        hash = (hash ^ bits[k] ^ bits[k] >> 32) * 0x9e3779b97f4a7c15u; /* whole numbers as doubles differ in high bits only */
    }
    remembered *slot = &j->slot[hash >> (64 - SLOT_BITS)];
    bool same = slot->answer != NOT_ASKED;
    for (size_t k = 0; k < j->names; k++) same = same && slot->bits[k] == bits[k];
    if (!same) { /* whoever was there is asked again */
        int code = ask(m, p, i, out, err);
        if (code != LB_OK) return code;
        memcpy(slot->bits, bits, j->names * sizeof *bits);
        slot->answer = *out;
    }
    *out = slot->answer;
    return LB_OK;
}

int trial_criteria_first(const model *m, const person *p, int *first, lb_error *err)
{
    trial_criteria *c = m->criteria;
    if (!c->order) place(c, m);
    *first = -1;
    for (size_t i = 0; i < c->study->criterion_count && *first < 0; i++) {
        answer is;
        int code = judge(m, p, i, &is, err);
        if (code != LB_OK) return code;
        if (is == KEPT_OUT) *first = (int)i;
    }
    return LB_OK;
}

const int *trial_criteria_known(const model *m, size_t drawn)
{
    if (!m->criteria->order) place(m->criteria, m);
    return m->criteria->first_out[drawn];
}

bool trial_criteria_stays(const model *m, size_t drawn, person *p)
{
    trial_criteria *c = m->criteria;
    if (!c->order) place(c, m);
    for (size_t o = c->from[drawn]; o < c->from[drawn + 1] && p->reason < 0; o++) {
        answer is = STAYS;
        if (!p->unjudged) p->unjudged = judge(m, p, c->order[o], &is, NULL) != LB_OK; /* the order of the protocol may avoid it */
        if (!p->unjudged && is == KEPT_OUT) p->reason = (int)c->order[o];
    }
    if (c->first_out[drawn] && !p->unjudged) c->first_out[drawn][(size_t)p->drawn[drawn]] = p->reason;
    return p->reason < 0;
}
