/* Tables on pages: column widths from the contents, numbers aligned at the decimal point, the header repeated on every
 * page, rows never broken unless one is taller than a page. */
#include "document/layout.h"

#include <math.h>
#include <string.h>

typedef struct column {
    lb_doc_align align;
    double natural, least, width; /* points, of the contents */
    double before, after;         /* of a decimal column: widths left and right of the point */
} column;

typedef struct sheet {
    const lb_doc_table *table;
    column *col;
    double size, pad, total;
} sheet;

/* Length of the number at the start of a text up to its point: digits with sign and grouping. 0 when there is none. */
static size_t before_point(const char *text)
{
    const char *c = text;
    if (lb_text_starts(c, "\xE2\x88\x92")) c += 3;
    while (*c == '-' || *c == '<' || *c == '>' || *c == ' ' || *c == '+') c++;
    const char *digits = c;
    while ((*c >= '0' && *c <= '9') || *c == ',') c++;
    return c > digits ? (size_t)(c - text) : 0;
}

/* A number alone: what AUTO takes for a numeric cell. "75.2 (8.6)", "1.2 to 3.4", "<0.001" count; words do not. */
static bool numeric_cell(const char *text)
{
    if (!before_point(text)) return false;
    for (const char *c = text; *c; c++) {
        if (lb_text_starts(c, "to ") && c > text && c[-1] == ' ') {
            c += 2;
            continue;
        }
        if (lb_text_starts(c, "\xE2\x88\x92")) {
            c += 2;
            continue;
        }
        if (!strchr("0123456789.,-+() <>%/eE;", *c)) return false;
    }
    return true;
}

static const char *cell_of(const lb_doc_table *table, size_t row, size_t c)
{
    const char *text = table->cell[row * table->columns + c];
    return text ? text : "";
}

static double text_width(const lb_flow *flow, const char *text, double size, const char *weight)
{
    if (!*text) return 0;
    PangoLayout *layout = lb_type_layout(flow, text, size, weight, 0);
    double width = lb_type_width(layout);
    g_object_unref(layout);
    return width;
}

/* Width of the longest piece that should not be broken. */
static double least_width(const lb_flow *flow, const char *text, double size, const char *weight)
{
    double least = 0;
    size_t count;
    lb_arena *arena = lb_arena_new();
    char **word = lb_text_split(arena, text, ' ', &count);
    for (size_t i = 0; i < count; i++) least = fmax(least, text_width(flow, word[i], size, weight));
    lb_arena_free(arena);
    return least;
}

static void measure_column(const lb_flow *flow, sheet *s, size_t c)
{
    const lb_doc_table *table = s->table;
    column *col = &s->col[c];
    col->align = table->align ? table->align[c] : LB_DOC_AUTO;
    bool numeric = true, any = false;
    for (size_t r = 0; r < table->rows && numeric; r++) {
        const char *text = cell_of(table, r, c);
        if (!*text || strcmp(text, "\xE2\x80\x94") == 0) continue;
        any = true;
        numeric = numeric_cell(text);
    }
    if (col->align == LB_DOC_AUTO) col->align = numeric && any ? LB_DOC_DECIMAL : LB_DOC_LEFT;
    for (size_t r = 0; r < table->rows; r++) {
        const char *text = cell_of(table, r, c);
        col->natural = fmax(col->natural, text_width(flow, text, s->size, NULL));
        size_t split = before_point(text);
        if (col->align == LB_DOC_DECIMAL && split) {
            const char *head = lb_arena_textn(flow->doc->arena, text, split);
            double before = text_width(flow, head, s->size, NULL);
            col->before = fmax(col->before, before);
            col->after = fmax(col->after, text_width(flow, text, s->size, NULL) - before);
        }
        if (col->align != LB_DOC_DECIMAL && !numeric) col->least = fmax(col->least, least_width(flow, text, s->size, NULL));
    }
    if (col->align == LB_DOC_DECIMAL) col->natural = fmax(col->natural, col->before + col->after);
    if (col->align == LB_DOC_DECIMAL || numeric) col->least = col->natural;
    if (table->header && table->header[c]) {
        col->least = fmax(col->least, least_width(flow, table->header[c], s->size, "bold"));
        col->natural = fmax(col->natural, text_width(flow, table->header[c], s->size, "bold"));
    }
}

/* Natural widths where they fit; else everyone the least and the rest in proportion to what is wanted beyond it. */
static void share_width(const lb_flow *flow, sheet *s)
{
    double room = flow->right - flow->left - 2 * s->pad * (double)s->table->columns, natural = 0, least = 0, given = 0;
    size_t columns = s->table->columns;
    for (size_t c = 0; c < columns; c++) {
        s->col[c].least = fmin(s->col[c].least, room / 2);
        s->col[c].natural = fmax(s->col[c].natural, s->col[c].least);
        natural += s->col[c].natural;
        least += s->col[c].least;
        if (s->table->width) given += fmax(s->table->width[c], 0);
    }
    for (size_t c = 0; c < columns; c++) {
        column *col = &s->col[c];
        if (given > 0) col->width = room * fmax(s->table->width[c], 0) / given;
        else if (natural <= room) col->width = s->table->full_width || s->table->grid ? col->natural * room / fmax(natural, 1) : col->natural;
        else if (least >= room) col->width = col->least * room / least;
        else col->width = col->least + (col->natural - col->least) * (room - least) / (natural - least);
    }
    s->total = 2 * s->pad * (double)columns;
    for (size_t c = 0; c < columns; c++) s->total += s->col[c].width;
}

static PangoLayout *cell_layout(const lb_flow *flow, const sheet *s, const char *text, size_t c, bool header)
{
    const column *col = &s->col[c];
    PangoLayout *layout = lb_type_layout(flow, text, s->size, header ? "bold" : NULL, fmax(col->width, 1) + 0.5);
    bool right = col->align == LB_DOC_RIGHT || (col->align == LB_DOC_DECIMAL && (header || !before_point(text)));
    pango_layout_set_alignment(layout, right ? PANGO_ALIGN_RIGHT : col->align == LB_DOC_MIDDLE ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
    return layout;
}

static double row_height(const lb_flow *flow, const sheet *s, size_t row, bool header)
{
    double height = header ? 0 : s->table->row_mm * LB_MM;
    for (size_t c = 0; c < s->table->columns; c++) {
        const char *text = header ? (s->table->header[c] ? s->table->header[c] : "") : cell_of(s->table, row, c);
        PangoLayout *layout = cell_layout(flow, s, *text ? text : "x", c, header);
        height = fmax(height, lb_type_height(layout) + s->size * 0.5);
        g_object_unref(layout);
    }
    return height;
}

static void horizontal(lb_flow *flow, const sheet *s, double width)
{
    if (!flow->draw) return;
    lb_type_ink(flow, LB_INK);
    cairo_set_line_width(flow->cairo, width);
    cairo_move_to(flow->cairo, flow->left, flow->y);
    cairo_line_to(flow->cairo, flow->left + s->total, flow->y);
    cairo_stroke(flow->cairo);
}

static void vertical_lines(lb_flow *flow, const sheet *s, double height)
{
    double x = flow->left;
    lb_type_ink(flow, LB_INK);
    cairo_set_line_width(flow->cairo, 0.5);
    for (size_t c = 0; c <= s->table->columns; c++) {
        cairo_move_to(flow->cairo, x, flow->y);
        cairo_line_to(flow->cairo, x, flow->y + height);
        if (c < s->table->columns) x += s->col[c].width + 2 * s->pad;
    }
    cairo_stroke(flow->cairo);
}

static void draw_row(lb_flow *flow, const sheet *s, size_t row, bool header, double height)
{
    if (flow->draw) {
        double x = flow->left;
        if (header && s->table->grid) {
            cairo_set_source_rgb(flow->cairo, 0.93, 0.945, 0.96);
            cairo_rectangle(flow->cairo, x, flow->y, s->total, height);
            cairo_fill(flow->cairo);
        }
        lb_type_ink(flow, LB_INK);
        for (size_t c = 0; c < s->table->columns; c++) {
            const column *col = &s->col[c];
            const char *text = header ? (s->table->header[c] ? s->table->header[c] : "") : cell_of(s->table, row, c);
            PangoLayout *layout = cell_layout(flow, s, text, c, header);
            double at = x + s->pad;
            size_t split = header || col->align != LB_DOC_DECIMAL ? 0 : before_point(text);
            if (split) { /* the point at the column's point; the column's block at its right edge */
                const char *head = lb_arena_textn(flow->doc->arena, text, split);
                at += col->width - col->after - text_width(flow, head, s->size, NULL);
                pango_layout_set_width(layout, -1);
            }
            double y = flow->y + s->size * 0.25;
            if (header) y = flow->y + height - lb_type_height(layout) - s->size * 0.25;
            lb_type_show(flow, layout, at, y);
            g_object_unref(layout);
            x += col->width + 2 * s->pad;
        }
        if (s->table->grid) vertical_lines(flow, s, height);
    }
    flow->y += height;
    if (s->table->grid && flow->draw) horizontal(flow, s, 0.5);
}

static double draw_header(lb_flow *flow, const sheet *s)
{
    double height = row_height(flow, s, 0, true);
    horizontal(flow, s, s->table->grid ? 0.5 : 1);
    draw_row(flow, s, 0, true, height);
    if (!s->table->grid) horizontal(flow, s, 0.5);
    return height;
}

static void draw_caption(lb_flow *flow, const sheet *s)
{
    if (!s->table->caption || !*s->table->caption) return;
    lb_type_ink(flow, LB_INK);
    PangoLayout *layout = lb_type_layout(flow, s->table->caption, s->size, "bold", flow->right - flow->left);
    lb_type_flow(flow, layout, flow->left);
    g_object_unref(layout);
    flow->y += s->size * 0.3;
}

void lb_set_table(lb_flow *flow, const lb_block *block)
{
    sheet s = {.table = block->table};
    const lb_doc_table *table = s.table;
    if (table->columns == 0) return;
    s.size = table->size_pt > 0 ? table->size_pt : lb_type_size(flow) - 1;
    s.pad = table->grid ? 4 : s.size * 0.55;
    s.col = lb_arena_array(flow->doc->arena, table->columns, sizeof *s.col);
    for (size_t c = 0; c < table->columns; c++) measure_column(flow, &s, c);
    share_width(flow, &s);
    double head = table->header ? row_height(flow, &s, 0, true) : 0, some = 0;
    for (size_t r = 0; r < table->rows && r < 2; r++) some += row_height(flow, &s, r, false);
    lb_flow_need(flow, head + some + (table->caption ? 2 * s.size : 0));
    draw_caption(flow, &s);
    if (table->header) draw_header(flow, &s);
    else horizontal(flow, &s, table->grid ? 0.5 : 1);
    for (size_t r = 0; r < table->rows; r++) {
        double height = row_height(flow, &s, r, false);
        if (!flow->endless && height > lb_flow_left(flow) && flow->y > flow->top + head + 1) {
            if (!table->grid) horizontal(flow, &s, 0.5);
            lb_flow_break(flow);
            if (table->header) draw_header(flow, &s);
            else horizontal(flow, &s, 0.5);
        }
        draw_row(flow, &s, r, false, height);
    }
    if (!table->grid) horizontal(flow, &s, 1);
    flow->y += s.size * 0.7;
}

static const char *const *keep_texts(lb_arena *arena, const char *const *text, size_t count)
{
    if (!text) return NULL;
    const char **copy = lb_arena_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) copy[i] = lb_arena_text(arena, text[i]);
    return copy;
}

void lb_doc_table_add(lb_doc *doc, const lb_doc_table *table)
{
    lb_doc_table *copy = lb_arena_alloc(doc->arena, sizeof *copy);
    *copy = *table;
    copy->caption = lb_arena_text(doc->arena, table->caption);
    copy->header = keep_texts(doc->arena, table->header, table->columns);
    copy->cell = keep_texts(doc->arena, table->cell, table->columns * table->rows);
    if (table->align) {
        lb_doc_align *align = lb_arena_array(doc->arena, table->columns, sizeof *align);
        memcpy(align, table->align, table->columns * sizeof *align);
        copy->align = align;
    }
    if (table->width) {
        double *width = lb_arena_array(doc->arena, table->columns, sizeof *width);
        memcpy(width, table->width, table->columns * sizeof *width);
        copy->width = width;
    }
    lb_doc_block(doc, lb_set_table)->table = copy;
}
