/* Marks to SVG 1.1 text: real <text> elements, a title and a description for screen readers, points as units.
 * Coordinates are written with two decimals and without the locale, so the same picture has the same bytes anywhere. */
#include <lumbar/figure.h>

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lb_svg {
    lb_arena *arena;
    lb_buf out; /* moved to the arena by lb_svg_finish() */
};

static bool all_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]) || fabs(values[i]) > 1e7) return false;
    }
    return true;
}

/* Hundredths of a point, without trailing zeros. */
static void put_length(lb_buf *out, double value)
{
    char text[32];
    long hundredths = lround(value * 100);
    unsigned long size = (unsigned long)labs(hundredths);
    if (hundredths < 0) lb_buf_putc(out, '-');
    if (size % 100 == 0)
        snprintf(text, sizeof text, "%lu", size / 100);
    else if (size % 10 == 0)
        snprintf(text, sizeof text, "%lu.%lu", size / 100, size % 100 / 10);
    else
        snprintf(text, sizeof text, "%lu.%02lu", size / 100, size % 100);
    lb_buf_puts(out, text);
}

static void put_attribute(lb_buf *out, const char *name, double value)
{
    lb_buf_printf(out, " %s=\"", name);
    put_length(out, value);
    lb_buf_putc(out, '"');
}

/* Escaped; bytes that are not UTF-8 would make the picture unreadable, so each becomes U+FFFD. */
static void put_text(lb_buf *out, const char *text)
{
    lb_buf clean = {0};
    size_t length = strlen(text);
    while (length > 0) {
        size_t good = lb_utf8_bad(text, length);
        lb_buf_add(&clean, text, good);
        if (good == length) break;
        lb_buf_puts(&clean, "\xef\xbf\xbd");
        text += good + 1;
        length -= good + 1;
    }
    if (clean.data) lb_buf_xml(out, clean.data);
    lb_buf_free(&clean);
}

static void put_word(lb_buf *out, const char *name, const char *word)
{
    lb_buf_printf(out, " %s=\"", name);
    put_text(out, word);
    lb_buf_putc(out, '"');
}

static void put_paint(lb_buf *out, const char *fill, const char *stroke, double stroke_width)
{
    put_word(out, "fill", fill ? fill : "none");
    if (!stroke) return;
    put_word(out, "stroke", stroke);
    put_attribute(out, "stroke-width", stroke_width);
}

lb_svg *lb_svg_new(lb_arena *arena, double width_pt, double height_pt, const char *title, const char *description)
{
    lb_svg *svg = lb_arena_alloc(arena, sizeof *svg);
    svg->arena = arena;
    lb_buf *out = &svg->out;
    lb_buf_puts(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
    put_length(out, width_pt);
    lb_buf_puts(out, "pt\" height=\"");
    put_length(out, height_pt);
    lb_buf_puts(out, "pt\" viewBox=\"0 0 ");
    put_length(out, width_pt);
    lb_buf_putc(out, ' ');
    put_length(out, height_pt);
    lb_buf_puts(out, "\" role=\"img\"");
    put_word(out, "aria-label", title ? title : "");
    lb_buf_puts(out, " font-family=\"Liberation Sans, Arial, Helvetica, WenQuanYi Micro Hei, sans-serif\">\n<title>");
    put_text(out, title ? title : "");
    lb_buf_puts(out, "</title>\n");
    if (description && *description) {
        lb_buf_puts(out, "<desc>");
        put_text(out, description);
        lb_buf_puts(out, "</desc>\n");
    }
    lb_svg_rect(svg, 0, 0, width_pt, height_pt, "#ffffff", NULL, 0);
    return svg;
}

void lb_svg_line(lb_svg *svg, double x1, double y1, double x2, double y2, const char *colour, double width,
                 const char *dash)
{
    const double place[] = {x1, y1, x2, y2};
    if (!all_finite(place, 4)) return;
    lb_buf *out = &svg->out;
    lb_buf_puts(out, "<line");
    put_attribute(out, "x1", x1);
    put_attribute(out, "y1", y1);
    put_attribute(out, "x2", x2);
    put_attribute(out, "y2", y2);
    put_word(out, "stroke", colour);
    put_attribute(out, "stroke-width", width);
    if (dash && *dash) put_word(out, "stroke-dasharray", dash);
    lb_buf_puts(out, "/>\n");
}

void lb_svg_rect(lb_svg *svg, double x, double y, double width, double height, const char *fill, const char *stroke,
                 double stroke_width)
{
    const double place[] = {x, y, width, height};
    if (!all_finite(place, 4) || width < 0 || height < 0) return;
    lb_buf *out = &svg->out;
    lb_buf_puts(out, "<rect");
    put_attribute(out, "x", x);
    put_attribute(out, "y", y);
    put_attribute(out, "width", width);
    put_attribute(out, "height", height);
    put_paint(out, fill, stroke, stroke_width);
    lb_buf_puts(out, "/>\n");
}

void lb_svg_circle(lb_svg *svg, double x, double y, double radius, const char *fill, const char *stroke,
                   double stroke_width)
{
    const double place[] = {x, y, radius};
    if (!all_finite(place, 3) || radius < 0) return;
    lb_buf *out = &svg->out;
    lb_buf_puts(out, "<circle");
    put_attribute(out, "cx", x);
    put_attribute(out, "cy", y);
    put_attribute(out, "r", radius);
    put_paint(out, fill, stroke, stroke_width);
    lb_buf_puts(out, "/>\n");
}

static void put_points(lb_buf *out, const double *points, size_t count)
{
    lb_buf_puts(out, " points=\"");
    for (size_t i = 0; i < count; i++) {
        if (i) lb_buf_putc(out, ' ');
        put_length(out, points[2 * i]);
        lb_buf_putc(out, ',');
        put_length(out, points[2 * i + 1]);
    }
    lb_buf_putc(out, '"');
}

void lb_svg_polygon(lb_svg *svg, const double *points, size_t count, const char *fill, const char *stroke,
                    double stroke_width)
{
    if (count == 0 || !all_finite(points, 2 * count)) return;
    lb_buf_puts(&svg->out, "<polygon");
    put_points(&svg->out, points, count);
    put_paint(&svg->out, fill, stroke, stroke_width);
    lb_buf_puts(&svg->out, "/>\n");
}

void lb_svg_polyline(lb_svg *svg, const double *points, size_t count, const char *colour, double width,
                     const char *dash)
{
    if (count == 0 || !all_finite(points, 2 * count)) return;
    lb_buf_puts(&svg->out, "<polyline");
    put_points(&svg->out, points, count);
    put_paint(&svg->out, NULL, colour, width);
    lb_buf_puts(&svg->out, " stroke-linejoin=\"round\"");
    if (dash && *dash) put_word(&svg->out, "stroke-dasharray", dash);
    lb_buf_puts(&svg->out, "/>\n");
}

void lb_svg_png(lb_svg *svg, double x, double y, double width, double height, const void *png, size_t length)
{
    const double place[] = {x, y, width, height};
    if (!all_finite(place, 4) || width <= 0 || height <= 0) return;
    size_t room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    char *text = lb_arena_array(svg->arena, room, 1);
    sodium_bin2base64(text, room, png, length, sodium_base64_VARIANT_ORIGINAL);
    lb_buf *out = &svg->out;
    lb_buf_puts(out, "<image");
    put_attribute(out, "x", x);
    put_attribute(out, "y", y);
    put_attribute(out, "width", width);
    put_attribute(out, "height", height);
    lb_buf_puts(out, " preserveAspectRatio=\"none\" href=\"data:image/png;base64,");
    lb_buf_puts(out, text);
    lb_buf_puts(out, "\"/>\n");
}

void lb_svg_text(lb_svg *svg, double x, double y, double size_pt, lb_anchor anchor, const char *style,
                 const char *colour, const char *text)
{
    lb_svg_text_rotated(svg, x, y, 0, size_pt, anchor, style, colour, text);
}

void lb_svg_text_rotated(lb_svg *svg, double x, double y, double degrees, double size_pt, lb_anchor anchor,
                         const char *style, const char *colour, const char *text)
{
    const double place[] = {x, y, degrees, size_pt};
    if (!text || !*text || !all_finite(place, 4)) return;
    lb_buf *out = &svg->out;
    lb_buf_puts(out, "<text");
    put_attribute(out, "x", x);
    put_attribute(out, "y", y);
    put_attribute(out, "font-size", size_pt);
    if (anchor != LB_START) put_word(out, "text-anchor", anchor == LB_MIDDLE ? "middle" : "end");
    if (lb_text_equal(style, "bold")) put_word(out, "font-weight", "bold");
    if (lb_text_equal(style, "italic")) put_word(out, "font-style", "italic");
    put_word(out, "fill", colour ? colour : "#000000");
    if (degrees != 0) {
        lb_buf_puts(out, " transform=\"rotate(");
        put_length(out, degrees);
        lb_buf_putc(out, ' ');
        put_length(out, x);
        lb_buf_putc(out, ' ');
        put_length(out, y);
        lb_buf_puts(out, ")\"");
    }
    lb_buf_putc(out, '>');
    put_text(out, text);
    lb_buf_puts(out, "</text>\n");
}

const char *lb_svg_number(double value, int digits, char *buffer)
{
    if (!isfinite(value)) return "";
    char text[64];
    digits = digits < 0 ? 0 : digits > 15 ? 15 : digits;
    if (fabs(value) < 1e15)
        snprintf(text, sizeof text, "%.*f", digits, fabs(value));
    else
        snprintf(text, sizeof text, "%.*g", 6, fabs(value));
    /* A value that rounds to zero has no sign. */
    bool negative = value < 0 && strpbrk(text, "123456789") != NULL;
    snprintf(buffer, 64, "%s%.56s", negative ? "\xe2\x88\x92" : "", text);
    return buffer;
}

const char *lb_svg_finish(lb_svg *svg)
{
    lb_buf_puts(&svg->out, "</svg>\n");
    const char *text = lb_arena_textn(svg->arena, svg->out.data, svg->out.length);
    lb_buf_free(&svg->out);
    return text;
}
