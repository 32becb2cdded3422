/* Diagnostics of a least-squares fit: the row of largest leverage, Cook's distance (Cook 1977) and externally studentised
 * residual, and the studentised Breusch-Pagan test of equal variance (Koenker 1981, doi:10.1016/0304-4076(81)90062-2). */
#include <math.h>

#include "ancova.h"
#include "analysis/plot.h"

static void push_largest(lb_ancova *a, lb_value *rows, const char *what, double value, size_t at)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "what", what);
    lb_set_number(row, "value", value);
    lb_set_int(row, "data_row", (int64_t)a->design->row[at] + 1);
}

static void largest(lb_ancova *a, lb_value *rows)
{
    const lb_lsq *fit = &a->fit;
    double hat = -1, cook = -1, student = -1, df = fit->df_residual, p = (double)fit->rank;
    size_t hat_at = 0, cook_at = 0, student_at = 0;
    for (size_t i = 0; i < fit->n; i++) {
        double h = fit->hat[i], e = fit->residual[i], out = e * e / (1 - h);
        double d = out * h / (1 - h) / (p * fit->sigma * fit->sigma), r = sqrt(out / ((fit->rss - out) / (df - 1)));
        if (h > hat) hat = h, hat_at = i;
        if (d > cook) cook = d, cook_at = i;
        if (r > student) student = r, student_at = i;
    }
    push_largest(a, rows, "leverage", hat < 0 ? NAN : hat, hat_at);
    push_largest(a, rows, "Cook's distance", cook < 0 ? NAN : cook, cook_at);
    push_largest(a, rows, "studentised residual", student < 0 ? NAN : student, student_at);
}

/* n R² of the squared residuals regressed on the design. */
static int breusch_pagan(lb_ancova *a, lb_value *test, lb_error *err)
{
    const lb_design *d = a->design;
    lb_arena *work = lb_arena_new();
    double *squared = lb_arena_array(work, d->n, sizeof *squared);
    for (size_t i = 0; i < d->n; i++) squared[i] = a->fit.residual[i] * a->fit.residual[i];
    double mean = lb_sum(squared, d->n) / (double)d->n, total = 0, df = (double)a->fit.rank - 1;
    for (size_t i = 0; i < d->n; i++) total += (squared[i] - mean) * (squared[i] - mean);
    lb_lsq fit;
    int rc = lb_lsq_fit(d->x, squared, NULL, d->n, d->p, 0, work, &fit, err);
    if (!rc) {
        double statistic = total > 0 && d->intercept && df > 0 ? (double)d->n * (1 - fit.rss / total) : NAN;
        lb_set_number(test, "statistic", statistic);
        lb_set_number(test, "df", df);
        lb_set_number(test, "p", isnan(statistic) ? NAN : lb_chisq_p(statistic, df, LB_UPPER));
    }
    lb_arena_free(work);
    return rc;
}

int lb_ancova_diagnostics(lb_ancova *a, lb_error *err)
{
    largest(a, lb_set_array(a->result->results, "largest"));
    lb_shapiro_wilk(a->fit.residual, a->fit.n, lb_set_object(a->result->results, "shapiro_wilk"));
    lb_residuals_picture(a->result, a->fit.fitted, a->fit.residual, a->fit.n);
    return breusch_pagan(a, lb_set_object(a->result->results, "breusch_pagan"), err);
}
