/* The ROC curve as a square picture: 1 - specificity across, sensitivity up, chance as a dotted diagonal; a second curve
 * is dashed, so that both are told apart in grey. */
#include "predict/roc_svg.h"

#include <lumbar/figure.h>

#include <math.h>

#define LEFT 42.0
#define TOP 12.0
#define SIDE 200.0

static double place_x(double specificity) { return LEFT + SIDE * (1 - specificity); }
static double place_y(double sensitivity) { return TOP + SIDE * (1 - sensitivity); }

static void axes(lb_svg *svg)
{
    char text[64];
    lb_svg_rect(svg, LEFT, TOP, SIDE, SIDE, "none", "#000000", 0.75);
    lb_svg_line(svg, LEFT, TOP + SIDE, LEFT + SIDE, TOP, "#777777", 0.75, "1.5,2");
    for (int i = 0; i <= 5; i++) {
        double share = 0.2 * i, x = LEFT + SIDE * share, y = place_y(share);
        lb_svg_line(svg, x, TOP + SIDE, x, TOP + SIDE + 3, "#000000", 0.75, NULL);
        lb_svg_line(svg, LEFT - 3, y, LEFT, y, "#000000", 0.75, NULL);
        lb_svg_text(svg, x, TOP + SIDE + 12, 8, LB_MIDDLE, "", "#000000", lb_svg_number(share, 1, text));
        lb_svg_text(svg, LEFT - 6, y + 2.8, 8, LB_END, "", "#000000", lb_svg_number(share, 1, text));
    }
    lb_svg_text(svg, LEFT + SIDE / 2, TOP + SIDE + 26, 9, LB_MIDDLE, "", "#000000", "1 \xE2\x88\x92 specificity");
    lb_svg_text_rotated(svg, 12, TOP + SIDE / 2, -90, 9, LB_MIDDLE, "", "#000000", "Sensitivity");
}

/* Steps straight between points: a group of ties is one slanted step, whose area counts it one half. Curves of many people
 * are thinned to what a print can show. */
static void curve(lb_svg *svg, lb_arena *arena, const lb_roc *roc, const char *colour, const char *dash)
{
    double *points = lb_arena_array(arena, 2 * roc->points, sizeof(double));
    size_t count = 0;
    for (size_t i = 0; i < roc->points; i++) {
        double x = place_x(roc->specificity[i]), y = place_y(roc->sensitivity[i]);
        bool last = i + 1 == roc->points;
        if (count && !last && fabs(x - points[2 * count - 2]) + fabs(y - points[2 * count - 1]) < 0.15) continue;
        points[2 * count] = x;
        points[2 * count + 1] = y;
        count++;
    }
    lb_svg_polyline(svg, points, count, colour, 1.4, dash);
}

static void legend(lb_svg *svg, lb_arena *arena, const lb_roc *roc, const char *name, double level, double y, const char *colour,
                   const char *dash)
{
    char auc[64], low[64], high[64];
    double z = lb_norm_q((1 - level) / 2, LB_UPPER), se = sqrt(roc->variance);
    const char *text = lb_arena_printf(arena, "%s: AUC %s", name, lb_svg_number(roc->auc, 3, auc));
    if (isfinite(se))
        text = lb_arena_printf(arena, "%s (%s to %s)", text, lb_svg_number(fmax(0, roc->auc - z * se), 3, low),
                               lb_svg_number(fmin(1, roc->auc + z * se), 3, high));
    double width = lb_svg_text_width(text, 7.5, false), right = LEFT + SIDE - 6;
    lb_svg_rect(svg, right - width - 26, y - 8, width + 30, 11, "#ffffff", NULL, 0);
    lb_svg_line(svg, right - width - 23, y - 2.5, right - width - 5, y - 2.5, colour, 1.4, dash);
    lb_svg_text(svg, right, y, 7.5, LB_END, "", "#000000", text);
}

void lb_roc_picture(lb_result *result, const lb_roc *first, const lb_roc *second, const char *first_name, const char *second_name,
                    double level)
{
    lb_arena *arena = result->arena;
    lb_svg *svg = lb_svg_new(arena, LEFT + SIDE + 14, TOP + SIDE + 34, "ROC curve", "Sensitivity against 1 minus specificity");
    axes(svg);
    if (second) curve(svg, arena, second, "#777777", "4,2");
    curve(svg, arena, first, "#1f4e79", NULL);
    double y = TOP + SIDE - (second ? 20 : 8);
    legend(svg, arena, first, first_name, level, y, "#1f4e79", NULL);
    if (second) legend(svg, arena, second, second_name, level, y + 12, "#777777", "4,2");
    lb_result_picture(result, "roc", "ROC curve", lb_svg_finish(svg));
}
