/* What is filled in by hand: lines, boxes, ticks, scales, signatures, areas. Sizes suit a pen: lines 9 mm apart, boxes 6 mm. */
#include "document/layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *keep(lb_doc *doc, const char *text) { return lb_arena_text(doc->arena, text ? text : ""); }

static void stroke_line(lb_flow *flow, double x1, double y1, double x2, double y2, double width)
{
    if (!flow->draw) return;
    lb_type_ink(flow, LB_INK);
    cairo_set_line_width(flow->cairo, width);
    cairo_move_to(flow->cairo, x1, y1);
    cairo_line_to(flow->cairo, x2, y2);
    cairo_stroke(flow->cairo);
}

static void stroke_box(lb_flow *flow, double x, double y, double width, double height)
{
    if (!flow->draw) return;
    lb_type_ink(flow, LB_INK);
    cairo_set_line_width(flow->cairo, 0.7);
    cairo_rectangle(flow->cairo, x, y, width, height);
    cairo_stroke(flow->cairo);
}

/* A label that may need several lines, above or before what follows; returns where the last line ends. */
static double label_line(lb_flow *flow, const char *label, double height)
{
    double size = lb_type_size(flow), most = 0.55 * (flow->right - flow->left);
    PangoLayout *layout = lb_type_layout(flow, label, size, NULL, 0);
    double width = lb_type_width(layout);
    g_object_unref(layout);
    lb_type_ink(flow, LB_INK);
    if (width <= most) {
        lb_flow_need(flow, height);
        lb_type_line(flow, label, size, NULL, flow->left, flow->y + height * 0.68);
        return width;
    }
    layout = lb_type_layout(flow, label, size, NULL, flow->right - flow->left);
    lb_flow_need(flow, lb_type_height(layout) + height);
    lb_type_flow(flow, layout, flow->left);
    g_object_unref(layout);
    return 0;
}

static void set_field(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), height = 9 * LB_MM, width = label_line(flow, block->text, height);
    double x = flow->left + width + (width > 0 ? size * 0.6 : 0), base = flow->y + height * 0.68;
    double end = block->size > 0 ? fmin(flow->right, x + block->size * LB_MM) : flow->right;
    stroke_line(flow, x, base + 2, end, base + 2, 0.5);
    if (block->more) lb_type_line(flow, block->more, size, "bold", x + 3, base);
    flow->y += height;
}

void lb_doc_field(lb_doc *doc, const char *label, const char *value, double line_mm)
{
    lb_block *block = lb_doc_block(doc, set_field);
    block->text = keep(doc, label);
    block->more = lb_arena_text(doc->arena, value);
    block->size = line_mm;
}

static void set_boxes(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), box = 6 * LB_MM, height = 9 * LB_MM, width = label_line(flow, block->text, height);
    double x = flow->left + width + (width > 0 ? size * 0.8 : 0), top = flow->y + (height - box) / 2;
    for (const char *c = block->more; *c;) {
        size_t length = 1;
        while ((c[length] & 0xC0) == 0x80) length++;
        if (*c == '#') {
            stroke_box(flow, x, top, box, box);
            x += box;
        } else {
            char text[8] = "";
            memcpy(text, c, length < 7 ? length : 7);
            lb_type_ink(flow, LB_INK);
            x += 2 + lb_type_line(flow, text, size, "bold", x + 2, flow->y + height * 0.7) + 2;
        }
        c += length;
    }
    lb_type_ink(flow, LB_INK);
    if (block->last) lb_type_line(flow, block->last, size, NULL, x + size * 0.5, flow->y + height * 0.68);
    flow->y += height;
}

void lb_doc_boxes(lb_doc *doc, const char *label, const char *pattern, const char *unit)
{
    lb_block *block = lb_doc_block(doc, set_boxes);
    block->text = keep(doc, label);
    block->more = keep(doc, pattern);
    block->last = lb_arena_text(doc->arena, unit);
}

static void tick(lb_flow *flow, double x, double y, double box)
{
    stroke_line(flow, x + box * 0.18, y + box * 0.5, x + box * 0.42, y + box * 0.78, 1.6);
    stroke_line(flow, x + box * 0.42, y + box * 0.78, x + box * 0.85, y + box * 0.2, 1.6);
}

static void set_choice(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), box = 3.8 * LB_MM, line = 6.6 * LB_MM, gap = size * 1.8;
    if (*block->text) {
        PangoLayout *layout = lb_type_layout(flow, block->text, size, NULL, flow->right - flow->left);
        lb_flow_need(flow, lb_type_height(layout) + line);
        lb_type_ink(flow, LB_INK);
        lb_type_flow(flow, layout, flow->left);
        g_object_unref(layout);
        flow->y += 2;
    }
    double x = flow->left;
    lb_flow_need(flow, line);
    for (size_t i = 0; i < block->count; i++) {
        PangoLayout *layout = lb_type_layout(flow, block->word[i], size, NULL, flow->right - flow->left - box - 6);
        double width = box + 5 + lb_type_width(layout), height = fmax(line, lb_type_height(layout) + 3);
        if (x > flow->left && (block->flag || x + width > flow->right)) {
            flow->y += line;
            lb_flow_need(flow, height);
            x = flow->left;
        } else if (i == 0) {
            lb_flow_need(flow, height);
        }
        double top = flow->y + (line - box) / 2;
        stroke_box(flow, x, top, box, box);
        if ((int)i == block->chosen) tick(flow, x, top, box);
        lb_type_ink(flow, LB_INK);
        lb_type_show(flow, layout, x + box + 5, flow->y + (line - lb_type_height(layout) / pango_layout_get_line_count(layout)) / 2);
        if (height > line) { /* an option of several lines stands alone */
            flow->y += height - line;
            x = flow->right;
        } else {
            x += width + gap;
        }
        g_object_unref(layout);
    }
    flow->y += line + size * 0.5;
}

void lb_doc_choice(lb_doc *doc, const char *label, const char *const *option, size_t count, int chosen, bool one_a_line)
{
    lb_block *block = lb_doc_block(doc, set_choice);
    const char **word = lb_arena_array(doc->arena, count + 1, sizeof *word);
    for (size_t i = 0; i < count; i++) word[i] = keep(doc, option[i]);
    block->text = keep(doc, label);
    block->word = word;
    block->count = count;
    block->chosen = chosen;
    block->flag = one_a_line;
}

/* A visual analogue scale is 100 mm long whatever the paper: its answer is measured with a ruler. */
static void set_scale(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), room = flow->right - flow->left;
    bool line = block->low == 0 && block->high == 100;
    PangoLayout *layout = lb_type_layout(flow, block->text, size, NULL, room);
    lb_flow_need(flow, lb_type_height(layout) + 20 * LB_MM);
    lb_type_ink(flow, LB_INK);
    lb_type_flow(flow, layout, flow->left);
    g_object_unref(layout);
    double x0 = flow->left + 6, width = line ? 100 * LB_MM : fmin(room - 12, 130 * LB_MM), y = flow->y + 6 * LB_MM;
    if (line) {
        stroke_line(flow, x0, y, x0 + width, y, 0.9);
        stroke_line(flow, x0, y - 8, x0, y + 8, 0.9);
        stroke_line(flow, x0 + width, y - 8, x0 + width, y + 8, 0.9);
    } else {
        int steps = block->high - block->low;
        double box = 5.5 * LB_MM;
        for (int k = 0; k <= steps && steps > 0; k++) {
            char number[16];
            double x = x0 + (width - box) * k / steps; /* left edge of the box */
            snprintf(number, sizeof number, "%d", block->low + k);
            stroke_box(flow, x, y - box / 2, box, box);
            PangoLayout *text = lb_type_layout(flow, number, size, NULL, 0);
            lb_type_ink(flow, LB_INK);
            lb_type_show(flow, text, x + (box - lb_type_width(text)) / 2, y - lb_type_height(text) / 2);
            g_object_unref(text);
        }
    }
    lb_type_ink(flow, LB_INK);
    lb_type_line(flow, block->more, size * 0.9, NULL, flow->left, y + 8 * LB_MM);
    PangoLayout *high = lb_type_layout(flow, block->last, size * 0.9, NULL, 0);
    lb_type_show(flow, high, fmin(x0 + width - lb_type_width(high) + 6, flow->right - lb_type_width(high)),
                 y + 8 * LB_MM - (double)pango_layout_get_baseline(high) / PANGO_SCALE);
    g_object_unref(high);
    flow->y = y + 12 * LB_MM;
}

void lb_doc_scale(lb_doc *doc, const char *label, int low, int high, const char *low_word, const char *high_word)
{
    lb_block *block = lb_doc_block(doc, set_scale);
    block->text = keep(doc, label);
    block->low = low;
    block->high = high;
    block->more = keep(doc, low_word);
    block->last = keep(doc, high_word);
}

static void set_signatures(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow) * 0.85, height = 22 * LB_MM, gap = 8 * LB_MM;
    size_t columns = block->count + (block->more ? 1 : 0);
    if (columns == 0) return;
    double width = (flow->right - flow->left - gap * (double)(columns - 1)) / (double)columns;
    lb_flow_need(flow, height);
    for (size_t i = 0; i < columns; i++) {
        const char *label = i < block->count ? block->word[i] : block->more;
        double x = flow->left + (width + gap) * (double)i, y = flow->y + 13 * LB_MM;
        stroke_line(flow, x, y, x + width, y, 0.6);
        PangoLayout *layout = lb_type_layout(flow, label, size, NULL, width);
        lb_type_ink(flow, LB_GREY);
        lb_type_show(flow, layout, x, y + 3);
        g_object_unref(layout);
    }
    flow->y += height;
}

void lb_doc_signatures(lb_doc *doc, const char *const *label, size_t count, const char *date_label)
{
    lb_block *block = lb_doc_block(doc, set_signatures);
    const char **word = lb_arena_array(doc->arena, count + 1, sizeof *word);
    for (size_t i = 0; i < count; i++) word[i] = keep(doc, label[i]);
    block->word = word;
    block->count = count;
    block->more = lb_arena_text(doc->arena, date_label);
}

static void set_area(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), height = block->size * LB_MM;
    lb_flow_need(flow, height + size * 1.6);
    if (*block->text) {
        lb_type_ink(flow, LB_INK);
        lb_type_line(flow, block->text, size, NULL, flow->left, flow->y + size);
        flow->y += size * 1.5;
    }
    stroke_box(flow, flow->left, flow->y, flow->right - flow->left, height);
    flow->y += height + size * 0.6;
}

void lb_doc_area(lb_doc *doc, const char *label, double height_mm)
{
    lb_block *block = lb_doc_block(doc, set_area);
    block->text = keep(doc, label);
    block->size = fmax(5, fmin(height_mm, 200));
}
