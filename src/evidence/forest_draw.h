/* Between the files that lay a forest plot out and draw it. */
#ifndef LUMBAR_EVIDENCE_FOREST_DRAW_H
#define LUMBAR_EVIDENCE_FOREST_DRAW_H

#include "evidence/forest.h"

/** Sizes in points: 8 pt text prints well in one or two columns of a journal. */
#define LB_FOREST_SIZE 8.0
#define LB_FOREST_SMALL 7.0
#define LB_FOREST_ROW 13.0
#define LB_FOREST_LINE 9.5
#define LB_FOREST_MARGIN 8.0
#define LB_FOREST_GAP_WIDTH 9.0
#define LB_FOREST_LIGHT 12.5

typedef struct lb_forest_place {
    double study_x, indent;
    double cell_right[LB_FOREST_CELLS];
    double group_left[2], group_right[2];
    double plot_x, plot_width;
    double weight_right, effect_right;
    double risk_x, risk_key; /**< centre of the first light; top of the key */
    double left_end; /**< where the text left of the plot ends */
    double width, height;
    double rule_top, header_group, header, rule_bottom, body_top, axis, footer;
    bool header_lines, footer_beside;
    size_t favours_lines;
    const char *favours_left[LB_FOREST_LINES], *favours_right[LB_FOREST_LINES];
} lb_forest_place;

void lb_forest_place_columns(lb_forest *forest, lb_forest_place *place, lb_arena *arena);
void lb_forest_place_rows(lb_forest *forest, lb_forest_place *place, lb_arena *arena);
/** Break `text` into at most `most` lines; returns how many. */
size_t lb_forest_wrap(const char *text, double size_pt, bool bold, double width, size_t most, const char **line,
                      lb_arena *arena);
/** Height of the key to the lights of risk of bias. */
double lb_forest_key_height(const lb_forest *forest);
double lb_forest_x(const lb_forest *forest, const lb_forest_place *place, double value);
static inline bool lb_forest_is_bold(lb_forest_kind kind)
{
    return kind == LB_FOREST_GROUP || kind == LB_FOREST_SUBTOTAL || kind == LB_FOREST_TOTAL;
}
#endif
