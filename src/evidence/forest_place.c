/* Where everything in a forest plot stands: columns from the widths of their texts, then rows from top to bottom. */
#include "evidence/forest_draw.h"

#include <math.h>
#include <string.h>

static double widest(double so_far, const char *text, bool bold)
{
    return fmax(so_far, text ? lb_svg_text_width(text, LB_FOREST_SIZE, bold) : 0);
}

static double cell_width(const lb_forest *forest, size_t c)
{
    double width = widest(0, forest->cell_title[c], true);
    for (size_t i = 0; i < forest->rows; i++)
        width = widest(width, forest->row[i].cell[c], lb_forest_is_bold(forest->row[i].kind));
    return width;
}

/* Study names: as wide as the widest, up to a limit past which they wrap. */
static double study_width(lb_forest *forest, lb_forest_place *place, lb_arena *arena)
{
    const double most = 165;
    double width = widest(0, forest->word[LB_W_STUDY], true);
    for (size_t i = 0; i < forest->rows; i++) {
        if (forest->row[i].kind == LB_FOREST_GROUP) place->indent = 6;
    }
    for (size_t i = 0; i < forest->rows; i++) {
        lb_forest_row *row = &forest->row[i];
        if (row->kind == LB_FOREST_GAP || row->kind == LB_FOREST_TEXT) continue;
        bool bold = lb_forest_is_bold(row->kind) || row->marked;
        double indent = row->kind == LB_FOREST_STUDY ? place->indent : 0;
        row->lines = lb_forest_wrap(row->label, LB_FOREST_SIZE, bold, most - indent, LB_FOREST_LINES, row->line, arena);
        for (size_t l = 0; l < row->lines; l++)
            width = fmax(width, indent + lb_svg_text_width(row->line[l], LB_FOREST_SIZE, bold));
    }
    return width;
}

static double place_cells(const lb_forest *forest, lb_forest_place *place, double x)
{
    for (size_t c = 0; c < forest->cells; c++) {
        size_t group = forest->groups == 2 && c >= forest->group_first[1];
        bool opens = forest->groups == 2 && c == forest->group_first[group];
        x += opens ? 1.6 * LB_FOREST_GAP_WIDTH : LB_FOREST_GAP_WIDTH;
        if (opens) { /* a title wider than its columns pushes them right */
            double columns = -LB_FOREST_GAP_WIDTH;
            for (size_t j = 0; j < forest->group_count[group]; j++)
                columns += cell_width(forest, c + j) + LB_FOREST_GAP_WIDTH;
            place->group_left[group] = x;
            x += fmax(0, lb_svg_text_width(forest->group_title[group], LB_FOREST_SIZE, true) - columns);
        }
        x += cell_width(forest, c);
        place->cell_right[c] = x;
        if (forest->groups == 2) place->group_right[group] = x;
    }
    return x;
}

static double place_effect(const lb_forest *forest, lb_forest_place *place, double x)
{
    double width = fmax(widest(0, forest->effect_title, true), widest(0, forest->effect_subtitle, true));
    for (size_t i = 0; i < forest->rows; i++)
        width = widest(width, forest->row[i].effect_text, lb_forest_is_bold(forest->row[i].kind));
    place->effect_right = x + LB_FOREST_GAP_WIDTH + width;
    return place->effect_right;
}

static double place_weight(const lb_forest *forest, lb_forest_place *place, double x)
{
    if (!forest->show_weight) return x;
    place->weight_right = x + LB_FOREST_GAP_WIDTH + fmax(widest(0, forest->word[LB_W_WEIGHT], true), widest(0, "100.0%", true));
    return place->weight_right;
}

/* A light per domain; the heading over them may be wider than they are. */
static double place_risk(const lb_forest *forest, lb_forest_place *place, double x)
{
    if (!forest->risks) return x;
    double lights = LB_FOREST_LIGHT * (double)forest->risks, title = widest(0, forest->word[LB_W_RISK], true);
    x += 1.4 * LB_FOREST_GAP_WIDTH;
    place->risk_x = x + fmax(0, title - lights) / 2 + LB_FOREST_LIGHT / 2;
    return x + fmax(lights, title);
}

void lb_forest_place_columns(lb_forest *forest, lb_forest_place *place, lb_arena *arena)
{
    place->study_x = LB_FOREST_MARGIN;
    double x = LB_FOREST_MARGIN + study_width(forest, place, arena);
    x = place_cells(forest, place, x);
    if (forest->layout->weight_before_plot) x = place_weight(forest, place, x);
    if (forest->layout->effect_before_plot) x = place_effect(forest, place, x);
    place->left_end = x;
    place->plot_x = x + 1.6 * LB_FOREST_GAP_WIDTH;
    place->plot_width = forest->cells > 2 ? 165 : 210;
    x = place->plot_x + place->plot_width + .6 * LB_FOREST_GAP_WIDTH;
    if (!forest->layout->weight_before_plot) x = place_weight(forest, place, x);
    if (!forest->layout->effect_before_plot) x = place_effect(forest, place, x);
    x = place_risk(forest, place, x);
    place->width = x + LB_FOREST_MARGIN;
}

double lb_forest_x(const lb_forest *forest, const lb_forest_place *place, double value)
{
    return place->plot_x + (value - forest->low) / (forest->high - forest->low) * place->plot_width;
}

/* The labels of both sides, wrapped to the room on their side of the line of no effect. */
static void place_favours(const lb_forest *forest, lb_forest_place *place, lb_arena *arena)
{
    if (!forest->favours_left) return;
    double null = lb_forest_x(forest, place, forest->null_at), least = 40;
    double left = fmax(least, null - place->plot_x - 4),
           right = fmax(least, place->plot_x + place->plot_width - null - 4);
    size_t a =
        lb_forest_wrap(forest->favours_left, LB_FOREST_SMALL, false, left, LB_FOREST_LINES, place->favours_left, arena);
    size_t b = lb_forest_wrap(forest->favours_right, LB_FOREST_SMALL, false, right, LB_FOREST_LINES,
                              place->favours_right, arena);
    place->favours_lines = a > b ? a : b;
}

static double row_height(const lb_forest_row *row)
{
    switch (row->kind) {
    case LB_FOREST_GAP:
        return 5;
    case LB_FOREST_TEXT:
        return LB_FOREST_LINE * (double)row->lines + 2;
    default:
        return LB_FOREST_ROW + LB_FOREST_LINE * (double)(row->lines > 1 ? row->lines - 1 : 0);
    }
}

void lb_forest_place_rows(lb_forest *forest, lb_forest_place *place, lb_arena *arena)
{
    double y = LB_FOREST_MARGIN;
    place->rule_top = y;
    place->header_group = y + 11;
    place->header = y + 21.5;
    place->rule_bottom = y + 27;
    y = place->body_top = place->rule_bottom + 3;
    for (size_t i = 0; i < forest->rows; i++) {
        lb_forest_row *row = &forest->row[i];
        if (row->kind == LB_FOREST_TEXT) {
            row->lines = lb_forest_wrap(row->label, LB_FOREST_SMALL, false, place->left_end - place->study_x,
                                        LB_FOREST_LINES, row->line, arena);
        }
        row->y = y;
        row->height = row_height(row);
        y += row->height;
    }
    place->axis = y + 3;
    place_favours(forest, place, arena);
    double below_axis =
        place->axis + 13 + (place->favours_lines ? 4 + LB_FOREST_LINE * (double)place->favours_lines : 0);
    double footers = LB_FOREST_LINE * (double)forest->footers, width = 0;
    for (size_t i = 0; i < forest->footers; i++)
        width = fmax(width, lb_svg_text_width(forest->footer[i], LB_FOREST_SMALL, false));
    place->footer_beside = place->study_x + width + 6 <= place->plot_x;
    place->footer = place->footer_beside ? place->axis + 1 : below_axis + 3;
    double end = fmax(below_axis, place->footer + footers);
    place->risk_key = end + 6;
    if (forest->risks) end = place->risk_key + lb_forest_key_height(forest);
    place->height = end + LB_FOREST_MARGIN;
    place->width = fmax(place->width, place->study_x + width + LB_FOREST_MARGIN);
}
