/* Blocks of text: headings, paragraphs, lists, rules, contents. */
#include "document/layout.h"

#include <cairo-pdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *keep(lb_doc *doc, const char *text) { return lb_arena_text(doc->arena, text ? text : ""); }

/* ---- headings ------------------------------------------------------------- */

static double heading_size(const lb_flow *flow, int level)
{
    static const double factor[] = {1.8, 1.35, 1.12, 1};
    return lb_type_size(flow) * factor[level - 1];
}

static const char *link_name(lb_doc *doc, const lb_block *heading)
{
    size_t number = 0;
    for (const lb_block *block = doc->first; block && block != heading; block = block->next) number += block->kind == LB_BLOCK_HEADING;
    return lb_arena_printf(doc->arena, "h%zu", number);
}

/* An outline entry belongs to the last heading above it of a lower level; cairo numbers entries in order from 1. */
static void outline(lb_flow *flow, const lb_block *heading)
{
    int parent = 0, number = 0;
    for (const lb_block *block = flow->doc->first; block && block != heading; block = block->next) {
        if (block->kind != LB_BLOCK_HEADING) continue;
        number++;
        if (block->level < heading->level) parent = number;
        else if (block->level < 2) parent = 0;
    }
    const char *name = link_name(flow->doc, heading);
    char attributes[80];
    snprintf(attributes, sizeof attributes, "name='%s'", name);
    cairo_tag_begin(flow->cairo, CAIRO_TAG_DEST, attributes);
    cairo_tag_end(flow->cairo, CAIRO_TAG_DEST);
    snprintf(attributes, sizeof attributes, "dest='%s'", name);
    cairo_pdf_surface_add_outline(cairo_get_target(flow->cairo), parent, heading->text, attributes, 0);
}

void lb_set_heading(lb_flow *flow, const lb_block *block)
{
    double size = heading_size(flow, block->level);
    if (flow->endless || flow->y > flow->top) flow->y += size * (block->level == 1 ? 0.9 : 1.0);
    if (flow->draw) outline(flow, block);
    if (flow->doc->options.accent && block->level == 1) lb_type_ink(flow, LB_ACCENT);
    else lb_type_ink(flow, LB_INK);
    PangoLayout *layout = lb_type_layout(flow, block->text, size, "bold", flow->right - flow->left);
    lb_type_flow(flow, layout, flow->left);
    g_object_unref(layout);
    flow->y += size * 0.35;
    if (block->level == 1) flow->section = block->text;
}

void lb_doc_heading(lb_doc *doc, int level, const char *text)
{
    lb_block *block = lb_doc_block(doc, lb_set_heading);
    block->kind = LB_BLOCK_HEADING;
    block->level = level < 1 ? 1 : level > 4 ? 4 : level;
    block->text = keep(doc, text);
}

/* ---- paragraphs ------------------------------------------------------------- */

/* "**bold** and *italic*" to plain text and Pango attributes. */
static PangoAttrList *rich_attributes(const char *source, lb_buf *plain)
{
    PangoAttrList *list = pango_attr_list_new();
    size_t bold = SIZE_MAX, italic = SIZE_MAX;
    for (const char *c = source; *c;) {
        if (c[0] == '\\' && c[1] == '*') {
            lb_buf_putc(plain, '*');
            c += 2;
            continue;
        }
        if (*c != '*') {
            lb_buf_putc(plain, *c++);
            continue;
        }
        bool two = c[1] == '*';
        size_t *open = two ? &bold : &italic;
        if (*open == SIZE_MAX) {
            *open = plain->length;
        } else {
            PangoAttribute *attribute = two ? pango_attr_weight_new(PANGO_WEIGHT_BOLD) : pango_attr_style_new(PANGO_STYLE_ITALIC);
            attribute->start_index = (guint)*open;
            attribute->end_index = (guint)plain->length;
            pango_attr_list_insert(list, attribute);
            *open = SIZE_MAX;
        }
        c += two ? 2 : 1;
    }
    return list;
}

static double style_size(const lb_flow *flow, lb_doc_style style)
{
    double size = lb_type_size(flow);
    switch (style) {
    case LB_DOC_LEAD: return size * 1.2;
    case LB_DOC_SMALL: case LB_DOC_NOTE: return size * 0.85;
    case LB_DOC_CODE: return size * 0.82;
    default: return size;
    }
}

static void set_paragraph(lb_flow *flow, const lb_block *block)
{
    double size = style_size(flow, block->style), indent = block->style == LB_DOC_WARN ? 8 : 0;
    double width = flow->right - flow->left - indent;
    lb_buf plain = {0};
    PangoAttrList *attributes = block->flag ? rich_attributes(block->text, &plain) : NULL;
    PangoLayout *layout = lb_type_layout(flow, attributes ? (plain.data ? plain.data : "") : block->text, size,
                                         block->style == LB_DOC_CODE ? "mono" : NULL, width);
    if (attributes) {
        pango_layout_set_attributes(layout, attributes);
        pango_attr_list_unref(attributes);
    }
    if (block->style == LB_DOC_CENTRE) pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
    if (block->style == LB_DOC_NOTE) lb_type_ink(flow, LB_GREY);
    else lb_type_ink(flow, LB_INK);
    double start = flow->y;
    size_t page = flow->page;
    lb_type_flow(flow, layout, flow->left + indent);
    if (block->style == LB_DOC_WARN && flow->draw) {
        cairo_set_line_width(flow->cairo, 2);
        double top = page == flow->page ? start : flow->top;
        cairo_move_to(flow->cairo, flow->left + 1, top);
        cairo_line_to(flow->cairo, flow->left + 1, flow->y);
        cairo_stroke(flow->cairo);
    }
    flow->y += size * (block->style == LB_DOC_NOTE || block->style == LB_DOC_SMALL ? 0.3 : 0.55);
    g_object_unref(layout);
    lb_buf_free(&plain);
}

void lb_doc_paragraph(lb_doc *doc, lb_doc_style style, const char *text)
{
    lb_block *block = lb_doc_block(doc, set_paragraph);
    block->style = style;
    block->text = keep(doc, text);
}

void lb_doc_printf(lb_doc *doc, lb_doc_style style, const char *fmt, ...)
{
    lb_buf text = {0};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    lb_doc_paragraph(doc, style, text.data);
    lb_buf_free(&text);
}

void lb_doc_rich(lb_doc *doc, lb_doc_style style, const char *text)
{
    lb_doc_paragraph(doc, style, text);
    doc->last->flag = true;
}

static void set_item(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), indent = size * 1.8;
    lb_buf plain = {0};
    PangoAttrList *attributes = rich_attributes(block->text, &plain);
    PangoLayout *layout = lb_type_layout(flow, plain.data ? plain.data : "", size, NULL, flow->right - flow->left - indent);
    pango_layout_set_attributes(layout, attributes);
    pango_attr_list_unref(attributes);
    int lines = pango_layout_get_line_count(layout);
    lb_flow_need(flow, lines <= 3 ? lb_type_height(layout) : 2 * lb_type_height(layout) / lines);
    char mark[16];
    if (block->level > 0) snprintf(mark, sizeof mark, "%d.", block->level);
    lb_type_ink(flow, LB_INK);
    lb_type_line(flow, block->level > 0 ? mark : "\xE2\x80\xA2", size, NULL, flow->left + size * 0.4,
                 flow->y + (double)pango_layout_get_baseline(layout) / PANGO_SCALE);
    lb_type_flow(flow, layout, flow->left + indent);
    flow->y += size * 0.3;
    g_object_unref(layout);
    lb_buf_free(&plain);
}

void lb_doc_item(lb_doc *doc, int number, const char *text)
{
    lb_block *block = lb_doc_block(doc, set_item);
    block->level = number;
    block->text = keep(doc, text);
}

/* ---- contents ----------------------------------------------------------------- */

void lb_set_contents(lb_flow *flow, const lb_block *block)
{
    double size = lb_type_size(flow), line = size * 1.55;
    if (*block->text) {
        lb_flow_need(flow, 4 * line);
        lb_type_ink(flow, LB_INK);
        PangoLayout *layout = lb_type_layout(flow, block->text, size * 1.35, "bold", flow->right - flow->left);
        lb_type_flow(flow, layout, flow->left);
        g_object_unref(layout);
        flow->y += size * 0.5;
    }
    for (const lb_block *at = flow->doc->first; at; at = at->next) {
        if (at->kind != LB_BLOCK_HEADING || at->level > block->level) continue;
        lb_flow_need(flow, line);
        double x = flow->left + size * 1.2 * (at->level - 1), baseline = flow->y + line * 0.72;
        char page[16];
        snprintf(page, sizeof page, "%d", at->page);
        PangoLayout *number = lb_type_layout(flow, page, size, NULL, 0);
        double width = lb_type_width(number);
        PangoLayout *text = lb_type_layout(flow, at->text, size, at->level == 1 ? "bold" : NULL, flow->right - x - 4 * size);
        pango_layout_set_ellipsize(text, PANGO_ELLIPSIZE_END);
        lb_type_ink(flow, LB_INK);
        if (flow->draw) {
            char attributes[80];
            snprintf(attributes, sizeof attributes, "dest='%s'", link_name(flow->doc, at));
            cairo_tag_begin(flow->cairo, CAIRO_TAG_LINK, attributes);
        }
        lb_type_show(flow, text, x, baseline - (double)pango_layout_get_baseline(text) / PANGO_SCALE);
        lb_type_show(flow, number, flow->right - width, baseline - (double)pango_layout_get_baseline(number) / PANGO_SCALE);
        if (flow->draw) cairo_tag_end(flow->cairo, CAIRO_TAG_LINK);
        g_object_unref(text);
        g_object_unref(number);
        flow->y += line;
    }
    flow->y += size;
}

void lb_doc_contents(lb_doc *doc, const char *title, int level)
{
    lb_block *block = lb_doc_block(doc, lb_set_contents);
    block->text = keep(doc, title);
    block->level = level;
}

/* ---- space ------------------------------------------------------------------------ */

static void set_space(lb_flow *flow, const lb_block *block)
{
    if (flow->endless || flow->y > flow->top) flow->y += block->size * LB_MM;
}

void lb_doc_space(lb_doc *doc, double mm) { lb_doc_block(doc, set_space)->size = mm > 0 ? mm : 0; }

static void set_rule(lb_flow *flow, const lb_block *block)
{
    (void)block;
    double size = lb_type_size(flow);
    lb_flow_need(flow, size);
    flow->y += size * 0.4;
    if (flow->draw) {
        lb_type_ink(flow, LB_LINE);
        cairo_set_line_width(flow->cairo, 0.6);
        cairo_move_to(flow->cairo, flow->left, flow->y);
        cairo_line_to(flow->cairo, flow->right, flow->y);
        cairo_stroke(flow->cairo);
    }
    flow->y += size * 0.6;
}

void lb_doc_rule(lb_doc *doc) { lb_doc_block(doc, set_rule); }

static void set_page(lb_flow *flow, const lb_block *block)
{
    (void)block;
    if (!flow->endless && flow->y > flow->top) lb_flow_break(flow);
}

void lb_doc_page(lb_doc *doc) { lb_doc_block(doc, set_page); }

static void set_keep(lb_flow *flow, const lb_block *block) { lb_flow_need(flow, block->size * LB_MM); }

void lb_doc_keep(lb_doc *doc, double mm) { lb_doc_block(doc, set_keep)->size = mm; }

void lb_doc_group_open(lb_doc *doc) { lb_doc_block(doc, NULL)->kind = LB_BLOCK_GROUP_OPEN; }

void lb_doc_group_close(lb_doc *doc) { lb_doc_block(doc, NULL)->kind = LB_BLOCK_GROUP_CLOSE; }
