/* Intercurrent events of reference-based imputation: outcomes from the visit of the event on are set aside, so that they are
 * imputed by the strategy as if the person had left (hypothetical and reference-based strategies of ICH E9(R1)). */
#include <math.h>
#include <string.h>

#include "reference.h"

/* The outcome's column: the left side of the formula, which must be a column as it is. */
static int outcome_column(const char *formula, lb_table *table, lb_arena *arena, lb_column **out, lb_error *err)
{
    const char *tilde = strchr(formula, '~');
    size_t length = tilde ? (size_t)(tilde - formula) : 0;
    while (length && (*formula == ' ' || *formula == '`')) formula++, length--;
    while (length && (formula[length - 1] == ' ' || formula[length - 1] == '`')) length--;
    int code = lb_table_number(table, lb_arena_textn(arena, formula, length), out, err);
    if (code) lb_error_hint(err, "with --ice the outcome must be a column, without a function around it");
    return code;
}

static size_t place_of(const char *const *visit, size_t count, const char *name)
{
    size_t k = 0;
    while (k < count && strcmp(visit[k], name) != 0) k++;
    return k;
}

int lb_reference_set_aside(lb_call *call, lb_table **table, lb_result *result, lb_error *err)
{
    const char *ice = lb_call_text(call, "ice");
    if (!ice) return 0;
    lb_arena *arena = lb_call_arena(call);
    lb_table *copy = lb_arena_alloc(arena, sizeof *copy);
    *copy = **table;
    copy->column = lb_arena_array(arena, copy->columns + 1, sizeof *copy->column);
    memcpy(copy->column, (*table)->column, copy->columns * sizeof *copy->column);
    lb_column *outcome, event, visit;
    int code = outcome_column(lb_call_text(call, "formula"), copy, arena, &outcome, err);
    if (!code) code = lb_table_factor(copy, ice, arena, &event, err);
    if (!code) code = lb_table_factor(copy, lb_call_text(call, "visit"), arena, &visit, err);
    if (code) return code;
    const char *const *order;
    size_t count = lb_call_texts(call, "visits", &order), set_aside = 0;
    if (!count) {
        order = visit.level;
        count = visit.level_count;
    }
    double *number = lb_arena_array(arena, copy->rows + 1, sizeof *number);
    memcpy(number, outcome->number, copy->rows * sizeof *number);
    for (size_t r = 0; r < copy->rows; r++) {
        if (event.code[r] < 0 || visit.code[r] < 0) continue;
        size_t from = place_of(order, count, event.level[event.code[r]]), now = place_of(order, count, visit.level[visit.code[r]]);
        if (from == count) {
            lb_fail(err, LB_BAD_DATA, "'%.60s' in column %s is not one of the visits", event.level[event.code[r]], ice);
            lb_error_where(err, "%s, row %zu", copy->name, r + 2);
            lb_error_hint(err, "give the first visit at which the event holds, or leave the cell empty");
            return LB_BAD_DATA;
        }
        if (now == count || now < from || isnan(number[r])) continue;
        number[r] = NAN;
        set_aside++;
    }
    outcome->number = number;
    outcome->missing += set_aside;
    *table = copy;
    lb_set_int(result->results, "set_aside", (int64_t)set_aside);
    lb_result_note(result, "Intercurrent events: %zu outcomes from the visit in column %s on are set aside and imputed by the strategy.", set_aside, ice);
    return 0;
}
