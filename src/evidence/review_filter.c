/* Conditions on contrasts, as a protocol writes them: terms joined by "and", each COLUMN == VALUE, !=, <, <=, >, >= or
 * COLUMN in (A, B). */
#include "evidence/review.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">", " in "};

static char *trimmed(lb_arena *arena, const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text)) text++, length--;
    while (length && isspace((unsigned char)text[length - 1])) length--;
    if (length > 1 && (*text == '"' || *text == '\'') && text[length - 1] == *text) text++, length -= 2;
    return lb_arena_textn(arena, text, length);
}

static bool equals(const lb_column *column, size_t row, const char *value)
{
    char buffer[32];
    double number;
    if (column->type == LB_NUMBER && lb_text_number(value, strlen(value), &number))
        return column->number[row] == number;
    return strcmp(lb_column_text(column, row, buffer), value) == 0;
}

static bool is_among(const lb_column *column, size_t row, const char *list, lb_arena *arena)
{
    size_t length = strlen(list), count;
    if (length > 1 && list[0] == '(' && list[length - 1] == ')') list = lb_arena_textn(arena, list + 1, length - 2);
    char **value = lb_text_split(arena, list, ',', &count);
    for (size_t i = 0; i < count; i++) {
        if (equals(column, row, value[i])) return true;
    }
    return false;
}

static int fault(lb_error *err, const char *text, const char *why)
{
    int code = lb_fail(err, LB_BAD_DATA, "the condition '%.120s' %s", text, why);
    lb_error_hint(err, "write terms such as rob != high, matched == 1, psych in (cbt, bt), joined by and");
    return code;
}

static int test_term(const lb_table *table, const char *term, size_t row, lb_arena *arena, bool *out, lb_error *err)
{
    size_t which = 0;
    const char *at = NULL;
    for (; which < LB_COUNT(operators) && !at; which++) at = strstr(term, operators[which]);
    if (!at) return fault(err, term, "has no comparison");
    const char *op = operators[--which];
    const char *name = trimmed(arena, term, (size_t)(at - term)),
               *value = trimmed(arena, at + strlen(op), strlen(at + strlen(op)));
    lb_column *column;
    int code = lb_table_column(table, name, &column, err);
    if (code) return code;
    *out = false;
    if (lb_column_missing(column, row)) return 0;
    if (which < 2) {
        *out = equals(column, row, value) == (which == 0);
        return 0;
    }
    if (which == 6) {
        *out = is_among(column, row, value, arena);
        return 0;
    }
    double limit;
    if (column->type != LB_NUMBER || !lb_text_number(value, strlen(value), &limit))
        return fault(err, term, "compares what is no number");
    double x = column->number[row];
    *out = which == 2 ? x <= limit : which == 3 ? x >= limit : which == 4 ? x < limit : x > limit;
    return 0;
}

int lb_review_condition(const lb_table *table, const char *text, size_t row, lb_arena *arena, bool *out, lb_error *err)
{
    *out = true;
    while (*out) {
        const char *next = strstr(text, " and ");
        const char *term = next ? lb_arena_textn(arena, text, (size_t)(next - text)) : text;
        int code = test_term(table, term, row, arena, out, err);
        if (code || !next) return code;
        text = next + 5;
    }
    return 0;
}
