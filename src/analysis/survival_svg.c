/* Kaplan–Meier picture: steps with pointwise limits as a light band, censoring ticks, numbers at risk under the axis
 * (Pocock, Clayton & Altman 2002). Line patterns differ, so that it reads in grey. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lumbar/figure.h>

#include "analysis/survival_svg.h"

enum { MAX_GROUPS = 6, TICKS = 8 };
static const char *const colour[MAX_GROUPS] = {"#1f4e79", "#b3541e", "#4d4d4d", "#2f7d4f", "#7a4a9e", "#8a6d00"};
static const char *const dash[MAX_GROUPS] = {NULL, "6 3", "2 2", "8 3 2 3", "1 3", "10 4"};

typedef struct frame {
    lb_svg *svg;
    lb_arena *arena;
    double left, top, width, height, t_max;
} frame;

static double x_of(const frame *f, double t) { return f->left + f->width * t / f->t_max; }
static double y_of(const frame *f, double s) { return f->top + f->height * (1 - s); }

/* Points of a step curve; missing values carry the last one on. Returns how many. */
static size_t steps(const frame *f, const lb_km *km, const double *curve, double *points)
{
    size_t count = 0;
    double y = y_of(f, 1);
    points[count++] = x_of(f, 0), points[count++] = y;
    for (size_t i = 0; i < km->steps; i++) {
        double x = x_of(f, km->time[i]);
        points[count++] = x, points[count++] = y;
        if (!isnan(curve[i])) y = y_of(f, curve[i]);
        points[count++] = x, points[count++] = y;
    }
    points[count++] = x_of(f, km->last_time), points[count++] = y;
    return count / 2;
}

static void draw_band(const frame *f, const lb_km *km, const double *lower, const double *upper, size_t g)
{
    static const char *const band[MAX_GROUPS] = {"rgba(31,78,121,0.15)",  "rgba(179,84,30,0.15)", "rgba(77,77,77,0.15)",
                                                 "rgba(47,125,79,0.15)", "rgba(122,74,158,0.15)", "rgba(138,109,0,0.15)"};
    size_t most = 4 * km->steps + 8;
    double *points = lb_arena_array(f->arena, 2 * most, sizeof *points), *back = lb_arena_array(f->arena, most, sizeof *back);
    size_t up = steps(f, km, upper, points), down = steps(f, km, lower, back);
    for (size_t i = 0; i < down; i++) { /* out along the upper limit, home along the lower */
        points[2 * (up + i)] = back[2 * (down - 1 - i)];
        points[2 * (up + i) + 1] = back[2 * (down - 1 - i) + 1];
    }
    lb_svg_polygon(f->svg, points, up + down, band[g], NULL, 0);
}

static void draw_curve(const frame *f, const lb_survival *data, const uint32_t *index, const lb_km *km, size_t g)
{
    double *points = lb_arena_array(f->arena, 4 * km->steps + 8, sizeof *points);
    size_t count = steps(f, km, km->survival, points);
    lb_svg_polyline(f->svg, points, count, colour[g], 1.4, dash[g]);
    size_t step = 0;
    double last = -1;
    for (size_t i = 0; i < km->n; i++) {
        double t = data->time[index[i]];
        while (step < km->steps && km->time[step] <= t) step++;
        if (data->event[index[i]] || x_of(f, t) - last < 1) continue; /* a mark a point wide is enough */
        double y = y_of(f, step ? km->survival[step - 1] : 1);
        lb_svg_line(f->svg, x_of(f, t), y - 2.5, x_of(f, t), y + 2.5, colour[g], 0.8, NULL);
        last = x_of(f, t);
    }
}

static void draw_axes(const frame *f, const double *tick, size_t ticks, const char *label)
{
    char text[64];
    double bottom = f->top + f->height;
    lb_svg_line(f->svg, f->left, f->top, f->left, bottom, "#1c2530", 0.8, NULL);
    lb_svg_line(f->svg, f->left, bottom, f->left + f->width, bottom, "#1c2530", 0.8, NULL);
    for (int i = 0; i <= 5; i++) {
        double y = y_of(f, i / 5.0);
        lb_svg_line(f->svg, f->left - 3, y, f->left, y, "#1c2530", 0.8, NULL);
        lb_svg_text(f->svg, f->left - 5, y + 2.8, 8, LB_END, "", "#1c2530", lb_svg_number(i / 5.0, 1, text));
    }
    for (size_t i = 0; i < ticks; i++) {
        double x = x_of(f, tick[i]);
        lb_svg_line(f->svg, x, bottom, x, bottom + 3, "#1c2530", 0.8, NULL);
        lb_svg_text(f->svg, x, bottom + 12, 8, LB_MIDDLE, "", "#1c2530", lb_number_text(tick[i] + 0.0, text));
    }
    lb_svg_text(f->svg, f->left + f->width / 2, bottom + 25, 9, LB_MIDDLE, "", "#1c2530", label);
    lb_svg_text_rotated(f->svg, f->left - 32, f->top + f->height / 2, -90, 9, LB_MIDDLE, "", "#1c2530", "Proportion without event");
}

static void draw_risk_row(const frame *f, const lb_survival *data, const uint32_t *index, size_t n, const double *tick, size_t ticks, double y)
{
    char text[32];
    for (size_t k = 0; k < ticks; k++) {
        size_t at_risk = 0;
        for (size_t i = 0; i < n; i++) at_risk += data->time[index[i]] >= tick[k];
        snprintf(text, sizeof text, "%zu", at_risk);
        lb_svg_text(f->svg, x_of(f, tick[k]), y, 8, LB_MIDDLE, "", "#1c2530", text);
    }
}

void lb_survival_picture(lb_call *call, const lb_survival *data, const uint32_t *index, const size_t *start, const lb_km *km,
                         const double *const *limits, const lb_value *labels, lb_result *result)
{
    if (data->groups > MAX_GROUPS || data->events == 0 || data->n > 200000) return; /* no eye reads more */
    double longest = 0, name_width = 60;
    const char *names[MAX_GROUPS];
    for (size_t g = 0; g < data->groups; g++) {
        longest = fmax(longest, km[g].last_time);
        names[g] = *data->group_name[g] ? lb_label_group(labels, data->group_name[g], result->arena) : "all";
        name_width = fmax(name_width, lb_svg_text_width(names[g], 8, false) + 22); /* room for half of the first count */
    }
    if (longest <= 0) return;
    double table = 34 + 12.0 * (double)data->groups;
    frame f = {.arena = result->arena, .left = fmax(48, name_width), .top = 14, .width = 340, .height = 210, .t_max = longest * 1.02};
    f.svg = lb_svg_new(result->arena, f.left + f.width + 16, f.top + f.height + 34 + table, "Kaplan–Meier curves",
                       "Proportion without event over time, with pointwise limits, censoring marks and numbers at risk");
    double tick[TICKS];
    size_t ticks = lb_ticks(0, f.t_max, TICKS, tick);
    for (size_t g = 0; g < data->groups; g++) draw_band(&f, &km[g], limits[2 * g], limits[2 * g + 1], g);
    for (size_t g = 0; g < data->groups; g++) draw_curve(&f, data, index + start[g], &km[g], g);
    draw_axes(&f, tick, ticks, lb_label(labels, lb_call_text(call, "time")));
    double y = f.top + f.height + 46;
    lb_svg_text(f.svg, 4, y, 8, LB_START, "bold", "#1c2530", "Number at risk");
    for (size_t g = 0; g < data->groups; g++) {
        const char *name = names[g];
        double row = y + 12.0 * (double)(g + 1);
        lb_svg_text(f.svg, 4, row, 8, LB_START, "", colour[g], name);
        draw_risk_row(&f, data, index + start[g], start[g + 1] - start[g], tick, ticks, row);
        if (data->groups == 1) continue;
        double key = f.top + f.height - 6 - 12.0 * (double)(data->groups - 1 - g), x = f.left + 8; /* curves begin above */
        double line[] = {x, key - 2.5, x + 24, key - 2.5};
        lb_svg_polyline(f.svg, line, 2, colour[g], 1.4, dash[g]);
        lb_svg_text(f.svg, x + 28, key, 8, LB_START, "", "#1c2530", name);
    }
    lb_result_picture(result, "km", "Kaplan–Meier curves with pointwise limits (bands), censoring (ticks) and numbers at risk", lb_svg_finish(f.svg));
}
