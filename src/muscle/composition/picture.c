/* Picture of `muscle measure`: area and fat fraction along the slices, right and left of each muscle. */
#include <math.h>
#include <string.h>

#include <lumbar/figure.h>

#include "muscle/composition/composition.h"

/* Colours that stay apart for colour-blind readers (Okabe and Ito 2008); left is dashed. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};

typedef struct panel {
    lb_svg *svg;
    double x, y, width, height, low, high, slices;
} panel;

static double at_x(const panel *p, double slice) { return p->x + p->width * (slice + 0.5) / p->slices; }
static double at_y(const panel *p, double value)
{
    return p->y + p->height * (1 - (value - p->low) / (p->high - p->low));
}

static void draw_axes(const panel *p, const char *title, int digits)
{
    double tick[12];
    char text[64];
    size_t ticks = lb_ticks(p->low, p->high, 6, tick);
    lb_svg_text(p->svg, p->x, p->y - 10, 10, LB_START, "bold", "#222222", title);
    for (size_t i = 0; i < ticks; i++) {
        double y = at_y(p, tick[i]);
        lb_svg_line(p->svg, p->x, y, p->x + p->width, y, "#e4e4e4", 0.6, NULL);
        lb_svg_text(p->svg, p->x - 5, y + 3, 8, LB_END, "", "#444444", lb_svg_number(tick[i], digits, text));
    }
    lb_svg_line(p->svg, p->x, p->y + p->height, p->x + p->width, p->y + p->height, "#222222", 0.8, NULL);
    ticks = lb_ticks(0, p->slices - 1, 8, tick);
    for (size_t i = 0; i < ticks; i++) {
        if (tick[i] != floor(tick[i])) continue;
        lb_svg_line(p->svg, at_x(p, tick[i]), p->y + p->height, at_x(p, tick[i]), p->y + p->height + 3, "#222222", 0.8,
                    NULL);
        lb_svg_text(p->svg, at_x(p, tick[i]), p->y + p->height + 12, 8, LB_MIDDLE, "", "#444444",
                    lb_svg_number(tick[i], 0, text));
    }
    lb_svg_text(p->svg, p->x + p->width / 2, p->y + p->height + 25, 9, LB_MIDDLE, "", "#222222", "slice");
}

static double value_of(const lb_composition *work, const lb_muscle *muscle, size_t slice, bool fat)
{
    const lb_slice_sums *sums = &muscle->slice[slice];
    if (sums->voxels == 0) return NAN;
    return fat ? 100 * lb_fat_fraction(work->method[0], muscle, sums)
               : (double)sums->voxels * work->voxel_area_mm2 / 100;
}

static void draw_curves(const lb_composition *work, panel *p, bool fat, const size_t *colour, lb_arena *arena)
{
    double *points = lb_arena_array(arena, 2 * work->slices, sizeof *points);
    for (size_t m = 0; m < work->muscles; m++) {
        const lb_muscle *muscle = &work->muscle[m];
        const char *dash = lb_text_equal(muscle->name.side, "left") ? "4 2.5" : NULL;
        size_t count = 0;
        for (size_t s = 0; s <= work->slices; s++) {
            double value = s < work->slices ? value_of(work, muscle, s, fat) : NAN;
            if (isfinite(value)) {
                points[2 * count] = at_x(p, (double)s);
                points[2 * count++ + 1] = at_y(p, value);
                continue;
            }
            if (count == 1) lb_svg_circle(p->svg, points[0], points[1], 2, colours[colour[m]], NULL, 0);
            if (count > 1) lb_svg_polyline(p->svg, points, count, colours[colour[m]], 1.5, dash);
            count = 0;
        }
    }
}

/* One colour per muscle, whatever its side. */
static void choose_colours(const lb_composition *work, size_t *colour)
{
    size_t next = 0;
    for (size_t m = 0; m < work->muscles; m++) {
        size_t twin = 0;
        while (twin < m && !lb_text_equal(work->muscle[twin].name.muscle, work->muscle[m].name.muscle)) twin++;
        colour[m] = twin < m ? colour[twin] : next++ % LB_COUNT(colours);
    }
}

static void draw_levels(const lb_composition *work, const panel *p)
{
    for (size_t k = 0; k < work->names.levels; k++) {
        const lb_level_range *range = &work->names.level[k];
        if (range->first >= (int64_t)work->slices) continue;
        double x = p->x + p->width * (double)range->first / p->slices;
        double end = p->x + p->width * fmin((double)range->last + 1, p->slices) / p->slices;
        if (k > 0) lb_svg_line(p->svg, x, p->y, x, p->y + p->height, "#bbbbbb", 0.6, "2 2");
        lb_svg_text(p->svg, (x + end) / 2, p->y + 9, 8, LB_MIDDLE, "", "#777777", range->level);
    }
}

static void draw_legend(const lb_composition *work, lb_svg *svg, double y, const size_t *colour, lb_arena *arena)
{
    double x = 48;
    for (size_t m = 0; m < work->muscles; m++) {
        const lb_label_name *name = &work->muscle[m].name;
        const char *text = name->side ? lb_arena_printf(arena, "%s %s", name->side, name->muscle) : name->muscle;
        if (x + 24 + lb_svg_text_width(text, 8.5, false) > 612) x = 48, y += 14;
        lb_svg_line(svg, x, y - 3, x + 18, y - 3, colours[colour[m]], 1.5,
                    lb_text_equal(name->side, "left") ? "4 2.5" : NULL);
        lb_svg_text(svg, x + 22, y, 8.5, LB_START, "", "#222222", text);
        x += 36 + lb_svg_text_width(text, 8.5, false);
    }
}

void lb_composition_picture(const lb_composition *work, lb_result *result)
{
    enum { WIDTH = 624, MOST_MUSCLES = 16 };
    if (work->muscles > MOST_MUSCLES || work->slices < 2) return;
    lb_arena *arena = result->arena;
    size_t colour[MOST_MUSCLES];
    choose_colours(work, colour);
    double top[2] = {0, 0}, rows = 1 + (double)(work->muscles > 4) + (double)(work->muscles > 8);
    for (size_t m = 0; m < work->muscles; m++)
        for (size_t s = 0; s < work->slices; s++)
            for (int fat = 0; fat < 2; fat++) {
                double value = value_of(work, &work->muscle[m], s, fat);
                if (isfinite(value) && value > top[fat]) top[fat] = value;
            }
    const char *method = lb_fat_method_name[work->method[0]];
    lb_svg *svg =
        lb_svg_new(arena, WIDTH, 258 + 14 * rows, "Muscle area and fat fraction by slice",
                   "Two panels: cross-sectional area in square centimetres and fat fraction in percent of each "
                   "labelled muscle along the slices; right sides solid, left sides dashed.");
    for (int fat = 0; fat < 2; fat++) {
        panel p = {svg, fat ? 358 : 48, 34, 250, 180, 0, top[fat] > 0 ? 1.08 * top[fat] : 1, (double)work->slices};
        const char *title = fat ? lb_arena_printf(arena, "Fat fraction, %% (%s)", method) : "Cross-sectional area, cm²";
        draw_axes(&p, title, top[fat] < 4 ? 1 : 0);
        draw_levels(work, &p);
        draw_curves(work, &p, fat, colour, arena);
    }
    draw_legend(work, svg, 262, colour, arena);
    lb_result_picture(result, "muscles", "Muscle area and fat fraction by slice", lb_svg_finish(svg));
}
