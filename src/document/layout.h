/* Inside of the document module: blocks as the caller gave them, and the flow that sets them on pages. The same code
 * measures and draws: a flow that only measures has `draw` off, and one without pages has `bottom` at infinity. */
#ifndef LUMBAR_DOCUMENT_LAYOUT_H
#define LUMBAR_DOCUMENT_LAYOUT_H

#include <lumbar/document.h>

#include <cairo.h>
#include <pango/pangocairo.h>

#define LB_MM (72 / 25.4) /**< points in a millimetre */

typedef struct lb_flow lb_flow;
typedef struct lb_block lb_block;

struct lb_block {
    void (*set)(lb_flow *flow, const lb_block *block); /**< lays out and draws; NULL for marks that only steer */
    enum { LB_BLOCK_PLAIN, LB_BLOCK_HEADING, LB_BLOCK_GROUP_OPEN, LB_BLOCK_GROUP_CLOSE } kind;
    int level;              /**< heading level, item number, … */
    lb_doc_style style;
    const char *text;       /**< label, caption or text */
    const char *more;       /**< value, unit, date label, … */
    const char *last;
    const char *const *word; /**< options, labels */
    size_t count;
    double size;            /**< millimetres or points, as the block means it */
    int chosen, low, high;
    bool flag;
    bool solid;             /**< cannot be broken: a picture */
    const lb_doc_table *table;
    const void *bytes;
    size_t length;
    int page;               /**< headings: page found in the first pass */
    lb_block *next;
};

struct lb_doc {
    lb_arena *arena;
    lb_doc_options options;
    lb_block *first, *last;
    size_t pages;           /**< known after the first pass */
};

struct lb_flow {
    lb_doc *doc;
    cairo_t *cairo;
    bool draw;
    bool endless;           /**< measuring one block: no pages */
    double left, right, top, bottom, y; /**< points */
    double width, height;   /**< of the paper */
    size_t page;
    const char *section;
    lb_error *err;
    int code;               /**< first failure of a picture */
};

/** Colours of the module, dark enough on white for print and screen. */
#define LB_INK 0.11, 0.145, 0.19
#define LB_GREY 0.27, 0.32, 0.37
#define LB_LINE 0.55, 0.6, 0.65
#define LB_ACCENT 0.05, 0.33, 0.53

lb_block *lb_doc_block(lb_doc *doc, void (*set)(lb_flow *, const lb_block *)); /**< appended, zeroed */

/* Pages (page.c) */
void lb_flow_need(lb_flow *flow, double points);   /**< new page when less is left and the page is not empty */
void lb_flow_break(lb_flow *flow);
double lb_flow_left(const lb_flow *flow);          /**< points left on this page */
double lb_flow_measure(const lb_flow *flow, const lb_block *block); /**< height of one block on an endless page */
void lb_page_open(lb_flow *flow);
void lb_page_close(lb_flow *flow);

/* Text (type.c) */
PangoLayout *lb_type_layout(const lb_flow *flow, const char *text, double size_pt, const char *weight, double width_pt);
void lb_type_show(lb_flow *flow, PangoLayout *layout, double x, double y); /**< top left; the current colour */
double lb_type_height(PangoLayout *layout);
double lb_type_width(PangoLayout *layout);
double lb_type_size(const lb_flow *flow);          /**< of body text, points */
/** Sets a layout line by line at flow->y, breaking pages without leaving one line alone. */
void lb_type_flow(lb_flow *flow, PangoLayout *layout, double x);
/** One line of text at a place, its baseline at y; returns its width. */
double lb_type_line(lb_flow *flow, const char *text, double size_pt, const char *weight, double x, double baseline);
void lb_type_ink(lb_flow *flow, double red, double green, double blue);

/* What the blocks share */
void lb_set_heading(lb_flow *flow, const lb_block *block);
void lb_set_contents(lb_flow *flow, const lb_block *block);
void lb_set_table(lb_flow *flow, const lb_block *block);
#endif
