/* Cutting a feature into at most 255 bins by LightGBM's rules: zero in a bin of its own, at least three rows in a bin, bounds just
 * above the midpoint of neighbouring values (Ke et al. 2017; conventions of version 4). */
#include "predict/leafwise.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>

#define ZERO 1e-35f
#define SPARSE 0.7
enum { MIN_IN_BIN = 3 };

typedef struct values {
    double *value; /* distinct, ascending */
    size_t *rows;
    size_t count;
} values;

typedef struct bounds {
    double *bound;
    size_t count;
} bounds;

static bool same(double a, double b) { return b <= nextafter(a, INFINITY); }

static void push(values *v, double value, size_t rows)
{
    v->value[v->count] = value;
    v->rows[v->count++] = rows;
}

/* Distinct values with their counts; the zeros are put in their place. */
static void distinct(const double *sorted, size_t n, size_t zeros, values *out)
{
    if (n == 0 || (sorted[0] > 0 && zeros > 0)) push(out, 0, zeros);
    for (size_t i = 0; i < n; i++) {
        if (i && same(sorted[i - 1], sorted[i])) {
            out->value[out->count - 1] = sorted[i];
            out->rows[out->count - 1]++;
            continue;
        }
        if (i && sorted[i - 1] < 0 && sorted[i] > 0) push(out, 0, zeros);
        push(out, sorted[i], 1);
    }
    if (n && sorted[n - 1] < 0 && zeros > 0) push(out, 0, zeros);
}

static bool add_bound(bounds *out, double a, double b, size_t first)
{
    double bound = nextafter((a + b) / 2, INFINITY);
    if (out->count > first && same(out->bound[out->count - 1], bound)) return false;
    out->bound[out->count++] = bound;
    return true;
}

/* Fewer distinct values than bins: one bin each, joined until it holds enough rows. */
static void few(const double *value, const size_t *rows, size_t n, bounds *out)
{
    size_t held = 0, first = out->count;
    for (size_t i = 0; i + 1 < n; i++) {
        held += rows[i];
        if (held >= MIN_IN_BIN && add_bound(out, value[i], value[i + 1], first)) held = 0;
    }
}

/* More: bins of about equal size; a value as frequent as a whole bin gets its own. */
static void many(const double *value, const size_t *rows, size_t n, size_t bins, size_t total, bounds *out)
{
    if (total / MIN_IN_BIN < bins) bins = total / MIN_IN_BIN;
    if (bins < 1) bins = 1;
    double size = (double)total / (double)bins;
    size_t rest_bins = bins, rest = total, made = 0, held = 0, first = out->count;
    double big = size;
    for (size_t i = 0; i < n; i++)
        if ((double)rows[i] >= big) rest_bins--, rest -= rows[i];
    size = (double)rest / (double)rest_bins;
    for (size_t i = 0; i + 1 < n && made + 1 < bins; i++) {
        bool is_big = (double)rows[i] >= big, next_big = (double)rows[i + 1] >= big;
        if (!is_big) rest -= rows[i];
        held += rows[i];
        if (!is_big && !((double)held >= size) && !(next_big && (double)held >= fmax(1, size * 0.5))) continue;
        (void)add_bound(out, value[i], value[i + 1], first);
        made++;
        held = 0;
        if (!is_big) {
            rest_bins--;
            size = (double)rest / (double)rest_bins;
        }
    }
}

static void greedy(const double *value, const size_t *rows, size_t n, size_t bins, size_t total, bounds *out)
{
    if (n <= bins) few(value, rows, n, out);
    else many(value, rows, n, bins, total, out);
    out->bound[out->count++] = INFINITY;
}

static void around_zero(const values *v, size_t max_bin, bounds *out)
{
    size_t left = 0, left_rows = 0, right = 0, right_rows = 0;
    while (left < v->count && v->value[left] <= -(double)ZERO) left_rows += v->rows[left++];
    for (right = left; right < v->count && v->value[right] <= (double)ZERO;) right++;
    for (size_t i = right; i < v->count; i++) right_rows += v->rows[i];
    if (left && max_bin > 1) {
        size_t bins = (size_t)((double)left_rows / (double)(left_rows + right_rows) * (double)(max_bin - 1));
        greedy(v->value, v->rows, left, bins > 1 ? bins : 1, left_rows, out);
        out->bound[out->count - 1] = -(double)ZERO;
    }
    if (right < v->count && max_bin - 1 > out->count) {
        size_t bins = max_bin - 1 - out->count;
        out->bound[out->count++] = (double)ZERO;
        greedy(v->value + right, v->rows + right, v->count - right, bins, right_rows, out);
    } else {
        out->bound[out->count++] = INFINITY;
    }
}

/* Can any split leave min_data rows on both sides? */
static bool splittable(const lb_leafwise_bins *b, const uint8_t *bin, size_t n, size_t min_data)
{
    size_t held[256] = {0}, left = 0;
    for (size_t i = 0; i < n; i++) held[bin[i]]++;
    for (size_t k = 0; k + 1 < b->count; k++) {
        left += held[k];
        if (left >= min_data && n - left >= min_data) return true;
    }
    return false;
}

static uint8_t bin_of(const lb_leafwise_bins *b, double value)
{
    const double *at = b->bound;
    size_t rest = b->count - b->missing;
    if (isnan(value)) {
        if (b->missing) return (uint8_t)(b->count - 1);
        value = 0;
    }
    while (rest > 1) { /* halved without a branch: the last bound is infinite */
        size_t half = rest / 2;
        at += half * (size_t)(at[half - 1] < value);
        rest -= half;
    }
    return (uint8_t)(at - b->bound);
}

/* The bin of zero, unless another holds most of the rows. */
static size_t common_bin(const lb_leafwise_bins *b, size_t n)
{
    size_t held[256] = {0}, most = 0;
    for (size_t i = 0; i < n; i++) held[b->bin[i]]++;
    for (size_t k = 1; k < b->count; k++)
        if (held[k] > held[most]) most = k;
    return (double)held[most] / (double)n < SPARSE ? bin_of(b, 0) : most;
}

int lb_leafwise_bin(const double *x, size_t n, size_t max_bin, size_t min_data, lb_arena *arena, lb_leafwise_bins *out, lb_error *err)
{
    size_t held = 0, missing = 0, zeros = 0;
    double *known = lb_alloc(2 * n + 2, sizeof *known), *sorted = known + n + 1;
    uint32_t *order = lb_alloc(n + 1, sizeof *order);
    values v = {lb_alloc(n + 2, sizeof(double)), lb_alloc(n + 2, sizeof(size_t)), 0};
    bounds b = {lb_arena_array(arena, max_bin + 4, sizeof(double)), 0};
    *out = (lb_leafwise_bins){.bin = lb_arena_try(arena, n + 1, 1), .low = INFINITY, .high = -INFINITY};
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) missing++;
        else if (fabs(x[i]) <= (double)ZERO) zeros++;
        else known[held++] = x[i];
    }
    int code = lb_sort_values(known, held, order, sorted, err);
    free(order);
    if (code) held = 0;
    distinct(sorted, held, zeros, &v);
    around_zero(&v, max_bin - (missing > 0), &b);
    if (missing) b.bound[b.count++] = NAN;
    out->bound = b.bound;
    out->count = b.count;
    out->missing = missing > 0;
    out->low = v.value[0];
    out->high = v.value[v.count - 1];
    free(known);
    free(v.value);
    free(v.rows);
    if (code) return code;
    if (!out->bin) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", n);
    for (size_t i = 0; i < n; i++) out->bin[i] = bin_of(out, x[i]);
    out->common = common_bin(out, n);
    if (out->count > 1 && !splittable(out, out->bin, n, min_data)) out->count = 0;
    return 0;
}
