/* The value tree: JSON-like nodes in an arena, with setters that cannot fail and getters that forgive. */
#include <lumbar/data.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/value.h"

lb_value *lb_value_new(lb_arena *arena, lb_value_type type)
{
    lb_value *value = lb_arena_alloc(arena, sizeof *value);
    value->type = type;
    value->arena = arena;
    return value;
}

lb_value *lb_value_object(lb_arena *arena) { return lb_value_new(arena, LB_OBJECT); }
lb_value *lb_value_array(lb_arena *arena) { return lb_value_new(arena, LB_ARRAY); }

static void grow(lb_value *value)
{
    if (value->count < value->capacity) return;
    size_t capacity = value->capacity ? 2 * value->capacity : 4;
    lb_value **item = lb_arena_array(value->arena, capacity, sizeof *item);
    if (value->count) memcpy(item, value->item, value->count * sizeof *item);
    value->item = item;
    if (value->type == LB_OBJECT) {
        const char **key = lb_arena_array(value->arena, capacity, sizeof *key);
        if (value->count) memcpy(key, value->key, value->count * sizeof *key);
        value->key = key;
    }
    value->capacity = capacity;
}

static lb_value *number_value(lb_arena *arena, double number)
{
    lb_value *value = lb_value_new(arena, isfinite(number) ? LB_DOUBLE : LB_NULL);
    if (isfinite(number)) value->number = number;
    return value;
}

static lb_value *int_value(lb_arena *arena, int64_t integer)
{
    lb_value *value = lb_value_new(arena, LB_INT);
    value->integer = integer;
    return value;
}

static lb_value *text_value(lb_arena *arena, const char *text)
{
    lb_value *value = lb_value_new(arena, text ? LB_STRING : LB_NULL);
    if (text) value->text = lb_arena_text(arena, text);
    return value;
}

void lb_set(lb_value *object, const char *key, lb_value *child)
{
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->key[i], key) == 0) {
            object->item[i] = child;
            return;
        }
    }
    lb_value_append(object, key, child);
}

void lb_value_append(lb_value *object, const char *key, lb_value *child)
{
    grow(object);
    object->key[object->count] = lb_arena_text(object->arena, key);
    object->item[object->count++] = child;
}

void lb_set_number(lb_value *o, const char *key, double number) { lb_set(o, key, number_value(o->arena, number)); }
void lb_set_int(lb_value *o, const char *key, int64_t integer) { lb_set(o, key, int_value(o->arena, integer)); }
void lb_set_text(lb_value *o, const char *key, const char *text) { lb_set(o, key, text_value(o->arena, text)); }
void lb_set_null(lb_value *o, const char *key) { lb_set(o, key, lb_value_new(o->arena, LB_NULL)); }

void lb_set_bool(lb_value *o, const char *key, bool boolean)
{
    lb_value *value = lb_value_new(o->arena, LB_BOOL);
    value->boolean = boolean;
    lb_set(o, key, value);
}

void lb_set_textf(lb_value *o, const char *key, const char *fmt, ...)
{
    lb_buf text = {0};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    lb_set_text(o, key, text.data ? text.data : "");
    lb_buf_free(&text);
}

lb_value *lb_set_object(lb_value *o, const char *key)
{
    lb_value *child = lb_value_object(o->arena);
    lb_set(o, key, child);
    return child;
}

lb_value *lb_set_array(lb_value *o, const char *key)
{
    lb_value *child = lb_value_array(o->arena);
    lb_set(o, key, child);
    return child;
}

void lb_set_numbers(lb_value *o, const char *key, const double *values, size_t count)
{
    lb_value *array = lb_set_array(o, key);
    for (size_t i = 0; i < count; i++) lb_push_number(array, values[i]);
}

void lb_push(lb_value *array, lb_value *child)
{
    grow(array);
    array->item[array->count++] = child;
}

void lb_push_number(lb_value *array, double number) { lb_push(array, number_value(array->arena, number)); }
void lb_push_int(lb_value *array, int64_t integer) { lb_push(array, int_value(array->arena, integer)); }
void lb_push_text(lb_value *array, const char *text) { lb_push(array, text_value(array->arena, text)); }

lb_value *lb_push_object(lb_value *array)
{
    lb_value *child = lb_value_object(array->arena);
    lb_push(array, child);
    return child;
}

lb_value *lb_push_array(lb_value *array)
{
    lb_value *child = lb_value_array(array->arena);
    lb_push(array, child);
    return child;
}

static lb_value *get(const lb_value *object, const char *key, size_t length)
{
    if (object == NULL || object->type != LB_OBJECT) return NULL;
    for (size_t i = 0; i < object->count; i++)
        if (*object->key[i] == *key && strncmp(object->key[i], key, length) == 0 && object->key[i][length] == '\0') return object->item[i]; /* mostly the first letter tells */
    return NULL;
}

lb_value *lb_get(const lb_value *object, const char *key) { return get(object, key, strlen(key)); }

lb_value *lb_path(const lb_value *root, const char *path)
{
    const lb_value *value = root;
    const char *p = path;
    while (value && *p) {
        if (*p == '.') p++;
        if (*p == '[') {
            char *end;
            unsigned long index = strtoul(p + 1, &end, 10);
            if (*end != ']' || value->type != LB_ARRAY || index >= value->count) return NULL;
            value = value->item[index];
            p = end + 1;
        } else {
            size_t length = strcspn(p, ".[");
            const lb_value *child = get(value, p, length);
            /* Feature names hold dots ("a.b"): try the longest key that fits. */
            for (size_t rest = strlen(p); child == NULL && rest > length; rest--)
                if (p[rest] == '\0' || p[rest] == '.' || p[rest] == '[')
                    if ((child = get(value, p, rest)) != NULL) length = rest;
            value = child;
            p += length;
        }
    }
    return (lb_value *)value;
}

const char *lb_get_text(const lb_value *object, const char *key, const char *fallback)
{
    const lb_value *value = lb_get(object, key);
    return value && value->type == LB_STRING ? value->text : fallback;
}

bool lb_is_number(const lb_value *value) { return value && (value->type == LB_INT || value->type == LB_DOUBLE); }

double lb_number_of(const lb_value *value)
{
    if (!lb_is_number(value)) return NAN;
    return value->type == LB_INT ? (double)value->integer : value->number;
}

double lb_get_number(const lb_value *object, const char *key, double fallback)
{
    const lb_value *value = lb_get(object, key);
    return lb_is_number(value) ? lb_number_of(value) : fallback;
}

int64_t lb_get_int(const lb_value *object, const char *key, int64_t fallback)
{
    const lb_value *value = lb_get(object, key);
    if (value && value->type == LB_INT) return value->integer;
    if (value && value->type == LB_DOUBLE && value->number == floor(value->number) && fabs(value->number) < 9e15)
        return (int64_t)value->number;
    return fallback;
}

bool lb_get_bool(const lb_value *object, const char *key, bool fallback)
{
    const lb_value *value = lb_get(object, key);
    return value && value->type == LB_BOOL ? value->boolean : fallback;
}
