/* Pages of a document: running header and footer, watermark, breaks. */
#include "document/layout.h"

#include <stdio.h>
#include <string.h>

double lb_flow_left(const lb_flow *flow) { return flow->endless ? 1e9 : flow->bottom - flow->y; }

void lb_flow_need(lb_flow *flow, double points)
{
    if (!flow->endless && points > lb_flow_left(flow) + 0.01 && flow->y > flow->top) lb_flow_break(flow);
}

double lb_flow_measure(const lb_flow *flow, const lb_block *block)
{
    lb_flow dry = *flow;
    dry.draw = false;
    dry.endless = true;
    dry.err = NULL;
    dry.y = 1000; /* not the top of a page: space above counts */
    block->set(&dry, block);
    return dry.y - 1000;
}

/* {page}, {pages}, {title}, {section} in a running text. */
static const char *running(const lb_flow *flow, const char *text)
{
    char page[32], pages[32];
    snprintf(page, sizeof page, "%zu", flow->page);
    snprintf(pages, sizeof pages, "%zu", flow->doc->pages);
    const struct { const char *mark, *value; } marks[] = {
        {"{page}", page}, {"{pages}", pages}, {"{title}", flow->doc->options.title}, {"{section}", flow->section}};
    lb_buf out = {.max = 4096};
    while (*text) {
        size_t i = 0;
        while (i < LB_COUNT(marks) && !lb_text_starts(text, marks[i].mark)) i++;
        if (i < LB_COUNT(marks)) {
            lb_buf_puts(&out, marks[i].value ? marks[i].value : "");
            text += strlen(marks[i].mark);
        } else {
            lb_buf_putc(&out, *text++);
        }
    }
    const char *copy = lb_arena_text(flow->doc->arena, out.data ? out.data : "");
    lb_buf_free(&out);
    return copy;
}

/* Three places of one running line; a text too long for its place is shortened with an ellipsis. */
static void running_line(lb_flow *flow, const char *const text[3], double y)
{
    double third = (flow->right - flow->left) / (text[1] && *text[1] ? 3.2 : 2.05), size = flow->doc->options.size_pt - 2;
    lb_type_ink(flow, LB_GREY);
    for (int i = 0; i < 3; i++) {
        if (!text[i] || !*text[i]) continue;
        bool alone = (!text[(i + 1) % 3] || !*text[(i + 1) % 3]) && (!text[(i + 2) % 3] || !*text[(i + 2) % 3]);
        double room = alone ? flow->right - flow->left : i == 2 && text[0] && strlen(text[2]) < 16 ? third : third;
        if (i == 0 && text[2] && strlen(text[2]) < 20 && !(text[1] && *text[1])) room = (flow->right - flow->left) * 0.85;
        PangoLayout *layout = lb_type_layout(flow, running(flow, text[i]), size, NULL, room);
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        pango_layout_set_height(layout, -1);
        double width = lb_type_width(layout);
        double x = i == 0 ? flow->left : i == 1 ? (flow->left + flow->right - width) / 2 : flow->right - width;
        lb_type_show(flow, layout, x, y);
        g_object_unref(layout);
    }
}

static void thin_line(lb_flow *flow, double y)
{
    lb_type_ink(flow, LB_LINE);
    cairo_set_line_width(flow->cairo, 0.4);
    cairo_move_to(flow->cairo, flow->left, y);
    cairo_line_to(flow->cairo, flow->right, y);
    cairo_stroke(flow->cairo);
}

static void watermark(lb_flow *flow, const char *text)
{
    PangoLayout *layout = lb_type_layout(flow, text, 64, "bold", 0);
    double width = lb_type_width(layout), height = lb_type_height(layout), most = 0.9 * flow->width;
    cairo_save(flow->cairo);
    cairo_set_source_rgb(flow->cairo, 0.91, 0.91, 0.91);
    cairo_translate(flow->cairo, flow->width / 2, flow->height / 2);
    cairo_rotate(flow->cairo, -0.78539816339744831);
    if (width > most) cairo_scale(flow->cairo, most / width, most / width);
    cairo_move_to(flow->cairo, -width / 2, -height / 2);
    pango_cairo_show_layout(flow->cairo, layout);
    cairo_restore(flow->cairo);
    g_object_unref(layout);
}

void lb_page_open(lb_flow *flow)
{
    const lb_doc_options *options = &flow->doc->options;
    flow->page++;
    flow->y = flow->top;
    if (flow->draw && options->watermark && *options->watermark) watermark(flow, options->watermark);
}

/* The header carries the section of the page's end, which is why it is drawn last. */
void lb_page_close(lb_flow *flow)
{
    const lb_doc_options *o = &flow->doc->options;
    if (flow->draw) {
        const char *const head[3] = {o->header_left, o->header_middle, o->header_right};
        const char *const foot[3] = {o->footer_left, o->footer_middle, o->footer_right};
        double size = o->size_pt;
        bool any = false;
        for (int i = 0; i < 3; i++) any |= head[i] && *head[i];
        if (any) {
            running_line(flow, head, flow->top - 2.1 * size);
            thin_line(flow, flow->top - 0.75 * size);
        }
        running_line(flow, foot, flow->bottom + 0.9 * size);
    }
    cairo_show_page(flow->cairo);
}

void lb_flow_break(lb_flow *flow)
{
    if (flow->endless) return;
    lb_page_close(flow);
    lb_page_open(flow);
}
