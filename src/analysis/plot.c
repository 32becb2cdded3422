/* Axes in points and a running regression, for the pictures of this room. */
#include "analysis/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double lb_plot_x(const lb_plot *p, double value) { return p->left + p->width * (value - p->x0) / (p->x1 - p->x0); }
double lb_plot_y(const lb_plot *p, double value) { return p->top + p->height * (p->y1 - value) / (p->y1 - p->y0); }

void lb_plot_range(const double *value, size_t n, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) continue;
        *low = fmin(*low, value[i]);
        *high = fmax(*high, value[i]);
    }
    if (!(*high > *low)) {
        double middle = isfinite(*low) ? *low : 0;
        *low = middle - 1;
        *high = middle + 1;
        return;
    }
    double room = 0.06 * (*high - *low);
    *low -= room;
    *high += room;
}

/* Ticks with as many decimals as their spacing asks for. */
static size_t ticks_of(double low, double high, double tick[32], int *digits)
{
    size_t count = lb_ticks(low, high, 7, tick);
    double step = count > 1 ? tick[1] - tick[0] : 1;
    *digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    if (*digits > 6) *digits = 6;
    return count;
}

void lb_plot_axes(const lb_plot *p, const char *x_title, const char *y_title, const char *const *x_names, size_t names)
{
    double tick[32], bottom = p->top + p->height;
    char text[64];
    int digits;
    lb_svg_line(p->svg, p->left, p->top, p->left, bottom, LB_PLOT_INK, 0.8, NULL);
    lb_svg_line(p->svg, p->left, bottom, p->left + p->width, bottom, LB_PLOT_INK, 0.8, NULL);
    size_t count = ticks_of(p->y0, p->y1, tick, &digits);
    for (size_t i = 0; i < count; i++) {
        double y = lb_plot_y(p, tick[i]);
        lb_svg_line(p->svg, p->left - 3, y, p->left, y, LB_PLOT_INK, 0.8, NULL);
        lb_svg_text(p->svg, p->left - 5, y + 2.8, 8, LB_END, "", LB_PLOT_INK, lb_svg_number(tick[i], digits, text));
    }
    count = x_names ? names : ticks_of(p->x0, p->x1, tick, &digits);
    for (size_t i = 0; i < count; i++) {
        double x = lb_plot_x(p, x_names ? (double)i : tick[i]);
        lb_svg_line(p->svg, x, bottom, x, bottom + 3, LB_PLOT_INK, 0.8, NULL);
        lb_svg_text(p->svg, x, bottom + 12, 8, LB_MIDDLE, "", LB_PLOT_INK, x_names ? x_names[i] : lb_svg_number(tick[i], digits, text));
    }
    lb_svg_text(p->svg, p->left + p->width / 2, bottom + 26, 9, LB_MIDDLE, "", LB_PLOT_INK, x_title);
    lb_svg_text_rotated(p->svg, p->left - 34, p->top + p->height / 2, -90, 9, LB_MIDDLE, "", LB_PLOT_INK, y_title);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void lb_plot_smooth(const double *x, const double *y, size_t n, double share, const double *at, size_t count, double *out)
{
    size_t k = (size_t)ceil(share * (double)n);
    double *distance = lb_alloc(n + 1, sizeof *distance);
    k = k < 2 ? 2 : k > n ? n : k;
    for (size_t c = 0; c < count; c++) {
        double w0 = 0, w1 = 0, w2 = 0, wy = 0, wxy = 0;
        for (size_t i = 0; i < n; i++) distance[i] = fabs(x[i] - at[c]);
        qsort(distance, n, sizeof *distance, ascending);
        double reach = n ? distance[k - 1] * 1.0001 + 1e-300 : 1;
        for (size_t i = 0; i < n; i++) {
            double d = fabs(x[i] - at[c]) / reach, w = d < 1 ? pow(1 - d * d * d, 3) : 0, u = x[i] - at[c];
            w0 += w;
            w1 += w * u;
            w2 += w * u * u;
            wy += w * y[i];
            wxy += w * u * y[i];
        }
        double det = w0 * w2 - w1 * w1;
        out[c] = det > 1e-12 * w0 * w2 ? (w2 * wy - w1 * wxy) / det : w0 > 0 ? wy / w0 : NAN;
    }
    free(distance);
}
