/* Funnel plot: effects against standard errors, large studies on top; around the pooled effect the region in which 95 %
 * of studies would lie without heterogeneity and bias (Sterne & Egger 2001), or contours of significance around no
 * effect (Peters 2008, doi:10.1016/j.jclinepi.2007.11.010). */
#include "evidence/funnel.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdio.h>

static const char ink[] = "#111111", mark[] = "#2f5d8a";
enum { WIDTH = 330, LEFT = 48, RIGHT = 14, TOP = 12, PLOT_HEIGHT = 210, SIZE = 8 };

typedef struct funnel {
    lb_svg *svg;
    double low, high, deepest; /* limits of effect and of standard error */
    bool log_axis;
} funnel;

static double at_x(const funnel *f, double effect)
{
    return LEFT + (effect - f->low) / (f->high - f->low) * (WIDTH - LEFT - RIGHT);
}
static double at_y(const funnel *f, double se) { return TOP + se / f->deepest * PLOT_HEIGHT; }

/* The region within z standard errors of `centre`, cut off at the sides. */
static size_t cone(const funnel *f, double centre, double z, double *points)
{
    size_t n = 0;
    points[n++] = at_x(f, centre);
    points[n++] = at_y(f, 0);
    for (int side = 1; side >= -1; side -= 2) {
        double limit = side > 0 ? f->high : f->low, reach = (limit - centre) * side / z;
        bool cut = reach < f->deepest;
        double corner[4] = {at_x(f, cut ? limit : centre + side * z * f->deepest), at_y(f, cut ? reach : f->deepest),
                            at_x(f, limit), at_y(f, f->deepest)};
        /* Going round: on the right side down, on the left side up again. */
        if (side > 0 || !cut) {
            points[n++] = corner[0];
            points[n++] = corner[1];
            if (cut) {
                points[n++] = corner[2];
                points[n++] = corner[3];
            }
        } else {
            points[n++] = corner[2];
            points[n++] = corner[3];
            points[n++] = corner[0];
            points[n++] = corner[1];
        }
    }
    return n / 2;
}

static const struct {
    double p;
    const char *fill, *words;
} contours[] = {{.01, "#c4cbd3", "P < 0.01"},
                {.05, "#dde2e7", "0.01 to 0.05"},
                {.10, "#eef1f4", "0.05 to 0.10"},
                {1, "#ffffff", "P > 0.10"}};

static void draw_contours(const funnel *f, double null)
{
    double points[20];
    lb_svg_rect(f->svg, LEFT, TOP, WIDTH - LEFT - RIGHT, PLOT_HEIGHT, contours[0].fill, NULL, 0);
    for (size_t i = 0; i + 1 < LB_COUNT(contours); i++) {
        size_t count = cone(f, null, lb_norm_q(contours[i].p / 2, LB_UPPER), points);
        lb_svg_polygon(f->svg, points, count, contours[i + 1].fill, NULL, 0);
    }
    double x = LEFT, y = TOP + PLOT_HEIGHT + 41;
    for (size_t i = LB_COUNT(contours); i-- > 0;) {
        lb_svg_rect(f->svg, x, y - 6.5, 8, 8, contours[i].fill, "#888888", .5);
        lb_svg_text(f->svg, x + 11, y, SIZE - 1, LB_START, "", ink, contours[i].words);
        x += 21 + lb_svg_text_width(contours[i].words, SIZE - 1, false);
    }
}

static void draw_region(const funnel *f, double centre)
{
    double points[20];
    size_t count = cone(f, centre, lb_norm_q(.025, LB_UPPER), points);
    lb_svg_polygon(f->svg, points, count, "#f3f5f7", NULL, 0);
    for (int side = -1; side <= 1; side += 2) {
        double limit = side > 0 ? f->high : f->low,
               depth = fmin(f->deepest, (limit - centre) * side / lb_norm_q(.025, LB_UPPER));
        lb_svg_line(f->svg, at_x(f, centre), at_y(f, 0), at_x(f, centre + side * lb_norm_q(.025, LB_UPPER) * depth),
                    at_y(f, depth), ink, .7, "3 2");
    }
}

static void draw_axes(const funnel *f, const char *label)
{
    double bottom = TOP + PLOT_HEIGHT, tick[16];
    char text[64];
    size_t ticks = f->log_axis ? lb_ticks_log(exp(f->low), exp(f->high), 8, tick) : lb_ticks(f->low, f->high, 8, tick);
    lb_svg_rect(f->svg, LEFT, TOP, WIDTH - LEFT - RIGHT, PLOT_HEIGHT, "none", ink, .7);
    for (size_t i = 0; i < ticks; i++) {
        double x = at_x(f, f->log_axis ? log(tick[i]) : tick[i]), step = ticks > 1 ? tick[1] - tick[0] : 1;
        lb_svg_line(f->svg, x, bottom, x, bottom + 3, ink, .7, NULL);
        if (f->log_axis)
            snprintf(text, sizeof text, "%.6g", tick[i]);
        else
            lb_svg_number(tick[i], step >= .999 ? 0 : (int)ceil(-log10(step) - 1e-9), text);
        lb_svg_text(f->svg, x, bottom + 11, SIZE - 1, LB_MIDDLE, "", ink, text);
    }
    ticks = lb_ticks(0, f->deepest, 6, tick);
    for (size_t i = 0; i < ticks; i++) {
        double y = at_y(f, tick[i]), step = ticks > 1 ? tick[1] - tick[0] : 1;
        lb_svg_line(f->svg, LEFT - 3, y, LEFT, y, ink, .7, NULL);
        lb_svg_number(tick[i], step >= .999 ? 0 : (int)ceil(-log10(step) - 1e-9), text);
        lb_svg_text(f->svg, LEFT - 5, y + 2.6, SIZE - 1, LB_END, "", ink, text);
    }
    lb_svg_text(f->svg, (LEFT + WIDTH - RIGHT) / 2., bottom + 24, SIZE, LB_MIDDLE, "", ink, label);
    lb_svg_text_rotated(f->svg, 13, TOP + PLOT_HEIGHT / 2., -90, SIZE, LB_MIDDLE, "", ink, "Standard error");
}

/* Limits: all studies, and the region around the centre as far down as it is drawn. */
static void set_limits(const lb_effects *effects, double centre, funnel *f)
{
    f->deepest = 0;
    for (size_t i = 0; i < effects->k; i++) f->deepest = fmax(f->deepest, 1.06 * sqrt(effects->v[i]));
    double half = lb_norm_q(.025, LB_UPPER) * f->deepest;
    f->low = centre - half;
    f->high = centre + half;
    for (size_t i = 0; i < effects->k; i++) {
        f->low = fmin(f->low, effects->y[i]);
        f->high = fmax(f->high, effects->y[i]);
    }
    double margin = .04 * (f->high - f->low);
    f->low -= margin;
    f->high += margin;
}

const char *lb_funnel_draw(const lb_effects *effects, double centre, bool contoured, bool log_axis, const char *label,
                           const char *title, lb_arena *arena)
{
    funnel f = {.log_axis = log_axis};
    set_limits(effects, contoured ? 0 : centre, &f);
    char text[64];
    const char *shown = lb_svg_number(log_axis ? exp(centre) : centre, 2, text);
    f.svg = lb_svg_new(
        arena, WIDTH, TOP + PLOT_HEIGHT + (contoured ? 50 : 32), title,
        lb_arena_printf(arena, "%zu studies, effect against standard error; pooled effect %s.", effects->k, shown));
    if (contoured)
        draw_contours(&f, 0);
    else
        draw_region(&f, centre);
    lb_svg_line(f.svg, at_x(&f, centre), TOP, at_x(&f, centre), TOP + PLOT_HEIGHT, mark, .8, contoured ? "3 2" : NULL);
    for (size_t i = 0; i < effects->k; i++) {
        lb_svg_circle(f.svg, at_x(&f, effects->y[i]), at_y(&f, sqrt(effects->v[i])), 2.4, mark, "#ffffff", .5);
    }
    draw_axes(&f, label);
    return lb_svg_finish(f.svg);
}
