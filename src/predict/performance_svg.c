/* Calibration: predicted across, observed up, the diagonal dotted, tenths with exact intervals, the loess curve.
 * Decision curve: threshold across, net benefit up; treat all dashed, treat none the zero line. */
#include "predict/performance_svg.h"

#include <lumbar/figure.h>

#include <math.h>

#define LEFT 42.0
#define TOP 12.0
#define SIDE 200.0
#define BLUE "#1f4e79"

static double at_x(double share) { return LEFT + SIDE * share; }
static double at_y(double value, double low, double high) { return TOP + SIDE * (high - value) / (high - low); }

static void frame(lb_svg *svg, double low, double high, const char *across, const char *up)
{
    char text[64];
    double tick[8];
    lb_svg_rect(svg, LEFT, TOP, SIDE, SIDE, "none", "#000000", 0.75);
    for (int i = 0; i <= 5; i++) {
        double x = at_x(0.2 * i);
        lb_svg_line(svg, x, TOP + SIDE, x, TOP + SIDE + 3, "#000000", 0.75, NULL);
        lb_svg_text(svg, x, TOP + SIDE + 12, 8, LB_MIDDLE, "", "#000000", lb_svg_number(0.2 * i, 1, text));
    }
    size_t ticks = lb_ticks(low, high, 7, tick);
    int digits = high - low < 0.3 ? 2 : 1;
    for (size_t i = 0; i < ticks; i++) {
        double y = at_y(tick[i], low, high);
        lb_svg_line(svg, LEFT - 3, y, LEFT, y, "#000000", 0.75, NULL);
        lb_svg_text(svg, LEFT - 6, y + 2.8, 8, LB_END, "", "#000000", lb_svg_number(tick[i], digits, text));
    }
    lb_svg_text(svg, LEFT + SIDE / 2, TOP + SIDE + 26, 9, LB_MIDDLE, "", "#000000", across);
    lb_svg_text_rotated(svg, 10, TOP + SIDE / 2, -90, 9, LB_MIDDLE, "", "#000000", up);
}

/* A line through two columns of a table, cut at the frame. */
static void draw(lb_svg *svg, lb_arena *arena, const lb_value *rows, const char *x, const char *y, double low, double high,
                 const char *colour, const char *dash)
{
    double *points = lb_arena_array(arena, 2 * rows->count + 2, sizeof(double));
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        double value = lb_get_number(rows->item[i], y, NAN);
        if (!isfinite(value)) continue;
        points[2 * count] = at_x(lb_get_number(rows->item[i], x, 0));
        points[2 * count + 1] = at_y(fmin(high, fmax(low, value)), low, high);
        count++;
    }
    if (count > 1) lb_svg_polyline(svg, points, count, colour, 1.4, dash);
}

void lb_calibration_picture(lb_result *result, const char *score)
{
    lb_svg *svg = lb_svg_new(result->arena, LEFT + SIDE + 14, TOP + SIDE + 34, "Calibration", "Observed frequency against predicted probability");
    frame(svg, 0, 1, lb_arena_printf(result->arena, "Predicted probability (%s)", score), "Observed frequency");
    lb_svg_line(svg, LEFT, TOP + SIDE, LEFT + SIDE, TOP, "#777777", 0.75, "1.5,2");
    const lb_value *groups = lb_get(result->results, "deciles");
    for (size_t i = 0; i < groups->count; i++) {
        const lb_value *g = groups->item[i];
        double x = at_x(lb_get_number(g, "mean_predicted", 0));
        lb_svg_line(svg, x, at_y(lb_get_number(g, "lower", 0), 0, 1), x, at_y(lb_get_number(g, "upper", 1), 0, 1), "#777777", 0.75, NULL);
        lb_svg_circle(svg, x, at_y(lb_get_number(g, "observed", 0), 0, 1), 2.4, "#ffffff", "#000000", 0.9);
    }
    draw(svg, result->arena, lb_get(result->results, "curve"), "predicted", "observed", 0, 1, BLUE, NULL);
    lb_result_picture(result, "calibration", "Calibration", lb_svg_finish(svg));
}

static void legend(lb_svg *svg, double y, const char *text, const char *colour, const char *dash)
{
    double width = lb_svg_text_width(text, 7.5, false), right = LEFT + SIDE - 6;
    lb_svg_line(svg, right - width - 23, y - 2.5, right - width - 5, y - 2.5, colour, 1.4, dash);
    lb_svg_text(svg, right, y, 7.5, LB_END, "", "#000000", text);
}

void lb_decision_picture(lb_result *result, const char *score, const char *compare)
{
    const lb_value *rows = lb_get(result->results, "rows");
    double rate = (double)lb_get_int(result->results, "events", 0) / (double)lb_get_int(result->results, "n", 1);
    double high = 1.1 * rate, low = -0.25 * rate;
    lb_svg *svg = lb_svg_new(result->arena, LEFT + SIDE + 14, TOP + SIDE + 34, "Decision curve", "Net benefit against threshold probability");
    frame(svg, low, high, "Threshold probability", "Net benefit");
    lb_svg_line(svg, LEFT, at_y(0, low, high), LEFT + SIDE, at_y(0, low, high), "#000000", 0.75, NULL);
    draw(svg, result->arena, rows, "threshold", "net_benefit_all", low, high, "#777777", "1.5,2");
    if (compare) draw(svg, result->arena, rows, "threshold", "net_benefit_compare", low, high, "#b35806", "4,2");
    draw(svg, result->arena, rows, "threshold", "net_benefit", low, high, BLUE, NULL);
    legend(svg, TOP + 12, score, BLUE, NULL);
    if (compare) legend(svg, TOP + 24, compare, "#b35806", "4,2");
    legend(svg, TOP + (compare ? 36 : 24), "treat all", "#777777", "1.5,2");
    lb_result_picture(result, "decision", "Decision curve", lb_svg_finish(svg));
}
