/* People, their inputs and, behind a door, their outcome. */
#include "predict/cohort.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

struct lb_cohort {
    size_t n, inputs;
    lb_input *input;
    double *raw; /* n × inputs, row after row */
    const int32_t *group;
    int32_t batch_input;
    lb_outcome_data outcome;
};

lb_cohort *lb_cohort_new(size_t n, lb_input *input, size_t inputs, const int32_t *group, int32_t batch_input, const lb_outcome_data *outcome,
                         lb_arena *arena)
{
    lb_cohort *c = lb_arena_alloc(arena, sizeof *c);
    *c = (lb_cohort){.n = n, .inputs = inputs, .input = input, .group = group, .batch_input = batch_input, .outcome = *outcome,
                     .raw = lb_arena_try(arena, n + 1, (inputs + 1) * sizeof(double))};
    if (!c->raw) return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < inputs; j++) c->raw[i * inputs + j] = input[j].value[i];
    return c;
}

size_t lb_cohort_rows(const lb_cohort *c) { return c->n; }
size_t lb_cohort_inputs(const lb_cohort *c) { return c->inputs; }
const lb_input *lb_cohort_input(const lb_cohort *c, size_t index) { return &c->input[index]; }
const double *lb_cohort_row(const lb_cohort *c, size_t row) { return c->raw + row * c->inputs; }
const int32_t *lb_cohort_group(const lb_cohort *c) { return c->group; }
int32_t lb_cohort_batch(const lb_cohort *c) { return c->batch_input; }

/* 1, 0, or NaN: not known up to the horizon. */
static double known_event(const lb_cohort *c, size_t row)
{
    double event = c->outcome.event[row];
    if (!c->outcome.time || isnan(event)) return event;
    double time = c->outcome.time[row];
    if (isnan(time)) return NAN;
    if (event == 1 && time <= c->outcome.horizon) return 1;
    return time >= c->outcome.horizon ? 0 : NAN;
}

void lb_cohort_count(const lb_cohort *c, size_t *known, size_t *events, size_t *censored)
{
    *known = *events = *censored = 0;
    for (size_t i = 0; i < c->n; i++) {
        double event = known_event(c, i);
        *known += !isnan(event);
        *events += event == 1;
        *censored += isnan(event) && c->outcome.time && !isnan(c->outcome.event[i]) && !isnan(c->outcome.time[i]);
    }
}

lb_cohort *lb_cohort_permuted(const lb_cohort *c, lb_random *random, lb_arena *arena)
{
    lb_cohort *out = lb_arena_alloc(arena, sizeof *out);
    double *event = lb_arena_array(arena, 2 * c->n + 1, sizeof *event), *time = event + c->n;
    *out = *c;
    for (size_t i = 0; i < c->n; i++) {
        size_t k = lb_random_below(random, (uint32_t)i + 1);
        event[i] = event[k], time[i] = time[k];
        event[k] = c->outcome.event[i];
        time[k] = c->outcome.time ? c->outcome.time[i] : 0;
    }
    out->outcome.event = event;
    if (c->outcome.time) out->outcome.time = time;
    return out;
}

/* Chance of not being censored before each time: Kaplan-Meier of the censoring, as steps. */
typedef struct watch {
    double *time, *chance; /* chance: after this time */
    size_t steps;
} watch;

static watch watch_out(const lb_cohort *c, const size_t *row, size_t n, lb_arena *arena)
{
    double *time = lb_arena_array(arena, 3 * n + 3, sizeof *time), chance = 1;
    bool *event = lb_arena_array(arena, n + 1, sizeof *event);
    uint32_t *order = lb_arena_array(arena, n + 1, sizeof *order);
    watch w = {.time = time + n + 1, .chance = time + 2 * n + 2};
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(c->outcome.time[row[i]]) || isnan(c->outcome.event[row[i]])) continue;
        time[m] = c->outcome.time[row[i]];
        event[m++] = c->outcome.event[row[i]] == 1;
    }
    if (lb_sort_order(time, m, order, NULL)) return w;
    for (size_t i = 0; i < m;) {
        size_t end = i, left = 0, happened = 0;
        for (; end < m && time[order[end]] == time[order[i]]; end++) event[order[end]] ? happened++ : left++;
        size_t at_risk = m - i - happened; /* an event at the same time came first */
        if (left) {
            chance *= 1 - (double)left / (double)at_risk;
            w.time[w.steps] = time[order[i]];
            w.chance[w.steps++] = chance;
        }
        i = end;
    }
    return w;
}

static double still_watched(const watch *w, double t)
{
    size_t low = 0, high = w->steps; /* the steps before t */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->time[middle] < t) low = middle + 1;
        else high = middle;
    }
    return low ? w->chance[low - 1] : 1;
}

static lb_view make_view(const lb_cohort *c, const size_t *row, size_t n, lb_arena *arena)
{
    lb_view v = {.cohort = c};
    size_t *kept = lb_arena_array(arena, n + 1, sizeof *kept);
    double *event = lb_arena_array(arena, 2 * n + 2, sizeof *event), *weight = event + n + 1, sum = 0;
    int32_t *group = lb_arena_array(arena, n + 1, sizeof *group);
    bool censored = false;
    for (size_t i = 0; i < n; i++) {
        double known = known_event(c, row[i]);
        censored |= isnan(known) && c->outcome.time != NULL;
        if (isnan(known)) continue;
        kept[v.n] = row[i], event[v.n] = known, group[v.n] = c->group[row[i]];
        v.events += known == 1;
        v.n++;
    }
    watch w = {0};
    if (censored) w = watch_out(c, row, n, arena);
    for (size_t i = 0; i < v.n && censored; i++) {
        weight[i] = 1 / still_watched(&w, fmin(c->outcome.time[kept[i]], c->outcome.horizon));
        sum += weight[i];
    }
    for (size_t i = 0; i < v.n && censored; i++) weight[i] *= (double)v.n / sum;
    v.row = kept, v.event = event, v.group = group, v.weight = censored ? weight : NULL;
    return v;
}

lb_view lb_view_open(const lb_cohort *c, lb_fit_ledger *ledger, const char *scope, const char *step, const size_t *row, size_t n, lb_arena *arena)
{
    lb_fit_ledger_fit(ledger, scope, step, row, n, true);
    return make_view(c, row, n, arena);
}

lb_view lb_view_judge(const lb_cohort *c, lb_fit_ledger *ledger, const char *scope, const char *what, const size_t *row, size_t n, bool apparent,
                      lb_arena *arena)
{
    lb_fit_ledger_judge(ledger, scope, what, row, n, apparent);
    return make_view(c, row, n, arena);
}

static void shuffle(lb_random *random, size_t *order, size_t n)
{
    for (size_t u = 0; u < n; u++) order[u] = u;
    for (size_t u = n; u > 1; u--) {
        size_t k = lb_random_below(random, (uint32_t)u), swap = order[u - 1];
        order[u - 1] = order[k];
        order[k] = swap;
    }
}

size_t lb_deal_folds(const double *y, const int32_t *group, size_t n, size_t folds, lb_random *random, size_t *fold, lb_arena *arena)
{
    size_t units = 0;
    for (size_t i = 0; i < n; i++) units = (size_t)(group ? group[i] : (int32_t)i) + 1 > units ? (size_t)(group ? group[i] : (int32_t)i) + 1 : units;
    uint8_t *kind = lb_arena_array(arena, units + 1, 1); /* 0 not here, 1 without event, 2 with */
    size_t *order = lb_arena_array(arena, 2 * units + 1, sizeof *order), *place = order + units, of[3] = {0}, next = 0;
    for (size_t i = 0; i < n; i++) {
        size_t u = (size_t)(group ? group[i] : (int32_t)i);
        uint8_t here = y[i] == 1 ? 2 : 1;
        if (here > kind[u]) kind[u] = here;
    }
    for (size_t u = 0; u < units; u++) of[kind[u]]++;
    size_t least = of[1] < of[2] ? of[1] : of[2];
    if (folds > least) folds = least;
    if (folds < 2) folds = 2;
    shuffle(random, order, units);
    for (uint8_t pass = 2; pass >= 1; pass--)
        for (size_t k = 0; k < units; k++)
            if (kind[order[k]] == pass) place[order[k]] = next++ % folds;
    for (size_t i = 0; i < n; i++) fold[i] = place[(size_t)(group ? group[i] : (int32_t)i)];
    return folds;
}

void lb_split(const lb_cohort *c, lb_fit_ledger *ledger, const char *scope, double share, lb_random *random, bool *train, lb_arena *arena)
{
    size_t units = 0, *all = lb_arena_array(arena, c->n + 1, sizeof *all);
    for (size_t i = 0; i < c->n; i++) {
        all[i] = i;
        if ((size_t)c->group[i] + 1 > units) units = (size_t)c->group[i] + 1;
    }
    lb_fit_ledger_judge(ledger, scope, "split, balanced by outcome", all, c->n, true);
    uint8_t *kind = lb_arena_array(arena, units + 1, 1);
    bool *in = lb_arena_array(arena, units + 1, sizeof *in);
    size_t *order = lb_arena_array(arena, units + 1, sizeof *order);
    for (size_t i = 0; i < c->n; i++) {
        double event = known_event(c, i);
        uint8_t here = event == 1 ? 3 : event == 0 ? 2 : 1;
        if (here > kind[c->group[i]]) kind[c->group[i]] = here;
    }
    shuffle(random, order, units);
    for (uint8_t pass = 3; pass >= 1; pass--) {
        size_t total = 0, taken = 0;
        for (size_t u = 0; u < units; u++) total += kind[u] == pass;
        size_t wanted = (size_t)floor(share * (double)total + 0.5);
        for (size_t k = 0; k < units && taken < wanted; k++)
            if (kind[order[k]] == pass) in[order[k]] = true, taken++;
    }
    for (size_t i = 0; i < c->n; i++) train[i] = in[c->group[i]];
}
