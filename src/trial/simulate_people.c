/* Drawing people: who comes to be screened, what is true of them, who is eligible by the protocol's own rules, who consents.
 * Every person has a random stream of their own, so that nothing depends on the order of work. */
#include "trial/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_ARRIVAL = 1, STREAM_PEOPLE = 1000, DRAWS_MOST = 100, RUN_MOST = 32 };

size_t trial_weighted(lb_random *random, const lb_value *weights, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += weights ? lb_number_of(weights->item[i]) : 1;
    double u = lb_random_uniform(random) * sum;
    for (size_t i = 0; i + 1 < count; i++) {
        u -= weights ? lb_number_of(weights->item[i]) : 1;
        if (u < 0) return i;
    }
    return count ? count - 1 : 0;
}

/* Which of several a number from 0 to 1 falls on: as many as leave something of it when they are taken away. All are, so that no
 * branch is a toss-up; weights are not negative. */
static size_t falls_on(const weighted *among, double u)
{
    size_t at = 0;
    u *= among->sum;
    for (size_t i = 0; i + 1 < among->count; i++) {
        u -= among->weight[i];
        at += !(u < 0);
    }
    return at;
}

/* One number from 0 to 1, or one normal one, of everybody in a crowd. */
static void numbers(person *const *people, size_t count, bool normal, double *x)
{
    lb_random *random[TRIAL_CROWD] = {NULL};
    for (size_t i = 0; i < count; i++) random[i] = &people[i]->random;
    if (normal) lb_random_normals(random, count, x);
    else lb_random_uniforms(random, count, x);
}

/* Draws that take one number from 0 to 1 each. */
static bool one_number(const draw *d) { return d->kind == DRAW_CHANCE || d->kind == DRAW_CHOICE || d->kind == DRAW_UNIFORM; }

static double made_of(const draw *d, double u)
{
    if (d->kind == DRAW_CHANCE) return u < d->chance;
    if (d->kind == DRAW_CHOICE) return (double)falls_on(&d->among, u);
    double value = d->low + (d->high - d->low) * u;
    return trial_step(!(value >= d->low) ? d->low : value > d->high ? d->high : value, d->step);
}

static double spread(const draw *d, double mean, double z)
{
    double x = mean + d->sd * z;
    return d->kind == DRAW_LOGNORMAL ? exp(x) : x;
}

/* A normal or log-normal item of everybody in a crowd. Values outside the limits are drawn again: truncated, not heaped on the limits. */
static void draw_normal(const model *m, size_t at, person *const *people, size_t count)
{
    const draw *d = &m->draw[at];
    double x[TRIAL_CROWD];
    numbers(people, count, true, x);
    for (size_t i = 0; i < count; i++) {
        person *p = people[i];
        double mean = d->mean;
        for (size_t k = 0; k < d->per_count; k++) mean += d->per[k] * trial_number(&m->draw[d->per_item[k]], p->drawn[d->per_item[k]]);
        x[i] = spread(d, mean, x[i]);
        for (int tries = 1; !(x[i] >= d->low && x[i] <= d->high) && tries < DRAWS_MOST; tries++) x[i] = spread(d, mean, lb_random_normal(&p->random));
    }
    trial_steps(x, count, d->low, d->high, d->step);
    for (size_t i = 0; i < count; i++) {
        people[i]->drawn[at] = x[i];
        people[i]->known = at + 1;
    }
}

/* Does the person stay, as far as one item tells? */
static inline bool stays(const model *m, size_t at, const int *known, person *p)
{
    int reason = known && !p->unjudged ? known[(size_t)p->drawn[at]] : TRIAL_NOT_ASKED;
    if (reason == TRIAL_NOT_ASKED) return trial_criteria_stays(m, at, p);
    p->reason = reason;
    return reason < 0;
}

/* Items that take one number each, one after the other. */
typedef struct run {
    size_t from, end;
    bool judged;
    const int *known[RUN_MOST];
} run;

static run run_from(const model *m, size_t from, size_t most, bool judged)
{
    run r = {.from = from, .end = from, .judged = judged};
    while (r.end < most && r.end - from < RUN_MOST && one_number(&m->draw[r.end])) r.end++;
    for (size_t at = from; at < r.end && judged; at++) r.known[at - from] = trial_criteria_known(m, at);
    return r;
}

/* Those items of one person; until a criterion keeps the person out, where that ends it. */
static bool draw_run(const model *m, const run *r, person *p)
{
    double u[RUN_MOST];
    lb_random_run(&p->random, r->end - r->from, u);
    for (size_t at = r->from; at < r->end; at++) {
        p->drawn[at] = made_of(&m->draw[at], u[at - r->from]);
        p->known = at + 1;
        if (r->judged && !stays(m, at, r->known[at - r->from], p)) return false;
    }
    return true;
}

/* Items of everybody in a crowd, from one to before another. Where they are `judged`, those whom a criterion keeps out leave the list as
 * soon as it can be judged, and nothing more is drawn of them. Says how many stay in it. */
static size_t draw_items(const model *m, size_t from, size_t end, bool judged, person **in, size_t count)
{
    for (size_t at = from; at < end;) {
        run r = run_from(m, at, end, judged);
        size_t kept = 0;
        if (r.end == at) draw_normal(m, at, in, count);
        for (size_t i = 0; i < count; i++) {
            person *p = in[i];
            bool more = r.end > at ? draw_run(m, &r, p) : !judged || trial_criteria_stays(m, at, p);
            in[kept] = p;
            kept += more;
        }
        count = kept;
        at = r.end > at ? r.end : at + 1;
    }
    return count;
}

void trial_draw_baseline(const model *m, person *const *people, size_t count)
{
    person *all[TRIAL_CROWD];
    memcpy(all, people, count * sizeof *all);
    (void)draw_items(m, m->candidate_draws, m->draws, false, all, count);
}

/* ---- reading a person ---- */

lb_value trial_drawn(const model *m, const person *p, size_t which)
{
    const draw *d = &m->draw[which];
    if (which >= p->known) return (lb_value){.type = LB_NULL};
    if (d->kind == DRAW_CHOICE) return *d->values->item[(size_t)p->drawn[which]];
    if (d->kind == DRAW_CHANCE) return (lb_value){.type = LB_INT, .integer = (int64_t)p->drawn[which]};
    return (lb_value){.type = LB_DOUBLE, .number = p->drawn[which]};
}

bool trial_look_up(void *context, const char *name, lb_value *out)
{
    const trial_reading *r = context;
    if (strcmp(name, "centre") == 0) {
        *out = (lb_value){.type = LB_STRING, .text = r->p->site};
        return true;
    }
    for (size_t i = 0; i < r->m->draws; i++) {
        if (*r->m->draw[i].item != *name || strcmp(r->m->draw[i].item, name) != 0) continue; /* mostly the first letter tells */
        *out = trial_drawn(r->m, r->p, i);
        return true;
    }
    return false;
}

lb_value trial_person_value(const model *m, const person *p, const char *item)
{
    trial_reading r = {m, p};
    lb_value out = {.type = LB_NULL};
    if (trial_look_up(&r, item, &out)) return out;
    const lb_study_item *derived = lb_study_item_named(m->study, item, NULL);
    lb_rule_answer answer;
    lb_error unused;
    if (!derived || derived->derived_rule < 0) return out;
    if (lb_rules_run(m->study->rules, derived->derived_rule, trial_look_up, &r, &answer, &unused) != LB_OK || !answer.known) return out;
    if (answer.value.type == LB_BOOL) return (lb_value){.type = LB_INT, .integer = answer.value.boolean};
    out = answer.value;
    if (out.type == LB_STRING) out.text = lb_arena_text(m->arena, answer.text);
    return out;
}

const char *trial_person_text(const model *m, const person *p, const char *item)
{
    lb_value value = trial_person_value(m, p, item);
    char buffer[32];
    if (value.type == LB_STRING) return value.text;
    if (!lb_is_number(&value)) return "";
    return lb_arena_text(m->arena, lb_number_text(lb_number_of(&value), buffer));
}

/* ---- screening ---- */

/* Candidates of these screening numbers, from their site to all that is asked of them. Where the reason is of no interest, a criterion
 * is judged as soon as what it reads is drawn, and nothing more is drawn of those who are out. */
static void draw_candidates(const model *m, size_t first, person *crowd, size_t count)
{
    person *in[TRIAL_CROWD];
    double u[TRIAL_CROWD];
    for (size_t i = 0; i < count; i++) {
        person *p = in[i] = &crowd[i];
        if (!p->drawn) p->drawn = lb_arena_array(m->arena, m->draws + 1, sizeof *p->drawn); /* else of one who did not stay */
        p->screening = first + i + 1;
        p->reason = p->arm = -1;
        p->block = p->position = -1;
        p->known = 0;
        p->unjudged = p->eligible = p->consented = false;
        p->site = "";
        lb_random_init(&p->random, m->seed, STREAM_PEOPLE + first + i);
    }
    if (m->site.count) numbers(in, count, false, u);
    for (size_t i = 0; i < count && m->site.count; i++) crowd[i].site = m->site_name[falls_on(&m->site, u[i])];
    (void)draw_items(m, 0, m->candidate_draws, m->needs.only, in, count);
}

static int screen(const model *m, person *p, lb_error *err)
{
    bool judged = m->needs.only && m->candidate_draws > 0 && !p->unjudged;
    int code = judged ? LB_OK : trial_criteria_first(m, p, &p->reason, err);
    if (code != LB_OK) return code;
    p->eligible = p->reason < 0;
    if (!p->eligible && m->needs.only) return LB_OK;
    p->consented = p->eligible && lb_random_uniform(&p->random) < m->consent;
    /* Baseline within ten days, in working hours. */
    int64_t day = p->screened / 86400 + 1 + lb_random_below(&p->random, 10);
    p->randomised = day * 86400 + 8 * 3600 + 60 * (int64_t)lb_random_below(&p->random, 9 * 60);
    return LB_OK;
}

/* Where nobody else is asked for, only those who take part are kept. */
static void keep(const model *m, person *p, size_t wanted, person **people, size_t *count, size_t *room)
{
    if (m->needs.only && !p->consented) return;
    if (*count == *room) {
        size_t bigger = *room ? 2 * *room : wanted;
        person *copy = lb_arena_array(m->arena, bigger, sizeof *copy);
        if (*count) memcpy(copy, *people, *count * sizeof *copy);
        *people = copy;
        *room = bigger;
    }
    (*people)[(*count)++] = *p;
    p->drawn = NULL; /* is theirs now */
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

int trial_enrol(const model *m, size_t n, person **screened, size_t *count, lb_error *err)
{
    const char *start = lb_get_text(m->spec, "start", "");
    int64_t first = 0;
    size_t room = 0, enrolled = 0, seen = 0, most = 200 * n + 1000;
    double per_day = lb_get_number(m->spec, "screened_per_day", 1), at;
    lb_random arrival;
    person *crowd = lb_arena_array(m->arena, TRIAL_CROWD, sizeof *crowd);
    if (!lb_date_days(start, strlen(start), &first) || !(per_day >= 0.001))
        return lb_fail(err, LB_BAD_DATA, "the simulation needs a start and at least 0.001 people screened per day");
    lb_random_init(&arrival, m->seed, STREAM_ARRIVAL);
    at = (double)first * 86400;
    *screened = NULL;
    *count = 0;
    while (enrolled < n && seen < most) {
        size_t side_by_side = least(least(TRIAL_CROWD, most - seen), 2 * (n - enrolled) + 4); /* few more than will be looked at */
        draw_candidates(m, seen, crowd, side_by_side);
        for (size_t i = 0; i < side_by_side && enrolled < n; i++, seen++) {
            at += lb_random_exponential(&arrival) * 86400 / per_day;
            crowd[i].screened = (int64_t)at;
            int code = screen(m, &crowd[i], err);
            if (code != LB_OK) return code;
            enrolled += crowd[i].consented;
            keep(m, &crowd[i], n, screened, count, &room);
        }
    }
    if (enrolled == n) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "of %zu people screened only %zu were eligible and consented, %zu are asked for", seen, enrolled, n);
    lb_error_where(err, "%s", m->study->file);
    lb_error_hint(err, "look at the draws of the simulation: they hardly ever meet the criteria");
    return LB_BAD_DATA;
}
