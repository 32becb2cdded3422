/* A forest plot as data: rows, columns of text, an axis; forest_rows.c fills it from a meta-analysis, forest_draw.c
 * draws it. */
#ifndef LUMBAR_EVIDENCE_FOREST_H
#define LUMBAR_EVIDENCE_FOREST_H

#include "evidence/forest_words.h"
#include "evidence/rob.h"
#include "evidence/subgroup.h"

#include <lumbar/figure.h>

typedef enum lb_forest_kind {
    LB_FOREST_GROUP,
    LB_FOREST_STUDY,
    LB_FOREST_SUBTOTAL,
    LB_FOREST_TOTAL,
    LB_FOREST_PREDICTION,
    LB_FOREST_TEXT,
    LB_FOREST_GAP
} lb_forest_kind;
enum { LB_FOREST_CELLS = 6, LB_FOREST_LINES = 3, LB_FOREST_FOOTERS = 6 };

typedef struct lb_forest_row {
    lb_forest_kind kind;
    const char *label;
    const char *cell[LB_FOREST_CELLS]; /**< the arms' columns; NULL = empty */
    const char *weight_text, *effect_text;
    double estimate, lower, upper; /**< positions on the axis; NaN = no mark */
    double weight;                 /**< percent */
    bool marked;                   /**< a new study: name in bold, mark in the accent */
    int risk[LB_ROB_MOST_DOMAINS]; /**< level of bias + 1 per domain; 0 = none */
    /* set by the layout */
    const char *line[LB_FOREST_LINES];
    size_t lines;
    double y, height;
} lb_forest_row;

typedef struct lb_forest_layout {
    const char *name;
    bool effect_before_plot, weight_before_plot;
    const char *open, *between, *close; /**< around an interval: " [" ", " "]" */
    const char *favours;
    const char *mark, *diamond; /**< colours */
} lb_forest_layout;
const lb_forest_layout *lb_forest_layout_named(const char *name);

typedef struct lb_forest {
    const lb_forest_layout *layout;
    const char *title, *description;
    size_t cells;
    const char *cell_title[LB_FOREST_CELLS];
    size_t groups, group_first[2], group_count[2];
    const char *group_title[2];
    const char *effect_title, *effect_subtitle, *plot_subtitle;
    bool show_weight;
    size_t risks;
    const char *risk_name[LB_ROB_MOST_DOMAINS];
    const char *const *word; /**< lb_forest_words() */
    lb_forest_row *row;
    size_t rows;
    /* axis: positions are logarithms when `log_axis` */
    bool log_axis, has_null;
    double null_at, pooled_at, low, high;
    double tick[16];
    size_t ticks;
    const char *favours_left, *favours_right; /**< who gains on that side, or NULL */
    const char *footer[LB_FOREST_FOOTERS];
    size_t footers;
} lb_forest;

/** Limits and ticks; xlim NULL = from the rows, with intervals that run far out cut off. */
void lb_forest_axis(lb_forest *forest, const double *xlim);
const char *lb_forest_draw(lb_forest *forest, lb_arena *arena);

/** What the reader of the plot wants to see. */
typedef struct lb_forest_wishes {
    const lb_forest_layout *layout;
    const char *title, *effect_label, *label1, *label2, *transform;
    bool favours_right; /**< larger values favour group 1 */
    bool favours_known;
    int digits;
    const char *const *risk; /**< columns of the effects' table with judgements of bias */
    size_t risks;
    bool last_is_new; /**< the last study is drawn apart: it is what the plot adds */
    const char *language; /**< "en", "zh" */
    const double *xlim; /**< two positions, or NULL */
} lb_forest_wishes;
/** groups may be NULL. */
void lb_forest_fill(lb_forest *forest, const lb_effects *effects, const lb_summary *total, const lb_subgroups *groups,
                    const lb_pool_settings *settings, const lb_forest_wishes *wishes, lb_arena *arena);
#endif
