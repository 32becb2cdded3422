/* Plain text for a terminal: scalars, then tables aligned at the decimal point, then notes and warnings. */
#include <string.h>

#include "result/grid.h"

typedef struct writer {
    lb_buf *out;
    lb_arena *arena;
} writer;

static void pad(lb_buf *out, size_t count)
{
    while (count--) lb_buf_putc(out, ' ');
}

/* Characters left of the decimal point (or of the whole, when there is none). */
static size_t head_of(const char *text) { return strcspn(text, ".e"); }

typedef struct span {
    size_t head, tail, width; /* before the decimal point, from it on, whole column */
} span;

static span *measure(const lb_grid *grid, lb_arena *arena)
{
    span *spans = lb_arena_array(arena, grid->columns, sizeof *spans);
    for (size_t c = 0; c < grid->columns; c++) {
        span *s = &spans[c];
        for (size_t r = 0; r < grid->rows; r++) {
            const char *text = grid->cell[r * grid->columns + c];
            size_t whole = lb_text_columns(text), head = grid->numeric[c] ? head_of(text) : whole;
            if (head > s->head) s->head = head;
            if (whole - head > s->tail) s->tail = whole - head;
        }
        s->width = lb_text_columns(grid->key[c]);
        if (s->head + s->tail > s->width) s->width = s->head + s->tail;
    }
    return spans;
}

static void write_cell(const char *text, bool numeric, bool header, const span *s, bool last, lb_buf *out)
{
    size_t length = lb_text_columns(text), before = 0;
    if (numeric) before = header ? s->width - length : s->width - s->tail - head_of(text);
    pad(out, before);
    lb_buf_puts(out, text);
    if (!last) pad(out, s->width - before - length + 2);
}

static void write_grid(const lb_grid *grid, lb_arena *arena, lb_buf *out)
{
    const span *spans = measure(grid, arena);
    for (size_t r = 0; r <= grid->rows; r++) { /* row 0 is the header */
        for (size_t c = 0; c < grid->columns; c++) {
            const char *text = r ? grid->cell[(r - 1) * grid->columns + c] : grid->key[c];
            write_cell(text, grid->numeric[c], r == 0, &spans[c], c + 1 == grid->columns, out);
        }
        while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = '\0';
        lb_buf_putc(out, '\n');
    }
}

static void write_part(void *context, const char *path, const lb_value *value, bool scalars)
{
    writer *w = context;
    if (*path) lb_buf_printf(w->out, "\n%s\n", path);
    if (!scalars) {
        lb_grid grid;
        if (lb_grid_make(value, false, w->arena, &grid)) write_grid(&grid, w->arena, w->out);
        return;
    }
    size_t width = 0;
    for (size_t k = 0; k < value->count; k++)
        if (lb_text_columns(value->key[k]) > width) width = lb_text_columns(value->key[k]);
    for (size_t k = 0; k < value->count; k++) {
        const char *text = lb_scalar_text(value->item[k], false, w->arena);
        lb_buf_puts(w->out, value->key[k]);
        pad(w->out, width - lb_text_columns(value->key[k]) + 2);
        lb_buf_printf(w->out, "%s\n", *text ? text : "-");
    }
}

void lb_result_text(const lb_result *result, lb_buf *out)
{
    writer w = {out, lb_arena_new()};
    lb_buf_printf(out, "%s", result->title);
    if (strcmp(result->status, "ok") != 0) lb_buf_printf(out, "  [status: %s]", result->status);
    lb_buf_putc(out, '\n');
    lb_walk_tables(result->results, "", w.arena, write_part, &w);
    if (result->notes->count || result->warnings->count) lb_buf_putc(out, '\n');
    for (size_t i = 0; i < result->warnings->count; i++) lb_buf_printf(out, "Warning: %s\n", result->warnings->item[i]->text);
    for (size_t i = 0; i < result->notes->count; i++) lb_buf_printf(out, "%s\n", result->notes->item[i]->text);
    lb_arena_free(w.arena);
}
