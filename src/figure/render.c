/* SVG → PNG and PDF through librsvg and cairo. One point is 1/72 inch: a PDF has the picture's size, a PNG carries its
 * resolution (pHYs), so both print at the size they were drawn for. */
#include <lumbar/figure.h>

#include <cairo-pdf.h>
#include <cairo.h>
#include <librsvg/rsvg.h>
#include <math.h>
#include <string.h>
#include <zlib.h>

/* About 16 bytes a pixel are alive at once. */
enum { MOST_PIXELS = 100000000 };

static cairo_status_t to_buffer(void *context, const unsigned char *data, unsigned length)
{
    lb_buf *out = context;
    lb_buf_add(out, (const char *)data, length);
    return out->overflow ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static int open_svg(const char *svg, RsvgHandle **handle, double *width_pt, double *height_pt, lb_error *err)
{
    GError *reason = NULL;
    *handle = svg ? rsvg_handle_new_from_data((const guint8 *)svg, strlen(svg), &reason) : NULL;
    if (!*handle) {
        int code =
            lb_fail(err, LB_FAILED, "the picture is not readable SVG: %s", reason ? reason->message : "it is empty");
        if (reason) g_error_free(reason);
        return code;
    }
    rsvg_handle_set_dpi(*handle, 72); /* now a pixel is a point */
    if (!rsvg_handle_get_intrinsic_size_in_pixels(*handle, width_pt, height_pt) || !(*width_pt > 0) ||
        !(*height_pt > 0)) {
        g_object_unref(*handle);
        return lb_fail(err, LB_FAILED, "the picture has no size of its own");
    }
    return 0;
}

static int draw(RsvgHandle *handle, cairo_t *cairo, double width, double height, lb_error *err)
{
    GError *reason = NULL;
    const RsvgRectangle page = {0, 0, width, height};
    if (rsvg_handle_render_document(handle, cairo, &page, &reason)) return 0;
    int code =
        lb_fail(err, LB_FAILED, "cannot draw the picture: %s", reason ? reason->message : "librsvg gives no reason");
    if (reason) g_error_free(reason);
    return code;
}

static void put_u32(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
}

/* Copy a PNG with a pHYs chunk after its header (PNG specification 11.3.5.3; the header ends at byte 33). */
static void add_with_resolution(lb_buf *out, const lb_buf *png, double dpi)
{
    enum { HEADER = 33 };
    unsigned char chunk[21] = {0, 0, 0, 9, 'p', 'H', 'Y', 's'};
    uint32_t per_metre = (uint32_t)lround(dpi / 0.0254);
    put_u32(chunk + 8, per_metre);
    put_u32(chunk + 12, per_metre);
    chunk[16] = 1; /* the unit is the metre */
    put_u32(chunk + 17, (uint32_t)crc32(0, chunk + 4, 13));
    lb_buf_add(out, png->data, HEADER);
    lb_buf_add(out, (const char *)chunk, sizeof chunk);
    lb_buf_add(out, png->data + HEADER, png->length - HEADER);
}

static int write_png(cairo_surface_t *surface, double dpi, lb_buf *out, lb_error *err)
{
    lb_buf png = {0};
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, to_buffer, &png);
    if (status == CAIRO_STATUS_SUCCESS && png.length > 33) add_with_resolution(out, &png, dpi);
    lb_buf_free(&png);
    if (status != CAIRO_STATUS_SUCCESS)
        return lb_fail(err, LB_FAILED, "cannot write the PNG: %s", cairo_status_to_string(status));
    return 0;
}

int lb_figure_grey_png(const uint8_t *grey, size_t width, size_t height, lb_buf *out, lb_error *err)
{
    if (width == 0 || height == 0 || width > 32767 || height > 32767 || width * height > MOST_PIXELS)
        return lb_fail(err, LB_TOO_LARGE, "a picture of %zu x %zu pixels cannot be drawn", width, height);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (size_t y = 0; data && y < height; y++)
        for (size_t x = 0; x < width; x++) memset(data + y * stride + 4 * x, grey[y * width + x], 4);
    cairo_surface_mark_dirty(surface);
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, to_buffer, out);
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS ? LB_OK : lb_fail(err, LB_FAILED, "cannot write the PNG: %s", cairo_status_to_string(status));
}

int lb_figure_png(const char *svg, double dpi, lb_buf *out, lb_error *err)
{
    if (!(dpi >= 18 && dpi <= 2400))
        return lb_fail(err, LB_USAGE, "a resolution of %g dots per inch is not within 18 and 2400", dpi);
    RsvgHandle *handle = NULL;
    double width_pt, height_pt;
    int code = open_svg(svg, &handle, &width_pt, &height_pt, err);
    if (code) return code;
    double width = ceil(width_pt * dpi / 72 - 1e-6), height = ceil(height_pt * dpi / 72 - 1e-6);
    cairo_surface_t *surface = NULL;
    cairo_t *cairo = NULL;
    if (width > 32000 || height > 32000 || width * height > MOST_PIXELS) {
        code = lb_fail(err, LB_TOO_LARGE, "a picture of %.0f by %.0f pixels is too large", width, height);
        lb_error_hint(err, "choose a lower resolution, or PDF or SVG, which have none");
        goto out;
    }
    surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)width, (int)height);
    cairo = cairo_create(surface);
    if (cairo_status(cairo) != CAIRO_STATUS_SUCCESS) {
        code = lb_fail(err, LB_NO_MEMORY, "no memory for a picture of %.0f by %.0f pixels", width, height);
        goto out;
    }
    code = draw(handle, cairo, width_pt * dpi / 72, height_pt * dpi / 72, err);
    if (!code) code = write_png(surface, dpi, out, err);
out:
    if (cairo) cairo_destroy(cairo);
    if (surface) cairo_surface_destroy(surface);
    g_object_unref(handle);
    return code;
}

int lb_figure_pdf(const char *svg, lb_buf *out, lb_error *err)
{
    RsvgHandle *handle = NULL;
    double width_pt, height_pt;
    int code = open_svg(svg, &handle, &width_pt, &height_pt, err);
    if (code) return code;
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(to_buffer, out, width_pt, height_pt);
    cairo_t *cairo = cairo_create(surface);
    code = draw(handle, cairo, width_pt, height_pt, err);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    g_object_unref(handle);
    if (!code && status != CAIRO_STATUS_SUCCESS) {
        code = lb_fail(err, LB_FAILED, "cannot write the PDF: %s", cairo_status_to_string(status));
    }
    return code;
}
