/* A forest plot as journals print it: header between rules, squares whose area is the weight, intervals with arrows
 * where they are cut off, diamonds with their tips at the limits, dotted lines at no effect and at the pooled effect.
 */
#include "evidence/forest_draw.h"

#include <math.h>
#include <stdio.h>

static const char ink[] = "#111111", soft[] = "#555555";

typedef struct canvas {
    lb_svg *svg;
    const lb_forest *forest;
    const lb_forest_place *place;
} canvas;

static void write_text(const canvas *c, double x, double y, lb_anchor anchor, bool bold, const char *text)
{
    if (text) lb_svg_text(c->svg, x, y, LB_FOREST_SIZE, anchor, bold ? "bold" : "", ink, text);
}

static void draw_header(const canvas *c)
{
    const lb_forest *forest = c->forest;
    const lb_forest_place *p = c->place;
    double right = p->width - LB_FOREST_MARGIN, middle = p->plot_x + p->plot_width / 2;
    lb_svg_line(c->svg, LB_FOREST_MARGIN, p->rule_top, right, p->rule_top, ink, .9, NULL);
    lb_svg_line(c->svg, LB_FOREST_MARGIN, p->rule_bottom, right, p->rule_bottom, ink, .9, NULL);
    write_text(c, p->study_x, p->header, LB_START, true, forest->word[LB_W_STUDY]);
    for (size_t g = 0; g < forest->groups; g++) {
        write_text(c, (p->group_left[g] + p->group_right[g]) / 2, p->header_group, LB_MIDDLE, true,
                   forest->group_title[g]);
        lb_svg_line(c->svg, p->group_left[g], p->header_group + 2.6, p->group_right[g], p->header_group + 2.6, ink, .4,
                    NULL);
    }
    for (size_t i = 0; i < forest->cells; i++)
        write_text(c, p->cell_right[i], p->header, LB_END, true, forest->cell_title[i]);
    write_text(c, middle, p->header_group, LB_MIDDLE, true, forest->effect_title);
    write_text(c, middle, p->header, LB_MIDDLE, true, forest->plot_subtitle);
    if (forest->show_weight) write_text(c, p->weight_right, p->header, LB_END, true, forest->word[LB_W_WEIGHT]);
    write_text(c, p->effect_right, p->header_group, LB_END, true, forest->effect_title);
    write_text(c, p->effect_right, p->header, LB_END, true, forest->effect_subtitle);
}

static void draw_row_text(const canvas *c, const lb_forest_row *row)
{
    const lb_forest_place *p = c->place;
    if (row->kind == LB_FOREST_GAP) return;
    if (row->kind == LB_FOREST_TEXT) {
        for (size_t l = 0; l < row->lines; l++) {
            lb_svg_text(c->svg, p->study_x, row->y + 7.5 + LB_FOREST_LINE * (double)l, LB_FOREST_SMALL, LB_START, "",
                        ink, row->line[l]);
        }
        return;
    }
    bool bold = lb_forest_is_bold(row->kind) || row->marked;
    double middle = row->y + row->height / 2 + .36 * LB_FOREST_SIZE,
           x = p->study_x + (row->kind == LB_FOREST_STUDY ? p->indent : 0);
    double first = middle - LB_FOREST_LINE * (double)(row->lines > 1 ? row->lines - 1 : 0) / 2;
    for (size_t l = 0; l < row->lines; l++)
        write_text(c, x, first + LB_FOREST_LINE * (double)l, LB_START, bold, row->line[l]);
    for (size_t i = 0; i < c->forest->cells; i++) write_text(c, p->cell_right[i], middle, LB_END, bold, row->cell[i]);
    if (c->forest->show_weight) write_text(c, p->weight_right, middle, LB_END, bold, row->weight_text);
    write_text(c, p->effect_right, middle, LB_END, bold, row->effect_text);
}

/* -- lights of risk of bias ---------------------------------------------------------------------------------------- */

/* Short names stand over their lights as they are; long ones get a letter, told in the key. */
static bool names_are_short(const lb_forest *f)
{
    for (size_t d = 0; d < f->risks; d++) {
        if (lb_svg_text_width(f->risk_name[d], LB_FOREST_SMALL, true) > LB_FOREST_LIGHT - 1) return false;
    }
    return true;
}

static bool level_used(const lb_forest *f, int level)
{
    for (size_t i = 0; i < f->rows; i++) {
        for (size_t d = 0; d < f->risks; d++) {
            if (f->row[i].risk[d] == level + 1) return true;
        }
    }
    return false;
}

double lb_forest_key_height(const lb_forest *f)
{
    size_t lines = names_are_short(f) ? 0 : (f->risks + 2) / 3; /* three names beside each other */
    return LB_FOREST_LINE * (double)(lines + 1) + 4;
}

static void draw_lights(const canvas *c)
{
    const lb_forest *f = c->forest;
    const lb_forest_place *p = c->place;
    if (!f->risks) return;
    bool brief = names_are_short(f);
    double middle = p->risk_x + LB_FOREST_LIGHT * ((double)f->risks - 1) / 2;
    write_text(c, middle, p->header_group, LB_MIDDLE, true, f->word[LB_W_RISK]);
    for (size_t d = 0; d < f->risks; d++) {
        double x = p->risk_x + LB_FOREST_LIGHT * (double)d;
        const char letter[2] = {(char)('A' + d), '\0'};
        lb_svg_text(c->svg, x, p->header, LB_FOREST_SMALL, LB_MIDDLE, "bold", ink, brief ? f->risk_name[d] : letter);
        for (size_t i = 0; i < f->rows; i++) {
            const lb_forest_row *row = &f->row[i];
            if (row->kind == LB_FOREST_STUDY && row->risk[d]) lb_rob_draw(c->svg, x, row->y + row->height / 2, 4.4, row->risk[d] - 1);
        }
    }
    double y = p->risk_key + 8, x = p->study_x;
    lb_svg_text(c->svg, x, y, LB_FOREST_SMALL, LB_START, "bold", ink, f->word[LB_W_RISK]);
    x += lb_svg_text_width(f->word[LB_W_RISK], LB_FOREST_SMALL, true) + 10;
    for (int level = 0; level < LB_ROB_LEVELS; level++) {
        const char *words = f->word == lb_forest_words("zh") ? lb_rob_levels[level].words_zh : lb_rob_levels[level].words;
        if (!level_used(f, level)) continue;
        lb_rob_draw(c->svg, x + 4, y - 2.5, 4, level);
        lb_svg_text(c->svg, x + 11, y, LB_FOREST_SMALL, LB_START, "", ink, words);
        x += 11 + lb_svg_text_width(words, LB_FOREST_SMALL, false) + 12;
    }
    for (size_t d = 0; !brief && d < f->risks; d++) {
        char text[120];
        snprintf(text, sizeof text, "%c  %.100s", (char)('A' + d), f->risk_name[d]);
        double column = (p->width - 2 * LB_FOREST_MARGIN) / 3;
        lb_svg_text(c->svg, p->study_x + column * (double)(d % 3), y + LB_FOREST_LINE * (double)(d / 3 + 1), LB_FOREST_SMALL, LB_START,
                    "", ink, text);
    }
}

/* -- marks -------------------------------------------------------------------------------------------------------- */

static void draw_arrow(const canvas *c, double x, double y, double direction, const char *colour)
{
    const double points[] = {x, y, x - 4.2 * direction, y - 2.3, x - 4.2 * direction, y + 2.3};
    lb_svg_polygon(c->svg, points, 3, colour, NULL, 0);
}

/* From lower to upper inside the axis; an arrow says that it goes on. */
static void draw_interval(const canvas *c, double lower, double upper, double y, const char *colour, double width)
{
    const lb_forest *f = c->forest;
    double left = c->place->plot_x, right = left + c->place->plot_width;
    bool cut_left = lower<f->low, cut_right = upper> f->high;
    double a = cut_left ? left : fmin(right, lb_forest_x(f, c->place, lower)),
           b = cut_right ? right : fmax(left, lb_forest_x(f, c->place, upper));
    /* A thick line stops at the base of the arrow: its end is wider than the tip. */
    lb_svg_line(c->svg, cut_left ? a + 2 : a, y, cut_right ? b - 2 : b, y, colour, width, NULL);
    if (cut_left) draw_arrow(c, left, y, -1, colour);
    if (cut_right) draw_arrow(c, right, y, 1, colour);
}

static bool inside(const lb_forest *f, double value) { return value >= f->low && value <= f->high; }

static void draw_study(const canvas *c, const lb_forest_row *row, double y, double most_weight)
{
    draw_interval(c, row->lower, row->upper, y, ink, .8);
    if (!inside(c->forest, row->estimate) || !(row->weight > 0)) return;
    double side = fmax(.8, .72 * LB_FOREST_ROW * sqrt(row->weight / most_weight)),
           x = lb_forest_x(c->forest, c->place, row->estimate);
    lb_svg_rect(c->svg, x - side / 2, y - side / 2, side, side, row->marked ? "#b3541e" : c->forest->layout->mark, NULL, 0);
    /* The interval stays visible where the square is wider than it, and a small square has a tick to be found by. */
    double lower = lb_forest_x(c->forest, c->place, row->lower), upper = lb_forest_x(c->forest, c->place, row->upper);
    if (lower > x - side / 2 && upper < x + side / 2) lb_svg_line(c->svg, lower, y, upper, y, "#ffffff", .7, NULL);
    const char *tick = side > 5 ? "#ffffff" : ink;
    lb_svg_line(c->svg, x, y - 1.7, x, y + 1.7, tick, .6, NULL);
}

/* Height of the diamond's edge at x, between the tips a < m < b. */
static double edge(double a, double m, double b, double x, double half)
{
    double share = x < m ? (m > a ? (x - a) / (m - a) : 1) : (b > m ? (b - x) / (b - m) : 1);
    return half * fmin(1, fmax(0, share));
}

/* Tips at the limits; cut off straight where the axis ends. */
static void draw_diamond(const canvas *c, const lb_forest_row *row, double y)
{
    const lb_forest *f = c->forest;
    const double half = .36 * LB_FOREST_ROW;
    double left = c->place->plot_x, right = left + c->place->plot_width;
    double a = lb_forest_x(f, c->place, row->lower), m = lb_forest_x(f, c->place, row->estimate),
           b = lb_forest_x(f, c->place, row->upper);
    double from = fmax(a, left), to = fmin(b, right), top = fmin(fmax(m, left), right);
    if (!(from <= to)) return;
    double at_from = edge(a, m, b, from, half), at_top = edge(a, m, b, top, half), at_to = edge(a, m, b, to, half);
    const double points[] = {from, y - at_from, top, y - at_top, to,   y - at_to,
                             to,   y + at_to,   top, y + at_top, from, y + at_from};
    lb_svg_polygon(c->svg, points, 6, f->layout->diamond, f->layout->diamond, .4);
}

static void draw_marks(const canvas *c)
{
    const lb_forest *f = c->forest;
    double most_weight = 0;
    for (size_t i = 0; i < f->rows; i++) {
        if (f->row[i].kind == LB_FOREST_STUDY && f->row[i].weight > most_weight) most_weight = f->row[i].weight;
    }
    for (size_t i = 0; i < f->rows; i++) {
        const lb_forest_row *row = &f->row[i];
        double y = row->y + row->height / 2;
        if (!isfinite(row->lower) || !isfinite(row->upper)) continue;
        if (row->kind == LB_FOREST_STUDY)
            draw_study(c, row, y, most_weight);
        else if (row->kind == LB_FOREST_PREDICTION)
            draw_interval(c, row->lower, row->upper, y, soft, 2.4);
        else
            draw_diamond(c, row, y);
    }
}

/* -- axis --------------------------------------------------------------------------------------------------------- */

/* As few decimals as tell the ticks apart. */
static int tick_decimals(const lb_forest *f)
{
    int most = 0;
    for (size_t i = 0; i < f->ticks; i++) {
        double value = f->log_axis ? exp(f->tick[i]) : f->tick[i];
        while (most < 6 && fabs(value * pow(10, most) - round(value * pow(10, most))) >
                               1e-6 * pow(10, most) * fmax(1e-6, fabs(value)))
            most++;
    }
    return most;
}

static const char *tick_text(const lb_forest *f, double tick, int digits, char *buffer)
{
    if (!f->log_axis) return lb_svg_number(tick, digits, buffer);
    snprintf(buffer, 64, "%.6g", exp(tick)); /* 0.1, 1, 10: each as short as it can be */
    return buffer;
}

static void draw_axis(const canvas *c)
{
    const lb_forest *f = c->forest;
    const lb_forest_place *p = c->place;
    double y = p->axis, last_end = -1e9;
    int digits = tick_decimals(f);
    lb_svg_line(c->svg, p->plot_x, y, p->plot_x + p->plot_width, y, ink, .7, NULL);
    for (size_t i = 0; i < f->ticks; i++) {
        char buffer[64];
        const char *text = tick_text(f, f->tick[i], digits, buffer);
        double x = lb_forest_x(f, p, f->tick[i]), half = lb_svg_text_width(text, LB_FOREST_SMALL, false) / 2;
        lb_svg_line(c->svg, x, y, x, y + 3, ink, .7, NULL);
        if (x - half < last_end + 3) continue; /* no room for this label */
        lb_svg_text(c->svg, x, y + 10.5, LB_FOREST_SMALL, LB_MIDDLE, "", ink, text);
        last_end = x + half;
    }
    if (!f->favours_left) return;
    double null = lb_forest_x(f, p, f->null_at), line = y + 21;
    for (size_t l = 0; l < LB_FOREST_LINES; l++, line += LB_FOREST_LINE) {
        if (p->favours_left[l])
            lb_svg_text(c->svg, null - 5, line, LB_FOREST_SMALL, LB_END, "", ink, p->favours_left[l]);
        if (p->favours_right[l])
            lb_svg_text(c->svg, null + 5, line, LB_FOREST_SMALL, LB_START, "", ink, p->favours_right[l]);
    }
}

static void draw_lines(const canvas *c)
{
    const lb_forest *f = c->forest;
    const lb_forest_place *p = c->place;
    if (f->has_null && inside(f, f->null_at)) {
        double x = lb_forest_x(f, p, f->null_at);
        lb_svg_line(c->svg, x, p->body_top, x, p->axis, ink, .7, "0.8 1.6");
    }
    double bottom = p->axis;
    for (size_t i = 0; i < f->rows; i++) {
        if (f->row[i].kind == LB_FOREST_TOTAL) bottom = f->row[i].y + f->row[i].height / 2;
    }
    if (!inside(f, f->pooled_at)) return;
    double x = lb_forest_x(f, p, f->pooled_at);
    lb_svg_line(c->svg, x, p->body_top, x, bottom, f->layout->mark, .7, "3 2");
}

const char *lb_forest_draw(lb_forest *forest, lb_arena *arena)
{
    lb_forest_place place = {0};
    lb_forest_place_columns(forest, &place, arena);
    lb_forest_place_rows(forest, &place, arena);
    canvas c = {lb_svg_new(arena, place.width, place.height, forest->title, forest->description), forest, &place};
    draw_header(&c);
    draw_lines(&c);
    for (size_t i = 0; i < forest->rows; i++) draw_row_text(&c, &forest->row[i]);
    draw_marks(&c);
    draw_lights(&c);
    draw_axis(&c);
    for (size_t i = 0; i < forest->footers; i++) {
        lb_svg_text(c.svg, place.study_x, place.footer + 8 + LB_FOREST_LINE * (double)i, LB_FOREST_SMALL, LB_START, "",
                    ink, forest->footer[i]);
    }
    return lb_svg_finish(c.svg);
}
