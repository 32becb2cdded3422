/* A report as blocks, written as one self-contained page of HTML or as PDF: what is in one is in the other. */
#include <lumbar/document.h>

#include "result/grid.h"

#include <math.h>
#include <string.h>

typedef struct part {
    enum { HEADING, TEXT, TABLE, PICTURE } kind;
    int level; /* of a heading; text columns of a table */
    lb_doc_style style;
    const char *text; /* caption of a table or picture */
    const char *svg;
    lb_grid grid;
    struct part *next;
} part;

struct lb_report {
    lb_arena *arena;
    const char *title, *language, *banner, *watermark;
    part *first, *last;
};

lb_report *lb_report_new(const char *title, const char *language)
{
    lb_arena *arena = lb_arena_new();
    lb_report *report = lb_arena_alloc(arena, sizeof *report);
    *report = (lb_report){.arena = arena, .title = lb_arena_text(arena, title ? title : "Report"),
                          .language = lb_arena_text(arena, language ? language : "en")};
    return report;
}

void lb_report_free(lb_report *report)
{
    if (report) lb_arena_free(report->arena);
}

void lb_report_banner(lb_report *report, const char *text, const char *watermark)
{
    report->banner = lb_arena_text(report->arena, text);
    report->watermark = lb_arena_text(report->arena, watermark);
}

static part *add(lb_report *report, int kind, const char *text)
{
    part *p = lb_arena_alloc(report->arena, sizeof *p);
    p->kind = kind;
    p->text = lb_arena_text(report->arena, text ? text : "");
    if (report->last) report->last->next = p;
    else report->first = p;
    report->last = p;
    return p;
}

void lb_report_heading(lb_report *report, int level, const char *text) { add(report, HEADING, text)->level = level < 1 ? 1 : level > 4 ? 4 : level; }

void lb_report_text(lb_report *report, lb_doc_style style, const char *fmt, ...)
{
    lb_buf text = {.max = 1 << 20};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    if (text.data && *text.data) add(report, TEXT, text.data)->style = style;
    lb_buf_free(&text);
}

static bool all_empty(const lb_grid *grid, size_t column)
{
    for (size_t r = 0; r < grid->rows; r++)
        if (*grid->cell[r * grid->columns + column]) return false;
    return true;
}

/* A copy without columns that hold nothing: a paper does not print them. */
void lb_report_table(lb_report *report, const lb_value *rows, const char *caption, int text_columns)
{
    lb_grid grid, *kept;
    if (!lb_grid_make(rows, false, report->arena, &grid) || grid.columns == 0) return;
    part *p = add(report, TABLE, caption);
    p->level = text_columns;
    kept = &p->grid;
    kept->rows = grid.rows;
    size_t *from = lb_arena_array(report->arena, grid.columns, sizeof *from);
    for (size_t c = 0; c < grid.columns; c++)
        if (!all_empty(&grid, c) || c == 0) from[kept->columns++] = c;
    kept->key = lb_arena_array(report->arena, kept->columns, sizeof *kept->key);
    kept->numeric = lb_arena_array(report->arena, kept->columns, sizeof *kept->numeric);
    kept->cell = lb_arena_array(report->arena, kept->columns * kept->rows + 1, sizeof *kept->cell);
    for (size_t c = 0; c < kept->columns; c++) {
        kept->key[c] = lb_arena_text(report->arena, grid.key[from[c]]);
        kept->numeric[c] = grid.numeric[from[c]];
        for (size_t r = 0; r < kept->rows; r++) {
            const char *cell = grid.cell[r * grid.columns + from[c]];
            bool minus = kept->numeric[c] && *cell == '-';
            kept->cell[r * kept->columns + c] =
                minus ? lb_arena_printf(report->arena, "\xE2\x88\x92%s", cell + 1) : lb_arena_text(report->arena, cell);
        }
    }
}

void lb_report_picture(lb_report *report, const char *svg, const char *caption)
{
    const char *start = svg ? strstr(svg, "<svg") : NULL; /* without an XML declaration */
    if (start) add(report, PICTURE, caption)->svg = lb_arena_text(report->arena, start);
}

typedef struct walker {
    lb_report *report;
    lb_arena *arena;
} walker;

/* Very long tables (a curve's thousand steps) are the JSON's business. */
static void result_part(void *context, const char *path, const lb_value *value, bool scalars)
{
    enum { MOST_ROWS = 200 };
    walker *w = context;
    if (!scalars) {
        if (value->count <= MOST_ROWS) lb_report_table(w->report, value, path, 0);
        else lb_report_text(w->report, LB_DOC_NOTE, "%s: %zu rows, in the JSON document.", path, value->count);
        return;
    }
    lb_value *rows = lb_value_array(w->arena);
    for (size_t k = 0; k < value->count; k++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "quantity", value->key[k]);
        lb_set(row, "value", value->item[k]);
    }
    if (rows->count) lb_report_table(w->report, rows, path, 0);
}

void lb_report_result(lb_report *report, const lb_result *result, int level)
{
    walker w = {report, lb_arena_new()};
    lb_report_heading(report, level, result->title ? result->title : result->operation);
    if (strcmp(result->status, "ok") != 0) lb_report_text(report, LB_DOC_WARN, "Status: %s", result->status);
    for (size_t i = 0; i < result->warnings->count; i++) lb_report_text(report, LB_DOC_WARN, "Warning: %s", result->warnings->item[i]->text);
    for (size_t i = 0; i < result->picture_count; i++) lb_report_picture(report, result->picture[i].svg, result->picture[i].title);
    lb_walk_tables(result->results, "", w.arena, result_part, &w);
    for (size_t i = 0; i < result->notes->count; i++) lb_report_text(report, LB_DOC_NOTE, "%s", result->notes->item[i]->text);
    lb_report_text(report, LB_DOC_NOTE, "%s, Lumbar %s.", result->operation, lb_version());
    lb_arena_free(w.arena);
}

/* ---- HTML ------------------------------------------------------------------- */

static const char style[] = "<style>.num{text-align:right;white-space:nowrap}.banner{border:2px solid #8a4b00;padding:.5rem 1rem;font-weight:bold;"
                            "background:#fff6ea}.lead{font-size:1.1rem}</style>\n";

static bool right_column(const part *p, size_t c) { return p->level > 0 ? c >= (size_t)p->level : p->grid.numeric[c]; }

static void html_table(const part *p, lb_buf *out)
{
    const lb_grid *grid = &p->grid;
    lb_buf_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    lb_buf_xml(out, *p->text ? p->text : "table");
    lb_buf_puts(out, "\">\n<table>\n");
    if (*p->text) {
        lb_buf_puts(out, "<caption>");
        lb_buf_xml(out, p->text);
        lb_buf_puts(out, "</caption>\n");
    }
    lb_buf_puts(out, "<thead><tr>");
    for (size_t c = 0; c < grid->columns; c++) {
        lb_buf_printf(out, "<th scope=\"col\"%s>", right_column(p, c) ? " class=\"num\"" : "");
        lb_buf_xml(out, grid->key[c]);
        lb_buf_puts(out, "</th>");
    }
    lb_buf_puts(out, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < grid->rows; r++) {
        lb_buf_puts(out, "<tr>");
        for (size_t c = 0; c < grid->columns; c++) {
            bool head = c == 0 && !right_column(p, 0);
            lb_buf_printf(out, "<%s%s>", head ? "th scope=\"row\"" : "td", right_column(p, c) ? " class=\"num\"" : "");
            lb_buf_xml(out, grid->cell[r * grid->columns + c]);
            lb_buf_puts(out, head ? "</th>" : "</td>");
        }
        lb_buf_puts(out, "</tr>\n");
    }
    lb_buf_puts(out, "</tbody>\n</table>\n</div>\n");
}

static void html_text(const part *p, lb_buf *out)
{
    static const char *const class_name[] = {[LB_DOC_BODY] = NULL, [LB_DOC_LEAD] = "lead", [LB_DOC_SMALL] = "note", [LB_DOC_NOTE] = "note",
                                             [LB_DOC_CODE] = NULL, [LB_DOC_WARN] = "warn", [LB_DOC_CENTRE] = NULL};
    if (class_name[p->style]) lb_buf_printf(out, "<p class=\"%s\">", class_name[p->style]);
    else lb_buf_puts(out, "<p>");
    if (p->style == LB_DOC_CODE) lb_buf_puts(out, "<code>");
    lb_buf_xml(out, p->text);
    lb_buf_puts(out, p->style == LB_DOC_CODE ? "</code></p>\n" : "</p>\n");
}

void lb_report_html(const lb_report *report, lb_buf *out)
{
    lb_html_page_open(out, report->title, report->language);
    lb_buf_puts(out, style);
    if (report->banner) {
        lb_buf_puts(out, "<p class=\"banner\" role=\"note\">");
        lb_buf_xml(out, report->banner);
        lb_buf_puts(out, "</p>\n");
    }
    for (const part *p = report->first; p; p = p->next) {
        switch (p->kind) {
        case HEADING:
            lb_buf_printf(out, "<h%d>", p->level);
            lb_buf_xml(out, p->text);
            lb_buf_printf(out, "</h%d>\n", p->level);
            break;
        case TEXT: html_text(p, out); break;
        case TABLE: html_table(p, out); break;
        case PICTURE:
            lb_buf_printf(out, "<figure>%s<figcaption class=\"note\">", p->svg);
            lb_buf_xml(out, p->text);
            lb_buf_puts(out, "</figcaption></figure>\n");
            break;
        }
    }
    lb_html_page_close(out);
}

/* ---- PDF ----------------------------------------------------------------------- */

static void pdf_table(const lb_report *report, const part *p, lb_doc *doc)
{
    const lb_grid *grid = &p->grid;
    lb_doc_align *align = lb_arena_array(report->arena, grid->columns, sizeof *align);
    for (size_t c = 0; c < grid->columns; c++) align[c] = right_column(p, c) ? LB_DOC_AUTO : LB_DOC_LEFT;
    for (size_t c = 0; c < grid->columns; c++) { /* words in a column of figures still stand right */
        bool figures = true;
        for (size_t r = 0; r < grid->rows; r++) {
            const char *cell = grid->cell[r * grid->columns + c];
            figures &= !*cell || strpbrk(cell, "0123456789") != NULL;
        }
        if (align[c] == LB_DOC_AUTO && !figures) align[c] = LB_DOC_RIGHT;
    }
    double size = grid->columns > 9 ? 7 : grid->columns > 7 ? 7.5 : 0;
    lb_doc_table_add(doc, &(lb_doc_table){.caption = p->text, .columns = grid->columns, .rows = grid->rows, .header = grid->key,
                                          .cell = grid->cell, .align = align, .size_pt = size});
}

int lb_report_pdf(const lb_report *report, const char *running, lb_buf *out, lb_error *err)
{
    lb_doc *doc = lb_doc_new(&(lb_doc_options){.title = report->title, .language = report->language, .header_left = running ? running : report->title,
                                               .header_right = report->banner ? report->watermark : NULL,
                                               .footer_left = "Lumbar " LUMBAR_VERSION, .watermark = report->watermark, .size_pt = 9.5});
    if (report->banner) lb_doc_paragraph(doc, LB_DOC_WARN, report->banner);
    for (const part *p = report->first; p; p = p->next) {
        switch (p->kind) {
        case HEADING: lb_doc_heading(doc, p->level, p->text); break;
        case TEXT: lb_doc_paragraph(doc, p->style, p->text); break;
        case TABLE: pdf_table(report, p, doc); break;
        case PICTURE: lb_doc_picture(doc, p->svg, 0, p->text); break;
        }
    }
    int code = lb_doc_finish(doc, out, err);
    lb_doc_free(doc);
    return code;
}
