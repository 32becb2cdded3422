/* Documents on paper: pages, Chinese, tables over pages, forms; equal blocks give equal bytes. With LUMBAR_TEST_KEEP set to
 * a file name the whole sample is written there, to be looked at. */
#include <lumbar/document.h>
#include <stdlib.h>
#include <string.h>

#include "lumbar_test.h"

static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200pt\" height=\"80pt\" viewBox=\"0 0 200 80\">"
                          "<rect x=\"5\" y=\"5\" width=\"190\" height=\"70\" fill=\"none\" stroke=\"#000\"/>"
                          "<text x=\"20\" y=\"45\" font-family=\"Liberation Sans\" font-size=\"12\">a picture 图</text></svg>";

static size_t count_text(const lb_buf *pdf, const char *needle)
{
    size_t count = 0, length = strlen(needle);
    for (size_t i = 0; i + length <= pdf->length; i++) count += memcmp(pdf->data + i, needle, length) == 0;
    return count;
}

static size_t pages_of(const lb_buf *pdf) { return count_text(pdf, "/Type /Page %"); }

static void add_table(lb_doc *doc, size_t rows)
{
    static const char *const header[] = {"Subject", "ODI, mean (SD)", "Difference", "p", "What was said, at some length"};
    lb_arena *arena = lb_arena_new();
    const char **cell = lb_arena_array(arena, rows * 5, sizeof *cell);
    for (size_t r = 0; r < rows; r++) {
        cell[5 * r] = lb_arena_printf(arena, "C%02zu-%03zu", r % 5 + 1, r);
        cell[5 * r + 1] = lb_arena_printf(arena, "%.2f (%.2f)", 8.5 + (double)r * 3.7, 8.59);
        cell[5 * r + 2] = lb_arena_printf(arena, "%s%.1f", r % 2 ? "\xE2\x88\x92" : "", 0.5 + (double)(r % 130));
        cell[5 * r + 3] = r % 3 ? "0.042" : "<0.001";
        cell[5 * r + 4] = r % 4 ? "no pain at night" : "患者自诉夜间疼痛减轻, better than at the last visit, walks two kilometres a day";
    }
    lb_doc_table_add(doc, &(lb_doc_table){.caption = "Table 1. Everybody", .columns = 5, .rows = rows, .header = header, .cell = cell});
    lb_arena_free(arena);
}

static void add_forms(lb_doc *doc)
{
    static const char *const options[] = {"no", "yes", "not known", "the person did not want to answer this question today"};
    static const char *const people[] = {"Participant", "Investigator"};
    lb_doc_heading(doc, 1, "Form");
    lb_doc_field(doc, "Initials", NULL, 40);
    lb_doc_field(doc, "Centre", "C01 同济", 0);
    lb_doc_boxes(doc, "Date of birth", "##.##.####", "(day, month, year)");
    lb_doc_boxes(doc, "Weight", "###.#", "kg");
    lb_doc_choice(doc, "Did the pain wake you last night?", options, 4, 1, false);
    lb_doc_choice(doc, "One a line:", options, 4, -1, true);
    lb_doc_scale(doc, "Pain in the last 24 hours", 0, 10, "no pain", "worst pain imaginable");
    lb_doc_scale(doc, "Mark the line", 0, 100, "no pain 无痛", "worst pain 最痛");
    lb_doc_area(doc, "Remarks", 30);
    lb_doc_qr(doc, "https://example.org/diary/abcdef0123456789", 30, "Scan this code with your phone to open the diary.");
    lb_doc_signatures(doc, people, 2, "Date");
}

static int make(lb_buf *out, size_t rows, bool forms)
{
    const lb_doc_options options = {.title = "A sample", .header_left = "METNLBP", .header_right = "{section}", .footer_left = "{title}",
                                    .watermark = "REHEARSAL", .accent = true};
    lb_doc *doc = lb_doc_new(&options);
    lb_doc_heading(doc, 1, "A sample document 示例");
    lb_doc_paragraph(doc, LB_DOC_LEAD, "The sentence to read first.");
    lb_doc_contents(doc, "Contents", 2);
    lb_doc_heading(doc, 2, "Words");
    for (int i = 0; i < 12; i++)
        lb_doc_rich(doc, LB_DOC_BODY, "Exercise **helps** some people with *chronic* low back pain; 慢性非特异性腰痛的老年患者每周锻炼五天, each time for "
                                      "thirty to forty minutes, with a stay of 5\\*5 repetitions and a call every week, and so on and on until the line is full.");
    lb_doc_item(doc, 0, "a point"); lb_doc_item(doc, 1, "a numbered one");
    lb_doc_paragraph(doc, LB_DOC_WARN, "Nobody should do this without asking.");
    lb_doc_heading(doc, 2, "Numbers");
    if (rows) add_table(doc, rows);
    lb_doc_paragraph(doc, LB_DOC_NOTE, "Model: ANCOVA; N = 314; nobody left out.");
    lb_doc_picture(doc, svg, 0, "Figure 1. A picture");
    if (forms) add_forms(doc);
    lb_error err = LB_ERROR_INIT;
    int code = lb_doc_finish(doc, out, &err);
    if (code) print_message("%s\n", err.message);
    lb_doc_free(doc);
    return code;
}

static void pages_and_bytes(void **state)
{
    (void)state;
    lb_buf first = {0}, again = {0}, longer = {0};
    assert_int_equal(make(&first, 10, true), 0);
    assert_int_equal(make(&again, 10, true), 0);
    assert_memory_equal(first.data, "%PDF-1.", 7);
    assert_int_equal(first.length, again.length);
    assert_memory_equal(first.data, again.data, first.length);
    size_t pages = pages_of(&first);
    assert_true(pages >= 3);
    assert_int_equal(make(&longer, 314, true), 0);
    assert_true(pages_of(&longer) >= pages + 5); /* the table goes on over pages */
    /* Chinese comes from the font that cairo embeds whole: of Noto CJK it drops outlines that characters share (src/document/type.c) */
    assert_true(count_text(&first, "WenQuanYiMicroHei") >= 1);
    assert_int_equal(count_text(&first, "NotoSansCJK"), 0);
    assert_true(count_text(&first, "1970") >= 1); /* dates come from the caller, not from a clock */
    const char *keep = getenv("LUMBAR_TEST_KEEP");
    if (keep) assert_int_equal(lb_file_write(keep, longer.data, longer.length, NULL), 0);
    lb_buf_free(&first);
    lb_buf_free(&again);
    lb_buf_free(&longer);
}

static void bad_pictures(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        lb_doc *doc = lb_doc_new(NULL);
        lb_buf out = {0};
        lb_error err = LB_ERROR_INIT;
        char *long_text = lb_alloc(5000, 1);
        memset(long_text, 'x', 4999);
        if (kind == 0) lb_doc_picture(doc, "<svg", 0, NULL);
        if (kind == 1) lb_doc_png(doc, "no png", 6, 30, NULL);
        if (kind == 2) lb_doc_qr(doc, long_text, 30, NULL);
        assert_int_equal(lb_doc_finish(doc, &out, &err), LB_FAILED);
        assert_non_null(strstr(err.message, "picture"));
        assert_int_equal(out.length, 0); /* nothing half-written */
        free(long_text);
        lb_buf_free(&out);
        lb_doc_free(doc);
    }
}

static void odd_text(void **state)
{
    (void)state;
    lb_doc *doc = lb_doc_new(&(lb_doc_options){.paper = "A5", .landscape = true, .margin_mm = 500});
    lb_buf out = {0}, word = {0};
    for (int i = 0; i < 3000; i++) lb_buf_putc(&word, 'W');
    lb_doc_paragraph(doc, LB_DOC_BODY, word.data);
    lb_doc_paragraph(doc, LB_DOC_BODY, "bad \xff bytes \x01 and **no end");
    lb_doc_rich(doc, LB_DOC_BODY, "**no end");
    lb_doc_paragraph(doc, LB_DOC_BODY, NULL);
    const char *cell[] = {word.data, word.data, NULL, "1.5"};
    lb_doc_table_add(doc, &(lb_doc_table){.columns = 2, .rows = 2, .cell = cell, .grid = true}); /* a row taller than a page */
    lb_doc_group_open(doc);
    lb_doc_heading(doc, 9, "level 9");
    lb_doc_group_close(doc);
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_doc_finish(doc, &out, &err), 0);
    assert_true(pages_of(&out) >= 2);
    lb_buf_free(&word);
    lb_buf_free(&out);
    lb_doc_free(doc);
    lb_doc *empty = lb_doc_new(NULL);
    lb_buf page = {0};
    assert_int_equal(lb_doc_finish(empty, &page, &err), 0);
    assert_int_equal(pages_of(&page), 1);
    lb_buf_free(&page);
    lb_doc_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pages_and_bytes), cmocka_unit_test(bad_pictures), cmocka_unit_test(odd_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
