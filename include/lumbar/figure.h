/* Pictures: scales, axes and marks to SVG with real <text>; PNG and PDF through librsvg. */
#ifndef LUMBAR_FIGURE_H
#define LUMBAR_FIGURE_H

#include <lumbar/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An SVG being written. Units are points (1/72 inch); y grows downwards. Fonts: Liberation Sans / Arial / Helvetica,
 *  whose metrics lb_svg_text_width() knows, so that a layout is the same on every machine. */
typedef struct lb_svg lb_svg;
typedef enum lb_anchor { LB_START, LB_MIDDLE, LB_END } lb_anchor;

LB_API lb_svg *lb_svg_new(lb_arena *arena, double width_pt, double height_pt, const char *title, const char *description);
LB_API void lb_svg_line(lb_svg *svg, double x1, double y1, double x2, double y2, const char *colour, double width, const char *dash);
LB_API void lb_svg_rect(lb_svg *svg, double x, double y, double width, double height, const char *fill, const char *stroke, double stroke_width);
LB_API void lb_svg_circle(lb_svg *svg, double x, double y, double radius, const char *fill, const char *stroke, double stroke_width);
/** points: count (x, y) pairs. */
LB_API void lb_svg_polygon(lb_svg *svg, const double *points, size_t count, const char *fill, const char *stroke, double stroke_width);
LB_API void lb_svg_polyline(lb_svg *svg, const double *points, size_t count, const char *colour, double width, const char *dash);
/** style: "", "bold", "italic". A minus sign is written as U+2212 by lb_svg_number(). */
LB_API void lb_svg_text(lb_svg *svg, double x, double y, double size_pt, lb_anchor anchor, const char *style, const char *colour, const char *text);
LB_API void lb_svg_text_rotated(lb_svg *svg, double x, double y, double degrees, double size_pt, lb_anchor anchor, const char *style, const char *colour, const char *text);
/** A PNG (as lb_figure_grey_png() makes it), stretched to the rectangle; the picture holds its bytes. */
LB_API void lb_svg_png(lb_svg *svg, double x, double y, double width, double height, const void *png, size_t length);
LB_API double lb_svg_text_width(const char *text, double size_pt, bool bold);
/** Number with `digits` decimals and a true minus; "" for NaN. Buffer ≥ 64 bytes. */
LB_API const char *lb_svg_number(double value, int digits, char *buffer);
/** Finished SVG text; borrowed from the arena. */
LB_API const char *lb_svg_finish(lb_svg *svg);

/** Ticks at 1, 2, 5 × 10^k inside [low, high]; returns how many (≤ max, max ≤ 32). */
LB_API size_t lb_ticks(double low, double high, size_t max, double *tick);
LB_API size_t lb_ticks_log(double low, double high, size_t max, double *tick);

/** Grey values, row by row from the top, as a PNG. `out` is appended to. */
LB_API int lb_figure_grey_png(const uint8_t *grey, size_t width, size_t height, lb_buf *out, lb_error *err) LB_MUST_CHECK;

/** SVG → PNG at dots per inch, or PDF. `out` is appended to. */
LB_API int lb_figure_png(const char *svg, double dpi, lb_buf *out, lb_error *err) LB_MUST_CHECK;
LB_API int lb_figure_pdf(const char *svg, lb_buf *out, lb_error *err) LB_MUST_CHECK;

/** A QR code of a text (medium error correction, quiet zone included) as an SVG of one path. */
LB_API int lb_qr_svg(const char *text, lb_buf *out, lb_error *err) LB_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
