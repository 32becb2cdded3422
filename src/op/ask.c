/* What an operation asks its call: values by name, data read on first use and recorded among the inputs. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "op/call.h"

static binding *bound_of(const lb_call *call, const char *name, const lb_param **param)
{
    const lb_param *found = lb_op_param(call->op, name);
    assert(found && "the operation asks for a parameter that it did not declare");
    if (param) *param = found;
    return &call->bound[found - call->op->params];
}

bool lb_call_given(const lb_call *call, const char *name) { return bound_of(call, name, NULL)->given; }

bool lb_call_has(const lb_call *call, const char *name)
{
    const binding *bound = bound_of(call, name, NULL);
    return bound->given || bound->text != NULL;
}

bool lb_call_flag(const lb_call *call, const char *name) { return bound_of(call, name, NULL)->flag; }
int64_t lb_call_int(const lb_call *call, const char *name) { return bound_of(call, name, NULL)->integer; }
double lb_call_number(const lb_call *call, const char *name) { return bound_of(call, name, NULL)->number; }
const char *lb_call_text(const lb_call *call, const char *name) { return bound_of(call, name, NULL)->text; }

size_t lb_call_texts(const lb_call *call, const char *name, const char *const **out)
{
    const binding *bound = bound_of(call, name, NULL);
    *out = (const char *const *)bound->texts;
    return bound->count;
}

size_t lb_call_numbers(const lb_call *call, const char *name, const double **out)
{
    const binding *bound = bound_of(call, name, NULL);
    *out = bound->numbers;
    return bound->count;
}

bool lb_call_chosen(const lb_call *call, const char *name, const char *choice)
{
    const binding *bound = bound_of(call, name, NULL);
    if (bound->text == NULL) return false;
    for (size_t i = 0; i < bound->count; i++)
        if (strcmp(bound->texts[i], choice) == 0) return true;
    return bound->count == 0 && strcmp(bound->text, choice) == 0;
}

static void record(lb_call *call, const char *param, const char *name, const char *sha256, size_t rows)
{
    lb_value *input = lb_push_object(call->result->inputs);
    lb_set_text(input, "name", name);
    lb_set_text(input, "sha256", *sha256 ? sha256 : NULL);
    lb_set_int(input, "rows", (int64_t)rows);
    lb_set_text(input, "parameter", param);
}

/* A table without rows is said, where it may be: of several, some may (no adverse events yet), but not all. */
static int check_rows(lb_call *call, const lb_param *param, lb_table *const *table, size_t count, lb_error *err)
{
    size_t empty = 0;
    for (size_t i = 0; i < count; i++) empty += table[i]->rows == 0;
    bool refused = empty == count && !(param->flags & LB_MAY_BE_EMPTY);
    for (size_t i = 0; i < count; i++) {
        if (refused) return lb_table_needs_rows(table[i], err);
        if (table[i]->rows == 0) lb_result_warn(call->result, "%s has headings, but no rows", table[i]->name);
    }
    return LB_OK;
}

static int read_tables(lb_call *call, const lb_param *param, binding *bound, lb_error *err)
{
    if (bound->bytes_count == 0) {
        for (size_t i = 0; i < bound->table_count && call->result->inputs; i++)
            record(call, param->name, bound->table[i]->name, bound->table[i]->sha256, bound->table[i]->rows);
        return LB_OK;
    }
    lb_arena *arena = call->result->arena;
    lb_table **list = lb_arena_array(arena, bound->table_count + bound->bytes_count, sizeof(lb_table *));
    if (bound->table_count) memcpy(list, bound->table, bound->table_count * sizeof(lb_table *));
    for (size_t i = 0; i < bound->bytes_count; i++) {
        lb_table **table = &list[bound->table_count + i];
        int code = lb_csv_read(&bound->bytes[i], &call->csv, arena, table, err);
        if (code != LB_OK) return code;
        record(call, param->name, (*table)->name, (*table)->sha256, (*table)->rows);
        for (size_t w = 0; w < (*table)->warning_count; w++) lb_result_warn(call->result, "%s", (*table)->warning[w]);
    }
    int code = check_rows(call, param, list + bound->table_count, bound->bytes_count, err);
    if (code != LB_OK) return code;
    bound->table = list;
    bound->table_count += bound->bytes_count;
    bound->bytes_count = 0; /* read once */
    return LB_OK;
}

int lb_call_tables(lb_call *call, const char *name, lb_table *const **out, size_t *count, lb_error *err)
{
    const lb_param *param;
    binding *bound = bound_of(call, name, &param);
    assert(param->type == LB_P_TABLE || param->type == LB_P_TABLES);
    bool first = bound->flag == false; /* flag: already read and recorded */
    int code = first ? read_tables(call, param, bound, err) : LB_OK;
    bound->flag = code == LB_OK;
    *out = bound->table;
    *count = bound->table_count;
    return code;
}

int lb_call_table(lb_call *call, const char *name, lb_table **out, lb_error *err)
{
    lb_table *const *list;
    size_t count;
    *out = NULL;
    int code = lb_call_tables(call, name, &list, &count, err);
    if (code == LB_OK && count) *out = list[0];
    return code;
}

int lb_call_volume(lb_call *call, const char *name, lb_volume **out, lb_error *err)
{
    const lb_param *param;
    binding *bound = bound_of(call, name, &param);
    assert(param->type == LB_P_VOLUME);
    *out = bound->volume;
    if (bound->volume || bound->bytes_count == 0) return LB_OK;
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *image;
    size_t count;
    request.series = bound->series;
    request.part = bound->part;
    int code = lb_call_images(call, name, &request, &image, &count, err);
    if (code != LB_OK) return code;
    assert(count == 1 && image[0].volume);
    *out = bound->volume = image[0].volume;
    return LB_OK;
}

/* One file: its hash. A folder: the hash of its files' hashes, in order. */
static void hash_files(const binding *bound, char sha256[65])
{
    if (bound->bytes_count == 1) {
        lb_sha256_hex(bound->bytes[0].data, bound->bytes[0].length, sha256);
        return;
    }
    lb_buf all = {0};
    for (size_t i = 0; i < bound->bytes_count; i++) {
        lb_sha256_hex(bound->bytes[i].data, bound->bytes[i].length, sha256);
        lb_buf_puts(&all, sha256);
    }
    lb_sha256_hex(all.data, all.length, sha256);
    lb_buf_free(&all);
}

int lb_call_images(lb_call *call, const char *name, lb_image_request *request, lb_image **out, size_t *count, lb_error *err)
{
    const lb_param *param;
    binding *bound = bound_of(call, name, &param);
    assert(param->type == LB_P_VOLUME);
    *count = 0;
    if (bound->volume) { /* bound from memory */
        *out = lb_arena_array(call->result->arena, 1, sizeof **out);
        (*out)[0] = (lb_image){.volume = bound->volume, .series = -1, .part = -1};
        *count = 1;
        return LB_OK;
    }
    void *context;
    lb_image_reader reader = lb_registry_get_image_reader(call->registry, &context);
    if (reader == NULL) return lb_fail(err, LB_FAILED, "this build cannot read images");
    request->file = bound->bytes;
    request->files = bound->bytes_count;
    if (request->series < 0) request->series = bound->series;
    if (request->part < 0) request->part = bound->part;
    int code = reader(context, request, call->result->arena, out, count, err);
    if (code != LB_OK) return code;
    char sha256[65];
    hash_files(bound, sha256);
    size_t voxels = 0;
    for (size_t i = 0; i < *count; i++) voxels += (*out)[i].volume ? lb_volume_count((*out)[i].volume) : 0;
    record(call, param->name, bound->bytes[0].name, sha256, voxels);
    return LB_OK;
}

void lb_call_files(lb_call *call, const char *name, const lb_bytes **out, size_t *count)
{
    const binding *bound = bound_of(call, name, NULL);
    *out = bound->bytes;
    *count = bound->bytes_count;
}

int lb_call_recording(lb_call *call, const char *name, double rate_hz, lb_recording **out, lb_error *err)
{
    lb_bytes bytes;
    void *context;
    lb_recording_reader reader = lb_registry_get_recording_reader(call->registry, &context);
    int code = lb_call_document(call, name, &bytes, err);
    if (code != LB_OK) return code;
    if (reader == NULL) return lb_fail(err, LB_FAILED, "this build cannot read recordings");
    return reader(context, &bytes, rate_hz, call->result->arena, out, err);
}

int lb_call_document(lb_call *call, const char *name, lb_bytes *out, lb_error *err)
{
    (void)err;
    const lb_param *param;
    binding *bound = bound_of(call, name, &param);
    *out = (lb_bytes){0};
    if (bound->bytes_count == 0) return LB_OK;
    *out = bound->bytes[0];
    if (!bound->flag) {
        char sha256[65];
        lb_sha256_hex(out->data, out->length, sha256);
        record(call, param->name, out->name, sha256, 0);
        bound->flag = true;
    }
    return LB_OK;
}

const lb_source *lb_call_source(lb_call *call) { return call->source; }
const lb_journal *lb_call_journal(lb_call *call) { return call->journal; }
lb_arena *lb_call_arena(lb_call *call) { return call->result->arena; }
const lb_progress *lb_call_progress(lb_call *call) { return call->progress; }
unsigned lb_call_threads(lb_call *call) { return call->threads; }
const lb_registry *lb_call_registry(lb_call *call) { return call->registry; }

const char *lb_call_now(const lb_call *call) { return call->now[0] ? call->now : NULL; }

void lb_call_set_now(lb_call *call, const char *iso) { snprintf(call->now, sizeof call->now, "%s", iso ? iso : ""); }
