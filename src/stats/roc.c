/* Receiver operating characteristic: AUC as the Mann–Whitney probability with ties as one half, its variance after
 * DeLong, DeLong & Clarke-Pearson 1988 from mid-ranks in O(n log n) (Sun & Xu 2014, IEEE Signal Process Lett 21:1389). */
#include <lumbar/stats.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct scored {
    double score;
    uint32_t index; /* among all people */
    uint32_t place; /* among the cases, or among the controls */
    bool is_case;
} scored;

static int by_score(const void *a, const void *b)
{
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* One walk over the sorted people, a group of tied scores at a time: of the people with a lower score, `controls_below`
 * and `cases_below` are known, so each structural component is (below + half the tied) over the other group's size. */
static void walk(const scored *sorted, size_t n, lb_roc *out)
{
    double m = (double)out->cases, k = (double)out->controls;
    size_t cases_below = 0, controls_below = 0, point = 0;
    out->threshold[0] = -INFINITY;
    out->sensitivity[0] = 1;
    out->specificity[0] = 0;
    for (size_t i = 0; i < n;) {
        size_t j = i, tied_cases = 0;
        for (; j < n && sorted[j].score == sorted[i].score; j++) tied_cases += sorted[j].is_case;
        size_t tied_controls = j - i - tied_cases;
        double v10 = ((double)controls_below + 0.5 * (double)tied_controls) / k;
        double v01 = ((m - (double)cases_below - (double)tied_cases) + 0.5 * (double)tied_cases) / m;
        for (size_t l = i; l < j; l++) {
            if (sorted[l].is_case) out->v10[sorted[l].place] = v10;
            else out->v01[sorted[l].place] = v01;
        }
        cases_below += tied_cases;
        controls_below += tied_controls;
        point++;
        /* halfway to the next score; halves first, so that huge scores do not overflow */
        out->threshold[point] = j < n ? sorted[i].score / 2 + sorted[j].score / 2 : INFINITY;
        out->sensitivity[point] = (m - (double)cases_below) / m;
        out->specificity[point] = (double)controls_below / k;
        i = j;
    }
    out->points = point + 1;
}

static double mean_of(const double *x, size_t n) { return lb_sum(x, n) / (double)n; }

static double covariance_of(const double *x, const double *y, size_t n)
{
    double mx = mean_of(x, n), my = mean_of(y, n), sum = 0;
    for (size_t i = 0; i < n; i++) sum += (x[i] - mx) * (y[i] - my);
    return n > 1 ? sum / (double)(n - 1) : NAN;
}

int lb_roc_fit(const double *event, const double *score, size_t n, lb_arena *arena, lb_roc *out, lb_error *err)
{
    memset(out, 0, sizeof *out);
    if (n > UINT32_MAX) return lb_fail(err, LB_TOO_LARGE, "%zu people are too many for one ROC curve", n);
    scored *sorted = malloc((n ? n : 1) * sizeof *sorted);
    if (!sorted) return lb_fail(err, LB_TOO_LARGE, "a ROC curve of %zu people does not fit in memory", n);
    int code = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_case = event[i] == 1;
        if (isnan(score[i]) || (event[i] != 0 && event[i] != 1)) {
            code = lb_fail(err, LB_BAD_DATA, "row %zu: the score is missing or the outcome is neither 0 nor 1", i + 1);
            goto out;
        }
        sorted[i] = (scored){score[i], (uint32_t)i, (uint32_t)(is_case ? out->cases : out->controls), is_case};
        if (is_case) out->cases++;
        else out->controls++;
    }
    if (out->cases == 0 || out->controls == 0) {
        code = lb_fail(err, LB_BAD_DATA, "%zu people with and %zu without the event: a ROC curve needs both", out->cases,
                       out->controls);
        goto out;
    }
    qsort(sorted, n, sizeof *sorted, by_score);
    out->threshold = lb_arena_try(arena, n + 1, sizeof(double));
    out->sensitivity = lb_arena_try(arena, n + 1, sizeof(double));
    out->specificity = lb_arena_try(arena, n + 1, sizeof(double));
    out->v10 = lb_arena_try(arena, out->cases, sizeof(double));
    out->v01 = lb_arena_try(arena, out->controls, sizeof(double));
    if (!out->threshold || !out->sensitivity || !out->specificity || !out->v10 || !out->v01) {
        code = lb_fail(err, LB_TOO_LARGE, "a ROC curve of %zu people does not fit in memory", n);
        goto out;
    }
    walk(sorted, n, out);
    out->auc = mean_of(out->v10, out->cases);
    out->variance = covariance_of(out->v10, out->v10, out->cases) / (double)out->cases +
                    covariance_of(out->v01, out->v01, out->controls) / (double)out->controls;
out:
    free(sorted);
    return code;
}

double lb_roc_covariance(const lb_roc *a, const lb_roc *b)
{
    if (a->cases != b->cases || a->controls != b->controls) return NAN;
    return covariance_of(a->v10, b->v10, a->cases) / (double)a->cases + covariance_of(a->v01, b->v01, a->controls) / (double)a->controls;
}

void lb_roc_compare(const lb_roc *a, const lb_roc *b, double *z, double *p)
{
    *z = *p = NAN;
    double variance = a->variance + b->variance - 2 * lb_roc_covariance(a, b);
    if (!(variance > 0)) return;
    *z = (a->auc - b->auc) / sqrt(variance);
    *p = lb_two_sided_p(*z, NAN);
}
