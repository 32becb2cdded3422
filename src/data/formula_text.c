/* A part of a formula as R deparses it: spaces around + - *, none around / : ^, numbers with 15 digits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formula.h"

static bool plain_name(const char *text)
{
    if (!text[0] || (text[0] >= '0' && text[0] <= '9') || text[0] == '_') return false;
    if (text[0] == '.' && text[1] >= '0' && text[1] <= '9') return false;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool letter = ((*c | 32) >= 'a' && (*c | 32) <= 'z') || *c >= 0x80;
        if (!letter && !(*c >= '0' && *c <= '9') && *c != '.' && *c != '_') return false;
    }
    return true;
}

/* Fewest digits (at most 15) that give the value; fixed notation unless the scientific one is shorter. */
static void put_number(double x, lb_buf *out)
{
    char scientific[40], fixed[400];
    int digits = 1;
    for (; digits < 15; digits++) {
        snprintf(scientific, sizeof scientific, "%.*e", digits - 1, x);
        char full[40];
        snprintf(full, sizeof full, "%.14e", x);
        if (strtod(scientific, NULL) == strtod(full, NULL)) break;
    }
    snprintf(scientific, sizeof scientific, "%.*e", digits - 1, x);
    int exponent = x == 0 ? 0 : (int)floor(log10(fabs(x)));
    int decimals = digits - 1 - exponent;
    snprintf(fixed, sizeof fixed, "%.*f", decimals > 0 ? decimals : 0, x);
    lb_buf_puts(out, strlen(fixed) <= strlen(scientific) ? fixed : scientific);
}

static void put(const lb_node *node, lb_buf *out)
{
    switch (node->type) {
    case NODE_NAME:
        lb_buf_printf(out, plain_name(node->text) ? "%s" : "`%s`", node->text);
        return;
    case NODE_DOT: lb_buf_putc(out, '.'); return;
    case NODE_NUMBER: put_number(node->number, out); return;
    case NODE_CALL:
        lb_buf_printf(out, "%s(", node->text);
        put(node->left, out);
        if (node->right) {
            lb_buf_puts(out, ", ");
            put(node->right, out);
        }
        lb_buf_putc(out, ')');
        return;
    case NODE_UNARY:
        lb_buf_putc(out, node->op);
        put(node->right, out);
        return;
    case NODE_PAREN:
    case NODE_BAR:
        lb_buf_putc(out, '(');
        put(node->left, out);
        lb_buf_putc(out, ')');
        return;
    case NODE_BINARY: break;
    }
    put(node->left, out);
    if (node->op == '%') lb_buf_puts(out, " %in% ");
    else lb_buf_printf(out, strchr("/:^", node->op) ? "%c" : " %c ", node->op);
    put(node->right, out);
}

const char *lb_node_text(const lb_node *node, lb_arena *arena)
{
    lb_buf buf = {0};
    put(node, &buf);
    const char *text = lb_arena_text(arena, buf.data ? buf.data : "");
    lb_buf_free(&buf);
    return text;
}

const char *lb_node_factor(const lb_node *node)
{
    if (node->type != NODE_CALL || node->right || node->left->type != NODE_NAME) return NULL;
    return !strcmp(node->text, "factor") || !strcmp(node->text, "as.factor") ? node->left->text : NULL;
}

void lb_node_columns(const lb_node *node, const char **names, size_t *count, size_t max)
{
    if (!node) return;
    if (node->type == NODE_NAME) {
        for (size_t i = 0; i < *count; i++) {
            if (!strcmp(names[i], node->text)) return;
        }
        if (*count < max) names[(*count)++] = node->text;
        return;
    }
    lb_node_columns(node->left, names, count, max);
    lb_node_columns(node->right, names, count, max);
}
