/* Following invented people: scores with a person's own level and slope, an effect of treatment that may depend on a baseline
 * value, leaving that depends on the last score seen (missing at random), recurrence, adherence. */
#include "trial/simulate.h"

#include <math.h>
#include <string.h>

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static int visit_day(const model *m, person *p, int visit)
{
    const lb_study_visit *v = &m->study->visit[visit];
    int off = (int)lround(fmin(fmax(m->jitter * lb_random_normal(&p->random), -1e6), 1e6));
    return v->nominal + clamp(off, v->window[0], v->window[1]);
}

static double true_effect(const person *p, const score *s)
{
    double effect = s->effect;
    for (size_t i = 0; i < s->modifiers; i++)
        effect += s->modifier[i].per_unit * (lb_number_of(&p->value[s->modifier[i].item]) - s->modifier[i].above);
    return effect;
}

static double baseline_of(const score *s, const person *p)
{
    return s->baseline < 0 ? s->mean : trial_step(fmin(fmax(lb_number_of(&p->value[s->baseline]), s->low), s->high), s->step);
}

/* Every score at every visit as it would be if the person came. Random numbers are taken in a fixed order. */
static void run_scores(const model *m, person *p)
{
    size_t visits = m->study->visit_count;
    double *exact = lb_arena_array(m->arena, m->scores * visits + 1, sizeof *exact);
    uint32_t passed = 0; /* random numbers of scores that nobody needs */
    for (size_t k = 0; k < m->scores; k++) {
        const score *s = &m->score[k];
        if (m->needs.only && !m->needs.score[k]) {
            passed += (uint32_t)(2 * (2 + m->visits));
            continue;
        }
        lb_random_skip(&p->random, passed);
        passed = 0;
        double own = s->person_sd * lb_random_normal(&p->random), slope = s->slope_sd * lb_random_normal(&p->random);
        double y0 = baseline_of(s, p), effect = p->arm == m->treated ? true_effect(p, s) : 0;
        if (!s->not_at[m->baseline_visit]) p->y[k * visits + (size_t)m->baseline_visit] = y0;
        for (size_t i = 0; i < m->visits; i++) {
            size_t v = (size_t)m->visit[i], at = k * visits + v;
            double error = s->residual_sd * lb_random_normal(&p->random);
            if (isnan(s->course[v])) continue;
            double y = s->mean + s->carry * (y0 - s->mean) + s->course[v] + effect * s->fraction[v] + own +
                       slope * m->study->visit[v].nominal / 365 + error;
            if (s->follows >= 0) y += s->per * (exact[(size_t)s->follows * visits + v] - baseline_of(&m->score[s->follows], p));
            exact[at] = y;
            p->y[at] = trial_step(!(y >= s->low) ? s->low : y > s->high ? s->high : y, s->step);
        }
    }
    lb_random_skip(&p->random, passed);
}

static void forget(const model *m, person *p, int visit)
{
    p->day[visit] = INT32_MIN;
    for (size_t k = 0; k < m->scores; k++) p->y[k * m->study->visit_count + (size_t)visit] = NAN;
}

static const char *pick_reason(person *p, const lb_value *reasons)
{
    if (!reasons || reasons->count == 0) return "lost to follow-up";
    return reasons->key[trial_weighted(&p->random, reasons, reasons->count)];
}

/* Leaving before a visit: logistic in the last value seen of the score that drives it. */
static void run_leaving(const model *m, person *p)
{
    const leaving *l = &m->leaving;
    size_t visits = m->study->visit_count;
    double seen = p->y[l->driver * visits + (size_t)m->baseline_visit];
    p->last = m->baseline_visit;
    for (size_t i = 0; i < m->visits; i++) {
        int v = m->visit[i];
        bool optional = m->study->visit[v].optional;
        double logit = l->intercept + l->per_unit * (seen - l->above);
        bool leaves = lb_random_uniform(&p->random) < 1 / (1 + exp(-logit)), misses = lb_random_uniform(&p->random) < l->missed;
        if (l->spec && leaves && !optional && !p->left) p->left = pick_reason(p, l->reasons);
        if (p->left || (misses && v != m->last_visit)) {
            forget(m, p, v);
            continue;
        }
        seen = p->y[l->driver * visits + (size_t)v];
        if (!optional) p->last = v;
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

void trial_follow(const model *m, person *p)
{
    size_t visits = m->study->visit_count;
    p->y = lb_arena_array(m->arena, m->scores * visits + 1, sizeof *p->y);
    p->day = lb_arena_array(m->arena, visits + 1, sizeof *p->day);
    for (size_t i = 0; i < m->scores * visits; i++) p->y[i] = NAN;
    for (size_t i = 0; i < visits; i++) p->day[i] = INT32_MIN;
    if (m->needs.only && !m->needs.recurrence) {
        lb_random_skip(&p->random, (uint32_t)(2 * (1 + m->visits)));
    } else {
        p->day[m->baseline_visit] = visit_day(m, p, m->baseline_visit);
        for (size_t i = 0; i < m->visits; i++) p->day[m->visit[i]] = visit_day(m, p, m->visit[i]);
    }
    p->effect = m->scores ? true_effect(p, &m->score[0]) : 0;
    run_scores(m, p);
    run_leaving(m, p);
    if (m->needs.only && !m->needs.recurrence && !m->needs.adherence) return; /* nothing is drawn after it */
    p->last_day = p->day[p->last] > 0 ? p->day[p->last] : 1;
    run_recurrence(m, p);
    run_adherence(m, p);
}
