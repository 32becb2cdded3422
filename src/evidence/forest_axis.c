/* The axis of a forest plot: limits that show every estimate and the pooled intervals, cutting off only intervals that
 * run far beyond the estimates (they get arrows), and leave room for both "favours" labels. */
#include "evidence/forest.h"

#include <math.h>

typedef struct span {
    double low, high;
} span;

static void include(span *s, double value)
{
    if (!isfinite(value)) return;
    s->low = fmin(s->low, value);
    s->high = fmax(s->high, value);
}

static span natural_limits(const lb_forest *forest)
{
    span points = {INFINITY, -INFINITY}, ends = {INFINITY, -INFINITY};
    if (forest->has_null) include(&points, forest->null_at);
    for (size_t i = 0; i < forest->rows; i++) {
        const lb_forest_row *row = &forest->row[i];
        if (!isfinite(row->lower) || !isfinite(row->upper)) continue;
        include(&points, row->estimate);
        bool pooled = row->kind == LB_FOREST_SUBTOTAL || row->kind == LB_FOREST_TOTAL;
        include(pooled ? &points : &ends, row->lower);
        include(pooled ? &points : &ends, row->upper);
    }
    if (!(points.low <= points.high)) points = isfinite(ends.low) ? ends : (span){0, 1};
    double room = .75 * (points.high - points.low);
    if (!(room > 0)) room = isfinite(ends.high - ends.low) && ends.high > ends.low ? ends.high - ends.low : 1;
    span out = points;
    out.low = fmin(out.low, fmax(ends.low, points.low - room));
    out.high = fmax(out.high, fmin(ends.high, points.high + room));
    if (!(out.high > out.low)) out = (span){out.low - .5, out.high + .5};
    return out;
}

/* Each side of the line of no effect gets at least this share of the axis, so that its label fits. */
static void balance(const lb_forest *forest, span *s)
{
    enum { LEAST_PERCENT = 32 };
    if (!forest->has_null || (!forest->favours_left && !forest->favours_right)) return;
    double left = forest->null_at - s->low, right = s->high - forest->null_at,
           least = LEAST_PERCENT / (100. - LEAST_PERCENT);
    if (left < least * right) s->low = forest->null_at - least * right;
    if (right < least * left) s->high = forest->null_at + least * left;
}

void lb_forest_axis(lb_forest *forest, const double *xlim)
{
    span s;
    if (xlim) {
        s = (span){xlim[0], xlim[1]};
    } else {
        s = natural_limits(forest);
        balance(forest, &s);
        double margin = .03 * (s.high - s.low);
        s.low -= margin;
        s.high += margin;
    }
    forest->low = s.low;
    forest->high = s.high;
    if (forest->log_axis) {
        forest->ticks = lb_ticks_log(exp(s.low), exp(s.high), 9, forest->tick);
        for (size_t i = 0; i < forest->ticks; i++) forest->tick[i] = log(forest->tick[i]);
    } else {
        forest->ticks = lb_ticks(s.low, s.high, 9, forest->tick);
    }
}
