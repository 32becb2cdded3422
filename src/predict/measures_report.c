/* Measures of risks with their intervals, as a report shows them. */
#include "predict/measures.h"
#include "predict/loess.h"
#include "predict/room.h"

#include <lumbar/stats.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEASURES = 13, MOST_LOESS = 2000 };
static const char *const measure_names[MEASURES] = {"auc", "brier", "sensitivity", "specificity", "ppv", "npv", "f1", "accuracy", "intercept", "slope",
                                                    "in_the_large", "oe_ratio", "net_benefit_20"};

typedef struct resampling {
    const lb_view *view;
    const double *risk;
    const bool *positive;
} resampling;

static double ratio(double a, double b) { return b > 0 ? a / b : NAN; }

/* All measures of the rows listed. */
static void compute(const resampling *r, const size_t *row, size_t n, double *room, double *out, lb_arena *arena)
{
    double *event = room, *risk = room + n, *weight = risk + n, tp = 0, fp = 0, tn = 0, fn = 0, expected = 0, total = 0, net = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = row[i];
        double w = weight[i] = r->view->weight ? r->view->weight[k] : 1;
        event[i] = r->view->event[k], risk[i] = r->risk[k];
        bool yes = event[i] == 1, positive = r->positive[k];
        *(yes ? positive ? &tp : &fn : positive ? &fp : &tn) += w;
        expected += w * risk[i];
        total += w;
        if (risk[i] >= 0.2) net += w * (yes ? 1 : -0.25);
    }
    lb_measures m = lb_measure(event, risk, weight, n, arena);
    const double all[MEASURES] = {m.auc, m.brier, ratio(tp, tp + fn), ratio(tn, tn + fp), ratio(tp, tp + fp), ratio(tn, tn + fn), ratio(2 * tp, 2 * tp + fp + fn),
                                  (tp + tn) / total, m.intercept, m.slope, m.in_the_large, ratio(tp + fn, expected), net / total};
    memcpy(out, all, sizeof all);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *value, size_t n, double q)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i])) value[m++] = value[i];
    if (m < 20) return NAN;
    qsort(value, m, sizeof *value, ascending);
    double at = q * (double)(m - 1);
    size_t low = (size_t)at;
    return low + 1 < m ? value[low] + (at - (double)low) * (value[low + 1] - value[low]) : value[m - 1];
}

/* Rows of people drawn with replacement. Returns how many. */
static size_t draw_people(const size_t *first, const size_t *of_person, size_t people, lb_random *random, size_t *row)
{
    size_t n = 0;
    for (size_t k = 0; k < people; k++) {
        size_t p = lb_random_below(random, (uint32_t)people);
        for (size_t i = first[p]; i < first[p + 1]; i++) row[n++] = of_person[i];
    }
    return n;
}

/* Rows sorted by person: first[p] … first[p + 1] - 1 in of_person. Returns how many people. */
static size_t by_person(const lb_view *v, size_t **first, size_t **of_person, lb_arena *arena)
{
    int32_t most = 0;
    for (size_t i = 0; i < v->n; i++) most = v->group[i] > most ? v->group[i] : most;
    size_t *count = lb_arena_array(arena, (size_t)most + 2, sizeof *count), people = 0;
    *first = lb_arena_array(arena, (size_t)most + 3, sizeof **first);
    *of_person = lb_arena_array(arena, v->n + 1, sizeof **of_person);
    for (size_t i = 0; i < v->n; i++) count[v->group[i]]++;
    for (int32_t g = 0; g <= most; g++) {
        if (!count[g]) continue;
        (*first)[people + 1] = (*first)[people] + count[g];
        count[g] = people++;
    }
    size_t *next = lb_arena_array(arena, people + 1, sizeof *next);
    memcpy(next, *first, people * sizeof *next);
    for (size_t i = 0; i < v->n; i++) (*of_person)[next[count[v->group[i]]]++] = i;
    return people;
}

static bool plain(const lb_view *v)
{
    lb_arena *arena = lb_arena_new();
    size_t *first, *rows;
    bool one_each = by_person(v, &first, &rows, arena) == v->n;
    lb_arena_free(arena);
    return one_each && !v->weight;
}

static void resample(const resampling *r, const lb_report_options *o, lb_value *out, lb_arena *arena)
{
    size_t *first, *of_person, people = by_person(r->view, &first, &of_person, arena), largest = 0;
    for (size_t p = 0; p < people; p++) largest = first[p + 1] - first[p] > largest ? first[p + 1] - first[p] : largest;
    size_t *row = lb_arena_array(arena, people * largest + 1, sizeof *row);
    double *room = lb_arena_array(arena, 3 * people * largest + 3, sizeof *room), *all = lb_arena_array(arena, MEASURES * o->resamples + 1, sizeof *all), one[MEASURES];
    lb_random random;
    for (size_t b = 0; b < o->resamples; b++) {
        lb_arena *scratch = lb_arena_new();
        lb_random_init(&random, o->seed, b);
        size_t n = draw_people(first, of_person, people, &random, row);
        compute(r, row, n, room, one, scratch);
        for (size_t m = 0; m < MEASURES; m++) all[m * o->resamples + b] = one[m];
        lb_arena_free(scratch);
    }
    for (size_t m = 0; m < MEASURES; m++) {
        char key[48];
        snprintf(key, sizeof key, "%s_lower", measure_names[m]);
        lb_set_number(out, key, quantile(all + m * o->resamples, o->resamples, (1 - o->level) / 2));
        snprintf(key, sizeof key, "%s_upper", measure_names[m]);
        lb_set_number(out, key, quantile(all + m * o->resamples, o->resamples, (1 + o->level) / 2));
    }
}

/* DeLong's interval of the area, Wilson's and exact ones of the shares, in place of the resampled. */
static int closed_form(const lb_view *v, const double *risk, const bool *positive, double level, lb_value *out, lb_arena *arena, lb_error *err)
{
    lb_roc roc;
    lb_confusion c = {0};
    int code = lb_roc_fit(v->event, risk, v->n, arena, &roc, err);
    if (code) return code;
    double half = lb_norm_q((1 - level) / 2, LB_UPPER) * sqrt(roc.variance);
    lb_set_number(out, "auc_lower", fmax(0, roc.auc - half));
    lb_set_number(out, "auc_upper", fmin(1, roc.auc + half));
    for (size_t i = 0; i < v->n; i++) *(v->event[i] == 1 ? positive[i] ? &c.tp : &c.fn : positive[i] ? &c.fp : &c.tn) += 1;
    lb_value *at = lb_set_object(out, "at_threshold");
    lb_confusion_measures(&c, level, at);
    static const char *const shares[] = {"sensitivity", "specificity", "ppv", "npv", "f1", "accuracy"};
    for (size_t k = 0; k < LB_COUNT(shares); k++) {
        char from[64], to[64];
        for (int side = 0; side < 2; side++) {
            snprintf(from, sizeof from, "%s_wilson_%s", shares[k], side ? "upper" : "lower");
            snprintf(to, sizeof to, "%s_%s", shares[k], side ? "upper" : "lower");
            lb_set_number(out, to, lb_get_number(at, from, NAN));
        }
    }
    return 0;
}

/* Mean distance of the loess calibration curve from the diagonal. */
static double integrated_index(const lb_view *v, const double *risk, lb_arena *arena)
{
    uint32_t *order = lb_arena_array(arena, v->n + 1, sizeof *order);
    double *x = lb_arena_array(arena, 2 * v->n + 1, sizeof *x), *y = x + v->n, sum = 0;
    if (v->n < 20 || v->n > MOST_LOESS || v->weight || lb_sort_order(risk, v->n, order, NULL)) return NAN;
    for (size_t i = 0; i < v->n; i++) x[i] = risk[order[i]], y[i] = v->event[order[i]];
    for (size_t i = 0; i < v->n; i++) sum += fabs(fmin(1, fmax(0, lb_loess_at(x, y, v->n, 0.75, x[i]))) - x[i]);
    return sum / (double)v->n;
}

int lb_measures_report(const lb_view *v, const double *risk, const bool *positive, const lb_report_options *o, lb_value *out, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    resampling r = {v, risk, positive};
    size_t *all = lb_arena_array(arena, v->n + 1, sizeof *all);
    double *room = lb_arena_array(arena, 3 * v->n + 3, sizeof *room), value[MEASURES];
    for (size_t i = 0; i < v->n; i++) all[i] = i;
    bool simple = plain(v);
    int code = 0;
    lb_set_int(out, "n", (int64_t)v->n);
    lb_set_int(out, "events", (int64_t)v->events);
    lb_set_bool(out, "weighted", v->weight != NULL);
    compute(&r, all, v->n, room, value, arena);
    for (size_t m = 0; m < MEASURES; m++) lb_set_number(out, measure_names[m], value[m]);
    lb_set_number(out, "ici", integrated_index(v, risk, arena));
    resample(&r, o, out, arena);
    lb_set_text(out, "intervals", simple ? "AUC: DeLong; shares: Wilson, exact beside them; others: percentiles of resampled people" : "percentiles of resampled people");
    if (simple && v->events && v->events < v->n) code = closed_form(v, risk, positive, o->level, out, arena, err);
    lb_value *rows = lb_set_array(out, "decision");
    for (int t = 5; t <= 60; t += 5) {
        double net = 0, everyone = 0, total = 0, odds = t / (100.0 - t);
        for (size_t i = 0; i < v->n; i++) {
            double w = v->weight ? v->weight[i] : 1, gain = w * (v->event[i] == 1 ? 1 : -odds);
            total += w;
            everyone += gain;
            if (risk[i] >= t / 100.0) net += gain;
        }
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "threshold", t / 100.0);
        lb_set_number(row, "net_benefit", net / total);
        lb_set_number(row, "net_benefit_all", everyone / total);
    }
    lb_arena_free(arena);
    return code;
}

int lb_measures_compare(const lb_view *v, const double *a, const double *b, const lb_report_options *o, lb_value *out, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    double difference = lb_auc(v->event, a, v->weight, v->n) - lb_auc(v->event, b, v->weight, v->n);
    int code = 0;
    lb_set_number(out, "difference", difference);
    if (plain(v)) {
        lb_roc first, second;
        double z, p;
        code = lb_roc_fit(v->event, a, v->n, arena, &first, err);
        if (!code) code = lb_roc_fit(v->event, b, v->n, arena, &second, err);
        if (!code) {
            lb_roc_compare(&first, &second, &z, &p);
            double half = lb_norm_q((1 - o->level) / 2, LB_UPPER) * fabs(difference / z);
            lb_set_number(out, "lower", difference - half);
            lb_set_number(out, "upper", difference + half);
            lb_set_number(out, "p", p);
            lb_set_text(out, "method", "DeLong, paired");
        }
    } else {
        size_t *first, *of_person, people = by_person(v, &first, &of_person, arena), largest = 0;
        for (size_t p = 0; p < people; p++) largest = first[p + 1] - first[p] > largest ? first[p + 1] - first[p] : largest;
        size_t *row = lb_arena_array(arena, people * largest + 1, sizeof *row);
        double *room = lb_arena_array(arena, 4 * people * largest + 4, sizeof *room), *all = lb_arena_array(arena, o->resamples + 1, sizeof *all);
        size_t block = people * largest;
        lb_random random;
        for (size_t s = 0; s < o->resamples; s++) {
            lb_random_init(&random, o->seed, s);
            size_t n = draw_people(first, of_person, people, &random, row);
            for (size_t i = 0; i < n; i++) {
                room[i] = v->event[row[i]], room[block + i] = a[row[i]], room[2 * block + i] = b[row[i]];
                room[3 * block + i] = v->weight ? v->weight[row[i]] : 1;
            }
            all[s] = lb_auc(room, room + block, room + 3 * block, n) - lb_auc(room, room + 2 * block, room + 3 * block, n);
        }
        lb_set_number(out, "lower", quantile(all, o->resamples, (1 - o->level) / 2));
        lb_set_number(out, "upper", quantile(all, o->resamples, (1 + o->level) / 2));
        lb_set_text(out, "method", "resampled people, paired");
    }
    lb_arena_free(arena);
    return code;
}
