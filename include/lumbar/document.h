/* Documents on paper: multi-page PDF through Pango and Cairo. Manuals, diaries, consent forms, blank CRFs, casebooks and
 * reports are a list of blocks (headings, paragraphs, tables, pictures, fields to fill in by hand); lb_doc_finish() lays
 * them out. Text is UTF-8; Latin is set in Liberation Sans, Chinese in Noto Sans CJK. The same blocks give the same
 * bytes again on a machine with the same fonts and libraries: no clock is read. */
#ifndef LUMBAR_DOCUMENT_H
#define LUMBAR_DOCUMENT_H

#include <lumbar/result.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lb_doc lb_doc;

/** All texts are copied. In the running texts {page}, {pages}, {title} and {section} (the last heading of level 1) are
 *  replaced; NULL or "" leaves a place empty. Zero-initialised members mean the default named. */
typedef struct lb_doc_options {
    const char *title;        /**< in the file's properties and the viewer's window */
    const char *author, *subject;
    const char *language;     /**< "en" (default), "zh", "da": hyphenation, form of Chinese characters */
    const char *made;         /**< ISO 8601 date or time for the file's properties; NULL: 1970-01-01, for equal bytes */
    const char *paper;        /**< "A4" (default), "A5" or "Letter" */
    bool landscape;
    double margin_mm;         /**< all four sides; default 20 */
    double size_pt;           /**< of body text; default 10 */
    const char *header_left, *header_middle, *header_right;
    const char *footer_left, *footer_middle, *footer_right; /**< footer_right defaults to "{page} / {pages}" */
    const char *watermark;    /**< large, grey, across every page: "REHEARSAL", "NOT FOR CLINICAL USE" */
    bool accent;              /**< level-1 headings in colour; default is black on white */
} lb_doc_options;
#define LB_DOC_OPTIONS_INIT {0}

LB_API lb_doc *lb_doc_new(const lb_doc_options *options); /**< free with lb_doc_free() */
LB_API void lb_doc_free(lb_doc *doc);
/** Lay out and append the PDF to `out`. May be called once. */
LB_API int lb_doc_finish(lb_doc *doc, lb_buf *out, lb_error *err) LB_MUST_CHECK;

/* -- text ------------------------------------------------------------------------------------------------------- */
typedef enum lb_doc_style {
    LB_DOC_BODY,
    LB_DOC_LEAD,  /**< larger: the sentence to read first */
    LB_DOC_SMALL,
    LB_DOC_NOTE,  /**< small, grey: under a table */
    LB_DOC_CODE,  /**< monospaced; hashes are broken where they must */
    LB_DOC_WARN,  /**< with a bar at its left */
    LB_DOC_CENTRE
} lb_doc_style;
/** Level 1 to 4; goes into the outline (bookmarks). Never left alone at the foot of a page. */
LB_API void lb_doc_heading(lb_doc *doc, int level, const char *text);
/** Plain text; "\n" breaks the line. */
LB_API void lb_doc_paragraph(lb_doc *doc, lb_doc_style style, const char *text);
LB_API void lb_doc_printf(lb_doc *doc, lb_doc_style style, const char *fmt, ...) LB_PRINTF(3, 4);
/** Text with **bold** and *italic*; a backslash before an asterisk keeps it. */
LB_API void lb_doc_rich(lb_doc *doc, lb_doc_style style, const char *text);
/** One item; number 0 gives a bullet, else "3." */
LB_API void lb_doc_item(lb_doc *doc, int number, const char *text);
/** Table of contents of the headings down to `level`, with page numbers, where it stands. */
LB_API void lb_doc_contents(lb_doc *doc, const char *title, int level);

/* -- space and pages ---------------------------------------------------------------------------------------------- */
LB_API void lb_doc_space(lb_doc *doc, double mm);
LB_API void lb_doc_rule(lb_doc *doc);
LB_API void lb_doc_page(lb_doc *doc);                      /**< new page, unless the page is empty */
LB_API void lb_doc_keep(lb_doc *doc, double mm);           /**< new page when less than this is left */
/** From here on blocks are set together: all on one page when they fit on one. Groups do not nest. */
LB_API void lb_doc_group_open(lb_doc *doc);
LB_API void lb_doc_group_close(lb_doc *doc);

/* -- tables --------------------------------------------------------------------------------------------------------- */
typedef enum lb_doc_align { LB_DOC_AUTO, LB_DOC_LEFT, LB_DOC_RIGHT, LB_DOC_MIDDLE, LB_DOC_DECIMAL } lb_doc_align;
/** Rows break between pages with the header repeated; a row itself is not broken unless it is taller than a page. */
typedef struct lb_doc_table {
    const char *caption;             /**< above it, may be NULL */
    size_t columns, rows;
    const char *const *header;       /**< columns; NULL for none */
    const char *const *cell;         /**< rows × columns, row by row; NULL or "" is empty */
    const lb_doc_align *align;       /**< columns, or NULL: numbers to the right by their decimal point */
    const double *width;             /**< columns, relative; NULL: from the contents */
    double row_mm;                   /**< least height of a row: room to write by hand; 0 = as the text needs */
    bool grid;                       /**< lines around every cell (forms); else three rules as journals print */
    bool full_width;
    double size_pt;                  /**< of its text; 0 = one point below body */
} lb_doc_table;
LB_API void lb_doc_table_add(lb_doc *doc, const lb_doc_table *table);
/** An array of flat objects as a table, columns in order of appearance (as lb_html_table()). */
LB_API void lb_doc_table_value(lb_doc *doc, const lb_value *rows, const char *caption);

/* -- pictures ------------------------------------------------------------------------------------------------------- */
/** SVG as vectors, at its own size or narrowed to the text width (or to `width_mm` when above 0); caption below. */
LB_API void lb_doc_picture(lb_doc *doc, const char *svg, double width_mm, const char *caption);
/** PNG bytes (copied), `width_mm` wide. */
LB_API void lb_doc_png(lb_doc *doc, const void *png, size_t length, double width_mm, const char *caption);
/** QR code of a text (ISO/IEC 18004, error correction M) with a caption beside it; `size_mm` includes the quiet zone. */
LB_API void lb_doc_qr(lb_doc *doc, const char *text, double size_mm, const char *caption);

/* -- to be filled in by hand -------------------------------------------------------------------------------------- */
/** "Label ________": a line to write on, `line_mm` long (0: to the margin); text already known is set on the line. */
LB_API void lb_doc_field(lb_doc *doc, const char *label, const char *value, double line_mm);
/** "Label □□□.□": one box a character of `pattern`, where "#" is a box and any other character is printed ("##.##.####"). */
LB_API void lb_doc_boxes(lb_doc *doc, const char *label, const char *pattern, const char *unit);
/** A question with boxes to tick; `chosen` (0-based) is ticked, -1 none. Options flow over lines, or one a line. */
LB_API void lb_doc_choice(lb_doc *doc, const char *label, const char *const *option, size_t count, int chosen,
                          bool one_a_line);
/** Scale of `low` to `high` in steps of one with words at both ends (NRS); or a plain 100 mm line when high is 100. */
LB_API void lb_doc_scale(lb_doc *doc, const char *label, int low, int high, const char *low_word, const char *high_word);
/** Lines for signatures: for each label a line with the label below it, side by side, and one for the date. */
LB_API void lb_doc_signatures(lb_doc *doc, const char *const *label, size_t count, const char *date_label);
/** A framed empty area to write in. */
LB_API void lb_doc_area(lb_doc *doc, const char *label, double height_mm);

/* -- reports: the same blocks as a page of HTML and as PDF ------------------------------------------------------------ */
typedef struct lb_report lb_report;
LB_API lb_report *lb_report_new(const char *title, const char *language); /**< free with lb_report_free() */
LB_API void lb_report_free(lb_report *report);
/** A band across the top of the HTML and a watermark on every page of the PDF: "Rehearsal: arms are shuffled". NULL: none. */
LB_API void lb_report_banner(lb_report *report, const char *text, const char *watermark);
/** Level 1 is the report's title, 2 a section, 3 a part of one. */
LB_API void lb_report_heading(lb_report *report, int level, const char *text);
LB_API void lb_report_text(lb_report *report, lb_doc_style style, const char *fmt, ...) LB_PRINTF(3, 4);
/** Flat objects as a table; its first `text_columns` columns stand left, the others right (0: as the cells are). */
LB_API void lb_report_table(lb_report *report, const lb_value *rows, const char *caption, int text_columns);
LB_API void lb_report_picture(lb_report *report, const char *svg, const char *caption);
/** A whole result as a section: status, warnings, pictures, tables, notes. */
LB_API void lb_report_result(lb_report *report, const lb_result *result, int level);
LB_API void lb_report_html(const lb_report *report, lb_buf *out);
/** running: the left of the header ("METNLBP · plan 1.0"). Appends to out. */
LB_API int lb_report_pdf(const lb_report *report, const char *running, lb_buf *out, lb_error *err) LB_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
