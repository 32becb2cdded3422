/* Writing the calculator: style, words, script, the model as JSON and packed, the predictor as WebAssembly, in one file. A policy in the
 * page forbids it to fetch or send anything. */
#include "predict/calculator/page.h"
#include "predict/calculator/embedded.h"

#include <string.h>

static void base64(const void *data, size_t length, lb_buf *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = data;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t three = (uint32_t)b[i] << 16 | (i + 1 < length ? (uint32_t)b[i + 1] << 8 : 0) | (i + 2 < length ? b[i + 2] : 0);
        char four[4] = {digit[three >> 18], digit[three >> 12 & 63], i + 1 < length ? digit[three >> 6 & 63] : '=', i + 2 < length ? digit[three & 63] : '='};
        lb_buf_add(out, four, 4);
    }
}

static void embedded(const unsigned char *from, const unsigned char *to, lb_buf *out) { lb_buf_add(out, (const char *)from, (size_t)(to - from)); }

/* JSON inside a script element: no tag may begin in it. */
static void json(const lb_value *value, lb_buf *out)
{
    lb_buf text = {0};
    lb_json_write(value, 0, &text);
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '<') lb_buf_puts(out, "\\u003c");
        else lb_buf_putc(out, text.data[i]);
    }
    lb_buf_free(&text);
}

/* The document without the numbers of the programs, which the page has packed. */
static lb_value *card(const lb_published *m, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    for (size_t i = 0; i < m->document->count; i++) {
        const char *key = m->document->key[i];
        if (strcmp(key, "refits") == 0 || strcmp(key, "model") == 0) continue;
        lb_set(out, key, m->document->item[i]);
    }
    const lb_score_program *p = &m->model->program[0];
    bool batch_levels = false; /* the batch is a predictor, too, not only adjusted for */
    for (size_t j = 0; j < p->columns; j++) batch_levels |= p->column[j].level >= 0 && (int32_t)p->column[j].input == m->model->batch_input;
    static const char *const kinds[] = {"linear", "trees", "layers"};
    lb_set_text(out, "program_kind", kinds[p->kind]);
    lb_set_bool(out, "logit", p->logistic);
    lb_set_bool(out, "batch_levels", batch_levels);
    lb_set_int(out, "columns", (int64_t)p->columns);
    lb_set_int(out, "refit_count", (int64_t)m->model->programs - 1);
    return out;
}

void lb_calculator_page(const lb_published *m, lb_buf *out)
{
    lb_arena *arena = lb_arena_new();
    const lb_value *outcome = lb_get(m->document, "outcome");
    out->max = (size_t)1 << 30;
    lb_buf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' "
                     "'wasm-unsafe-eval'; img-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
                     "<link rel=\"icon\" href=\"data:,\">\n<title>");
    lb_buf_xml(out, lb_get_text(outcome, "label", "Risk calculator"));
    lb_buf_puts(out, "</title>\n<style>\n");
    embedded(lb_embedded_style, lb_embedded_style_end, out);
    lb_buf_puts(out, "</style>\n</head>\n<body>\n");
    embedded(lb_embedded_body, lb_embedded_body_end, out);
    lb_buf_puts(out, "<script type=\"application/json\" id=\"model\">");
    json(card(m, arena), out);
    lb_buf_puts(out, "</script>\n<script type=\"text/plain\" id=\"packed\">");
    base64(m->packed, m->packed_count * sizeof(double), out);
    lb_buf_puts(out, "</script>\n<script type=\"text/plain\" id=\"wasm\">");
    base64(lb_embedded_wasm, (size_t)(lb_embedded_wasm_end - lb_embedded_wasm), out);
    lb_buf_puts(out, "</script>\n<script>\n'use strict';\n");
    embedded(lb_embedded_words, lb_embedded_words_end, out);
    embedded(lb_embedded_script, lb_embedded_script_end, out);
    lb_buf_puts(out, "</script>\n</body>\n</html>\n");
    lb_arena_free(arena);
}
