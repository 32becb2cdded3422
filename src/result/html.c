/* HTML: a section per result, and a self-contained page that prints well. */
#include <string.h>

#include "result/grid.h"

typedef struct writer {
    lb_buf *out;
    lb_arena *arena;
} writer;

static const char style[] =
    "body{font:15px/1.5 'Liberation Sans',Arial,Helvetica,sans-serif;color:#1c2530;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid #c9d1da;padding-bottom:.25rem}"
    "h3{font-size:1rem;margin:1.25rem 0 .25rem}table{border-collapse:collapse;margin:.5rem 0 1rem;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:bold;padding:.25rem 0}th,td{padding:.2rem .7rem;text-align:left;vertical-align:top}"
    "thead th{border-top:1.5px solid #1c2530;border-bottom:1px solid #1c2530}tbody tr:last-child>*{border-bottom:1.5px solid #1c2530}"
    "td.n,th.n{text-align:right}th[scope=row]{font-weight:normal}.note{color:#46525f;font-size:.87rem;margin:.2rem 0}"
    ".warn{border-left:4px solid #b25e00;padding:.25rem .75rem;background:#fff6ea}.scroll{overflow-x:auto}"
    "figure{margin:1rem 0}figure svg{max-width:100%;height:auto}code{font-family:'Liberation Mono',monospace;font-size:.87em;overflow-wrap:anywhere}"
    "@media print{body{margin:0;max-width:none;font-size:10.5pt}h2,h3,caption{break-after:avoid}tr,figure{break-inside:avoid}.scroll{overflow:visible}"
    "table{font-size:8.5pt}th,td{padding:.15rem .4rem}}";

void lb_html_page_open(lb_buf *out, const char *title, const char *language)
{
    lb_buf_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", language);
    lb_buf_puts(out, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    lb_buf_xml(out, title);
    lb_buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
}

void lb_html_page_close(lb_buf *out)
{
    lb_buf_printf(out, "</main>\n<footer><p class=\"note\">Lumbar %s</p></footer>\n</body>\n</html>\n", lb_version());
}

/* A true minus sign in front of numbers; the text is a number of ours. */
static void write_cell(const char *text, bool numeric, lb_buf *out)
{
    if (numeric && *text == '-') {
        lb_buf_puts(out, "\xE2\x88\x92");
        text++;
    }
    lb_buf_xml(out, text);
}

static void write_grid(const lb_grid *grid, const char *caption, lb_buf *out)
{
    lb_buf_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    lb_buf_xml(out, caption && *caption ? caption : "table");
    lb_buf_puts(out, "\">\n<table>\n");
    if (caption && *caption) {
        lb_buf_puts(out, "<caption>");
        lb_buf_xml(out, caption);
        lb_buf_puts(out, "</caption>\n");
    }
    lb_buf_puts(out, "<thead><tr>");
    for (size_t c = 0; c < grid->columns; c++) {
        lb_buf_printf(out, "<th scope=\"col\"%s>", grid->numeric[c] ? " class=\"n\"" : "");
        lb_buf_xml(out, grid->key[c]);
        lb_buf_puts(out, "</th>");
    }
    lb_buf_puts(out, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < grid->rows; r++) {
        lb_buf_puts(out, "<tr>");
        for (size_t c = 0; c < grid->columns; c++) {
            const char *tag = c == 0 && !grid->numeric[0] ? "th scope=\"row\"" : "td";
            lb_buf_printf(out, "<%s%s>", tag, grid->numeric[c] ? " class=\"n\"" : "");
            write_cell(grid->cell[r * grid->columns + c], grid->numeric[c], out);
            lb_buf_puts(out, *tag == 't' && tag[1] == 'h' ? "</th>" : "</td>");
        }
        lb_buf_puts(out, "</tr>\n");
    }
    lb_buf_puts(out, "</tbody>\n</table>\n</div>\n");
}

void lb_html_table(const lb_value *rows, const char *caption, lb_buf *out)
{
    lb_arena *arena = lb_arena_new();
    lb_grid grid;
    if (lb_grid_make(rows, false, arena, &grid)) write_grid(&grid, caption, out);
    lb_arena_free(arena);
}

static void write_part(void *context, const char *path, const lb_value *value, bool scalars)
{
    writer *w = context;
    if (!scalars) {
        lb_html_table(value, path, w->out);
        return;
    }
    lb_value *rows = lb_value_array(w->arena);
    for (size_t k = 0; k < value->count; k++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "quantity", value->key[k]);
        lb_set(row, "value", value->item[k]);
    }
    if (rows->count) lb_html_table(rows, path, w->out);
}

void lb_result_html_section(const lb_result *result, int level, lb_buf *out)
{
    writer w = {out, lb_arena_new()};
    lb_buf_printf(out, "<section>\n<h%d>", level);
    lb_buf_xml(out, result->title);
    lb_buf_printf(out, "</h%d>\n", level);
    if (strcmp(result->status, "ok") != 0) lb_buf_printf(out, "<p class=\"warn\"><strong>Status:</strong> %s</p>\n", result->status);
    for (size_t i = 0; i < result->warnings->count; i++) {
        lb_buf_puts(out, "<p class=\"warn\"><strong>Warning:</strong> ");
        lb_buf_xml(out, result->warnings->item[i]->text);
        lb_buf_puts(out, "</p>\n");
    }
    for (size_t i = 0; i < result->picture_count; i++) {
        const char *svg = strstr(result->picture[i].svg, "<svg"); /* without an XML declaration */
        if (svg) lb_buf_printf(out, "<figure>%s</figure>\n", svg);
    }
    lb_walk_tables(result->results, "", w.arena, write_part, &w);
    for (size_t i = 0; i < result->notes->count; i++) {
        lb_buf_puts(out, "<p class=\"note\">");
        lb_buf_xml(out, result->notes->item[i]->text);
        lb_buf_puts(out, "</p>\n");
    }
    lb_buf_puts(out, "</section>\n");
    lb_arena_free(w.arena);
}

void lb_result_html(const lb_result *result, lb_buf *out)
{
    lb_html_page_open(out, result->title, "en");
    lb_result_html_section(result, 1, out);
    lb_buf_puts(out, "<section>\n<h2>Provenance</h2>\n<p class=\"note\">Operation <code>");
    lb_buf_xml(out, result->operation);
    lb_buf_puts(out, "</code>, parameters <code>");
    lb_buf json = {0};
    lb_json_write(result->parameters, 0, &json);
    lb_buf_xml(out, json.data);
    lb_buf_free(&json);
    lb_buf_puts(out, "</code></p>\n");
    lb_html_table(result->inputs, "Inputs", out);
    lb_buf_puts(out, "</section>\n");
    lb_html_page_close(out);
}
