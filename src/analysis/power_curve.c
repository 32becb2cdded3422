/* The power curve: power against evaluable people per arm, the solution marked by a point and dotted lines. */
#include "analysis/power.h"

#include <lumbar/figure.h>

#include <math.h>

enum { POINTS = 101 };

typedef struct frame {
    double left, top, width, height, n_max;
} frame;

static double place_x(const frame *f, double n) { return f->left + f->width * n / f->n_max; }
static double place_y(const frame *f, double power) { return f->top + f->height * (1 - power); }

static void axes(lb_svg *svg, const frame *f, bool equal_arms)
{
    char text[64];
    double tick[32];
    double bottom = f->top + f->height;
    lb_svg_line(svg, f->left, f->top, f->left, bottom, "#000000", 0.75, NULL);
    lb_svg_line(svg, f->left, bottom, f->left + f->width, bottom, "#000000", 0.75, NULL);
    for (int i = 0; i <= 5; i++) {
        double y = place_y(f, 0.2 * i);
        lb_svg_line(svg, f->left - 3, y, f->left, y, "#000000", 0.75, NULL);
        lb_svg_text(svg, f->left - 6, y + 2.8, 8, LB_END, "", "#000000", lb_svg_number(0.2 * i, 1, text));
    }
    size_t ticks = lb_ticks(0, f->n_max, 8, tick);
    for (size_t i = 0; i < ticks; i++) {
        double x = place_x(f, tick[i]);
        lb_svg_line(svg, x, bottom, x, bottom + 3, "#000000", 0.75, NULL);
        lb_svg_text(svg, x, bottom + 12, 8, LB_MIDDLE, "", "#000000", lb_svg_number(tick[i], tick[i] == floor(tick[i]) ? 0 : 1, text));
    }
    lb_svg_text(svg, f->left + f->width / 2, bottom + 27, 9, LB_MIDDLE, "", "#000000",
                equal_arms ? "Evaluable people per arm" : "Evaluable people in the first arm");
    lb_svg_text_rotated(svg, 12, f->top + f->height / 2, -90, 9, LB_MIDDLE, "", "#000000", "Power");
}

static void mark(lb_svg *svg, lb_arena *arena, const frame *f, double n1, double power)
{
    char n_text[64], power_text[64];
    double x = place_x(f, n1), y = place_y(f, power);
    lb_svg_line(svg, f->left, y, x, y, "#555555", 0.75, "1.5,2");
    lb_svg_line(svg, x, y, x, f->top + f->height, "#555555", 0.75, "1.5,2");
    lb_svg_circle(svg, x, y, 3, "#000000", "#ffffff", 0.75);
    const char *text = lb_arena_printf(arena, "n = %s, power = %s", lb_svg_number(n1, 2, n_text), lb_svg_number(power, 3, power_text));
    double label = y + 16 < f->top + f->height - 6 ? y + 16 : y - 8;
    lb_svg_text(svg, x + 8, label, 8, LB_START, "", "#000000", text);
}

void lb_power_curve(lb_result *result, const lb_power_design *design, double n1, double power)
{
    lb_arena *arena = result->arena;
    frame f = {.left = 44, .top = 14, .width = 260, .height = 170, .n_max = fmax(2.2 * n1, 8)};
    lb_svg *svg = lb_svg_new(arena, 326, 222, "Power curve", "Power of the test against the number of evaluable people per arm");
    double *points = lb_arena_array(arena, 2 * POINTS, sizeof(double));
    lb_value *rows = lb_set_array(result->results, "curve");
    double low = fmax(2, lb_power_smallest_n(design));
    size_t count = 0;
    for (int i = 0; i < POINTS; i++) {
        double n = low + (f.n_max - low) * i / (POINTS - 1), value = lb_power_at(design, n);
        if (!isfinite(value)) continue;
        points[2 * count] = place_x(&f, n);
        points[2 * count + 1] = place_y(&f, value);
        count++;
        if (i % 5 == 0) {
            lb_value *row = lb_push_object(rows);
            lb_set_number(row, "n", n);
            lb_set_number(row, "power", value);
        }
    }
    axes(svg, &f, design->ratio == 1);
    lb_svg_polyline(svg, points, count, "#1f4e79", 1.5, NULL);
    mark(svg, arena, &f, n1, power);
    lb_result_picture(result, "power", "Power against the number of people per arm", lb_svg_finish(svg));
}
