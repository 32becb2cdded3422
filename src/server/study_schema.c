/* Schemas of requests and answers in a terse notation, so that a table of routes stays readable:
 *   T := text | int | number | bool | any | date | time | object | [T] | {key:T,key?:T} | {*:T} | (word|word) | #Name ; T~ = T or null
 * Turned into JSON Schema 2020-12 for the OpenAPI document, and checked against the bodies of requests. */
#include "server/study.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_LONGEST = 63, DEPTH = 24 };

static const char *read_word(const char *at, char word[NAME_LONGEST + 1])
{
    size_t length = 0;
    while (isalnum((unsigned char)*at) || (*at && strchr("_-.", *at))) {
        assert(length < NAME_LONGEST);
        word[length++] = *at++;
    }
    word[length] = '\0';
    return at;
}

/* -- to JSON Schema ------------------------------------------------------------------------------------------- */

static const char *to_json(const char *at, bool closed, lb_value *out);

static const char *object_to_json(const char *at, bool closed, lb_value *out)
{
    char word[NAME_LONGEST + 1];
    lb_set_text(out, "type", "object");
    if (at[0] == '*') {
        at = to_json(at + 2, closed, lb_set_object(out, "additionalProperties"));
        assert(*at == '}');
        return at + 1;
    }
    lb_value *properties = lb_set_object(out, "properties"), *required = lb_value_array(out->arena);
    while (*at != '}') {
        at = read_word(at, word);
        bool optional = *at == '?';
        at += optional;
        assert(word[0] && *at == ':');
        at = to_json(at + 1, closed, lb_set_object(properties, word));
        if (!optional) lb_push_text(required, word);
        assert(*at == ',' || *at == '}');
        if (*at == ',') at++;
    }
    if (required->count > 0) lb_set(out, "required", required);
    if (closed) lb_set_bool(out, "additionalProperties", false);
    return at + 1;
}

static const char *words_to_json(const char *at, lb_value *out)
{
    char word[NAME_LONGEST + 1];
    lb_set_text(out, "type", "string");
    lb_value *words = lb_set_array(out, "enum");
    while (*at != ')') {
        at = read_word(at, word);
        lb_push_text(words, word);
        assert(*at == '|' || *at == ')');
        if (*at == '|') at++;
    }
    return at + 1;
}

static const char *named_to_json(const char *at, lb_value *out)
{
    static const char *const type_of[][3] = {{"text", "string", NULL},     {"int", "integer", NULL},      {"number", "number", NULL},
                                             {"bool", "boolean", NULL},    {"date", "string", "date"},    {"time", "string", "date-time"},
                                             {"object", "object", NULL},   {"any", NULL, NULL}};
    char word[NAME_LONGEST + 1];
    at = read_word(at, word);
    for (size_t i = 0; i < LB_COUNT(type_of); i++) {
        if (strcmp(type_of[i][0], word) != 0) continue;
        if (type_of[i][1]) lb_set_text(out, "type", type_of[i][1]);
        if (type_of[i][2]) lb_set_text(out, "format", type_of[i][2]);
        return at;
    }
    assert(!"a type that the notation does not know");
    return at;
}

static const char *to_json(const char *at, bool closed, lb_value *out)
{
    char word[NAME_LONGEST + 1];
    if (*at == '{') {
        at = object_to_json(at + 1, closed, out);
    } else if (*at == '[') {
        lb_set_text(out, "type", "array");
        at = to_json(at + 1, closed, lb_set_object(out, "items"));
        assert(*at == ']');
        at++;
    } else if (*at == '(') {
        at = words_to_json(at + 1, out);
    } else if (*at == '#') {
        at = read_word(at + 1, word);
        lb_set_textf(out, "$ref", "#/components/schemas/%s", word);
    } else {
        at = named_to_json(at, out);
    }
    if (*at != '~') return at;
    lb_value *type = lb_get(out, "type"), *copy = lb_value_object(out->arena);
    if (type && type->type == LB_STRING && !lb_get(out, "enum")) {
        const char *first = type->text;
        lb_value *both = lb_set_array(out, "type");
        lb_push_text(both, first);
        lb_push_text(both, "null");
    } else if (lb_get(out, "$ref") || lb_get(out, "enum")) {
        for (size_t i = 0; i < out->count; i++) lb_set(copy, out->key[i], out->item[i]);
        out->count = 0;
        lb_value *any = lb_set_array(out, "anyOf");
        lb_push(any, copy);
        lb_set_text(lb_push_object(any), "type", "null");
    }
    return at + 1;
}

lb_value *study_schema_json(const char *text, bool closed, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    const char *end = to_json(text, closed, out);
    assert(*end == '\0');
    (void)end;
    return out;
}

/* -- checking ------------------------------------------------------------------------------------------------- */

typedef struct check {
    const char *(*named)(const char *name);
    char path[200];
    int depth;
    lb_error *err;
    int code;
} check;

/* Past one type, without looking at a value. */
static const char *skip(const char *at)
{
    int depth = 0;
    for (;; at++) {
        if (strchr("{[(", *at) && *at) depth++;
        else if (*at && strchr("}])", *at) && depth-- == 0) return at;
        else if ((*at == ',' && depth == 0) || *at == '\0') return at;
    }
}

static void wrong(check *c, const char *what)
{
    if (c->code) return;
    c->code = lb_fail(c->err, LB_USAGE, "%s", what);
    lb_error_where(c->err, "%s", c->path[0] ? c->path : "body");
    lb_error_hint(c->err, "see GET /api/openapi.json");
}

static void check_at(check *c, const char *at, const lb_value *value);

static void check_below(check *c, const char *name, const char *at, const lb_value *value)
{
    size_t length = strlen(c->path);
    if (++c->depth > DEPTH) wrong(c, "it is nested too deeply");
    else {
        snprintf(c->path + length, sizeof c->path - length, "%s%.60s", length ? "." : "", name);
        check_at(c, at, value);
        if (!c->code) c->path[length] = '\0';
    }
    c->depth--;
}

static void check_object(check *c, const char *at, const lb_value *value)
{
    char word[NAME_LONGEST + 1];
    if (at[0] == '*') {
        for (size_t i = 0; i < value->count && !c->code; i++) check_below(c, value->key[i], at + 2, value->item[i]);
        return;
    }
    const char *fields = at;
    for (size_t i = 0; i < value->count && !c->code; i++) {
        const char *field = fields;
        for (; *field != '}'; field += *field == ',') {
            const char *type = read_word(field, word);
            type += *type == '?';
            if (strcmp(word, value->key[i]) == 0) {
                check_below(c, word, type + 1, value->item[i]);
                break;
            }
            field = skip(type + 1);
        }
        if (*field == '}') {
            check_below(c, value->key[i], "any", value->item[i]);
            size_t length = strlen(c->path);
            snprintf(c->path + length, sizeof c->path - length, "%s%.60s", length ? "." : "", value->key[i]);
            wrong(c, "there is no such field");
        }
    }
    for (const char *field = fields; *field != '}' && !c->code; field += *field == ',') {
        const char *type = read_word(field, word);
        if (*type != '?' && !lb_get(value, word)) {
            size_t length = strlen(c->path);
            snprintf(c->path + length, sizeof c->path - length, "%s%.60s", length ? "." : "", word);
            wrong(c, "this field is missing");
        }
        field = skip(type + (*type == '?') + 1);
    }
}

static bool one_of(const char *at, const char *text)
{
    char word[NAME_LONGEST + 1];
    while (*at != ')') {
        at = read_word(at, word);
        if (strcmp(word, text) == 0) return true;
        if (*at == '|') at++;
    }
    return false;
}

static bool is_plain(const char *word, const lb_value *value)
{
    static const struct {
        const char *word;
        lb_value_type type;
    } plain[] = {{"text", LB_STRING}, {"date", LB_STRING}, {"time", LB_STRING}, {"bool", LB_BOOL}, {"int", LB_INT}, {"object", LB_OBJECT}};
    if (strcmp(word, "any") == 0) return true;
    if (strcmp(word, "number") == 0) return lb_is_number(value);
    for (size_t i = 0; i < LB_COUNT(plain); i++)
        if (strcmp(plain[i].word, word) == 0) return plain[i].type == value->type;
    return false;
}

static void check_at(check *c, const char *at, const lb_value *value)
{
    char word[NAME_LONGEST + 1], message[120];
    const char *end = skip(at);
    if (value->type == LB_NULL && end > at && end[-1] == '~') return;
    if (*at == '{') {
        if (value->type != LB_OBJECT) wrong(c, "this must be an object");
        else check_object(c, at + 1, value);
    } else if (*at == '[') {
        if (value->type != LB_ARRAY) wrong(c, "this must be a list");
        for (size_t i = 0; value->type == LB_ARRAY && i < value->count && !c->code; i++) {
            snprintf(word, sizeof word, "[%zu]", i);
            check_below(c, word, at + 1, value->item[i]);
        }
    } else if (*at == '(') {
        if (value->type != LB_STRING || !one_of(at + 1, value->text)) {
            snprintf(message, sizeof message, "this must be one of %.*s", (int)(end - at > 90 ? 90 : end - at), at);
            wrong(c, message);
        }
    } else if (*at == '#') {
        read_word(at + 1, word);
        const char *named = c->named ? c->named(word) : NULL;
        assert(named);
        check_at(c, named, value);
    } else {
        read_word(at, word);
        if (is_plain(word, value)) return;
        snprintf(message, sizeof message, "this must be %s %s", strchr("aeiou", word[0]) ? "an" : "a", word);
        wrong(c, message);
    }
}

int study_schema_check(const char *text, const lb_value *value, const char *(*named)(const char *name), lb_error *err)
{
    check c = {.named = named, .err = err};
    check_at(&c, text, value);
    return c.code;
}
