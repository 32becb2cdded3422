/* Frame, ticks and labels of a plot of points. */
#include "evidence/scatter.h"

#include <math.h>

#define WIDTH 360.
#define LEFT 48.
#define RIGHT 14.
#define TOP 14.
#define PLOT_HEIGHT 220.
#define SIZE 8.
static const char ink[] = "#222222";

double lb_scatter_x(const lb_scatter *p, double v)
{
    return LEFT + (v - p->low_x) / (p->high_x - p->low_x) * (WIDTH - LEFT - RIGHT);
}

double lb_scatter_y(const lb_scatter *p, double v)
{
    return TOP + (p->high_y - v) / (p->high_y - p->low_y) * PLOT_HEIGHT;
}

static void widen(double *low, double *high)
{
    double margin = .05 * (*high - *low);
    if (!(margin > 0)) margin = fmax(.5, .05 * fabs(*high));
    *low -= margin;
    *high += margin;
}

static int digits_of(const double *tick, size_t count)
{
    double step = count > 1 ? tick[1] - tick[0] : 1;
    return step >= .999 ? 0 : (int)ceil(-log10(step) - 1e-9);
}

void lb_scatter_open(lb_scatter *plot, const char *title, const char *description, const char *label_x,
                     const char *label_y, lb_arena *arena)
{
    double bottom = TOP + PLOT_HEIGHT, tick[16];
    char text[64];
    widen(&plot->low_x, &plot->high_x);
    widen(&plot->low_y, &plot->high_y);
    plot->svg = lb_svg_new(arena, WIDTH, bottom + 32, title, description);
    lb_svg_rect(plot->svg, LEFT, TOP, WIDTH - LEFT - RIGHT, PLOT_HEIGHT, "none", ink, .7);
    size_t ticks = lb_ticks(plot->low_x, plot->high_x, 8, tick);
    for (size_t i = 0; i < ticks; i++) {
        double x = lb_scatter_x(plot, tick[i]);
        lb_svg_line(plot->svg, x, bottom, x, bottom + 3, ink, .7, NULL);
        lb_svg_text(plot->svg, x, bottom + 11, SIZE - 1, LB_MIDDLE, "", ink,
                    lb_svg_number(tick[i], digits_of(tick, ticks), text));
    }
    ticks = lb_ticks(plot->low_y, plot->high_y, 7, tick);
    for (size_t i = 0; i < ticks; i++) {
        double y = lb_scatter_y(plot, tick[i]);
        lb_svg_line(plot->svg, LEFT - 3, y, LEFT, y, ink, .7, NULL);
        lb_svg_text(plot->svg, LEFT - 5, y + 2.6, SIZE - 1, LB_END, "", ink,
                    lb_svg_number(tick[i], digits_of(tick, ticks), text));
    }
    lb_svg_text(plot->svg, (LEFT + WIDTH - RIGHT) / 2, bottom + 24, SIZE, LB_MIDDLE, "", ink, label_x);
    lb_svg_text_rotated(plot->svg, 13, TOP + PLOT_HEIGHT / 2, -90, SIZE, LB_MIDDLE, "", ink, label_y);
}

static bool free_at(const lb_scatter *plot, const double box[4])
{
    if (box[0] < LEFT || box[2] > WIDTH - RIGHT || box[1] < TOP || box[3] > TOP + PLOT_HEIGHT) return false;
    for (size_t i = 0; i < plot->taken_count; i++) {
        const double *other = plot->taken[i];
        if (box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]) return false;
    }
    return true;
}

static void take(lb_scatter *plot, double left, double top, double right, double bottom)
{
    if (plot->taken_count == LB_SCATTER_NAMES) return;
    double *box = plot->taken[plot->taken_count++];
    box[0] = left;
    box[1] = top;
    box[2] = right;
    box[3] = bottom;
}

void lb_scatter_take(lb_scatter *plot, double x, double y)
{
    double at = lb_scatter_x(plot, x), up = lb_scatter_y(plot, y);
    take(plot, at - 2.5, up - 2.5, at + 2.5, up + 2.5);
}

void lb_scatter_name(lb_scatter *plot, double x, double y, const char *name)
{
    static const double offset[][3] = {{5, 2.3, 0}, {-5, 2.3, 1}, {0, -5, .5}, {0, 9.5, .5}}; /* across, down, anchor */
    double at = lb_scatter_x(plot, x), up = lb_scatter_y(plot, y), width = lb_svg_text_width(name, SIZE - 1.5, false);
    for (size_t i = 0; i < LB_COUNT(offset); i++) {
        double left = at + offset[i][0] - offset[i][2] * width, base = up + offset[i][1];
        double box[4] = {left, base - 5.5, left + width, base + 1.5};
        if (!free_at(plot, box) || plot->taken_count == LB_SCATTER_NAMES) continue;
        lb_svg_text(plot->svg, left, base, SIZE - 1.5, LB_START, "", ink, name);
        take(plot, box[0], box[1], box[2], box[3]);
        return;
    }
}
