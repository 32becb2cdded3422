/* Reading rows to train on: an outcome and columns of numbers; what was left out is said. */
#include "predict/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int lb_positive(lb_call *call, const char *name, bool zero, double *out, lb_error *err)
{
    *out = lb_call_number(call, name);
    if (isfinite(*out) && (zero ? *out >= 0 : *out > 0)) return 0;
    int code = lb_fail(err, LB_USAGE, "%g does not do: a number %s is needed", *out, zero ? "from 0 up" : "above 0");
    lb_error_where(err, "--%s", name);
    return code;
}

int lb_predictor_read(const lb_table *table, const char *name, lb_column **out, lb_error *err)
{
    int code = lb_table_number(table, name, out, err);
    for (size_t i = 0; !code && i < table->rows; i++) {
        double v = (*out)->number[i];
        if (!(fabs(v) > LB_PREDICTOR_MOST)) continue;
        code = lb_fail(err, LB_BAD_DATA, "it holds %g in row %zu: numbers beyond %g cannot be computed with", v, i + 1, LB_PREDICTOR_MOST);
        lb_error_where(err, "column %s", name);
        lb_error_hint(err, "correct the cell or leave it empty, or choose another unit");
    }
    return code;
}

/* ---- columns that cannot help ---- */

enum { MOST_NAMED = 8 };

typedef struct print {
    uint64_t hash; /* of the column's bytes */
    size_t column;
} print;

static int by_hash(const void *a, const void *b)
{
    const print *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static void add_name(lb_buf *text, size_t count, const char *name, const char *twin)
{
    if (count < MOST_NAMED) lb_buf_printf(text, "%s%s%s%s", count ? ", " : "", name, twin ? " = " : "", twin ? twin : "");
    else if (count == MOST_NAMED) lb_buf_puts(text, ", …");
}

void lb_columns_warn(const double *x, size_t n, size_t p, const char *const *name, lb_result *result)
{
    lb_buf flat = {0}, twin = {0};
    size_t flats = 0, twins = 0;
    print *all = lb_alloc(p + 1, sizeof *all);
    for (size_t j = 0; j < p; j++) {
        double low = INFINITY, high = -INFINITY;
        all[j] = (print){UINT64_C(14695981039346656037), j}; /* FNV-1a, eight bytes at a time */
        for (size_t i = 0; i < n; i++) {
            uint64_t bits;
            memcpy(&bits, &x[j * n + i], sizeof bits);
            all[j].hash = (all[j].hash ^ bits) * UINT64_C(1099511628211);
            all[j].hash ^= all[j].hash >> 32;
            low = fmin(low, x[j * n + i]), high = fmax(high, x[j * n + i]);
        }
        if (high > low) continue;
        add_name(&flat, flats++, name[j], NULL);
        all[j].hash = j; /* not called a twin, too */
    }
    qsort(all, p, sizeof *all, by_hash);
    for (size_t k = 1; k < p; k++)
        if (all[k].hash == all[k - 1].hash && memcmp(x + all[k].column * n, x + all[k - 1].column * n, n * sizeof *x) == 0)
            add_name(&twin, twins++, name[all[k].column], name[all[k - 1].column]);
    if (flats) lb_result_warn(result, "%zu column%s not vary and cannot help: %s", flats, flats == 1 ? " does" : "s do", flat.data);
    if (twins) lb_result_warn(result, "%zu column%s another; what they say may be told of either: %s", twins, twins == 1 ? " repeats" : "s repeat", twin.data);
    lb_buf_free(&flat);
    lb_buf_free(&twin);
    free(all);
}

static int varies(const lb_training *t, lb_error *err)
{
    for (size_t i = 1; i < t->n; i++)
        if (t->y[i] != t->y[0]) return 0;
    int code = lb_fail(err, LB_BAD_DATA, t->n ? "in the %zu complete rows the outcome does not vary: there is nothing to learn" : "of %zu rows none is complete", t->n ? t->n : t->rows);
    lb_error_where(err, "--outcome");
    lb_error_hint(err, "leave out predictors that are mostly missing, or impute them first");
    return code;
}

int lb_training_read(lb_call *call, lb_result *result, bool numeric, bool keep_missing, lb_training *out, lb_error *err)
{
    *out = (lb_training){0};
    const char *name = lb_call_text(call, "outcome");
    lb_column *column;
    out->p = lb_call_texts(call, "features", &out->name);
    int code = lb_call_table(call, "data", &out->table, err);
    if (!code && !numeric) code = lb_outcome_read(out->table, name, lb_call_text(call, "event"), result->arena, &out->outcome, err);
    if (!code && numeric) code = lb_table_number(out->table, name, &column, err);
    if (code) return code;
    const double *y = numeric ? column->number : out->outcome.event;
    size_t rows = out->rows = out->table->rows, p = out->p;
    const double **x = lb_arena_array(result->arena, p + 1, sizeof *x);
    out->x = lb_arena_try(result->arena, p + 1, (rows + 1) * sizeof(double));
    out->y = lb_arena_try(result->arena, rows + 1, sizeof(double));
    out->row = lb_arena_try(result->arena, rows + 1, sizeof *out->row);
    if (!out->x || !out->y || !out->row || rows > UINT32_MAX / 8) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu features do not fit in memory", rows, p);
    for (size_t j = 0; j < p; j++) {
        if (lb_text_equal(out->name[j], name)) {
            code = lb_fail(err, LB_USAGE, "%s cannot predict itself", name);
            lb_error_where(err, "--features");
            return code;
        }
        code = lb_predictor_read(out->table, out->name[j], &column, err);
        if (code) return code;
        x[j] = column->number;
    }
    for (size_t i = 0; i < rows; i++) {
        bool use = !isnan(y[i]);
        for (size_t j = 0; j < p && use && !keep_missing; j++) use = !isnan(x[j][i]);
        if (use) out->row[out->n++] = i;
    }
    for (size_t k = 0; k < out->n; k++) {
        out->y[k] = y[out->row[k]];
        for (size_t j = 0; j < p; j++) out->x[j * out->n + k] = x[j][out->row[k]];
    }
    lb_set_int(result->results, "n", (int64_t)out->n);
    lb_set_int(result->results, "dropped", (int64_t)(rows - out->n));
    if (out->n < rows) lb_result_warn(result, "%zu of %zu rows left out: %s missing", rows - out->n, rows, keep_missing ? "outcome" : "something was");
    lb_columns_warn(out->x, out->n, p, out->name, result);
    return varies(out, err);
}
