/* Diagnostic pictures: residuals against fitted values and their normal quantiles; scaled Schoenfeld residuals against time. */
#include "analysis/cox_more.h"
#include "analysis/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 40, MOST_POINTS = 4000 };

static void smooth_line(const lb_plot *p, const double *x, const double *y, size_t n, double low, double high)
{
    double at[LINE], fit[LINE], points[2 * LINE];
    for (size_t i = 0; i < LINE; i++) at[i] = low + (high - low) * (double)i / (LINE - 1);
    lb_plot_smooth(x, y, n, 2.0 / 3, at, LINE, fit);
    size_t count = 0;
    for (size_t i = 0; i < LINE; i++) {
        if (!isfinite(fit[i])) continue;
        points[2 * count] = lb_plot_x(p, at[i]);
        points[2 * count++ + 1] = lb_plot_y(p, fmin(fmax(fit[i], p->y0), p->y1));
    }
    lb_svg_polyline(p->svg, points, count, LB_PLOT_INK, 1.5, NULL);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void lb_residuals_picture(lb_result *result, const double *fitted, const double *residual, size_t n)
{
    if (n < 5 || n > MOST_POINTS) return;
    lb_arena *arena = result->arena;
    lb_plot left = {.left = 52, .top = 16, .width = 190, .height = 180}, right = {.left = 300, .top = 16, .width = 190, .height = 180};
    double *sorted = lb_arena_array(arena, 2 * n, sizeof *sorted), *normal = sorted + n;
    memcpy(sorted, residual, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    for (size_t i = 0; i < n; i++) normal[i] = lb_norm_q(((double)i + 0.625) / ((double)n + 0.25), LB_LOWER); /* Blom */
    left.svg = right.svg = lb_svg_new(arena, 506, 236, "Residuals", "Residuals against fitted values, and against normal quantiles");
    lb_plot_range(fitted, n, &left.x0, &left.x1);
    lb_plot_range(residual, n, &left.y0, &left.y1);
    lb_plot_range(normal, n, &right.x0, &right.x1);
    right.y0 = left.y0;
    right.y1 = left.y1;
    double low = left.x0 / 1 + 0.05 * (left.x1 - left.x0), high = left.x1 - 0.05 * (left.x1 - left.x0);
    lb_svg_line(left.svg, left.left, lb_plot_y(&left, 0), left.left + left.width, lb_plot_y(&left, 0), "#5b6670", 0.8, "6 3");
    for (size_t i = 0; i < n; i++) {
        lb_svg_circle(left.svg, lb_plot_x(&left, fitted[i]), lb_plot_y(&left, residual[i]), 1.7, "none", "#5b6670", 0.7);
        lb_svg_circle(left.svg, lb_plot_x(&right, normal[i]), lb_plot_y(&right, sorted[i]), 1.7, "none", "#5b6670", 0.7);
    }
    smooth_line(&left, fitted, residual, n, low, high);
    double q1 = sorted[n / 4], q3 = sorted[n - 1 - n / 4], slope = (q3 - q1) / (normal[n - 1 - n / 4] - normal[n / 4]); /* through the quartiles */
    double middle = (q1 + q3) / 2, x0 = right.x0, x1 = right.x1;
    if (slope > 0) {
        x0 = fmax(x0, (right.y0 - middle) / slope);
        x1 = fmin(x1, (right.y1 - middle) / slope);
        lb_svg_line(left.svg, lb_plot_x(&right, x0), lb_plot_y(&right, middle + slope * x0), lb_plot_x(&right, x1), lb_plot_y(&right, middle + slope * x1),
                    LB_PLOT_INK, 1, "6 3");
    }
    lb_plot_axes(&left, "Fitted value", "Residual", NULL, 0);
    lb_plot_axes(&right, "Normal quantile", "Residual", NULL, 0);
    lb_result_picture(result, "residuals", "Residuals against fitted values and normal quantiles", lb_svg_finish(left.svg));
}

/* One panel: scaled residuals of a coefficient; their running line is β(t), the dashed line the constant β of the model. */
static void panel(lb_plot *p, const lb_cox_model *model, const lb_cox_fit *fit, const lb_cox_jump *jump, size_t count, size_t j,
                  double (*g)(void *, double), void *context, const char *axis, lb_arena *arena)
{
    const lb_cox_data *data = &model->data;
    size_t n = 0, k = data->p;
    double *x = lb_arena_array(arena, data->events + 1, sizeof *x), *y = lb_arena_array(arena, data->events + 1, sizeof *y);
    for (size_t m = 0; m < count; m++) {
        for (size_t i = jump[m].first; i < jump[m].last; i++) {
            if (!data->event[i]) continue;
            double sum = 0;
            for (size_t l = 0; l < k; l++) sum += (data->x[i * k + l] - jump[m].mean[l]) * fit->vcov[l * k + j];
            x[n] = g(context, jump[m].time);
            y[n++] = (double)data->events * sum + fit->beta[j];
        }
    }
    lb_plot_range(x, n, &p->x0, &p->x1);
    lb_plot_range(y, n, &p->y0, &p->y1);
    for (size_t i = 0; i < n; i++) lb_svg_circle(p->svg, lb_plot_x(p, x[i]), lb_plot_y(p, y[i]), 1.6, "none", "#5b6670", 0.7);
    lb_svg_line(p->svg, p->left, lb_plot_y(p, fit->beta[j]), p->left + p->width, lb_plot_y(p, fit->beta[j]), LB_PLOT_INK, 0.9, "6 3");
    smooth_line(p, x, y, n, p->x0 + 0.05 * (p->x1 - p->x0), p->x1 - 0.05 * (p->x1 - p->x0));
    const char *name = model->design->name[j + (model->design->intercept ? 1 : 0)];
    lb_plot_axes(p, axis, lb_arena_printf(arena, "Beta(t) for %.24s", name), NULL, 0);
}

void lb_cox_ph_picture(const lb_cox_model *model, const lb_cox_fit *fit, double (*g)(void *context, double time), void *context, const char *axis,
                       lb_result *result)
{
    enum { MOST_PANELS = 8 };
    const lb_cox_data *data = &model->data;
    size_t shown = 0, rows;
    for (size_t j = 0; j < data->p; j++) shown += !data->aliased[j];
    if (shown == 0 || shown > MOST_PANELS || data->events < 5 || data->events > MOST_POINTS) return;
    rows = (shown + 1) / 2;
    lb_cox_jump *jump;
    size_t count = lb_cox_jumps(data, fit, model->ties, result->arena, &jump), at = 0;
    lb_svg *svg = lb_svg_new(result->arena, shown > 1 ? 506 : 258, 12 + 216 * (double)rows, "Scaled Schoenfeld residuals",
                             "For each coefficient: residuals against time with a running line; the dashed line is the model's constant coefficient");
    for (size_t j = 0; j < data->p; j++) {
        if (data->aliased[j]) continue;
        lb_plot p = {.svg = svg, .left = 52 + 248 * (double)(at % 2), .top = 14 + 216 * (double)(at / 2), .width = 186, .height = 164};
        panel(&p, model, fit, jump, count, j, g, context, axis, result->arena);
        at++;
    }
    lb_result_picture(result, "schoenfeld", "Scaled Schoenfeld residuals: does a coefficient change with time?", lb_svg_finish(svg));
}
