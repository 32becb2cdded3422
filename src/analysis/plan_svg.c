/* The picture of a plan's result: adjusted means by arm above, the difference and its sensitivity analyses below, each as a
 * point with its interval; the lines of no difference and of the minimal important difference are drawn. */
#include "analysis/labels.h"
#include "analysis/plan.h"

#include <lumbar/figure.h>

#include <math.h>
#include <string.h>

#define WIDTH_PT 470.0
#define PLOT_LEFT 190.0
#define PLOT_WIDTH 165.0
#define ROW_PT 15.0
#define TEXT_PT 8.0
#define LABEL_PT (PLOT_LEFT - 14)
#define INK "#000000"

typedef struct scale {
    double low, high;
} scale;

static double at(const scale *s, double value) { return PLOT_LEFT + PLOT_WIDTH * (value - s->low) / (s->high - s->low); }

static void include(scale *s, double value)
{
    if (!isfinite(value)) return;
    s->low = fmin(s->low, value);
    s->high = fmax(s->high, value);
}

static void widen(scale *s)
{
    double room = s->high > s->low ? 0.06 * (s->high - s->low) : 1;
    s->low -= room;
    s->high += room;
}

static void axis(lb_svg *svg, const scale *s, double y, const char *title)
{
    double tick[32];
    char text[64];
    size_t count = lb_ticks(s->low, s->high, 7, tick);
    bool whole = true;
    for (size_t i = 0; i < count; i++) whole &= tick[i] == floor(tick[i]);
    lb_svg_line(svg, PLOT_LEFT, y, PLOT_LEFT + PLOT_WIDTH, y, INK, 0.75, NULL);
    for (size_t i = 0; i < count; i++) {
        double x = at(s, tick[i]);
        lb_svg_line(svg, x, y, x, y + 3, INK, 0.75, NULL);
        lb_svg_text(svg, x, y + 12, TEXT_PT, LB_MIDDLE, "", INK, lb_svg_number(tick[i], whole ? 0 : 1, text));
    }
    if (*title) lb_svg_text(svg, PLOT_LEFT + PLOT_WIDTH / 2, y + 24, TEXT_PT, LB_MIDDLE, "", INK, title);
}

/* Where a label too long for one line is broken: at the last space that fits; 0: it fits, or has no space. */
static size_t break_of(lb_arena *arena, const char *text, double room, bool bold)
{
    size_t best = 0;
    if (lb_svg_text_width(text, TEXT_PT, bold) <= room) return 0;
    for (size_t i = 1; text[i]; i++)
        if (text[i] == ' ' && lb_svg_text_width(lb_arena_textn(arena, text, i), TEXT_PT, bold) <= room) best = i;
    return best;
}

static double row_height(lb_arena *arena, const char *label, bool bold) { return break_of(arena, label, LABEL_PT, bold) ? ROW_PT + 8 : ROW_PT; }

static void row_label(lb_svg *svg, lb_arena *arena, double y, const char *label, bool bold)
{
    size_t cut = break_of(arena, label, LABEL_PT, bold);
    const char *weight = bold ? "bold" : "";
    if (cut) lb_svg_text(svg, 6, y - 1.6, TEXT_PT, LB_START, weight, INK, lb_arena_textn(arena, label, cut));
    lb_svg_text(svg, cut ? 12 : 6, y + (cut ? 7.4 : 2.8), TEXT_PT, LB_START, weight, INK, cut ? label + cut + 1 : label);
}

static void interval_row(lb_svg *svg, lb_arena *arena, const scale *s, double y, const char *label, bool bold, double estimate,
                         double lower, double upper)
{
    char a[64], b[64], c[64];
    row_label(svg, arena, y, label, bold);
    if (!isfinite(estimate)) {
        lb_svg_text(svg, WIDTH_PT - 6, y + 2.8, TEXT_PT, LB_END, "", INK, "not estimable");
        return;
    }
    if (isfinite(lower)) {
        lb_svg_line(svg, at(s, lower), y, at(s, upper), y, INK, bold ? 1.4 : 0.9, NULL);
        lb_svg_line(svg, at(s, lower), y - 2.5, at(s, lower), y + 2.5, INK, 0.9, NULL);
        lb_svg_line(svg, at(s, upper), y - 2.5, at(s, upper), y + 2.5, INK, 0.9, NULL);
    }
    lb_svg_circle(svg, at(s, estimate), y, bold ? 3.2 : 2.6, INK, "#ffffff", 0.5);
    const char *text = lb_arena_printf(arena, "%s (%s to %s)", lb_svg_number(estimate, 2, a), lb_svg_number(lower, 2, b),
                                       lb_svg_number(upper, 2, c));
    lb_svg_text(svg, WIDTH_PT - 6, y + 2.8, TEXT_PT, LB_END, bold ? "bold" : "", INK, text);
}

static const char *arm_label(const lb_plan *plan, const char *arm)
{
    return lb_get_text(lb_get(lb_get(plan->root, "treatment"), "labels"), arm, arm);
}

static double means_panel(const lb_plan *plan, lb_svg *svg, double y)
{
    const lb_value *means = lb_get(plan->primary->results, "means");
    scale s = {INFINITY, -INFINITY};
    size_t shown = 0;
    for (size_t i = 0; means && i < means->count; i++) {
        include(&s, lb_get_number(means->item[i], "lower", NAN));
        include(&s, lb_get_number(means->item[i], "upper", NAN));
    }
    if (!means || !isfinite(s.low)) return y;
    widen(&s);
    lb_svg_text(svg, 6, y, 8.5, LB_START, "bold", INK, "Adjusted mean");
    lb_svg_text(svg, WIDTH_PT - 6, y, TEXT_PT, LB_END, "", INK, lb_arena_printf(plan->arena, "Mean (%g%% CI)", 100 * plan->level));
    y += ROW_PT;
    for (size_t i = 0; i < means->count; i++) {
        const lb_value *row = means->item[i];
        const char *arm = lb_get_text(row, plan->arm, NULL);
        if (!arm) continue;
        interval_row(svg, plan->arena, &s, y, arm_label(plan, arm), false, lb_get_number(row, "estimate", NAN),
                     lb_get_number(row, "lower", NAN), lb_get_number(row, "upper", NAN));
        y += ROW_PT;
        shown++;
    }
    axis(svg, &s, y - 3, lb_get_text(lb_get(plan->root, "primary"), "unit", "Adjusted mean"));
    return shown ? y + 42 : y;
}

/* A vertical line at a value, labelled above the plot. */
static void reference_line(lb_svg *svg, const scale *s, double value, double top, double bottom, const char *dash, const char *label)
{
    if (value < s->low || value > s->high) return;
    lb_svg_line(svg, at(s, value), top, at(s, value), bottom, "#777777", 0.75, dash);
    if (label) lb_svg_text(svg, at(s, value), top - 2, 7, LB_MIDDLE, "", "#555555", label);
}

const char *lb_plan_row_name(const lb_plan *plan, const lb_plan_row *row)
{
    const lb_value *labels = lb_get(plan->root, "labels");
    if (!row->label) return row->title;
    const char *equals = row->group ? strstr(row->label, " = ") : NULL; /* "sex = F (…)" */
    if (!equals) return lb_arena_printf(plan->arena, "%s, %s", row->title, lb_label(labels, row->label));
    const char *by = lb_arena_textn(plan->arena, row->label, (size_t)(equals - row->label));
    return lb_arena_printf(plan->arena, "%s, %s%s", row->title, lb_label(labels, by), equals);
}

static double difference_panel(const lb_plan *plan, lb_svg *svg, double y)
{
    scale s = {0, 0};
    double sign = plan->lower_is_better ? -1 : 1;
    double shown = 0;
    for (size_t i = 0; i < plan->rows; i++) {
        if (!plan->row[i].same_scale) continue;
        include(&s, plan->row[i].lower);
        include(&s, plan->row[i].upper);
        shown += row_height(plan->arena, lb_plan_row_name(plan, &plan->row[i]), i == 0);
    }
    if (plan->mcid > 0) include(&s, sign * plan->mcid);
    widen(&s);
    lb_svg_text(svg, 6, y, 8.5, LB_START, "bold", INK, lb_arena_printf(plan->arena, "Difference, %s \xE2\x88\x92 %s", arm_label(plan, plan->comparison), arm_label(plan, plan->reference)));
    lb_svg_text(svg, WIDTH_PT - 6, y, TEXT_PT, LB_END, "", INK, lb_arena_printf(plan->arena, "Difference (%g%% CI)", 100 * plan->level));
    double top = y + 13, bottom = top + shown + 5;
    reference_line(svg, &s, 0, top, bottom, NULL, NULL);
    if (plan->mcid > 0) reference_line(svg, &s, sign * plan->mcid, top, bottom, "3,2", "MCID");
    y = top + 2;
    for (size_t i = 0; i < plan->rows; i++) {
        const lb_plan_row *row = &plan->row[i];
        if (!row->same_scale) continue;
        const char *name = lb_plan_row_name(plan, row);
        double height = row_height(plan->arena, name, i == 0);
        interval_row(svg, plan->arena, &s, y + height / 2, name, i == 0, row->estimate, row->lower, row->upper);
        y += height;
    }
    axis(svg, &s, bottom, "");
    const char *left = arm_label(plan, plan->lower_is_better ? plan->comparison : plan->reference);
    const char *right = arm_label(plan, plan->lower_is_better ? plan->reference : plan->comparison);
    lb_svg_text(svg, at(&s, 0) - 4, bottom + 24, TEXT_PT, LB_END, "", INK, lb_arena_printf(plan->arena, "\xE2\x86\x90 favours %s", left));
    lb_svg_text(svg, at(&s, 0) + 4, bottom + 24, TEXT_PT, LB_START, "", INK, lb_arena_printf(plan->arena, "favours %s \xE2\x86\x92", right));
    return bottom + 32;
}

const char *lb_plan_figure(const lb_plan *plan)
{
    double height = 0;
    for (int pass = 0;; pass++) { /* once to measure, once to draw */
        lb_svg *svg = lb_svg_new(plan->arena, WIDTH_PT, pass ? height : 100, "Adjusted means and differences",
                                 "Adjusted means by arm and differences between the arms with confidence intervals");
        height = difference_panel(plan, svg, means_panel(plan, svg, 14));
        const char *text = lb_svg_finish(svg); /* also frees the pass that only measured */
        if (pass) return text;
    }
}
