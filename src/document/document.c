/* A document as a list of blocks, and the two passes that set it: the first finds the pages of headings and how many pages
 * there are, the second draws. The PDF's dates are given by the caller, so that equal blocks give equal bytes. */
#include "document/layout.h"

#include <cairo-pdf.h>
#include <math.h>
#include <string.h>

lb_doc *lb_doc_new(const lb_doc_options *options)
{
    static const lb_doc_options none = LB_DOC_OPTIONS_INIT;
    lb_arena *arena = lb_arena_new();
    lb_doc *doc = lb_arena_alloc(arena, sizeof *doc);
    lb_doc_options *o = &doc->options;
    doc->arena = arena;
    *o = options ? *options : none;
    const char **const text[] = {&o->title, &o->author, &o->subject, &o->language, &o->made, &o->paper, &o->header_left, &o->header_middle,
                                 &o->header_right, &o->footer_left, &o->footer_middle, &o->footer_right, &o->watermark};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i] = lb_arena_text(arena, *text[i]);
    if (!o->language) o->language = "en";
    if (!(o->margin_mm > 0)) o->margin_mm = 20;
    if (!(o->size_pt > 0)) o->size_pt = 10;
    if (!o->footer_right) o->footer_right = "{page} / {pages}";
    return doc;
}

void lb_doc_free(lb_doc *doc)
{
    if (doc) lb_arena_free(doc->arena);
}

lb_block *lb_doc_block(lb_doc *doc, void (*set)(lb_flow *, const lb_block *))
{
    lb_block *block = lb_arena_alloc(doc->arena, sizeof *block);
    block->set = set;
    if (doc->last) doc->last->next = block;
    else doc->first = block;
    doc->last = block;
    return block;
}

static cairo_status_t to_buffer(void *context, const unsigned char *data, unsigned length)
{
    lb_buf *out = context;
    if (!out) return CAIRO_STATUS_SUCCESS; /* the first pass writes nowhere */
    lb_buf_add(out, (const char *)data, length);
    return out->overflow ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void paper_size(const lb_doc_options *options, double *width, double *height)
{
    static const struct { const char *name; double width_mm, height_mm; } papers[] = {
        {"A4", 210, 297}, {"A5", 148, 210}, {"Letter", 215.9, 279.4}};
    size_t found = 0;
    for (size_t i = 0; i < LB_COUNT(papers); i++)
        if (lb_text_equal(papers[i].name, options->paper)) found = i;
    *width = (options->landscape ? papers[found].height_mm : papers[found].width_mm) * LB_MM;
    *height = (options->landscape ? papers[found].width_mm : papers[found].height_mm) * LB_MM;
}

/* Least room a heading wants below it: three lines, or the whole picture or first rows that follow. */
static double room_below(const lb_flow *flow, const lb_block *heading)
{
    double room = 0, most = (flow->bottom - flow->top) / 2;
    const lb_block *block = heading->next;
    for (; block && block->kind == LB_BLOCK_HEADING; block = block->next) room += lb_flow_measure(flow, block);
    while (block && !block->set) block = block->next;
    if (!block) return room;
    double next = lb_flow_measure(flow, block);
    return room + (next < most || block->solid ? next : (block->set == lb_set_table ? 40 : 20) * LB_MM); /* a table brings caption, header and two rows */
}

static double group_height(const lb_flow *flow, const lb_block *open)
{
    double height = 0;
    for (const lb_block *block = open->next; block && block->kind != LB_BLOCK_GROUP_CLOSE; block = block->next)
        if (block->set) height += lb_flow_measure(flow, block);
    return height;
}

static void set_blocks(lb_flow *flow)
{
    lb_page_open(flow);
    for (lb_block *block = flow->doc->first; block; block = block->next) {
        if (block->kind == LB_BLOCK_GROUP_OPEN) {
            double height = group_height(flow, block);
            if (height <= flow->bottom - flow->top) lb_flow_need(flow, height);
        }
        if (block->kind == LB_BLOCK_HEADING) {
            double height = lb_flow_measure(flow, block) + room_below(flow, block);
            lb_flow_need(flow, fmin(height, 0.98 * (flow->bottom - flow->top)));
            block->page = (int)flow->page;
        }
        if (block->set) block->set(flow, block);
    }
    lb_page_close(flow);
}

static void describe(cairo_surface_t *surface, const lb_doc_options *options)
{
    const char *made = options->made ? options->made : "1970-01-01T00:00:00Z";
    if (options->title) cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, options->title);
    if (options->author) cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, options->author);
    if (options->subject) cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, options->subject);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Lumbar " LUMBAR_VERSION);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, made);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, made);
}

static int pass(lb_doc *doc, lb_buf *out, lb_error *err)
{
    lb_flow flow = {.doc = doc, .draw = out != NULL, .err = err};
    paper_size(&doc->options, &flow.width, &flow.height);
    double margin = doc->options.margin_mm * LB_MM;
    if (margin > flow.width / 4) margin = flow.width / 4;
    flow.left = flow.top = margin;
    flow.right = flow.width - margin;
    flow.bottom = flow.height - margin;
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(to_buffer, out, flow.width, flow.height);
    describe(surface, &doc->options);
    flow.cairo = cairo_create(surface);
    set_blocks(&flow);
    doc->pages = flow.page;
    cairo_status_t status = cairo_status(flow.cairo);
    cairo_destroy(flow.cairo);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (flow.code) return flow.code;
    if (status != CAIRO_STATUS_SUCCESS) return lb_fail(err, LB_FAILED, "cannot write the PDF: %s", cairo_status_to_string(status));
    return 0;
}

int lb_doc_finish(lb_doc *doc, lb_buf *out, lb_error *err)
{
    int code = pass(doc, NULL, err);
    return code ? code : pass(doc, out, err);
}
