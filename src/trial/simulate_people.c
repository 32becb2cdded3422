/* Drawing people: who comes to be screened, what is true of them, who is eligible by the protocol's own rules, who consents.
 * Every person has a random stream of their own, so that nothing depends on the order of work. */
#include "trial/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_ARRIVAL = 1, STREAM_PEOPLE = 1000, REDRAWS_MOST = 100 };

/* round(), without a call for every value that whole numbers can hold: halves go away from 0. */
static inline double nearest(double x)
{
    if (!(fabs(x) < 0x1p51)) return round(x);
    double size = fabs(x), whole = (double)(int64_t)size;
    return copysign(size - whole >= 0.5 ? whole + 1 : whole, x);
}

double trial_step(double value, double step)
{
    if (!(step > 0)) return value;
    if ((double)(int64_t)(2 * step) == 2 * step && fabs(value) < 1e9) return nearest(value / step) * step; /* exact already: 0.5, 1, 2 */
    return nearest(nearest(value / step) * step * 1e6) / 1e6;
}

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

size_t trial_choose(lb_random *random, const weighted *among)
{
    double u = lb_random_uniform(random) * among->sum;
    for (size_t i = 0; i + 1 < among->count; i++) {
        u -= among->weight[i];
        if (u < 0) return i;
    }
    return among->count ? among->count - 1 : 0;
}

static double in_limits(const draw *d, double value)
{
    return trial_step(!(value >= d->low) ? d->low : value > d->high ? d->high : value, d->step);
}

/* Normal and log-normal values outside the limits are drawn again: truncated, not heaped on the limits. */
static void draw_one(const draw *d, const person *p, lb_random *random, lb_value *out)
{
    double mean = d->mean;
    for (size_t i = 0; i < d->per_count; i++) mean += d->per[i] * lb_number_of(&p->value[d->per_item[i]]);
    switch (d->kind) {
    case DRAW_CHANCE:
        out->type = LB_INT;
        out->integer = lb_random_uniform(random) < d->chance;
        return;
    case DRAW_CHOICE: *out = *d->values->item[trial_choose(random, &d->among)]; return;
    default: break;
    }
    double value = 0;
    if (d->kind == DRAW_UNIFORM) {
        value = d->low + (d->high - d->low) * lb_random_uniform(random);
    } else {
        for (int i = 0; i < REDRAWS_MOST; i++) {
            double x = mean + d->sd * lb_random_normal(random);
            value = d->kind == DRAW_LOGNORMAL ? exp(x) : x;
            if (value >= d->low && value <= d->high) break;
        }
    }
    out->type = LB_DOUBLE;
    out->number = in_limits(d, value);
}

/* A person of that screening number; the values' memory stays. */
static void start_candidate(const model *m, size_t number, person *out)
{
    lb_value *value = out->value;
    if (!value) value = lb_arena_array(m->arena, m->draws + 1, sizeof *value);
    *out = (person){.reason = -1, .arm = -1, .block = -1, .position = -1, .value = value, .screening = number + 1, .site = ""};
    lb_random_init(&out->random, m->seed, STREAM_PEOPLE + number);
    if (m->site.count) out->site = lb_get(m->spec, "sites")->key[trial_choose(&out->random, &m->site)];
}

void trial_draw_baseline(const model *m, person *p)
{
    for (size_t i = m->candidate_draws; i < m->draws; i++) draw_one(&m->draw[i], p, &p->random, &p->value[i]);
}

/* ---- reading a person ---- */

bool trial_look_up(void *context, const char *name, lb_value *out)
{
    const trial_reading *r = context;
    if (strcmp(name, "centre") == 0) {
        *out = (lb_value){.type = LB_STRING, .text = r->p->site};
        return true;
    }
    for (size_t i = 0; i < r->m->draws; i++) {
        if (*r->m->draw[i].item != *name || strcmp(r->m->draw[i].item, name) != 0) continue; /* mostly the first letter tells */
        *out = r->p->value[i];
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

/* Draws of a candidate and the judgement of the criteria. Where the reason is of no interest, a criterion is judged as soon as what
 * it reads is drawn, and nothing more is drawn of those who are out: a person's random numbers are theirs alone. */
static int judge(const model *m, person *p, lb_error *err)
{
    bool early = m->needs.only;
    for (size_t i = 0; i < m->candidate_draws; i++) {
        draw_one(&m->draw[i], p, &p->random, &p->value[i]);
        if (early && trial_criteria_at(m, p, i, &p->reason, err) != LB_OK) early = false; /* the order of the protocol may avoid it */
        if (early && p->reason >= 0) return LB_OK;
    }
    return early && m->candidate_draws ? LB_OK : trial_criteria_first(m, p, &p->reason, err);
}

static int screen(const model *m, person *p, lb_error *err)
{
    int code = judge(m, p, err);
    if (code != LB_OK) return code;
    p->eligible = p->reason < 0;
    if (!p->eligible && m->needs.only) return LB_OK;
    p->consented = p->eligible && lb_random_uniform(&p->random) < m->consent;
    /* Baseline within ten days, in working hours. */
    int64_t day = p->screened / 86400 + 1 + lb_random_below(&p->random, 10);
    p->randomised = day * 86400 + 8 * 3600 + 60 * (int64_t)lb_random_below(&p->random, 9 * 60);
    return LB_OK;
}

static void more_room(const model *m, person **people, size_t count, size_t *room)
{
    if (count < *room) return;
    size_t bigger = *room ? 2 * *room : 512;
    person *copy = lb_arena_array(m->arena, bigger, sizeof *copy);
    if (count) memcpy(copy, *people, count * sizeof *copy);
    *people = copy;
    *room = bigger;
}

int trial_enrol(const model *m, size_t n, person **screened, size_t *count, lb_error *err)
{
    const char *start = lb_get_text(m->spec, "start", "");
    int64_t first = 0;
    size_t room = 0, enrolled = 0, most = 200 * n + 1000;
    double per_day = lb_get_number(m->spec, "screened_per_day", 1), at;
    lb_random arrival;
    if (!lb_date_days(start, strlen(start), &first) || !(per_day >= 0.001))
        return lb_fail(err, LB_BAD_DATA, "the simulation needs a start and at least 0.001 people screened per day");
    lb_random_init(&arrival, m->seed, STREAM_ARRIVAL);
    at = (double)first * 86400;
    *screened = NULL;
    for (*count = 0; enrolled < n && *count < most; (*count)++) {
        size_t place = m->needs.only ? enrolled : *count; /* those who do not take part leave theirs to the next */
        more_room(m, screened, place, &room);
        person *p = &(*screened)[place];
        start_candidate(m, *count, p);
        at += lb_random_exponential(&arrival) * 86400 / per_day;
        p->screened = (int64_t)at;
        int code = screen(m, p, err);
        if (code != LB_OK) return code;
        enrolled += p->consented;
    }
    if (enrolled == n) {
        if (m->needs.only) *count = enrolled;
        return LB_OK;
    }
    lb_fail(err, LB_BAD_DATA, "of %zu people screened only %zu were eligible and consented, %zu are asked for", *count, enrolled, n);
    lb_error_where(err, "%s", m->study->file);
    lb_error_hint(err, "look at the draws of the simulation: they hardly ever meet the criteria");
    return LB_BAD_DATA;
}
