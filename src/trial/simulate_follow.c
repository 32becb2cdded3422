/* Following invented people: scores with a person's own level and slope, an effect of treatment that may depend on a baseline
 * value, leaving that depends on the last score seen (missing at random), recurrence, adherence. */
#include "trial/simulate.h"

#include <math.h>
#include <string.h>

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Those who are followed side by side, with a place to draw into. */
typedef struct party {
    person *const *person;
    size_t count;
    lb_random *random[TRIAL_CROWD];
} party;

static void skip(party *g, uint32_t count)
{
    for (size_t i = 0; i < g->count && count; i++) lb_random_skip(g->random[i], count);
}

static void visit_days(const model *m, party *g, int visit)
{
    int place = m->place[visit];
    const lb_study_visit *v = &m->study->visit[visit];
    double z[TRIAL_CROWD];
    lb_random_normals(g->random, g->count, z);
    for (size_t i = 0; i < g->count; i++) {
        int off = (int)lround(fmin(fmax(m->jitter * z[i], -1e6), 1e6));
        g->person[i]->day[place] = v->nominal + clamp(off, v->window[0], v->window[1]);
    }
}

static double true_effect(const model *m, const person *p, const score *s)
{
    double effect = s->effect;
    for (size_t i = 0; i < s->modifiers; i++) {
        size_t item = s->modifier[i].item;
        effect += s->modifier[i].per_unit * (trial_number(&m->draw[item], p->drawn[item]) - s->modifier[i].above);
    }
    return effect;
}

static double baseline_of(const model *m, const score *s, const person *p)
{
    if (s->baseline < 0) return s->mean;
    return trial_step(fmin(fmax(trial_number(&m->draw[s->baseline], p->drawn[s->baseline]), s->low), s->high), s->step);
}

/* One score at every visit as it would be if the person came; `exact`: per score, visit of the model and person, before rounding, where
 * a score follows another. */
static void run_score(const model *m, party *g, size_t k, double *exact)
{
    const score *s = &m->score[k];
    double own[TRIAL_CROWD], slope[TRIAL_CROWD], error[TRIAL_CROWD], level[TRIAL_CROWD], effect[TRIAL_CROWD], leads[TRIAL_CROWD], y[TRIAL_CROWD];
    size_t first = k * (1 + m->visits); /* of this score in y */
    lb_random_normals(g->random, g->count, own);
    lb_random_normals(g->random, g->count, slope);
    for (size_t i = 0; i < g->count; i++) {
        person *p = g->person[i];
        double y0 = baseline_of(m, s, p);
        level[i] = s->mean + s->carry * (y0 - s->mean);
        effect[i] = p->arm == m->treated ? true_effect(m, p, s) : 0;
        own[i] *= s->person_sd;
        slope[i] *= s->slope_sd;
        leads[i] = s->follows >= 0 ? baseline_of(m, &m->score[s->follows], p) : 0;
        if (!s->not_at[m->baseline_visit]) p->y[first] = y0;
    }
    for (size_t at = 0; at < m->visits; at++) {
        size_t v = (size_t)m->visit[at];
        double day = m->study->visit[v].nominal;
        lb_random_normals(g->random, g->count, error);
        if (isnan(s->course[v])) continue;
        for (size_t i = 0; i < g->count; i++) {
            y[i] = level[i] + s->course[v] + effect[i] * s->fraction[v] + own[i] + slope[i] * day / 365 + s->residual_sd * error[i];
            if (s->follows >= 0) y[i] += s->per * (exact[((size_t)s->follows * m->visits + at) * TRIAL_CROWD + i] - leads[i]);
        }
        if (exact) memcpy(exact + (k * m->visits + at) * TRIAL_CROWD, y, g->count * sizeof *y);
        trial_steps(y, g->count, s->low, s->high, s->step);
        for (size_t i = 0; i < g->count; i++) g->person[i]->y[first + 1 + at] = y[i];
    }
}

/* Random numbers are taken in a fixed order, those of scores that nobody needs are passed over. */
static void run_scores(const model *m, party *g)
{
    double *exact = NULL;
    uint32_t passed = 0;
    for (size_t k = 0; k < m->scores && !exact; k++)
        if (m->score[k].follows >= 0 && !(m->needs.only && !m->needs.score[k]))
            exact = lb_arena_array(m->arena, m->scores * m->visits * TRIAL_CROWD, sizeof *exact);
    for (size_t k = 0; k < m->scores; k++) {
        if (m->needs.only && !m->needs.score[k]) {
            passed += (uint32_t)(2 * (2 + m->visits));
            continue;
        }
        skip(g, passed);
        passed = 0;
        run_score(m, g, k, exact);
    }
    skip(g, passed);
}

static void forget(const model *m, person *p, size_t place)
{
    p->day[place] = INT32_MIN;
    for (size_t k = 0; k < m->scores; k++) p->y[k * (1 + m->visits) + place] = NAN;
}

static const char *pick_reason(person *p, const lb_value *reasons)
{
    if (!reasons || reasons->count == 0) return "lost to follow-up";
    return reasons->key[trial_weighted(&p->random, reasons, reasons->count)];
}

/* Leaving before a visit: logistic in the last value seen of the score that drives it. */
static void run_leaving(const model *m, party *g)
{
    const leaving *l = &m->leaving;
    size_t driver = l->driver * (1 + m->visits);
    double seen[TRIAL_CROWD], stays[TRIAL_CROWD], comes[TRIAL_CROWD];
    for (size_t i = 0; i < g->count; i++) {
        seen[i] = g->person[i]->y[driver];
        g->person[i]->last = m->baseline_visit;
    }
    for (size_t at = 0; at < m->visits; at++) {
        int v = m->visit[at];
        bool optional = m->study->visit[v].optional;
        lb_random_uniforms(g->random, g->count, stays);
        lb_random_uniforms(g->random, g->count, comes);
        for (size_t i = 0; i < g->count; i++) {
            person *p = g->person[i];
            if (l->spec && !optional && !p->left && stays[i] < 1 / (1 + exp(-(l->intercept + l->per_unit * (seen[i] - l->above)))))
                p->left = pick_reason(p, l->reasons);
            if (p->left || (comes[i] < l->missed && v != m->last_visit)) {
                forget(m, p, 1 + at);
                continue;
            }
            seen[i] = p->y[driver + 1 + at];
            if (!optional) p->last = v;
        }
    }
}

/* Exponential time to the first recurrence; watched to the last contact or the planned end. */
static void run_recurrence(const model *m, person *p)
{
    const lb_value *spec = lb_get(m->spec, "recurrence");
    if (!spec) return;
    double rate = lb_get_number(spec, "rate_per_day", 0);
    if (p->arm == m->treated) rate *= exp(lb_get_number(spec, "log_hazard_ratio", 0));
    double time = ceil(lb_random_exponential(&p->random) / rate);
    int end = clamp(p->left ? p->last_day : (int)lb_get_int(spec, "to_day", 365), 1, (int)lb_get_int(spec, "to_day", 365));
    p->recurrence = time <= end;
    p->recurrence_days = p->recurrence ? (int)time : end;
}

static void run_adherence(const model *m, person *p)
{
    const lb_value *spec = lb_get(m->spec, "adherence");
    p->adherence = NAN;
    if (!spec || p->arm != lb_study_arm_named(m->study, lb_get_text(spec, "arm", ""))) return;
    size_t weeks = (size_t)clamp((int)lb_get_int(spec, "weeks", 0), 0, 520);
    double own = lb_get_number(spec, "mean", 0) + lb_get_number(spec, "person_sd", 0) * lb_random_normal(&p->random), sum = 0;
    if (p->left && p->last == m->baseline_visit && weeks > 0) weeks = lb_random_below(&p->random, (uint32_t)weeks);
    p->week = lb_arena_array(m->arena, weeks + 1, sizeof *p->week);
    for (p->weeks = 0; p->weeks < weeks; p->weeks++) {
        double value = own + lb_get_number(spec, "week_sd", 0) * lb_random_normal(&p->random);
        p->week[p->weeks] = trial_step(fmin(fmax(value, 0), 100), 0.1);
        sum += p->week[p->weeks];
    }
    if (weeks > 0) p->adherence = trial_step(sum / (double)weeks, 0.1);
}

void trial_follow(const model *m, person *const *people, size_t count)
{
    size_t places = 1 + m->visits, values = m->scores * places;
    double *y = lb_arena_array(m->arena, count * values + 1, sizeof *y);
    int *day = lb_arena_array(m->arena, count * places, sizeof *day);
    party g = {people, count, {NULL}};
    for (size_t i = 0; i < count * values; i++) y[i] = NAN;
    for (size_t i = 0; i < count * places; i++) day[i] = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        person *p = people[i];
        g.random[i] = &p->random;
        p->y = y + i * values;
        p->day = day + i * places;
        p->effect = m->scores ? true_effect(m, p, &m->score[0]) : 0;
    }
    if (m->needs.only && !m->needs.recurrence) {
        skip(&g, (uint32_t)(2 * (1 + m->visits)));
    } else {
        visit_days(m, &g, m->baseline_visit);
        for (size_t i = 0; i < m->visits; i++) visit_days(m, &g, m->visit[i]);
    }
    run_scores(m, &g);
    run_leaving(m, &g);
    if (m->needs.only && !m->needs.recurrence && !m->needs.adherence) return; /* nothing is drawn after it */
    for (size_t i = 0; i < count; i++) {
        int day_of_last = people[i]->day[m->place[people[i]->last]];
        people[i]->last_day = day_of_last > 0 ? day_of_last : 1;
        run_recurrence(m, people[i]);
        run_adherence(m, people[i]);
    }
}
