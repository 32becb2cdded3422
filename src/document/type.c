/* Type: Pango layouts in the document's two families, set whole or line by line over pages. */
#include "document/layout.h"

#include <string.h>

/* Chinese is set in a TrueType font: from fonts with CFF outlines that share subroutines (Noto CJK) cairo 1.16 leaves some out when it
 * embeds a part of them, and the character is a gap on paper. */
static const char FAMILY[] = "Liberation Sans,WenQuanYi Micro Hei,Noto Sans CJK SC,Noto Sans", MONO[] = "Liberation Mono,WenQuanYi Micro Hei Mono,Noto Sans Mono CJK SC";

void lb_type_ink(lb_flow *flow, double red, double green, double blue) { cairo_set_source_rgb(flow->cairo, red, green, blue); }

double lb_type_size(const lb_flow *flow) { return flow->doc->options.size_pt; }

/* Pango replaces bytes that are not UTF-8 and would stop at a NUL; control characters other than line breaks go. */
static char *clean(const lb_flow *flow, const char *text)
{
    lb_buf out = {0};
    size_t length = strlen(text);
    while (length > 0) {
        size_t good = lb_utf8_bad(text, length);
        for (size_t i = 0; i < good; i++)
            if ((unsigned char)text[i] >= 32 || text[i] == '\n' || text[i] == '\t') lb_buf_putc(&out, text[i]);
        if (good == length) break;
        lb_buf_puts(&out, "\xEF\xBF\xBD");
        text += good + 1;
        length -= good + 1;
    }
    char *copy = lb_arena_text(flow->doc->arena, out.data ? out.data : "");
    lb_buf_free(&out);
    return copy;
}

PangoLayout *lb_type_layout(const lb_flow *flow, const char *text, double size_pt, const char *weight, double width_pt)
{
    PangoLayout *layout = pango_cairo_create_layout(flow->cairo);
    PangoFontDescription *font = pango_font_description_new();
    bool mono = lb_text_equal(weight, "mono");
    pango_font_description_set_family_static(font, mono ? MONO : FAMILY);
    pango_font_description_set_absolute_size(font, size_pt * PANGO_SCALE);
    if (lb_text_equal(weight, "bold")) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    if (lb_text_equal(weight, "italic")) pango_font_description_set_style(font, PANGO_STYLE_ITALIC);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_context_set_language(pango_layout_get_context(layout), pango_language_from_string(flow->doc->options.language));
    if (width_pt > 0) pango_layout_set_width(layout, (int)(width_pt * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_line_spacing(layout, 1.12f);
    pango_layout_set_text(layout, clean(flow, text ? text : ""), -1);
    return layout;
}

double lb_type_height(PangoLayout *layout)
{
    int height;
    pango_layout_get_size(layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

double lb_type_width(PangoLayout *layout)
{
    int width;
    pango_layout_get_size(layout, &width, NULL);
    return (double)width / PANGO_SCALE;
}

void lb_type_show(lb_flow *flow, PangoLayout *layout, double x, double y)
{
    if (!flow->draw) return;
    cairo_move_to(flow->cairo, x, y);
    pango_cairo_show_layout(flow->cairo, layout);
}

double lb_type_line(lb_flow *flow, const char *text, double size_pt, const char *weight, double x, double baseline)
{
    PangoLayout *layout = lb_type_layout(flow, text, size_pt, weight, 0);
    double width = lb_type_width(layout);
    lb_type_show(flow, layout, x, baseline - (double)pango_layout_get_baseline(layout) / PANGO_SCALE);
    g_object_unref(layout);
    return width;
}

/* Lines i..j are set from flow->y; the y of a line within its layout is its extents' y. */
void lb_type_flow(lb_flow *flow, PangoLayout *layout, double x)
{
    int lines = pango_layout_get_line_count(layout), line = 0;
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    double start = 0; /* where in the layout the present page's part begins */
    double height = lb_type_height(layout), first = height / (lines ? lines : 1);
    lb_flow_need(flow, lines <= 3 ? height : 2 * first);
    do {
        int top, bottom;
        pango_layout_iter_get_line_yrange(iter, &top, &bottom);
        double y0 = (double)top / PANGO_SCALE, y1 = (double)bottom / PANGO_SCALE;
        bool widow = line == lines - 2 && lines > 3 && flow->y + height - start > flow->bottom + 0.01;
        bool full = flow->y + (y1 - start) > flow->bottom + 0.01;
        if (!flow->endless && (full || widow) && y0 > start) {
            lb_flow_break(flow);
            start = y0;
        }
        if (flow->draw) {
            double baseline = (double)pango_layout_iter_get_baseline(iter) / PANGO_SCALE;
            PangoRectangle logical;
            pango_layout_iter_get_line_extents(iter, NULL, &logical);
            cairo_move_to(flow->cairo, x + (double)logical.x / PANGO_SCALE, flow->y + baseline - start);
            pango_cairo_show_layout_line(flow->cairo, pango_layout_iter_get_line_readonly(iter));
        }
        line++;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
    flow->y += height - start;
}
