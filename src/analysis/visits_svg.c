/* Pictures of repeated measures: adjusted means over the visits, and the tipping-point curve. */
#include "analysis/plot.h"

#include <math.h>
#include <string.h>

enum { MOST = 24, ARMS = 6 };
static const char *const colour[ARMS] = {"#000000", "#5b6670", "#1f4e79", "#8a8f94", "#3d3d3d", "#6f7f90"};
static const char *const dash[ARMS] = {NULL, "6 3", "2 2", "8 3 2 3", "1 3", "10 4"};

static size_t place(const char **list, size_t *count, size_t most, const char *word)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i], word) == 0) return i;
    if (*count < most) list[*count] = word;
    return (*count)++;
}

/* Marks differ in shape: filled circle, open square, open circle, filled square … */
static void mark(lb_svg *svg, double x, double y, size_t arm)
{
    bool filled = arm % 3 == 0;
    const char *fill = filled ? colour[arm] : "#ffffff";
    if (arm % 2 == 0) lb_svg_circle(svg, x, y, 3, fill, colour[arm], 1.1);
    else lb_svg_rect(svg, x - 2.8, y - 2.8, 5.6, 5.6, fill, colour[arm], 1.1);
}

void lb_visits_picture(lb_result *result, const lb_value *means, const char *arm, const char *visit, const char *outcome,
                       const lb_value *labels)
{
    const char *arms[ARMS + 1], *visits[MOST + 1];
    size_t n_arms = 0, n_visits = 0;
    double *all = lb_arena_array(result->arena, 2 * means->count + 1, sizeof *all);
    for (size_t i = 0; i < means->count; i++) {
        place(arms, &n_arms, ARMS, lb_get_text(means->item[i], arm, ""));
        place(visits, &n_visits, MOST, lb_get_text(means->item[i], visit, ""));
        all[2 * i] = lb_get_number(means->item[i], "lower", lb_get_number(means->item[i], "estimate", NAN));
        all[2 * i + 1] = lb_get_number(means->item[i], "upper", lb_get_number(means->item[i], "estimate", NAN));
    }
    if (n_arms == 0 || n_arms > ARMS || n_visits < 2 || n_visits > MOST) return;
    lb_plot p = {.left = 52, .top = 18 + 12 * (double)n_arms, .width = 400, .height = 200, .x0 = -0.4, .x1 = (double)n_visits - 0.6};
    lb_plot_range(all, 2 * means->count, &p.y0, &p.y1);
    p.svg = lb_svg_new(result->arena, p.left + p.width + 14, p.top + p.height + 38, "Adjusted means over the visits",
                       "Least-squares means of each arm at each visit with confidence intervals");
    const char *shown[MOST];
    for (size_t v = 0; v < n_visits; v++) shown[v] = lb_label(labels, visits[v]);
    lb_plot_axes(&p, lb_label(labels, visit) == visit ? "Visit" : lb_label(labels, visit),
                 lb_arena_printf(result->arena, "Adjusted mean, %s", lb_label(labels, outcome)), shown, n_visits);
    for (size_t a = 0; a < n_arms; a++) {
        double points[2 * MOST], shift = 0.09 * ((double)a - 0.5 * (double)(n_arms - 1));
        size_t count = 0;
        for (size_t i = 0; i < means->count; i++) {
            const lb_value *row = means->item[i];
            double estimate = lb_get_number(row, "estimate", NAN), lower = lb_get_number(row, "lower", NAN), upper = lb_get_number(row, "upper", NAN);
            if (strcmp(lb_get_text(row, arm, ""), arms[a]) != 0 || !isfinite(estimate) || count == MOST) continue;
            size_t v = 0;
            while (strcmp(visits[v], lb_get_text(row, visit, "")) != 0) v++;
            double x = lb_plot_x(&p, (double)v + shift), y1 = lb_plot_y(&p, lower), y2 = lb_plot_y(&p, upper);
            points[2 * count] = x;
            points[2 * count++ + 1] = lb_plot_y(&p, estimate);
            if (!isfinite(lower)) continue;
            lb_svg_line(p.svg, x, y1, x, y2, colour[a], 1, NULL);
            lb_svg_line(p.svg, x - 3, y1, x + 3, y1, colour[a], 1, NULL);
            lb_svg_line(p.svg, x - 3, y2, x + 3, y2, colour[a], 1, NULL);
        }
        lb_svg_polyline(p.svg, points, count, colour[a], 1.2, dash[a]);
        for (size_t i = 0; i < count; i++) mark(p.svg, points[2 * i], points[2 * i + 1], a);
        double y = 12 + 12 * (double)a, x = p.left + 6, key[] = {x, y - 2.5, x + 26, y - 2.5}; /* above the plot: nothing lies under it */
        lb_svg_polyline(p.svg, key, 2, colour[a], 1.2, dash[a]);
        mark(p.svg, x + 13, y - 2.5, a);
        lb_svg_text(p.svg, x + 32, y, 8, LB_START, "", LB_PLOT_INK, lb_label(labels, arms[a]));
    }
    lb_result_picture(result, "visits", "Adjusted means over the visits with their intervals", lb_svg_finish(p.svg));
}

void lb_tipping_picture(lb_result *result, const lb_value *rows, const lb_value *points, const lb_value *labels)
{
    const char *contrasts[2];
    size_t count = 0, n = 0;
    double *y = lb_arena_array(result->arena, 2 * rows->count + 2, sizeof *y), *x = lb_arena_array(result->arena, rows->count + 2, sizeof *x);
    for (size_t i = 0; i < rows->count; i++) {
        place(contrasts, &count, 1, lb_get_text(rows->item[i], "contrast", ""));
        x[i] = lb_get_number(rows->item[i], "delta", NAN);
        y[n++] = lb_get_number(rows->item[i], "lower", NAN);
        y[n++] = lb_get_number(rows->item[i], "upper", NAN);
    }
    if (count != 1 || rows->count < 3) return;
    y[n++] = 0;
    double tip = points && points->count ? lb_get_number(points->item[0], "delta", NAN) : NAN, *band;
    lb_plot p = {.left = 52, .top = 16, .width = 360, .height = 200};
    lb_plot_range(x, rows->count, &p.x0, &p.x1);
    lb_plot_range(y, n, &p.y0, &p.y1);
    p.svg = lb_svg_new(result->arena, p.left + p.width + 14, p.top + p.height + 38, "Tipping point",
                       "The difference between the arms against the shift of imputed outcomes, with its interval");
    band = lb_arena_array(result->arena, 4 * rows->count + 1, sizeof *band);
    for (size_t i = 0; i < rows->count; i++) {
        size_t back = rows->count - 1 - i;
        band[2 * i] = lb_plot_x(&p, x[i]);
        band[2 * i + 1] = lb_plot_y(&p, y[2 * i + 1]);
        band[2 * (rows->count + i)] = lb_plot_x(&p, x[back]);
        band[2 * (rows->count + i) + 1] = lb_plot_y(&p, y[2 * back]);
    }
    if (isfinite(tip) && tip > p.x0 && tip < p.x1) { /* where the interval includes 0 */
        bool up = x[rows->count - 1] > 0;
        double from = lb_plot_x(&p, tip);
        lb_svg_rect(p.svg, up ? from : p.left, p.top, up ? p.left + p.width - from : from - p.left, p.height, "#eceff2", NULL, 0);
        lb_svg_line(p.svg, from, p.top, from, p.top + p.height, LB_PLOT_INK, 0.8, "2 2");
        lb_svg_text(p.svg, from + (up ? 4 : -4), p.top + 10, 8, up ? LB_START : LB_END, "", LB_PLOT_INK, "interval includes 0");
    }
    lb_svg_polygon(p.svg, band, 2 * rows->count, "rgba(70,82,95,0.18)", NULL, 0);
    double *line = lb_arena_array(result->arena, 2 * rows->count + 1, sizeof *line);
    for (size_t i = 0; i < rows->count; i++) {
        line[2 * i] = lb_plot_x(&p, x[i]);
        line[2 * i + 1] = lb_plot_y(&p, lb_get_number(rows->item[i], "estimate", NAN));
    }
    lb_svg_polyline(p.svg, line, rows->count, LB_PLOT_INK, 1.3, NULL);
    for (size_t i = 0; i < rows->count; i++) lb_svg_circle(p.svg, line[2 * i], line[2 * i + 1], 2.4, LB_PLOT_INK, NULL, 0);
    lb_svg_line(p.svg, p.left, lb_plot_y(&p, 0), p.left + p.width, lb_plot_y(&p, 0), LB_PLOT_INK, 0.8, "6 3");
    size_t parts;
    char **arm = lb_text_split(result->arena, contrasts[0], '-', &parts); /* "A - B" */
    const char *between = contrasts[0];
    if (parts == 2) between = lb_arena_printf(result->arena, "%s \xE2\x88\x92 %s", lb_label(labels, arm[0]), lb_label(labels, arm[1]));
    lb_plot_axes(&p, "Shift of imputed outcomes (delta)", between, NULL, 0);
    lb_result_picture(result, "tipping", "Difference with its interval (band) against the shift of imputed outcomes", lb_svg_finish(p.svg));
}
