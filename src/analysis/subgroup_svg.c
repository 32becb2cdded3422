/* The forest of a subgroup analysis: one line per group, the interaction's p at each heading. */
#include <lumbar/figure.h>

#include <math.h>
#include <stdio.h>

#include "analysis/subgroup.h"

typedef struct forest {
    lb_svg *svg;
    double left, width, top, row;
    double low, high; /* of the axis, logarithms for ratios */
    bool ratio;
} forest;

static double place(const forest *f, double value) { return f->left + f->width * (value - f->low) / (f->high - f->low); }

static void find_range(forest *f, const lb_subgroup_line *line, size_t count)
{
    f->low = f->high = 0;
    for (size_t i = 0; i < count; i++) {
        if (line[i].heading || !isfinite(line[i].lower) || !isfinite(line[i].upper)) continue;
        f->low = fmin(f->low, line[i].lower);
        f->high = fmax(f->high, line[i].upper);
    }
    if (f->ratio) { /* intervals beyond a factor of 100 are cut */
        f->low = fmax(f->low, -4.6);
        f->high = fmin(f->high, 4.6);
    }
    double pad = fmax(0.04 * (f->high - f->low), f->ratio ? 0.05 : 1e-9);
    f->low -= pad;
    f->high += pad;
}

static void draw_axis(const forest *f, double bottom, const char *title)
{
    double tick[32];
    char text[64], number[32];
    lb_svg_line(f->svg, f->left, bottom, f->left + f->width, bottom, "#333333", 0.8, NULL);
    size_t ticks = f->ratio ? lb_ticks_log(exp(f->low), exp(f->high), 7, tick) : lb_ticks(f->low, f->high, 7, tick);
    for (size_t i = 0; i < ticks; i++) {
        double x = place(f, f->ratio ? log(tick[i]) : tick[i]);
        lb_svg_line(f->svg, x, bottom, x, bottom + 4, "#333333", 0.8, NULL);
        if (tick[i] < 0) lb_svg_text(f->svg, x, bottom + 14, 8, LB_MIDDLE, "", "#333333", lb_svg_number(tick[i], tick[i] == floor(tick[i]) ? 0 : 1, text));
        else lb_svg_text(f->svg, x, bottom + 14, 8, LB_MIDDLE, "", "#333333", lb_number_text(tick[i], number));
    }
    lb_svg_text(f->svg, f->left + f->width / 2, bottom + 28, 9, LB_MIDDLE, "", "#333333", title);
    lb_svg_line(f->svg, place(f, 0), f->top - 4, place(f, 0), bottom, "#888888", 0.8, "3 2");
}

static void draw_interval(const forest *f, const lb_subgroup_line *line, double y)
{
    double low = fmax(line->lower, f->low), high = fmin(line->upper, f->high);
    if (!isfinite(line->estimate) || !(low <= high)) return;
    lb_svg_line(f->svg, place(f, low), y - 3, place(f, high), y - 3, "#111111", 1.4, NULL);
    if (line->estimate >= f->low && line->estimate <= f->high) {
        lb_svg_rect(f->svg, place(f, line->estimate) - 3, y - 6, 6, 6, "#111111", NULL, 0);
    }
}

static void draw_line(const forest *f, const lb_subgroup_line *line, double y)
{
    char text[160], one[64], two[64], three[64];
    lb_svg_text(f->svg, line->heading ? 8 : 20, y, 9, LB_START, line->heading ? "bold" : "", "#111111", line->label);
    double right = f->left + f->width + 8;
    if (line->heading) {
        if (isnan(line->p)) return;
        snprintf(text, sizeof text, line->p < 0.001 ? "interaction p < 0.001" : "interaction p = %.3f", line->p);
        lb_svg_text(f->svg, right, y, 9, LB_START, "italic", "#111111", text);
        return;
    }
    if (line->n >= 0) {
        snprintf(text, sizeof text, "%lld", (long long)line->n);
        lb_svg_text(f->svg, f->left - 10, y, 9, LB_END, "", "#111111", text);
    }
    draw_interval(f, line, y);
    if (!isfinite(line->estimate) || !isfinite(line->lower)) {
        lb_svg_text(f->svg, right, y, 9, LB_START, "", "#111111", "not estimable");
        return;
    }
    double e = line->estimate, l = line->lower, u = line->upper;
    snprintf(text, sizeof text, "%s (%s to %s)", lb_svg_number(f->ratio ? exp(e) : e, 2, one), lb_svg_number(f->ratio ? exp(l) : l, 2, two),
             lb_svg_number(f->ratio ? exp(u) : u, 2, three));
    lb_svg_text(f->svg, right, y, 9, LB_START, "", "#111111", text);
}

void lb_subgroup_picture(lb_result *result, const lb_subgroup_line *line, size_t count, lb_family family, double level, const char *axis_title,
                         const char *const favours[2])
{
    forest f = {.left = 190, .width = 230, .top = 34, .row = 16, .ratio = family != LB_GAUSSIAN};
    double bottom = f.top + f.row * (double)count + 6;
    f.svg = lb_svg_new(result->arena, 560, bottom + (favours[0] ? 52 : 40), "Effect modification", "Differences inside subgroups with the test of interaction");
    find_range(&f, line, count);
    lb_svg_text(f.svg, f.left - 10, 18, 9, LB_END, "bold", "#111111", "n");
    lb_svg_text(f.svg, f.left + f.width + 8, 18, 9, LB_START, "bold", "#111111",
                lb_arena_printf(result->arena, "%s (%g %% CI)", f.ratio ? "Ratio" : "Difference", 100 * level));
    draw_axis(&f, bottom, axis_title);
    if (favours[0]) {
        double middle = place(&f, 0), clear = lb_svg_text_width(favours[1], 8, false) + 60; /* room to the right of the line of no difference */
        lb_svg_text(f.svg, fmin(middle, 560 - clear) - 4, bottom + 42, 8, LB_END, "", "#333333", lb_arena_printf(result->arena, "\xE2\x86\x90 favours %s", favours[0]));
        lb_svg_text(f.svg, fmin(middle, 560 - clear) + 4, bottom + 42, 8, LB_START, "", "#333333", lb_arena_printf(result->arena, "favours %s \xE2\x86\x92", favours[1]));
    }
    for (size_t i = 0; i < count; i++) draw_line(&f, &line[i], f.top + f.row * (double)i + 10);
    lb_result_picture(result, "subgroups", "Differences inside groups with their intervals; n: people in the group", lb_svg_finish(f.svg));
}
