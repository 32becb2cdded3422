/* What values say about themselves. Each check is a general one: orders of magnitude against the rest of the column, an SD
 * that would fit if it were a standard error, SDs and correlations that cannot be, means outside or at the very foot of
 * their scale, negative means among finals. */
#include "evidence/check.h"

#include <math.h>
#include <string.h>

/* Far off the rest of its column: 1000 times the median (10 000 times for counts of people). A lost decimal point is
 * guessed at: the power of ten that brings the value back among the others. */
static void check_magnitude(lb_check *check, const lb_check_column *c, size_t row)
{
    double x = c->number[row], factor = c->role == LB_ROLE_N ? 1e4 : 1e3;
    if (isnan(x) || isnan(c->median) || fabs(x) < factor * c->median) return;
    double back = x;
    int power = 0;
    while (fabs(back) > c->median * 3 && power < 320) {
        back /= 10;
        power++;
    }
    if (power <= 6 && back >= fmin(c->low, -c->high) && back <= c->high)
        lb_check_find(check, row + 1, c->column->name, "magnitude", "error",
                      "%.10g is %.0f times the median of its column, %g; was a decimal point or comma lost (%g)?", x, fabs(x) / c->median, c->median, back);
    else
        lb_check_find(check, row + 1, c->column->name, "magnitude", "error", "%.10g is far from the rest of its column (median %g)", x, c->median);
}

static const lb_check_column *named(const lb_check *check, const char *name)
{
    for (size_t i = 0; i < check->columns; i++)
        if (strcmp(check->column[i].column->name, name) == 0) return &check->column[i];
    return NULL;
}

/* Range of the row's scale; 1 for all rows when the table has no scales. */
static double range_at(const lb_check *check, size_t row)
{
    const lb_check_column *low = named(check, "scale_min"), *high = named(check, "scale_max");
    return low && high ? high->number[row] - low->number[row] : 1;
}

/* The median SD of the column as a share of its scale, brought to this row's scale. NaN when the column has under five,
 * or when they differ so much (no scales, several instruments) that none is usual: the quartiles more than three apart. */
static double usual_in_column(const lb_check *check, const lb_check_column *c, size_t row)
{
    enum { MOST = 4000 };
    double *share = lb_arena_array(check->arena, MOST, sizeof *share);
    size_t n = 0;
    for (size_t r = 0; r < check->rows && n < MOST; r++) {
        double s = c->number[r] / range_at(check, r);
        if (!(s > 0)) continue;
        size_t at = n++;
        for (; at > 0 && share[at - 1] > s; at--) share[at] = share[at - 1];
        share[at] = s;
    }
    return n >= 5 && share[3 * n / 4] <= 3 * share[n / 4] ? share[n / 2] * range_at(check, row) : NAN;
}

/* What an SD of this row should be near: the median of the row's other SDs, else what is usual in the column. */
static double usual_sd(const lb_check *check, const lb_check_column *c, size_t row)
{
    double other[LB_CHECK_MOST_COLUMNS];
    size_t n = 0;
    for (size_t i = 0; i < check->columns; i++) {
        const lb_check_column *o = &check->column[i];
        if (o == c || o->role != LB_ROLE_SD || !(o->number[row] > 0)) continue;
        size_t at = n++;
        for (; at > 0 && other[at - 1] > o->number[row]; at--) other[at] = other[at - 1];
        other[at] = o->number[row];
    }
    return n ? other[n / 2] : usual_in_column(check, c, row);
}

static void check_sd(lb_check *check, const lb_check_column *c, size_t row)
{
    double sd = c->number[row], n = c->n >= 0 ? check->column[c->n].number[row] : NAN;
    if (isnan(sd)) return;
    if (sd < 0) lb_check_find(check, row + 1, c->column->name, "negative_sd", "error", "a standard deviation of %g cannot be", sd);
    if (sd == 0) lb_check_find(check, row + 1, c->column->name, "zero_sd", "error", "a standard deviation of 0: everybody had the same value, or it is missing");
    if (!(sd > 0 && n > 1)) return;
    double usual = usual_sd(check, c, row);
    if (!(sd > 0 && n > 1 && usual > 0) || sd > usual / 2.5) return;
    double as_se = sd * sqrt(n);
    if (fabs(log(as_se / usual)) < .5 * fabs(log(sd / usual)))
        lb_check_find(check, row + 1, c->column->name, "se_as_sd", "warning",
                      "an SD of %g with n = %g beside others near %g: as a standard error it would be an SD of %.3g", sd, n, usual, as_se);
}

static void check_limits(lb_check *check, const lb_check_column *c, size_t row)
{
    double x = c->number[row];
    if (isnan(x)) return;
    if (c->role == LB_ROLE_CORRELATION && fabs(x) > 1)
        lb_check_find(check, row + 1, c->column->name, "correlation", "error", "a correlation of %g cannot be", x);
    if (c->role == LB_ROLE_CORRELATION && fabs(x) == 1)
        lb_check_find(check, row + 1, c->column->name, "correlation", "error", "a correlation of exactly %g leaves no error of a change", x);
    if (c->role == LB_ROLE_VARIANCE && x <= 0)
        lb_check_find(check, row + 1, c->column->name, "variance", "error", "a variance of %g would take all the weight, or cannot be", x);
    if (c->role == LB_ROLE_N && (x < 2 || x != floor(x)))
        lb_check_find(check, row + 1, c->column->name, "group_size", x < 2 ? "error" : "warning", "a group of %g people", x);
}

/* -- scales -------------------------------------------------------------------------------------------------------- */

static void check_scale_itself(lb_check *check, size_t row, double low, double high, const lb_check_column *direction)
{
    if (isnan(low) != isnan(high) || low >= high)
        lb_check_find(check, row + 1, "scale_max", "scale", "error", "a scale from %g to %g", low, high);
    if (!isnan(low) && (!direction || isnan(direction->number[row])))
        lb_check_find(check, row + 1, "higher_is_worse", "direction", "error", "a scale without a direction cannot be brought to another");
}

/* A mean outside its scale; an SD larger than half the range times √(n/(n − 1)), which no data can have. */
static void check_against_scale(lb_check *check, const lb_check_column *c, size_t row, double low, double high)
{
    double x = c->number[row], n = c->n >= 0 ? check->column[c->n].number[row] : NAN, range = high - low;
    if (isnan(x) || !(range > 0)) return;
    if (c->role == LB_ROLE_MEAN && !c->change && (x < low || x > high))
        lb_check_find(check, row + 1, c->column->name, x < low ? "change_among_finals" : "outside_scale", "error",
                      x < low ? "a mean of %g lies below its scale, %g to %g: is it a change?" : "a mean of %g lies outside its scale, %g to %g", x, low, high);
    if (c->role == LB_ROLE_MEAN && c->change && fabs(x) > range)
        lb_check_find(check, row + 1, c->column->name, "outside_scale", "error", "a change of %g is more than its scale allows, %g to %g", x, low, high);
    double most = range * (c->change ? 1 : .5) * (n > 1 ? sqrt(n / (n - 1)) : 1.5);
    if (c->role == LB_ROLE_SD && x > most)
        lb_check_find(check, row + 1, c->column->name, "sd_too_large", "error", "an SD of %g is more than a scale from %g to %g allows (%.3g)", x, low, high, most);
}

/* Everything of a study in the lowest tenth of its scale while other studies stand much higher on theirs: the values look
 * like those of a scale a tenth as long. */
static void check_foot(lb_check *check, const lb_check_column *low, const lb_check_column *high, const lb_check_column *mean)
{
    double share[LB_CHECK_MOST_ROWS > 4000 ? 4000 : LB_CHECK_MOST_ROWS];
    size_t n = 0;
    for (size_t r = 0; r < check->rows && n < LB_COUNT(share); r++) {
        double s = (mean->number[r] - low->number[r]) / (high->number[r] - low->number[r]);
        if (isnan(s)) continue;
        size_t at = n++;
        for (; at > 0 && share[at - 1] > s; at--) share[at] = share[at - 1];
        share[at] = s;
    }
    if (n < 4 || share[n / 2] < .15) return;
    const char *before = NULL;
    for (size_t r = 0; r < check->rows; r++) {
        double range = high->number[r] - low->number[r], x = mean->number[r] - low->number[r];
        const char *study = lb_check_study(check, r);
        if (!(range >= 50) || isnan(x) || !study || lb_text_equal(study, before)) continue;
        double most = 0;
        for (size_t i = 0; i < check->rows; i++) {
            const char *theirs = lb_check_study(check, i);
            if (lb_text_equal(study, theirs) && high->number[i] - low->number[i] == range && mean->number[i] > most) most = mean->number[i];
        }
        before = study;
        if (most > 0 && most <= range / 10)
            lb_check_find(check, r + 1, mean->column->name, "scale_length", "warning",
                          "no mean of this study is above %g on a scale from %g to %g: was it a scale to %g?", most, low->number[r], high->number[r],
                          low->number[r] + range / 10);
    }
}

static void check_scales(lb_check *check)
{
    const lb_check_column *low = named(check, "scale_min"), *high = named(check, "scale_max"), *direction = named(check, "higher_is_worse");
    if (!low || !high) return;
    for (size_t r = 0; r < check->rows; r++) {
        check_scale_itself(check, r, low->number[r], high->number[r], direction);
        for (size_t c = 0; c < check->columns; c++) check_against_scale(check, &check->column[c], r, low->number[r], high->number[r]);
    }
    for (size_t c = 0; c < check->columns; c++)
        if (check->column[c].role == LB_ROLE_MEAN && !check->column[c].change) check_foot(check, low, high, &check->column[c]);
}

/* Without scales: a negative mean in a column that is positive nearly everywhere is likely a change. */
static void check_negative(lb_check *check, const lb_check_column *c)
{
    size_t negative = 0, positive = 0;
    if (c->role != LB_ROLE_MEAN || c->change || named(check, "scale_min")) return;
    for (size_t r = 0; r < check->rows; r++) {
        negative += c->number[r] < 0;
        positive += c->number[r] > 0;
    }
    if (!negative || negative > positive / 4) return;
    for (size_t r = 0; r < check->rows; r++)
        if (c->number[r] < 0)
            lb_check_find(check, r + 1, c->column->name, "change_among_finals", "warning",
                          "%g is negative where %zu of %zu means are positive: is it a change?", c->number[r], positive, positive + negative);
}

void lb_check_values(lb_check *check)
{
    for (size_t c = 0; c < check->columns; c++) {
        const lb_check_column *column = &check->column[c];
        for (size_t r = 0; r < check->rows; r++) {
            check_magnitude(check, column, r);
            check_limits(check, column, r);
            if (column->role == LB_ROLE_SD) check_sd(check, column, r);
        }
        check_negative(check, column);
    }
    check_scales(check);
}
