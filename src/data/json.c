/* JSON: reading through jansson, writing with doubles in their shortest exact form. */
#include <lumbar/data.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "data/value.h"

static void write_text(const char *text, lb_buf *out)
{
    lb_buf_putc(out, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        const char *plain = p;
        while (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) c = (unsigned char)*++p;
        if (p > plain) lb_buf_add(out, plain, (size_t)(p - plain));
        if (!c) break;
        switch (c) {
        case '"': lb_buf_puts(out, "\\\""); break;
        case '\\': lb_buf_puts(out, "\\\\"); break;
        case '\n': lb_buf_puts(out, "\\n"); break;
        case '\r': lb_buf_puts(out, "\\r"); break;
        case '\t': lb_buf_puts(out, "\\t"); break;
        default: lb_buf_printf(out, "\\u%04x", c);
        }
    }
    lb_buf_putc(out, '"');
}

static void new_line(int indent, int depth, lb_buf *out)
{
    if (indent == 0) return;
    lb_buf_putc(out, '\n');
    for (int i = 0; i < indent * depth; i++) lb_buf_putc(out, ' ');
}

static bool is_flat(const lb_value *value)
{
    for (size_t i = 0; i < value->count; i++)
        if (value->item[i] && (value->item[i]->type == LB_ARRAY || value->item[i]->type == LB_OBJECT)) return false;
    return true;
}

static void write_value(const lb_value *value, int indent, int depth, lb_buf *out)
{
    char number[32];
    switch (value ? value->type : LB_NULL) {
    case LB_NULL: lb_buf_puts(out, "null"); return;
    case LB_BOOL: lb_buf_puts(out, value->boolean ? "true" : "false"); return;
    case LB_INT:
        if (value->integer > -(INT64_C(1) << 49) && value->integer < INT64_C(1) << 49) lb_buf_puts(out, lb_number_text((double)value->integer, number));
        else lb_buf_printf(out, "%" PRId64, value->integer);
        return;
    case LB_DOUBLE: /* "-0" would read back as the integer 0 */
        lb_buf_puts(out, value->number == 0 && signbit(value->number) ? "-0.0" : lb_number_text(value->number, number));
        return;
    case LB_STRING: write_text(value->text, out); return;
    case LB_ARRAY:
    case LB_OBJECT: break;
    }
    bool object = value->type == LB_OBJECT;
    /* A row of a table, or a list of numbers, stays on one line. */
    int inner = indent && depth > 0 && is_flat(value) ? 0 : indent;
    lb_buf_putc(out, object ? '{' : '[');
    for (size_t i = 0; i < value->count; i++) {
        if (i) lb_buf_puts(out, inner || indent == 0 ? "," : ", ");
        new_line(inner, depth + 1, out);
        if (object) {
            write_text(value->key[i], out);
            lb_buf_puts(out, indent ? ": " : ":");
        }
        write_value(value->item[i], indent, depth + 1, out);
    }
    if (value->count) new_line(inner, depth, out);
    lb_buf_putc(out, object ? '}' : ']');
}

void lb_json_write(const lb_value *value, int indent, lb_buf *out)
{
    write_value(value, indent, 0, out);
    if (indent) lb_buf_putc(out, '\n');
}

static lb_value *convert(const json_t *json, lb_arena *arena, int depth)
{
    if (depth > LB_VALUE_DEPTH) return NULL;
    lb_value *value = NULL;
    switch (json_typeof(json)) {
    case JSON_NULL: return lb_value_new(arena, LB_NULL);
    case JSON_TRUE:
    case JSON_FALSE:
        value = lb_value_new(arena, LB_BOOL);
        value->boolean = json_is_true(json);
        return value;
    case JSON_INTEGER:
        value = lb_value_new(arena, LB_INT);
        value->integer = json_integer_value(json);
        return value;
    case JSON_REAL:
        value = lb_value_new(arena, LB_DOUBLE);
        value->number = json_real_value(json);
        return value;
    case JSON_STRING:
        value = lb_value_new(arena, LB_STRING);
        value->text = lb_arena_text(arena, json_string_value(json));
        return value;
    case JSON_ARRAY:
        value = lb_value_array(arena);
        for (size_t i = 0; i < json_array_size(json); i++) {
            lb_value *child = convert(json_array_get(json, i), arena, depth + 1);
            if (child == NULL) return NULL;
            lb_push(value, child);
        }
        return value;
    case JSON_OBJECT: break;
    }
    value = lb_value_object(arena);
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)json, key, item)
    {
        lb_value *child = convert(item, arena, depth + 1);
        if (child == NULL) return NULL;
        /* jansson rejected duplicates: appending without lb_set()'s search keeps large objects linear. */
        lb_value_append(value, key, child);
    }
    return value;
}

int lb_json_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err)
{
    *out = NULL;
    json_error_t error;
    json_t *json = json_loadb((const char *)bytes->data, bytes->length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL) {
        int code = lb_fail(err, LB_BAD_DATA, "not valid JSON: %s", error.text);
        lb_error_where(err, "%s:%d:%d", bytes->name, error.line, error.column);
        lb_error_hint(err, "JSON wants double quotes, no comma after the last item, and no comments");
        return code;
    }
    *out = convert(json, arena, 0);
    json_decref(json);
    if (*out) return LB_OK;
    int code = lb_fail(err, LB_BAD_DATA, "the JSON is nested more than %d levels deep", LB_VALUE_DEPTH);
    lb_error_where(err, "%s", bytes->name);
    return code;
}
