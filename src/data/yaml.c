/* YAML through libyaml: its events become a value tree whose nodes know their line and column.
 * Core schema of YAML 1.2 (true/false, null/~, integers, decimals); no aliases, anchors or tags, so that a small file
 * cannot unfold into a huge one; duplicate keys are refused. */
#include <lumbar/data.h>

#include <string.h>

#include <yaml.h>

#include "data/value.h"

enum { MAX_KEYS = 10000 }; /* looking for duplicates is quadratic */

typedef struct reader {
    yaml_parser_t parser;
    const char *name;
    lb_arena *arena;
    lb_error *err;
} reader;

static int refuse(reader *r, yaml_mark_t mark, const char *message, const char *hint)
{
    int code = lb_fail(r->err, LB_BAD_DATA, "%s", message);
    lb_error_where(r->err, "%s:%zu:%zu", r->name, mark.line + 1, mark.column + 1);
    if (hint) lb_error_hint(r->err, "%s", hint);
    return code;
}

static int next(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event)) return LB_OK;
    const char *problem = r->parser.problem ? r->parser.problem : "cannot be read";
    const char *hint = strstr(problem, "tab") || strstr(problem, "cannot start any token")
                           ? "indent with spaces, never tabs"
                           : "check the indentation, and put texts that hold ': ' or '#' in quotes";
    int code = lb_fail(r->err, LB_BAD_DATA, "not valid YAML: %s", problem);
    yaml_mark_t mark = r->parser.problem_mark;
    lb_error_where(r->err, "%s:%zu:%zu", r->name, mark.line + 1, mark.column + 1);
    lb_error_hint(r->err, "%s", hint);
    return code;
}

static bool one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static lb_value *scalar(reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    lb_value *value = lb_value_new(r->arena, LB_STRING);
    value->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (value->quoted) {
        value->text = lb_arena_textn(r->arena, text, length);
    } else if (length == 0 || one_of(text, "~", "null", "Null") || strcmp(text, "NULL") == 0) {
        value->type = LB_NULL;
    } else if (one_of(text, "true", "True", "TRUE")) {
        value->type = LB_BOOL;
        value->boolean = true;
    } else if (one_of(text, "false", "False", "FALSE")) {
        value->type = LB_BOOL;
        value->boolean = false;
    } else if (lb_text_integer(text, length, &value->integer)) {
        value->type = LB_INT;
    } else if (lb_text_number(text, length, &value->number)) {
        value->type = LB_DOUBLE;
    } else {
        value->text = lb_arena_textn(r->arena, text, length);
    }
    return value;
}

static int node(reader *r, yaml_event_t *event, int depth, lb_value **out);

static int sequence(reader *r, int depth, lb_value *array)
{
    for (;;) {
        yaml_event_t event;
        int code = next(r, &event);
        if (code != LB_OK) return code;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        lb_value *child = NULL;
        if (!end) code = node(r, &event, depth + 1, &child);
        yaml_event_delete(&event);
        if (end || code != LB_OK) return code;
        lb_push(array, child);
    }
}

static int mapping_key(reader *r, const yaml_event_t *event, const lb_value *object, const char **key)
{
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(r, event->start_mark, "a key must be a word", "quote it, or look at the indentation");
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return refuse(r, event->start_mark, "a key holds a NUL byte", NULL);
    if (object->count >= MAX_KEYS) return refuse(r, event->start_mark, "more than 10000 keys in one mapping", NULL);
    if (lb_get(object, text)) {
        char message[160];
        snprintf(message, sizeof message, "the key '%.100s' stands twice", text);
        return refuse(r, event->start_mark, message, "keep one of them");
    }
    *key = lb_arena_text(r->arena, text);
    return LB_OK;
}

static int mapping(reader *r, int depth, lb_value *object)
{
    for (;;) {
        yaml_event_t event;
        const char *key = NULL;
        int code = next(r, &event);
        if (code != LB_OK) return code;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        if (!end) code = mapping_key(r, &event, object, &key);
        yaml_event_delete(&event);
        if (end || code != LB_OK) return code;
        if ((code = next(r, &event)) != LB_OK) return code;
        lb_value *child = NULL;
        code = node(r, &event, depth + 1, &child);
        yaml_event_delete(&event);
        if (code != LB_OK) return code;
        lb_value_append(object, key, child);
    }
}

static int node(reader *r, yaml_event_t *event, int depth, lb_value **out)
{
    yaml_mark_t mark = event->start_mark;
    int code = LB_OK;
    if (depth > LB_VALUE_DEPTH) return refuse(r, mark, "nested too deep", NULL);
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
            return refuse(r, mark, "a text holds a NUL byte", NULL);
        *out = scalar(r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        *out = lb_value_array(r->arena);
        code = sequence(r, depth, *out);
        break;
    case YAML_MAPPING_START_EVENT:
        *out = lb_value_object(r->arena);
        code = mapping(r, depth, *out);
        break;
    case YAML_ALIAS_EVENT: return refuse(r, mark, "aliases (*name) are not accepted", "write the value out");
    default: return refuse(r, mark, "unexpected end", NULL);
    }
    if (*out) {
        (*out)->line = (int)mark.line + 1;
        (*out)->column = (int)mark.column + 1;
    }
    return code;
}

static int document(reader *r, lb_value **out)
{
    for (;;) {
        yaml_event_t event;
        int code = next(r, &event);
        if (code != LB_OK) return code;
        yaml_event_type_t type = event.type;
        bool content = type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
                       type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT && type != YAML_NO_EVENT;
        if (content && *out) code = refuse(r, event.start_mark, "more than one document in the file", "remove the '---'");
        else if (content) code = node(r, &event, 0, out);
        yaml_event_delete(&event);
        if (code != LB_OK || type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT) return code;
    }
}

int lb_yaml_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err)
{
    *out = NULL;
    reader r = {.name = bytes->name, .arena = arena, .err = err};
    if (!yaml_parser_initialize(&r.parser)) return lb_fail(err, LB_NO_MEMORY, "not enough memory to read YAML");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, bytes->data, bytes->length);
    int code = document(&r, out);
    yaml_parser_delete(&r.parser);
    if (code == LB_OK && *out == NULL) {
        code = lb_fail(err, LB_BAD_DATA, "the file is empty");
        lb_error_where(err, "%s", bytes->name);
    }
    if (code != LB_OK) *out = NULL;
    return code;
}
