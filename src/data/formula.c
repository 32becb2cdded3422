/* Reads R's formula language into a tree (R Language Definition, "Syntax and examples"; precedence from low to high:
 * ~, + -, * /, %in%, :, unary minus, ^). Depth and size are limited because formulas come from outside. */
#include <stdlib.h>
#include <string.h>

#include "formula.h"

enum { MAX_LENGTH = 65536, MAX_DEPTH = 100, MAX_NODES = 8192 };

typedef struct parser {
    const char *text;
    size_t at;
    int depth;
    size_t nodes;
    lb_arena *arena;
    lb_error *err;
    lb_buf bars;
} parser;

static lb_node *sum(parser *p);

static lb_node *fault(parser *p, const char *what)
{
    if (p->err && p->err->code) return NULL; /* the first one counts */
    if (p->text[p->at]) {
        int length = 1;
        while (length < 12 && ((unsigned char)p->text[p->at + (size_t)length] & 0xC0) == 0x80) length++;
        lb_fail(p->err, LB_USAGE, "the formula has %s at character %zu, before '%.*s'", what, p->at + 1, length,
                p->text + p->at);
    } else {
        lb_fail(p->err, LB_USAGE, "the formula has %s at its end", what);
    }
    lb_error_where(p->err, "formula");
    lb_error_hint(p->err, "write it as in R, e.g. odi_12m ~ odi_0 + arm * sex + I(age^2); odd column names go in `backquotes`");
    return NULL;
}

static void space(parser *p)
{
    while (p->text[p->at] == ' ' || p->text[p->at] == '\t' || p->text[p->at] == '\n' || p->text[p->at] == '\r') p->at++;
}

static bool take(parser *p, char c)
{
    space(p);
    if (p->text[p->at] != c) return false;
    p->at++;
    return true;
}

static lb_node *make(parser *p, lb_node_type type, size_t at)
{
    if (++p->nodes > MAX_NODES) return fault(p, "too many parts");
    lb_node *node = lb_arena_alloc(p->arena, sizeof *node);
    node->type = type;
    node->at = at;
    return node;
}

static lb_node *binary(parser *p, char op, lb_node *left, lb_node *right)
{
    if (!left || !right) return NULL;
    lb_node *node = make(p, NODE_BINARY, left->at);
    if (!node) return NULL;
    node->op = op;
    node->left = left;
    node->right = right;
    return node;
}

static bool name_start(unsigned char c) { return (c | 32) >= 'a' && (c | 32) <= 'z' ? true : c >= 0x80; }
static bool digit(unsigned char c) { return c >= '0' && c <= '9'; }
static bool name_part(unsigned char c) { return name_start(c) || digit(c) || c == '.' || c == '_'; }

static lb_node *number(parser *p)
{
    size_t start = p->at;
    const char *t = p->text;
    while (digit((unsigned char)t[p->at])) p->at++;
    if (t[p->at] == '.') p->at++;
    while (digit((unsigned char)t[p->at])) p->at++;
    if ((t[p->at] | 32) == 'e') {
        size_t exponent = p->at + 1;
        if (t[exponent] == '+' || t[exponent] == '-') exponent++;
        if (digit((unsigned char)t[exponent])) {
            while (digit((unsigned char)t[exponent])) exponent++;
            p->at = exponent;
        }
    }
    lb_node *node = make(p, NODE_NUMBER, start);
    if (!node) return NULL;
    if (!lb_text_number(t + start, p->at - start, &node->number)) return fault(p, "a number that cannot be read");
    return node;
}

static lb_node *call(parser *p, lb_node *node)
{
    node->type = NODE_CALL;
    node->left = sum(p);
    if (!node->left) return NULL;
    if (take(p, ',')) {
        node->right = sum(p);
        if (!node->right) return NULL;
    }
    return take(p, ')') ? node : fault(p, "no closing parenthesis");
}

static lb_node *name(parser *p)
{
    size_t start = p->at;
    const char *t = p->text;
    lb_node *node = make(p, NODE_NAME, start);
    if (!node) return NULL;
    if (t[p->at] == '`') {
        const char *end = strchr(t + p->at + 1, '`');
        if (!end || end == t + p->at + 1) return fault(p, end ? "an empty name" : "a backquote that is not closed");
        node->text = lb_arena_textn(p->arena, t + p->at + 1, (size_t)(end - t) - p->at - 1);
        p->at = (size_t)(end - t) + 1;
        return node;
    }
    while (name_part((unsigned char)t[p->at])) p->at++;
    node->text = lb_arena_textn(p->arena, t + start, p->at - start);
    if (!strcmp(node->text, ".")) {
        node->type = NODE_DOT;
        return node;
    }
    return take(p, '(') ? call(p, node) : node;
}

/* After "(": a sum, or the two sides of a bar. */
static lb_node *inside(parser *p, size_t start)
{
    lb_node *node = make(p, NODE_PAREN, start), *content = node ? sum(p) : NULL;
    if (!content) return NULL;
    node->left = content;
    bool bar = false;
    while (take(p, '|')) {
        bar = true;
        take(p, '|');
        if (!sum(p)) return NULL;
    }
    if (!take(p, ')')) return fault(p, "no closing parenthesis");
    if (bar) {
        node->type = NODE_BAR;
        if (p->bars.length) lb_buf_puts(&p->bars, " + ");
        lb_buf_add(&p->bars, p->text + start, p->at - start);
    }
    return node;
}

static lb_node *primary(parser *p)
{
    space(p);
    size_t start = p->at;
    unsigned char c = (unsigned char)p->text[start];
    if (c == '(') {
        p->at++;
        return inside(p, start);
    }
    if (digit(c) || (c == '.' && digit((unsigned char)p->text[start + 1]))) return number(p);
    if (name_start(c) || c == '.' || c == '`') return name(p);
    return fault(p, c ? "something unexpected" : "something missing");
}

static lb_node *power(parser *p);

static lb_node *sign(parser *p)
{
    space(p);
    char c = p->text[p->at];
    if (c != '-' && c != '+') return power(p);
    if (p->depth >= MAX_DEPTH) return fault(p, "too many levels");
    size_t start = p->at++;
    p->depth++;
    lb_node *node = make(p, NODE_UNARY, start), *operand = node ? sign(p) : NULL;
    p->depth--;
    if (!operand) return NULL;
    node->op = c;
    node->right = operand;
    return node;
}

static lb_node *power(parser *p)
{
    lb_node *left = primary(p);
    if (!left || !take(p, '^')) return left;
    if (p->depth >= MAX_DEPTH) return fault(p, "too many levels");
    p->depth++;
    lb_node *right = sign(p); /* ^ binds to the right, and takes a sign */
    p->depth--;
    return binary(p, '^', left, right);
}

static lb_node *colon(parser *p)
{
    lb_node *node = sign(p);
    while (node && take(p, ':')) node = binary(p, ':', node, sign(p));
    return node;
}

static lb_node *within(parser *p)
{
    lb_node *node = colon(p);
    while (node) {
        space(p);
        if (strncmp(p->text + p->at, "%in%", 4) != 0) return node;
        p->at += 4;
        node = binary(p, '%', node, colon(p));
    }
    return NULL;
}

static lb_node *product(parser *p)
{
    lb_node *node = within(p);
    while (node) {
        if (take(p, '*')) node = binary(p, '*', node, within(p));
        else if (take(p, '/')) node = binary(p, '/', node, within(p));
        else return node;
    }
    return NULL;
}

static lb_node *sum(parser *p)
{
    if (p->depth >= MAX_DEPTH) return fault(p, "too many levels");
    p->depth++;
    space(p);
    size_t start = p->at;
    char c = p->text[start];
    lb_node *node;
    if (c == '-' || c == '+') { /* a sign in front of a whole product: "-1 + x", "- a:b" */
        p->at++;
        lb_node *operand = product(p);
        node = operand ? make(p, NODE_UNARY, start) : NULL;
        if (node) {
            node->op = c;
            node->right = operand;
        }
    } else {
        node = product(p);
    }
    while (node) {
        if (take(p, '+')) node = binary(p, '+', node, product(p));
        else if (take(p, '-')) node = binary(p, '-', node, product(p));
        else break;
    }
    p->depth--;
    return node;
}

int lb_formula_parse(const char *text, lb_arena *arena, lb_formula **out, lb_error *err)
{
    lb_error own = LB_ERROR_INIT;
    parser p = {.text = text, .arena = arena, .err = err ? err : &own};
    p.err->code = 0;
    *out = NULL;
    size_t length = strlen(text);
    if (length > MAX_LENGTH) {
        lb_fail(p.err, LB_USAGE, "the formula has %zu characters; at most %d are read", length, MAX_LENGTH);
        lb_error_where(p.err, "formula");
        return p.err->code;
    }
    if (lb_utf8_bad(text, length) < length) {
        lb_fail(p.err, LB_USAGE, "the formula is not UTF-8 text");
        lb_error_where(p.err, "formula");
        return p.err->code;
    }
    lb_formula *formula = lb_arena_alloc(arena, sizeof *formula);
    formula->text = lb_arena_text(arena, text);
    formula->arena = arena;
    if (!take(&p, '~')) {
        formula->response = sum(&p);
        if (formula->response && !take(&p, '~')) fault(&p, "no ~");
    }
    p.bars.length = 0;
    if (!p.err->code) formula->right = sum(&p);
    space(&p);
    if (!p.err->code && p.text[p.at]) fault(&p, "something unexpected");
    if (p.bars.length) formula->bars = lb_arena_text(arena, p.bars.data);
    lb_buf_free(&p.bars);
    if (p.err->code) return p.err->code;
    *out = formula;
    return LB_OK;
}

/* ---- the columns it names ---- */

typedef struct names {
    const char **name;
    size_t count, room;
    lb_arena *arena;
} names;

static void gather(names *all, const lb_node *node)
{
    if (!node) return;
    if (node->type == NODE_NAME) {
        all->name = lb_arena_grow(all->arena, (void *)all->name, all->count, &all->room, 16, sizeof *all->name);
        all->name[all->count++] = node->text;
    }
    gather(all, node->left);
    gather(all, node->right);
}

const char *const *lb_formula_names(const lb_formula *formula, lb_arena *arena, size_t *count)
{
    names all = {.arena = arena};
    gather(&all, formula->response);
    gather(&all, formula->right);
    *count = all.count;
    return all.name;
}
