/* Pictures of contributions, after those of Lundberg & Lee 2017: what every feature adds, for everybody (beeswarm, bars), for one person
 * (waterfall), along one feature (dependence). */
#include "predict/explain_svg.h"

#include <lumbar/figure.h>
#include <lumbar/numeric.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INK "#17232b"
#define SOFT "#5b6b76"
#define GRID "#dde4e8"
#define UP "#b3470f"
#define DOWN "#0b6e75"
enum { MOST = 15, LABEL = 190, WIDE = 300, ROW = 20, TOP = 34, RIGHT = 70 };

typedef struct axis {
    double low, high;
} axis;

static double at(const axis *a, double v) { return LABEL + WIDE * (v - a->low) / (a->high - a->low); }

static axis make_axis(double low, double high)
{
    if (!(high > low)) low -= 0.5, high += 0.5;
    double room = 0.04 * (high - low);
    return (axis){low - room, high + room};
}

static void draw_axis(lb_svg *svg, const axis *a, double top, double bottom, const char *title)
{
    double tick[16];
    char text[64];
    size_t count = lb_ticks(a->low, a->high, 7, tick);
    int digits = count > 1 ? (int)fmax(0, ceil(-log10(tick[1] - tick[0]) - 1e-9)) : 1;
    for (size_t i = 0; i < count; i++) {
        lb_svg_line(svg, at(a, tick[i]), top, at(a, tick[i]), bottom, GRID, 0.6, NULL);
        lb_svg_text(svg, at(a, tick[i]), bottom + 13, 8.5, LB_MIDDLE, "", INK, lb_svg_number(tick[i], digits, text));
    }
    lb_svg_line(svg, LABEL, bottom, LABEL + WIDE, bottom, INK, 0.8, NULL);
    lb_svg_text(svg, LABEL + WIDE / 2.0, bottom + 28, 9, LB_MIDDLE, "", INK, title);
}

/* The end of a name that is too long is what tells radiomic features apart: cut in the middle. */
static const char *fitted(const char *name, lb_arena *arena)
{
    size_t length = strlen(name);
    if (lb_svg_text_width(name, 9, false) <= LABEL - 14) return name;
    for (size_t cut = 2; cut + 12 < length; cut++) {
        size_t head = 6, tail = length - head - cut;
        while (head && ((unsigned char)name[head] & 0xC0) == 0x80) head--;
        while (tail < length && ((unsigned char)name[length - tail] & 0xC0) == 0x80) tail--;
        const char *text = lb_arena_printf(arena, "%.*s…%s", (int)head, name, name + length - tail);
        if (lb_svg_text_width(text, 9, false) <= LABEL - 14) return text;
    }
    return lb_arena_textn(arena, name, 20);
}

static double mean_absolute(const lb_contributions *c, size_t j)
{
    double sum = 0;
    for (size_t i = 0; i < c->rows; i++) sum += fabs(c->value[i * c->features + j]);
    return c->rows ? sum / (double)c->rows : 0;
}

/* Features by key, largest first; those at 0 are left out. */
static size_t ranked(size_t features, const double *key, size_t *order)
{
    size_t count = 0;
    for (size_t j = 0; j < features; j++) {
        if (!(key[j] > 0)) continue;
        size_t k = count < MOST ? count : MOST;
        if (count >= MOST && key[order[MOST - 1]] >= key[j]) continue;
        if (k == MOST) k--;
        for (; k > 0 && key[order[k - 1]] < key[j]; k--) order[k] = order[k - 1];
        order[k] = j;
        if (count < MOST) count++;
    }
    return count;
}

static const char *mixed(double share, char text[8])
{
    static const int low[] = {11, 110, 117}, high[] = {201, 86, 20};
    int c[3];
    for (int k = 0; k < 3; k++) c[k] = (int)(low[k] + share * (high[k] - low[k]));
    snprintf(text, 8, "#%02x%02x%02x", c[0] & 255, c[1] & 255, c[2] & 255);
    return text;
}

static void one_swarm(lb_svg *svg, const lb_contributions *c, const axis *a, size_t j, double y, lb_arena *arena)
{
    enum { BINS = 90 };
    size_t held[BINS] = {0}, n = 0;
    double *x = lb_arena_array(arena, c->rows + 1, sizeof *x), *rank = lb_arena_array(arena, c->rows + 1, sizeof *rank);
    uint32_t *order = lb_arena_array(arena, c->rows + 1, sizeof *order);
    size_t *who = lb_arena_array(arena, c->rows + 1, sizeof *who);
    for (size_t i = 0; i < c->rows; i++) {
        rank[i] = NAN;
        if (!isnan(c->x[i * c->features + j])) who[n] = i, x[n++] = c->x[i * c->features + j];
    }
    if (n && !lb_sort_order(x, n, order, NULL))
        for (size_t k = 0, first = 0; k < n; k++) {
            if (k && x[order[k]] != x[order[k - 1]]) first = k;
            rank[who[order[k]]] = n > 1 ? (double)first / (double)(n - 1) : 0.5;
        }
    for (size_t i = 0; i < c->rows; i++) {
        char colour[8];
        double px = at(a, c->value[i * c->features + j]);
        size_t bin = (size_t)fmin(BINS - 1, fmax(0, (px - LABEL) / WIDE * BINS)), k = held[bin]++;
        double off = fmin(7.5, 1.7 * (double)((k + 1) / 2)) * (k % 2 ? 1 : -1);
        lb_svg_circle(svg, px, y + off, 1.7, isnan(rank[i]) ? "#9aa7af" : mixed(rank[i], colour), NULL, 0);
    }
}

void lb_beeswarm_picture(lb_result *result, const lb_contributions *c, const char *stem)
{
    lb_arena *arena = lb_arena_new();
    double *key = lb_arena_array(arena, c->features + 1, sizeof *key), low = 0, high = 0;
    size_t order[MOST], count;
    for (size_t j = 0; j < c->features; j++) key[j] = mean_absolute(c, j);
    count = ranked(c->features, key, order);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < c->rows; i++) low = fmin(low, c->value[i * c->features + order[k]]), high = fmax(high, c->value[i * c->features + order[k]]);
    axis a = make_axis(low, high);
    double bottom = TOP + ROW * (double)(count ? count : 1), height = bottom + 56;
    lb_svg *svg = lb_svg_new(result->arena, LABEL + WIDE + RIGHT, height, "Contributions of each feature", "One point per person; to the right the prediction rises");
    draw_axis(svg, &a, TOP - 6, bottom, lb_arena_printf(arena, "adds to the %s", c->scale));
    lb_svg_line(svg, at(&a, 0), TOP - 6, at(&a, 0), bottom, INK, 0.8, NULL);
    for (size_t k = 0; k < count; k++) {
        double y = TOP + ROW * ((double)k + 0.5);
        lb_svg_text(svg, LABEL - 8, y + 3, 9, LB_END, "", INK, fitted(c->name[order[k]], arena));
        one_swarm(svg, c, &a, order[k], y, arena);
    }
    lb_svg_text(svg, LABEL, 14, 8.5, LB_START, "", SOFT, "value of the feature:");
    for (int s = 0; s <= 20; s++) {
        char colour[8];
        lb_svg_rect(svg, LABEL + 118 + 4.0 * s, 7, 4.2, 8, mixed(s / 20.0, colour), NULL, 0);
    }
    lb_svg_text(svg, LABEL + 114, 14, 8.5, LB_END, "", SOFT, "low");
    lb_svg_text(svg, LABEL + 207, 14, 8.5, LB_START, "", SOFT, "high");
    lb_result_picture(result, lb_arena_printf(result->arena, "%sbeeswarm", stem), "Contributions, one point per person", lb_svg_finish(svg));
    lb_arena_free(arena);
}

void lb_bars_picture(lb_result *result, const char *name, const char *title, const char *axis_title, const char *const *label, const double *value, size_t features)
{
    lb_arena *arena = lb_arena_new();
    size_t order[MOST], count = ranked(features, value, order);
    double high = 0;
    char text[64];
    for (size_t k = 0; k < count; k++) high = fmax(high, value[order[k]]);
    axis a = {0, high > 0 ? 1.04 * high : 1};
    double bottom = TOP - 10 + ROW * (double)(count ? count : 1);
    lb_svg *svg = lb_svg_new(result->arena, LABEL + WIDE + RIGHT, bottom + 46, title, axis_title);
    draw_axis(svg, &a, TOP - 16, bottom, axis_title);
    for (size_t k = 0; k < count; k++) {
        double y = TOP - 10 + ROW * ((double)k + 0.5), to = at(&a, value[order[k]]);
        lb_svg_text(svg, LABEL - 8, y + 3, 9, LB_END, "", INK, fitted(label[order[k]], arena));
        lb_svg_rect(svg, LABEL, y - 6, to - LABEL, 12, DOWN, NULL, 0);
        lb_svg_text(svg, to + 4, y + 3, 8.5, LB_START, "", INK, lb_svg_number(value[order[k]], high < 0.1 ? 4 : high < 10 ? 2 : 1, text));
    }
    lb_result_picture(result, lb_arena_text(result->arena, name), title, lb_svg_finish(svg));
    lb_arena_free(arena);
}

void lb_importance_picture(lb_result *result, const lb_contributions *c, const char *stem)
{
    lb_arena *arena = lb_arena_new();
    double *key = lb_arena_array(arena, c->features + 1, sizeof *key);
    for (size_t j = 0; j < c->features; j++) key[j] = mean_absolute(c, j);
    lb_bars_picture(result, lb_arena_printf(arena, "%simportance", stem), "Mean absolute contribution", lb_arena_printf(arena, "mean |contribution| to the %s", c->scale), c->name,
                    key, c->features);
    lb_arena_free(arena);
}

void lb_waterfall_picture(lb_result *result, const lb_contributions *c, size_t row, const char *stem)
{
    lb_arena *arena = lb_arena_new();
    const double *value = c->value + row * c->features, *x = c->x + row * c->features;
    double *key = lb_arena_array(arena, c->features + 1, sizeof *key), total = c->base, shown = 0, low = c->base, high = c->base;
    size_t order[MOST], count;
    char text[64], cell[64];
    for (size_t j = 0; j < c->features; j++) key[j] = fabs(value[j]), total += value[j];
    count = ranked(c->features, key, order);
    if (count == MOST) count--; /* the last line is for all others */
    double running = c->base;
    for (size_t k = 0; k < count; k++) running += value[order[k]], shown += value[order[k]], low = fmin(low, running), high = fmax(high, running);
    double rest = total - c->base - shown;
    bool others = fabs(rest) > 1e-9;
    axis a = make_axis(fmin(low, total), fmax(high, total));
    double bottom = TOP + ROW * (double)(count + 2 + others);
    lb_svg *svg = lb_svg_new(result->arena, LABEL + WIDE + RIGHT, bottom + 46, "One prediction, step by step", "From the base to the prediction");
    draw_axis(svg, &a, TOP - 6, bottom, c->scale);
    running = c->base;
    for (size_t k = 0; k < count + 2 + others; k++) {
        double y = TOP + ROW * ((double)k + 0.5), from = running;
        bool first = k == 0, last = k == count + 1 + others, other = others && k == count + 1;
        if (first || last) {
            lb_svg_text(svg, LABEL - 8, y + 3, 9, LB_END, "bold", INK, first ? "base" : "prediction");
            lb_svg_line(svg, at(&a, running), y - 8, at(&a, running), y + 8, INK, 1.6, NULL);
            lb_svg_text(svg, at(&a, running) + 5, y + 3, 8.5, LB_START, "bold", INK, lb_svg_number(running, 2, text));
            continue;
        }
        double add = other ? rest : value[order[k - 1]];
        const char *label = "all others";
        if (!other) {
            double v = x[order[k - 1]];
            label = isnan(v) ? c->name[order[k - 1]] : lb_arena_printf(arena, "%s = %s", c->name[order[k - 1]], lb_svg_number(v, fabs(v) >= 100 ? 0 : fabs(v) >= 1 ? 1 : 3, cell));
        }
        running += add;
        double left = at(&a, fmin(from, running)), right = at(&a, fmax(from, running));
        lb_svg_text(svg, LABEL - 8, y + 3, 9, LB_END, "", INK, fitted(label, arena));
        lb_svg_rect(svg, left, y - 6, fmax(0.8, right - left), 12, add > 0 ? UP : DOWN, NULL, 0);
        lb_svg_text(svg, right + 4, y + 3, 8.5, LB_START, "", INK, lb_arena_printf(arena, "%s%s", add > 0 ? "+" : "", lb_svg_number(add, 2, text)));
    }
    lb_result_picture(result, lb_arena_printf(result->arena, "%swaterfall", stem), "One prediction, step by step", lb_svg_finish(svg));
    lb_arena_free(arena);
}

void lb_dependence_picture(lb_result *result, const lb_contributions *c, size_t feature, const char *stem)
{
    enum { LEFT = 56, SIDE = 300, DOWNWARDS = 220 };
    lb_arena *arena = lb_arena_new();
    double low[2] = {INFINITY, 0}, high[2] = {-INFINITY, 0}, tick[16];
    char text[64];
    for (size_t i = 0; i < c->rows; i++) {
        double x = c->x[i * c->features + feature], v = c->value[i * c->features + feature];
        if (isnan(x)) continue;
        low[0] = fmin(low[0], x), high[0] = fmax(high[0], x);
        low[1] = fmin(low[1], v), high[1] = fmax(high[1], v);
    }
    if (!(high[0] > low[0])) low[0] = isfinite(low[0]) ? low[0] - 1 : 0, high[0] = low[0] + 2;
    if (!(high[1] > low[1])) high[1] = low[1] + 1;
    lb_svg *svg = lb_svg_new(result->arena, LEFT + SIDE + 24, DOWNWARDS + 70, "Contribution along one feature", c->name[feature]);
    for (int side = 0; side < 2; side++) {
        size_t count = lb_ticks(low[side], high[side], 6, tick);
        int digits = count > 1 ? (int)fmax(0, ceil(-log10(tick[1] - tick[0]) - 1e-9)) : 1;
        for (size_t i = 0; i < count; i++) {
            double share = (tick[i] - low[side]) / (high[side] - low[side]);
            lb_svg_number(tick[i], digits, text);
            if (side) {
                lb_svg_line(svg, LEFT, 20 + DOWNWARDS * (1 - share), LEFT + SIDE, 20 + DOWNWARDS * (1 - share), GRID, 0.6, NULL);
                lb_svg_text(svg, LEFT - 6, 23 + DOWNWARDS * (1 - share), 8.5, LB_END, "", INK, text);
            } else {
                lb_svg_text(svg, LEFT + SIDE * share, DOWNWARDS + 34, 8.5, LB_MIDDLE, "", INK, text);
            }
        }
    }
    lb_svg_line(svg, LEFT, 20 + DOWNWARDS, LEFT + SIDE, 20 + DOWNWARDS, INK, 0.8, NULL);
    lb_svg_line(svg, LEFT, 20, LEFT, 20 + DOWNWARDS, INK, 0.8, NULL);
    for (size_t i = 0; i < c->rows; i++) {
        double x = c->x[i * c->features + feature], v = c->value[i * c->features + feature];
        if (!isnan(x)) lb_svg_circle(svg, LEFT + SIDE * (x - low[0]) / (high[0] - low[0]), 20 + DOWNWARDS * (high[1] - v) / (high[1] - low[1]), 2, DOWN, NULL, 0);
    }
    lb_svg_text(svg, LEFT + SIDE / 2.0, DOWNWARDS + 52, 9, LB_MIDDLE, "", INK, c->name[feature]);
    lb_svg_text_rotated(svg, 13, 20 + DOWNWARDS / 2.0, -90, 9, LB_MIDDLE, "", INK, lb_arena_printf(arena, "adds to the %s", c->scale));
    lb_result_picture(result, lb_arena_printf(result->arena, "%sdependence", stem), "Contribution along the most important feature", lb_svg_finish(svg));
    lb_arena_free(arena);
}
