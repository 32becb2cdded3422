/* Pictures on pages: SVG as vectors through librsvg, PNG through Cairo, QR codes as squares through libqrencode. */
#include "document/layout.h"

#include <librsvg/rsvg.h>
#include <math.h>
#include <qrencode.h>
#include <string.h>

static void failed(lb_flow *flow, const char *what, const char *reason)
{
    if (flow->code) return;
    flow->code = lb_fail(flow->err, LB_FAILED, "cannot set a picture in the document: %s: %s", what, reason);
}

static void caption(lb_flow *flow, const char *text)
{
    if (!text || !*text) return;
    double size = lb_type_size(flow) * 0.85;
    lb_type_ink(flow, LB_GREY);
    PangoLayout *layout = lb_type_layout(flow, text, size, NULL, flow->right - flow->left);
    lb_type_flow(flow, layout, flow->left);
    g_object_unref(layout);
    flow->y += size * 0.8;
}

static double caption_height(const lb_flow *flow, const char *text)
{
    if (!text || !*text) return 0;
    PangoLayout *layout = lb_type_layout(flow, text, lb_type_size(flow) * 0.85, NULL, flow->right - flow->left);
    double height = lb_type_height(layout);
    g_object_unref(layout);
    return height + lb_type_size(flow);
}

/* Size on the page: as wanted, within the text width and within a page's height less the caption. */
static double fit(const lb_flow *flow, double width, double height, double wanted, double below)
{
    double room = flow->right - flow->left, scale = wanted > 0 ? wanted / width : 1, most = flow->bottom - flow->top - below - 6;
    if (scale * width > room) scale = room / width;
    if (scale * height > most) scale = most / height;
    return scale;
}

static void set_svg(lb_flow *flow, const lb_block *block)
{
    GError *reason = NULL;
    RsvgHandle *handle = rsvg_handle_new_from_data(block->bytes, block->length, &reason);
    double width, height;
    if (!handle) {
        failed(flow, "not readable SVG", reason ? reason->message : "empty");
        if (reason) g_error_free(reason);
        return;
    }
    rsvg_handle_set_dpi(handle, 72);
    if (!rsvg_handle_get_intrinsic_size_in_pixels(handle, &width, &height) || !(width > 0) || !(height > 0)) {
        failed(flow, "SVG", "it has no size of its own");
        g_object_unref(handle);
        return;
    }
    double below = caption_height(flow, block->text), scale = fit(flow, width, height, block->size * LB_MM, below);
    lb_flow_need(flow, scale * height + below);
    if (flow->draw) {
        const RsvgRectangle place = {0, 0, width, height};
        cairo_save(flow->cairo);
        cairo_translate(flow->cairo, flow->left, flow->y);
        cairo_scale(flow->cairo, scale, scale);
        if (!rsvg_handle_render_document(handle, flow->cairo, &place, &reason)) {
            failed(flow, "SVG", reason ? reason->message : "librsvg gives no reason");
            if (reason) g_error_free(reason);
        }
        cairo_restore(flow->cairo);
    }
    g_object_unref(handle);
    flow->y += scale * height + 4;
    caption(flow, block->text);
}

void lb_doc_picture(lb_doc *doc, const char *svg, double width_mm, const char *text)
{
    lb_block *block = lb_doc_block(doc, set_svg);
    block->solid = true;
    block->bytes = lb_arena_text(doc->arena, svg ? svg : "");
    block->length = svg ? strlen(svg) : 0;
    block->size = width_mm;
    block->text = lb_arena_text(doc->arena, text);
}

typedef struct reader {
    const unsigned char *data;
    size_t left;
} reader;

static cairo_status_t from_bytes(void *context, unsigned char *data, unsigned length)
{
    reader *from = context;
    if (length > from->left) return CAIRO_STATUS_READ_ERROR;
    memcpy(data, from->data, length);
    from->data += length;
    from->left -= length;
    return CAIRO_STATUS_SUCCESS;
}

static void set_png(lb_flow *flow, const lb_block *block)
{
    reader from = {block->bytes, block->length};
    cairo_surface_t *image = cairo_image_surface_create_from_png_stream(from_bytes, &from);
    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS) {
        failed(flow, "not readable PNG", cairo_status_to_string(cairo_surface_status(image)));
        cairo_surface_destroy(image);
        return;
    }
    double width = cairo_image_surface_get_width(image), height = cairo_image_surface_get_height(image);
    double below = caption_height(flow, block->text), scale = fit(flow, width, height, block->size * LB_MM, below);
    lb_flow_need(flow, scale * height + below);
    if (flow->draw) {
        cairo_save(flow->cairo);
        cairo_translate(flow->cairo, flow->left, flow->y);
        cairo_scale(flow->cairo, scale, scale);
        cairo_set_source_surface(flow->cairo, image, 0, 0);
        cairo_paint(flow->cairo);
        cairo_restore(flow->cairo);
    }
    cairo_surface_destroy(image);
    flow->y += scale * height + 4;
    caption(flow, block->text);
}

void lb_doc_png(lb_doc *doc, const void *png, size_t length, double width_mm, const char *text)
{
    lb_block *block = lb_doc_block(doc, set_png);
    block->solid = true;
    void *copy = lb_arena_array(doc->arena, length + 1, 1);
    if (length) memcpy(copy, png, length);
    block->bytes = copy;
    block->length = length;
    block->size = width_mm;
    block->text = lb_arena_text(doc->arena, text);
}

/* The code with its quiet zone of four modules; the caption stands at its right. */
static void set_qr(lb_flow *flow, const lb_block *block)
{
    QRcode *code = QRcode_encodeString8bit(block->text, 0, QR_ECLEVEL_M);
    if (!code) {
        failed(flow, "QR code", "the text is too long for one");
        return;
    }
    double side = fmin(block->size * LB_MM, flow->right - flow->left), module = side / (code->width + 8);
    double beside = flow->right - flow->left - side - 8;
    PangoLayout *layout = block->more && beside > 60 ? lb_type_layout(flow, block->more, lb_type_size(flow), NULL, beside) : NULL;
    lb_flow_need(flow, side);
    if (flow->draw) {
        cairo_set_source_rgb(flow->cairo, 0, 0, 0);
        for (int y = 0; y < code->width; y++)
            for (int x = 0; x < code->width; x++) /* lowest bit: dark */
                if (code->data[y * code->width + x] & 1)
                    cairo_rectangle(flow->cairo, flow->left + (x + 4) * module, flow->y + (y + 4) * module, module, module);
        cairo_fill(flow->cairo);
        lb_type_ink(flow, LB_INK);
        if (layout) lb_type_show(flow, layout, flow->left + side + 8, flow->y + fmax(0, (side - lb_type_height(layout)) / 2));
    }
    flow->y += layout ? fmax(side, lb_type_height(layout)) : side;
    flow->y += 4;
    if (layout) g_object_unref(layout);
    QRcode_free(code);
}

void lb_doc_qr(lb_doc *doc, const char *text, double size_mm, const char *words)
{
    lb_block *block = lb_doc_block(doc, set_qr);
    block->solid = true;
    block->text = lb_arena_text(doc->arena, text ? text : "");
    block->more = lb_arena_text(doc->arena, words);
    block->size = size_mm > 5 ? size_mm : 25;
}
