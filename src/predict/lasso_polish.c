/* From a good approximation to the exact minimum: Newton's method on the predictors that are not 0, with the penalty's sign
 * held. One that would cross 0 is dropped there; one that breaks its condition outside is taken in. A few steps suffice. */
#include "predict/lasso_work.h"

#include <lumbar/numeric.h>

enum { MOST_STEPS = 60 };

/* Information of intercept and active predictors: the lower triangle, slot 0 the intercept; factored. False: singular. */
LB_WIDE static bool factor(lasso_work *w)
{
    size_t m = w->active_count + 1, n = w->n, wide = w->wide;
    for (size_t a = 0; a < m; a++) {
        double *scaled = w->scaled + a * wide, sum = 0;
        if (a) memset(scaled, 0, wide * sizeof *scaled), lasso_subtract(scaled, -1, w->weight, w->x + w->active[a - 1] * wide, wide);
        else memcpy(scaled, w->weight, wide * sizeof *scaled);
        for (size_t b = 1; b <= a; b++) w->hessian[b * m + a] = lasso_dot(scaled, w->x + w->active[b - 1] * wide, wide);
        for (size_t i = 0; i < n; i++) sum += scaled[i];
        w->hessian[a] = sum; /* column 0 */
        if (a) w->hessian[a * m + a] += w->ridge;
    }
    return lb_chol(w->hessian, m) == 0;
}

/* Minus the gradient, with the signs held; returns its largest element. */
LB_WIDE static double downhill(const lasso_work *w, const double *sign, double *right)
{
    double most = 0;
    right[0] = 0;
    for (size_t i = 0; i < w->n; i++) right[0] += w->residual[i];
    for (size_t a = 0; a <= w->active_count; a++) {
        if (a) {
            size_t j = w->active[a - 1];
            right[a] = lasso_dot(w->x + j * w->wide, w->residual, w->wide) - w->lambda * w->alpha * sign[a - 1] - w->ridge * w->beta[j];
        }
        most = fmax(most, fabs(right[a]));
    }
    return most;
}

static void drop(lasso_work *w, double *sign, size_t a)
{
    w->beta[w->active[a]] = 0;
    w->active_count--;
    memmove(w->active + a, w->active + a + 1, (w->active_count - a) * sizeof *w->active);
    memmove(sign + a, sign + a + 1, (w->active_count - a) * sizeof *sign);
}

/* The share of the step up to the first predictor that would change sign, and which; or the whole step. */
static double room_to_move(const lasso_work *w, const double *sign, const double *step, size_t *blocker)
{
    double share = 1;
    *blocker = SIZE_MAX;
    for (size_t a = 0; a < w->active_count; a++) {
        double b = w->beta[w->active[a]], d = step[a + 1];
        if ((b + d) * sign[a] > 0) continue;
        double limit = d != 0 ? fmax(0, -b / d) : 0;
        if (limit < share || *blocker == SIZE_MAX) share = fmin(share, limit), *blocker = a;
    }
    return share;
}

/* The predictor outside that breaks its condition most, or SIZE_MAX. */
static size_t worst_outside(const lasso_work *w)
{
    double most = w->lambda * w->alpha + 1e-13 * w->scale;
    size_t which = SIZE_MAX;
    for (size_t j = 0; j < w->p; j++)
        if (w->beta[j] == 0 && w->sd[j] > 0 && fabs(w->gradient[j]) > most) most = fabs(w->gradient[j]), which = j;
    return which;
}

/* One step with the information factored last; *pace is the size of the step before, and a step that is not much smaller
 * factors anew. 1: moved, 0: at rest, -1: no information to go by. */
static int newton(lasso_work *w, double *sign, double *step, double *pace)
{
    size_t m = w->active_count + 1, blocker;
    if (downhill(w, sign, step) <= 2e-15 * w->scale) return 0;
    if (isinf(*pace) && !factor(w)) return -1;
    lb_chol_solve(w->hessian, m, step, 1);
    double share = room_to_move(w, sign, step, &blocker), size = fabs(step[0]), largest = fabs(w->intercept);
    w->intercept += share * step[0];
    for (size_t a = 0; a < w->active_count; a++) {
        w->beta[w->active[a]] += share * step[a + 1];
        size = fmax(size, fabs(step[a + 1]));
        largest = fmax(largest, fabs(w->beta[w->active[a]]));
    }
    if (blocker != SIZE_MAX) drop(w, sign, blocker);
    lasso_predictor(w);
    lasso_refresh(w);
    *pace = blocker != SIZE_MAX || size > 0.1 * *pace ? INFINITY : size;
    if (blocker != SIZE_MAX) return 1;
    return w->binomial && size > 1e-14 * largest ? 1 : 0; /* a quadratic needs one step */
}

bool lasso_polish(lasso_work *w)
{
    double *sign = w->curvature, *step = w->step, pace = INFINITY;
    w->active_count = 0;
    for (size_t j = 0; j < w->p; j++) {
        if (w->beta[j] == 0) continue;
        sign[w->active_count] = copysign(1, w->beta[j]);
        w->active[w->active_count++] = j;
    }
    for (int round = 0; round < MOST_STEPS; round++) {
        if (w->active_count + 1 > w->room) return false;
        int moved = newton(w, sign, step, &pace);
        if (moved < 0) return false;
        if (moved) continue;
        (void)lasso_violation(w);
        size_t enter = worst_outside(w);
        if (enter == SIZE_MAX) return true;
        sign[w->active_count] = copysign(1, w->gradient[enter]);
        w->active[w->active_count++] = enter;
        pace = INFINITY;
        w->beta[enter] = sign[w->active_count - 1] * 1e-300; /* counts as in; the next step gives it its size */
    }
    return false;
}
