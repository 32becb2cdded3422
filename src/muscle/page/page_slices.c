/* Slices of a scan with the contours of the readers, as a radiologist looks at them: the patient's right on the left, front
 * at the top. Contours follow the voxels' edges, because that is what was measured. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/composition/classes.h"
#include "muscle/page/outline.h"
#include "muscle/page/page.h"
#include "muscle/segment/mask.h"

enum { MARGIN_MM = 10, MOST_PANELS = 12, COLUMNS = 3, GAP = 6 };

/* How the voxels of a slice become the pixels of a panel. */
typedef struct view {
    const lb_page *page;
    lb_slices s;
    int across, down;        /* 0 or 1: which axis of `s` runs across, which down */
    bool flip[2];            /* across, down: from the far end */
    size_t low[2], high[2];  /* box of the drawings with a margin, along the axes of `s` */
    size_t width, height;    /* pixels of a panel */
    double dark, bright;
    const char *mark[2];     /* what lies at the left and at the right edge */
    uint8_t *grey, *inside;
} view;

/* World axis (0 left, 1 posterior, 2 superior) a voxel axis is nearest to, and whether it runs that way. */
static int world_of(const lb_volume *v, int axis, bool *along)
{
    int best = 0;
    for (int w = 1; w < 3; w++)
        if (fabs(v->direction[3 * w + axis]) > fabs(v->direction[3 * best + axis])) best = w;
    *along = v->direction[3 * best + axis] > 0;
    return best;
}

static void orient(view *v)
{
    const lb_volume *mask = v->page->reading[0].mask;
    int axis[2] = {v->s.axis == 0 ? 1 : 0, v->s.axis == 2 ? 1 : 2}, world[2];
    bool along[2];
    for (int i = 0; i < 2; i++) world[i] = world_of(mask, axis[i], &along[i]);
    v->across = world[0] <= world[1] ? 0 : 1;
    v->down = 1 - v->across;
    v->flip[0] = !along[v->across];
    v->flip[1] = world[v->down] == 2 ? along[v->down] : !along[v->down]; /* the head at the top, or the front */
    v->mark[0] = world[v->across] == 0 ? "R" : "A";
    v->mark[1] = world[v->across] == 0 ? "L" : "P";
}

static size_t voxel_at(const view *v, size_t u, size_t w, size_t slice)
{
    size_t at[2];
    at[v->across] = v->flip[0] ? v->high[v->across] - u : v->low[v->across] + u;
    at[v->down] = v->flip[1] ? v->high[v->down] - w : v->low[v->down] + w;
    return at[0] * v->s.step[0] + at[1] * v->s.step[1] + slice * v->s.step[2];
}

/* The box around all labels, and which slices hold one. */
static void find_box(view *v, bool *drawn)
{
    for (int a = 0; a < 2; a++) v->low[a] = v->s.size[a], v->high[a] = 0;
    for (size_t r = 0; r < v->page->readings; r++)
        for (size_t layer = 0; layer <= v->page->reading[r].mask->layers; layer++) {
            const lb_volume *mask = layer ? v->page->reading[r].mask->layer[layer - 1] : v->page->reading[r].mask;
            for (size_t k = 0; k < v->s.count; k++)
                for (size_t y = 0; y < v->s.size[1]; y++)
                    for (size_t x = 0; x < v->s.size[0]; x++) {
                        if (lb_volume_at(mask, x * v->s.step[0] + y * v->s.step[1] + k * v->s.step[2]) == 0) continue;
                        const size_t at[2] = {x, y};
                        drawn[k] = true;
                        for (int a = 0; a < 2; a++) {
                            if (at[a] < v->low[a]) v->low[a] = at[a];
                            if (at[a] > v->high[a]) v->high[a] = at[a];
                        }
                    }
        }
    for (int a = 0; a < 2; a++) {
        size_t margin = (size_t)ceil(MARGIN_MM / v->s.spacing_mm[a]);
        v->low[a] = v->low[a] > margin ? v->low[a] - margin : 0;
        v->high[a] = v->high[a] + margin < v->s.size[a] ? v->high[a] + margin : v->s.size[a] - 1;
    }
    v->width = v->high[v->across] - v->low[v->across] + 1;
    v->height = v->high[v->down] - v->low[v->down] + 1;
}

/* Grey values between which the panels are spread, from all drawn slices. */
static void find_window(view *v, const bool *drawn)
{
    double *value = lb_alloc(v->width * v->height * v->s.count, sizeof *value);
    size_t n = 0;
    for (size_t k = 0; k < v->s.count; k++)
        for (size_t i = 0; drawn[k] && i < v->width * v->height; i++) {
            double here = lb_volume_at(v->page->image, voxel_at(v, i % v->width, i / v->width, k));
            if (isfinite(here)) value[n++] = here;
        }
    lb_sort_numbers(value, n);
    v->dark = n ? value[n / 100] : 0;
    v->bright = n ? value[(size_t)(0.995 * (double)(n - 1))] : 1;
    free(value);
}

/* `most` of the slices in [first, last] that hold a drawing, evenly spread. */
static size_t spread(const bool *drawn, size_t slices, int64_t first, int64_t last, size_t most, size_t *chosen)
{
    size_t there = 0, n = 0, seen = 0;
    for (int64_t k = first < 0 ? 0 : first; k <= last && k < (int64_t)slices; k++) there += drawn[k];
    size_t want = there < most ? there : most;
    for (int64_t k = first < 0 ? 0 : first; k <= last && k < (int64_t)slices && n < want; k++) {
        if (!drawn[k]) continue;
        if (seen == (2 * n + 1) * there / (2 * want)) chosen[n++] = (size_t)k;
        seen++;
    }
    return n;
}

/* With levels, as many slices of each as there is room for; else evenly spread ones. */
static size_t choose(const view *v, const bool *drawn, size_t most, size_t *chosen)
{
    const lb_names *names = &v->page->reading[0].names;
    size_t count = 0, levels = names->levels > most ? 0 : names->levels;
    for (size_t l = 0; l < levels; l++)
        count += spread(drawn, v->s.count, names->level[l].first, names->level[l].last, most / levels, chosen + count);
    if (count == 0) return spread(drawn, v->s.count, 0, (int64_t)v->s.count - 1, most, chosen);
    for (size_t i = 1; i < count; i++) /* levels may be named in any order */
        for (size_t j = i; j > 0 && chosen[j - 1] > chosen[j]; j--) {
            size_t swap = chosen[j];
            chosen[j] = chosen[j - 1];
            chosen[j - 1] = swap;
        }
    return count;
}

typedef struct border {
    const view *v;
    double x, y, step_x, step_y;
    const char *colour, *dash;
} border;

static void draw_border(void *context, const double *point, size_t count)
{
    const border *b = context;
    double *line = lb_arena_array(b->v->page->arena, 2 * count + 2, sizeof *line);
    for (size_t i = 0; i <= count; i++) {
        line[2 * i] = b->x + point[2 * (i % count)] * b->step_x;
        line[2 * i + 1] = b->y + point[2 * (i % count) + 1] * b->step_y;
    }
    lb_svg_polyline(b->v->page->svg, line, count + 1, b->colour, 0.9, b->dash);
}

static void draw_contours(view *v, size_t slice, border *b)
{
    for (size_t r = 0; r < v->page->readings; r++) {
        const lb_page_reading *reading = &v->page->reading[r];
        b->dash = lb_page_dash(r);
        for (size_t layer = 0; layer <= reading->mask->layers; layer++) {
            const lb_volume *mask = layer ? reading->mask->layer[layer - 1] : reading->mask;
            int64_t done = 0; /* labels in ascending order */
            for (;;) {
                int64_t label = INT64_MAX;
                for (size_t i = 0; i < v->width * v->height; i++) {
                    int64_t here = (int64_t)lb_volume_at(mask, voxel_at(v, i % v->width, i / v->width, slice));
                    if (here > done && here < label) label = here;
                }
                if (label == INT64_MAX) break;
                for (size_t i = 0; i < v->width * v->height; i++)
                    v->inside[i] = (int64_t)lb_volume_at(mask, voxel_at(v, i % v->width, i / v->width, slice)) == label;
                b->colour = lb_page_colour(v->page, lb_names_label(&reading->names, label, v->page->arena).muscle);
                lb_outline(v->inside, v->width, v->height, draw_border, b);
                done = label;
            }
        }
    }
}

static int draw_panel(view *v, size_t slice, double x, double y, double width, double height, lb_error *err)
{
    const lb_page *page = v->page;
    double range = v->bright > v->dark ? v->bright - v->dark : 1;
    for (size_t i = 0; i < v->width * v->height; i++) {
        double value = (lb_volume_at(page->image, voxel_at(v, i % v->width, i / v->width, slice)) - v->dark) / range;
        v->grey[i] = (uint8_t)lround(255 * (value > 0 ? fmin(value, 1) : 0)); /* NaN is black */
    }
    lb_buf png = {0};
    int code = lb_figure_grey_png(v->grey, v->width, v->height, &png, err);
    if (!code) lb_svg_png(page->svg, x, y, width, height, png.data, png.length);
    lb_buf_free(&png);
    if (code) return code;
    border b = {v, x, y, width / (double)v->width, height / (double)v->height, NULL, NULL};
    draw_contours(v, slice, &b);
    const char *level = lb_names_level(&page->reading[0].names, (int64_t)slice);
    const char *text = lb_arena_printf(page->arena, "slice %zu%s%s", slice, level ? " · " : "", level ? level : "");
    lb_svg_rect(page->svg, x, y, lb_svg_text_width(text, 8, true) + 8, 12, "#000000", NULL, 0);
    lb_svg_text(page->svg, x + 4, y + 9, 8, LB_START, "bold", "#ffffff", text);
    lb_svg_text(page->svg, x + 4, y + height - 4, 8, LB_START, "bold", "#ffffff", v->mark[0]);
    lb_svg_text(page->svg, x + width - 4, y + height - 4, 8, LB_END, "bold", "#ffffff", v->mark[1]);
    return LB_OK;
}

/* Fifty millimetres, at the foot of the first panel. */
static void draw_scale(const view *v, double x, double y, double width, double height, double per_mm)
{
    double length = 50 * per_mm, at = x + width / 2 - length / 2;
    if (length > 0.6 * width) return;
    lb_svg_line(v->page->svg, at, y + height - 5, at + length, y + height - 5, "#ffffff", 1.6, NULL);
    lb_svg_text(v->page->svg, at + length / 2, y + height - 9, 7, LB_MIDDLE, "", "#ffffff", "50 mm");
}

int lb_page_slices(const lb_page *page, double top, double bottom, double *end, lb_error *err)
{
    view v = {.page = page, .s = lb_slices_of(page->reading[0].mask, NULL)};
    bool *drawn = lb_arena_array(page->arena, v.s.count + 1, sizeof *drawn);
    size_t chosen[MOST_PANELS] = {0};
    orient(&v);
    find_box(&v, drawn);
    find_window(&v, drawn);
    /* As many rows of panels over the whole width as there is room for, two to four. */
    double wide_mm = (double)v.width * v.s.spacing_mm[v.across], high_mm = (double)v.height * v.s.spacing_mm[v.down];
    double third = (LB_PAGE_RIGHT - LB_PAGE_LEFT - GAP * (COLUMNS - 1)) / (double)COLUMNS;
    double fitting = floor((bottom - top + GAP) / (third * high_mm / wide_mm + GAP));
    size_t most = COLUMNS * (size_t)fmax(2, fmin(4, fitting)), count = choose(&v, drawn, most, chosen);
    size_t columns = count < COLUMNS ? count : count == 4 ? 2 : COLUMNS;
    *end = top;
    if (count == 0) return lb_fail(err, LB_BAD_DATA, "the mask is empty: no slice holds a label");
    size_t rows = (count + columns - 1) / columns;
    double room = LB_PAGE_RIGHT - LB_PAGE_LEFT - GAP * (double)(columns - 1), tall = bottom - top - GAP * (double)(rows - 1);
    double per_mm = fmin(room / (double)columns / wide_mm, tall / (double)rows / high_mm);
    double width = wide_mm * per_mm, height = high_mm * per_mm;
    v.grey = lb_alloc(v.width * v.height, 1);
    v.inside = lb_alloc(v.width * v.height, 1);
    int code = LB_OK;
    for (size_t i = 0; i < count && !code; i++) {
        double x = LB_PAGE_LEFT + (double)(i % columns) * (width + GAP), y = top + (double)(i / columns) * (height + GAP);
        code = draw_panel(&v, chosen[i], x, y, width, height, err);
        if (i == 0) draw_scale(&v, x, y, width, height, per_mm);
    }
    *end = top + (double)rows * height + GAP * (double)(rows - 1);
    free(v.grey);
    free(v.inside);
    return code;
}
