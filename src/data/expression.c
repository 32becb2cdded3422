/* Arithmetic of formulas: an expression such as log(x) or I((a + b)^2) bound to the columns of a table and evaluated
 * row by row. Only the functions listed here are known. */
#include <math.h>
#include <string.h>

#include "formula.h"

static double identity(double x) { return x; }

static const struct known_function {
    const char *name;
    double (*function)(double x);
} known[] = {{"I", identity}, {"log", log},   {"log2", log2}, {"log10", log10}, {"log1p", log1p}, {"exp", exp},
             {"sqrt", sqrt},  {"abs", fabs}, {"expm1", expm1}};

static int unknown_function(const lb_node *node, lb_error *err)
{
    const char *names[LB_COUNT(known) + 1];
    for (size_t i = 0; i < LB_COUNT(known); i++) names[i] = known[i].name;
    names[LB_COUNT(known)] = "factor";
    const char *nearest = lb_text_nearest(node->text, names, LB_COUNT(names));
    lb_fail(err, LB_USAGE, "the formula uses the function '%s', which is not known", node->text);
    lb_error_where(err, "formula");
    if (nearest) lb_error_hint(err, "did you mean '%s'?", nearest);
    else lb_error_hint(err, "known are I, log, log2, log10, log1p, exp, expm1, sqrt, abs and factor");
    return LB_USAGE;
}

static int bind_call(const lb_node *node, const lb_table *table, lb_arena *arena, lb_bound *to, lb_error *err)
{
    if (lb_node_factor(node)) {
        lb_fail(err, LB_USAGE, "the formula uses a factor inside an expression");
        lb_error_where(err, "formula");
        lb_error_hint(err, "use %s on its own, as a term", node->text);
        return LB_USAGE;
    }
    for (size_t i = 0; i < LB_COUNT(known) && !to->function; i++) {
        if (!strcmp(known[i].name, node->text)) to->function = known[i].function;
    }
    if (!to->function) return unknown_function(node, err);
    if (node->right && to->function != log) {
        lb_fail(err, LB_USAGE, "the function '%s' takes one argument", node->text);
        lb_error_where(err, "formula");
        return LB_USAGE;
    }
    int rc = lb_expression_bind(node->left, table, arena, &to->left, err);
    if (rc || !node->right) return rc;
    return lb_expression_bind(node->right, table, arena, &to->right, err); /* log(x, base) */
}

int lb_expression_bind(const lb_node *node, const lb_table *table, lb_arena *arena, lb_bound **out, lb_error *err)
{
    lb_bound *to = *out = lb_arena_alloc(arena, sizeof *to);
    lb_column *column;
    int rc = LB_OK;
    to->type = node->type;
    to->op = node->op;
    to->number = node->number;
    switch (node->type) {
    case NODE_NUMBER: return LB_OK;
    case NODE_NAME:
        rc = lb_table_number(table, node->text, &column, err);
        if (rc == LB_OK) to->column = column;
        return rc;
    case NODE_CALL: return bind_call(node, table, arena, to, err);
    case NODE_PAREN: return lb_expression_bind(node->left, table, arena, &to->left, err);
    case NODE_UNARY: return lb_expression_bind(node->right, table, arena, &to->right, err);
    case NODE_BINARY:
        if (node->op == ':' || node->op == '%') break;
        rc = lb_expression_bind(node->left, table, arena, &to->left, err);
        return rc ? rc : lb_expression_bind(node->right, table, arena, &to->right, err);
    case NODE_DOT:
    case NODE_BAR: break;
    }
    lb_fail(err, LB_USAGE, "the formula holds something that is not arithmetic inside an expression");
    lb_error_where(err, "formula");
    lb_error_hint(err, "inside functions use + - * / ^ on numeric columns");
    return LB_USAGE;
}

static double arithmetic(char op, double a, double b)
{
    switch (op) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    default: return b == 2 ? a * a : pow(a, b); /* R squares by multiplying */
    }
}

double lb_expression_at(const lb_bound *e, size_t row)
{
    switch (e->type) {
    case NODE_NUMBER: return e->number;
    case NODE_NAME: return e->column->number[row];
    case NODE_PAREN: return lb_expression_at(e->left, row);
    case NODE_UNARY: return e->op == '-' ? -lb_expression_at(e->right, row) : lb_expression_at(e->right, row);
    case NODE_BINARY: return arithmetic(e->op, lb_expression_at(e->left, row), lb_expression_at(e->right, row));
    default: break;
    }
    double x = lb_expression_at(e->left, row);
    if (!e->right) return e->function(x);
    double base = lb_expression_at(e->right, row);
    return base == 10 ? log10(x) : base == 2 ? log2(x) : log(x) / log(base);
}
