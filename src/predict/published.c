/* Published models: canonical hash, reading with every check, rows of a table as their inputs. */
#include "predict/published.h"
#include "predict/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static void canonical(const lb_value *v, bool top, lb_buf *out)
{
    if (v->type == LB_ARRAY) {
        lb_buf_putc(out, '[');
        for (size_t i = 0; i < v->count; i++) {
            if (i) lb_buf_putc(out, ',');
            canonical(v->item[i], false, out);
        }
        lb_buf_putc(out, ']');
    } else if (v->type == LB_OBJECT) {
        const char **key = lb_alloc(v->count + 1, sizeof *key);
        bool any = false;
        for (size_t i = 0; i < v->count; i++) key[i] = v->key[i];
        qsort(key, v->count, sizeof *key, by_key);
        lb_buf_putc(out, '{');
        for (size_t i = 0; i < v->count; i++) {
            if (top && strcmp(key[i], "sha256") == 0) continue;
            lb_value name = {.type = LB_STRING, .text = key[i]};
            if (any) lb_buf_putc(out, ',');
            any = true;
            lb_json_write(&name, 0, out);
            lb_buf_putc(out, ':');
            canonical(lb_get(v, key[i]), false, out);
        }
        lb_buf_putc(out, '}');
        free(key);
    } else if (v->type == LB_DOUBLE || v->type == LB_INT) {
        char number[32]; /* 2 and 2.0 are the same number */
        lb_buf_puts(out, lb_number_text(lb_number_of(v), number));
    } else {
        lb_json_write(v, 0, out);
    }
}

void lb_canonical_hash(const lb_value *document, char hex[65])
{
    lb_buf text = {0};
    canonical(document, true, &text);
    lb_sha256_hex(text.data, text.length, hex);
    lb_buf_free(&text);
}

void lb_published_write(lb_value *document, lb_buf *out)
{
    char hex[65];
    lb_canonical_hash(document, hex);
    lb_set_text(document, "sha256", hex);
    lb_json_write(document, 1, out);
    lb_buf_putc(out, '\n');
}

static int refuse(lb_error *err, const char *what, const char *hint)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s", what);
    lb_error_where(err, "model");
    lb_error_hint(err, "%s", hint);
    return code;
}

static int read_input(const lb_value *from, lb_arena *arena, lb_published_input *out, lb_error *err)
{
    const lb_value *levels = lb_get(from, "levels");
    *out = (lb_published_input){.name = lb_get_text(from, "name", NULL), .category = lb_text_equal(lb_get_text(from, "type", ""), "category"),
                                .unknown_allowed = lb_get_bool(from, "unknown_allowed", false), .in_model = lb_get_bool(from, "in_model", true),
                                .training_min = lb_get_number(from, "training_min", NAN), .training_max = lb_get_number(from, "training_max", NAN),
                                .plausible_min = lb_get_number(from, "plausible_min", NAN), .plausible_max = lb_get_number(from, "plausible_max", NAN)};
    if (!out->name) return refuse(err, "an input has no name", "the file is damaged: publish the model again");
    if (!out->category) return 0;
    if (!levels || levels->type != LB_ARRAY || levels->count < 2) return refuse(err, "a category has no levels", "the file is damaged: publish the model again");
    out->levels = levels->count;
    const lb_value *trained = lb_get(from, "training_levels");
    bool counted = trained && trained->type == LB_ARRAY && trained->count == levels->count;
    out->level = lb_arena_array(arena, levels->count, sizeof *out->level);
    out->seen = lb_arena_array(arena, levels->count, sizeof *out->seen);
    for (size_t l = 0; l < levels->count; l++) {
        out->level[l] = levels->item[l]->type == LB_STRING ? levels->item[l]->text : "";
        out->seen[l] = !counted || lb_number_of(trained->item[l]) > 0;
        if (counted && lb_number_of(trained->item[l]) > lb_number_of(trained->item[out->usual])) out->usual = l;
    }
    return 0;
}

static int read_inputs(const lb_value *document, lb_arena *arena, lb_published *out, lb_error *err)
{
    const lb_value *inputs = lb_get(document, "inputs");
    if (!inputs || inputs->type != LB_ARRAY || !inputs->count) return refuse(err, "the model has no inputs", "the file is damaged: publish the model again");
    out->inputs = inputs->count;
    out->input = lb_arena_array(arena, inputs->count, sizeof *out->input);
    out->name = lb_arena_array(arena, inputs->count, sizeof *out->name);
    int code = 0;
    for (size_t i = 0; i < inputs->count && !code; i++) {
        code = read_input(inputs->item[i], arena, &out->input[i], err);
        out->name[i] = out->input[i].name;
    }
    return code;
}

static int pack(const lb_value *document, const lb_published *m, lb_packed *packed, lb_error *err)
{
    const lb_value *refits = lb_get(document, "refits"), *batch = lb_get(document, "batch");
    size_t refit_count = refits && refits->type == LB_ARRAY ? refits->count : 0, batches = 0;
    int32_t by = -1;
    for (size_t i = 0; batch && i < m->inputs; i++)
        if (lb_text_equal(m->name[i], lb_get_text(batch, "input", NULL))) by = (int32_t)i, batches = m->input[i].levels;
    if (batch && by < 0) return refuse(err, "the batch names an input that is not there", "the file is damaged: publish the model again");
    lb_pack_head(packed, m->inputs, by, batches, refit_count + 1);
    int code = lb_program_pack(lb_get(document, "model"), m->name, m->inputs, batches, packed, err);
    for (size_t k = 0; k < refit_count && !code; k++) code = lb_program_pack(refits->item[k], m->name, m->inputs, batches, packed, err);
    return code;
}

static int load(lb_published *m, const lb_packed *packed, lb_arena *arena, lb_error *err)
{
    m->packed = lb_arena_try(arena, packed->count, sizeof(double));
    size_t size = lb_score_size(packed->data, packed->count);
    void *memory = size ? lb_arena_try(arena, size, 1) : NULL;
    if (!m->packed || (size && !memory)) return lb_fail(err, LB_TOO_LARGE, "the model does not fit in memory");
    memcpy(m->packed, packed->data, packed->count * sizeof(double));
    m->packed_count = packed->count;
    m->model = size ? lb_score_load(m->packed, packed->count, memory) : NULL;
    if (!m->model) return refuse(err, "its numbers do not make a model", "the file is damaged: publish the model again");
    m->scratch = lb_arena_array(arena, lb_score_scratch(m->model), sizeof(double));
    m->players = lb_arena_array(arena, 2 * m->inputs + 2, sizeof(double));
    m->sorted = lb_arena_array(arena, m->model->programs + 1, sizeof(double));
    const lb_score_program *first = &m->model->program[0];
    if (first->kind != LB_SCORE_TREES) return 0;
    size = lb_score_paths_size(&first->forest);
    memory = size ? lb_arena_try(arena, size, 1) : NULL;
    if (memory) m->paths = lb_score_paths_make(&first->forest, memory);
    return 0;
}

int lb_unchanged(const lb_value *document, lb_error *err)
{
    char hex[65];
    const char *said = lb_get_text(document, "sha256", NULL);
    if (!said) return refuse(err, "the model has no sha256", "use the file as it was published");
    lb_canonical_hash(document, hex);
    if (strcmp(hex, said) == 0) return 0;
    int code = refuse(err, "the model was changed after it was published", "use the file as it was published; a changed model has to be validated and published anew");
    lb_error_detail(err, "its sha256 says %.16s…, its content has %.16s…", said, hex);
    return code;
}

int lb_published_open(const lb_value *document, lb_arena *arena, lb_published *out, lb_error *err)
{
    *out = (lb_published){.document = document, .threshold = lb_get_number(document, "threshold", NAN), .sha256 = lb_get_text(document, "sha256", NULL)};
    if (lb_get_int(document, "format_version", 0) != 2)
        return refuse(err, "this version of a model file is not known", "use a Lumbar at least as new as the one that wrote it");
    lb_packed packed = {0};
    int code = lb_unchanged(document, err);
    if (!code) code = read_inputs(document, arena, out, err);
    if (!code) code = pack(document, out, &packed, err);
    if (!code) code = load(out, &packed, arena, err);
    lb_packed_free(&packed);
    return code;
}

int lb_published_try(const lb_bytes *bytes, lb_arena *arena, lb_published *out, bool *is, lb_error *err)
{
    lb_value *root;
    *is = false;
    if (bytes->length >= 4 && memcmp(bytes->data, "tree", 4) == 0) return 0; /* LightGBM's text */
    int code = lb_json_read(bytes, arena, &root, err);
    if (code) return code;
    if (!lb_text_equal(lb_get_text(root, "format", NULL), "lumbar-model") || lb_get_int(root, "format_version", 0) < 2) return 0;
    *is = true;
    return lb_published_open(root, arena, out, err);
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

static void append(lb_arena *arena, const char **list, const char *name)
{
    *list = *list ? lb_arena_printf(arena, "%s, %s", *list, name) : name;
}

bool lb_published_outside(const lb_published_input *in, double value)
{
    if (isnan(value)) return false;
    return in->category ? !in->seen[(size_t)value] : value < in->training_min || value > in->training_max;
}

static int read_numbers(const lb_published_input *in, const lb_table *table, size_t i, size_t inputs, lb_arena *arena, lb_published_rows *out, lb_error *err)
{
    lb_column *c;
    int code = lb_table_number(table, in->name, &c, err);
    if (code) return code;
    for (size_t row = 0; row < out->n; row++) {
        double v = out->input[row * inputs + i] = c->number[row];
        if (isnan(v)) continue;
        if (fabs(v) > LB_PREDICTOR_MOST && !out->fault[row]) out->fault[row] = lb_arena_printf(arena, "%s is %g: beyond what can be computed with", in->name, v);
        bool implausible = v < in->plausible_min || v > in->plausible_max;
        if (implausible && !out->fault[row]) out->fault[row] = lb_arena_printf(arena, "%s is %g: outside the plausible range %g to %g", in->name, v, in->plausible_min, in->plausible_max);
        if (in->in_model && lb_published_outside(in, v)) append(arena, &out->doubt[row], in->name);
    }
    return 0;
}

static int read_levels(const lb_published_input *in, const lb_table *table, size_t i, size_t inputs, lb_arena *arena, lb_published_rows *out, lb_error *err)
{
    lb_column *c;
    char cell[32];
    int code = lb_table_column(table, in->name, &c, err);
    if (code) return code;
    for (size_t row = 0; row < out->n; row++) {
        if (lb_column_missing(c, row)) continue;
        const char *text = lb_column_text(c, row, cell);
        size_t l = 0;
        while (l < in->levels && strcmp(in->level[l], text)) l++;
        if (l < in->levels) {
            out->input[row * inputs + i] = (double)l;
            if (in->in_model && !in->seen[l]) append(arena, &out->doubt[row], in->name);
            continue;
        }
        lb_buf known = {0};
        for (size_t k = 0; k < in->levels; k++) lb_buf_printf(&known, "%s%s", k ? ", " : "", in->level[k]);
        if (!out->fault[row]) out->fault[row] = lb_arena_printf(arena, "%s is '%.60s', which the model was not trained on (%s)%s", in->name, text, known.data,
                                                                  in->unknown_allowed ? "; leave it empty if it is none of these" : "");
        lb_buf_free(&known);
    }
    return 0;
}

int lb_published_read(const lb_published *m, const lb_table *table, lb_arena *arena, lb_published_rows *out, lb_error *err)
{
    *out = (lb_published_rows){.n = table->rows, .input = lb_arena_try(arena, table->rows + 1, m->inputs * sizeof(double))};
    out->fault = lb_arena_try(arena, 3 * table->rows + 3, sizeof *out->fault);
    if (!out->input || !out->fault) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", table->rows);
    out->doubt = out->fault + table->rows, out->filled = out->doubt + table->rows;
    for (size_t k = 0; k < table->rows * m->inputs; k++) out->input[k] = NAN;
    for (size_t i = 0; i < m->inputs; i++) {
        const lb_published_input *in = &m->input[i];
        bool absent = !lb_table_find(table, in->name);
        if (absent && (in->unknown_allowed || !in->in_model)) continue; /* nobody knows it */
        int code = in->category ? read_levels(in, table, i, m->inputs, arena, out, err) : read_numbers(in, table, i, m->inputs, arena, out, err);
        if (code) return code;
    }
    for (size_t row = 0; row < out->n; row++)
        for (size_t i = 0; i < m->inputs; i++) {
            const lb_published_input *in = &m->input[i];
            if (!in->in_model || !isnan(out->input[row * m->inputs + i])) continue;
            append(arena, &out->filled[row], in->name);
            if (!in->unknown_allowed && !out->fault[row]) out->fault[row] = lb_arena_printf(arena, "%s is missing, and the model needs it", in->name);
        }
    return 0;
}
