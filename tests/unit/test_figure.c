/* Marks, text widths, numbers, ticks, and the way to PNG and PDF. */
#include "lumbar_test.h"

#include <lumbar/figure.h>

static void test_svg_escapes(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_svg *svg = lb_svg_new(arena, 100, 50.5, "A < B & \"C\"", "what it shows");
    lb_svg_text(svg, 10, 20, 8, LB_END, "bold", "#111111", "<script>\x01 '5' > 3 \xe8\x85\xb0\xe7\x97\x9b");
    lb_svg_text(svg, 1, 1, 8, LB_START, "", "#111111", "bad \xff byte");
    lb_svg_line(svg, NAN, 0, 1, 1, "#000000", 1, NULL);
    lb_svg_rect(svg, 0, 0, -1, 1, "#000000", NULL, 0);
    const char *text = lb_svg_finish(svg);
    assert_non_null(strstr(text, "width=\"100pt\" height=\"50.5pt\" viewBox=\"0 0 100 50.5\""));
    assert_non_null(strstr(text, "<title>A &lt; B &amp; "));
    assert_non_null(strstr(text, "<desc>what it shows</desc>"));
    assert_non_null(strstr(text, "&lt;script&gt;"));
    assert_null(strstr(text, "<script>"));
    assert_non_null(strstr(text, "\xe8\x85\xb0\xe7\x97\x9b"));
    assert_non_null(strstr(text, "bad \xef\xbf\xbd byte"));
    assert_null(strstr(text, "<line"));
    assert_null(strstr(text, "nan"));
    assert_int_equal(lb_utf8_bad(text, strlen(text)), strlen(text));
    lb_arena_free(arena);
}

static void test_numbers(void **state)
{
    (void)state;
    char buffer[64];
    assert_string_equal(lb_svg_number(-1.255, 2, buffer), "\xe2\x88\x92"
                                                          "1.25"); /* the double is below 1.255 */
    assert_string_equal(lb_svg_number(-0.001, 2, buffer), "0.00");
    assert_string_equal(lb_svg_number(12, 0, buffer), "12");
    assert_string_equal(lb_svg_number(NAN, 2, buffer), "");
    assert_string_equal(lb_svg_number(INFINITY, 2, buffer), "");
    assert_true(strlen(lb_svg_number(-1e300, 15, buffer)) < sizeof buffer);
    assert_true(strlen(lb_svg_number(-9e14, 15, buffer)) < sizeof buffer);
}

/* Widths in Arial's metrics: H 722, e 556, l 222, o 556. */
static void test_widths(void **state)
{
    (void)state;
    assert_close(lb_svg_text_width("Hello", 10, false), 22.78, 1e-12);
    assert_close(lb_svg_text_width("Hello", 10, true), (722 + 556 + 278 * 2 + 611) / 100., 1e-12);
    assert_close(lb_svg_text_width("\xe8\x85\xb0\xe7\x97\x9b", 10, false), 20, 1e-12);
    assert_close(lb_svg_text_width("\xe2\x88\x92"
                                   "1",
                                   10, false),
                 11.40, 1e-12);
    assert_close(lb_svg_text_width("", 10, false), 0, 0);
    assert_close(lb_svg_text_width(NULL, 10, false), 0, 0);
}

static void check_ticks(double low, double high, size_t max, size_t expected, double first, double last)
{
    double tick[32];
    size_t count = lb_ticks(low, high, max, tick);
    assert_int_equal(count, expected);
    assert_close(tick[0], first, 1e-15);
    assert_close(tick[count - 1], last, 1e-15);
}

static void test_ticks(void **state)
{
    (void)state;
    check_ticks(0, 1, 6, 6, 0, 1);
    check_ticks(-3.2, 1.9, 7, 5, -3, 1);
    check_ticks(0, 97, 5, 5, 0, 80);
    check_ticks(1.23e-7, 4.5e-7, 5, 3, 2e-7, 4e-7);
    check_ticks(5, 5, 5, 1, 5, 5);
    double tick[32];
    assert_int_equal(lb_ticks(2, 1, 5, tick), 0);
    assert_int_equal(lb_ticks(NAN, 1, 5, tick), 0);
    assert_int_equal(lb_ticks(-INFINITY, 1, 5, tick), 0);
    assert_int_equal(lb_ticks(-1e308, 1e308, 5, tick) <= 5, 1);
    assert_int_equal(lb_ticks(1e17, 1e17 + 64, 7, tick) <= 7, 1);
}

static void test_log_ticks(void **state)
{
    (void)state;
    double tick[32];
    assert_int_equal(lb_ticks_log(.1, 10, 7, tick), 7);
    assert_close(tick[0], .1, 1e-15);
    assert_close(tick[1], .2, 1e-15);
    assert_close(tick[6], 10, 1e-15);
    size_t count = lb_ticks_log(1e-9, 1e9, 7, tick);
    assert_true(count >= 3 && count <= 7);
    count = lb_ticks_log(.9, 1.2, 7, tick);
    assert_true(count >= 3 && count <= 7); /* no 1, 2, 5 to speak of: linear ticks */
    assert_int_equal(lb_ticks_log(0, 1, 7, tick), 0);
    assert_int_equal(lb_ticks_log(-1, 1, 7, tick), 0);
}

static unsigned be32(const char *at)
{
    const unsigned char *u = (const unsigned char *)at;
    return (unsigned)u[0] << 24 | (unsigned)u[1] << 16 | (unsigned)u[2] << 8 | u[3];
}

static void test_render(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_svg *svg = lb_svg_new(arena, 72, 36, "t", NULL);
    lb_svg_circle(svg, 36, 18, 10, "#ff0000", NULL, 0);
    const char *text = lb_svg_finish(svg);
    lb_buf png = {0}, pdf = {0};
    assert_int_equal(lb_figure_png(text, 150, &png, &err), 0);
    assert_memory_equal(png.data, "\x89PNG", 4);
    assert_int_equal(be32(png.data + 16), 150);
    assert_int_equal(be32(png.data + 20), 75);
    assert_memory_equal(png.data + 37, "pHYs", 4);
    assert_int_equal(be32(png.data + 41), 5906); /* 150 dpi in dots per metre */
    assert_int_equal(lb_figure_pdf(text, &pdf, &err), 0);
    assert_memory_equal(pdf.data, "%PDF", 4);
    assert_int_equal(lb_figure_png("<svg", 150, &png, &err), LB_FAILED);
    assert_int_equal(lb_figure_png(text, 1e9, &png, &err), LB_USAGE);
    const char *huge = lb_svg_finish(lb_svg_new(arena, 100000, 100000, "t", NULL));
    assert_int_equal(lb_figure_png(huge, 150, &png, &err), LB_TOO_LARGE);
    assert_int_equal(lb_figure_pdf("", &pdf, &err), LB_FAILED);
    lb_buf_free(&png);
    lb_buf_free(&pdf);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svg_escapes), cmocka_unit_test(test_numbers),   cmocka_unit_test(test_widths),
        cmocka_unit_test(test_ticks),       cmocka_unit_test(test_log_ticks), cmocka_unit_test(test_render),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
