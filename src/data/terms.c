/* Expands a formula into terms by R's rules (Wilkinson & Rogers 1973 as in R's terms.formula): + - * / : ^ %in% and ".",
 * a term being a set of variables; sorted by order, then by appearance. */
#include <math.h>
#include <string.h>

#include "formula.h"

typedef struct term_list {
    lb_bits *term;
    size_t count, capacity;
    uint32_t *slot; /* open-addressing index of a long list: place + 1, 0 = free; `slots` is a power of two */
    size_t slots;
} term_list;

static bool same(const lb_bits *a, const lb_bits *b) { return memcmp(a, b, sizeof *a) == 0; }

bool lb_bits_has(const lb_bits *bits, size_t index) { return bits->word[index / 64] >> (index % 64) & 1; }

bool lb_bits_within(const lb_bits *a, const lb_bits *b)
{
    for (size_t i = 0; i < LB_TERM_WORDS; i++) {
        if (a->word[i] & ~b->word[i]) return false;
    }
    return true;
}

size_t lb_bits_count(const lb_bits *bits)
{
    size_t count = 0;
    for (size_t i = 0; i < LB_TERM_WORDS; i++) count += (size_t)__builtin_popcountll(bits->word[i]);
    return count;
}

static lb_bits either(const lb_bits *a, const lb_bits *b)
{
    lb_bits both;
    for (size_t i = 0; i < LB_TERM_WORDS; i++) both.word[i] = a->word[i] | b->word[i];
    return both;
}

static int fault(lb_error *err, const char *what, const char *hint)
{
    lb_fail(err, LB_USAGE, "%s", what);
    lb_error_where(err, "formula");
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

static size_t hash(const lb_bits *term)
{
    uint64_t h = 0;
    for (size_t i = 0; i < LB_TERM_WORDS; i++) h = (h ^ term->word[i]) * 0x9E3779B97F4A7C15u;
    return (size_t)(h >> 32);
}

/* Slot of the term, or the free slot where it belongs. */
static size_t find_slot(const term_list *list, const lb_bits *term)
{
    size_t at = hash(term) & (list->slots - 1);
    while (list->slot[at] && !same(&list->term[list->slot[at] - 1], term)) at = (at + 1) & (list->slots - 1);
    return at;
}

static void grow(term_list *list, lb_arena *arena)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 4;
    lb_bits *grown = lb_arena_array(arena, capacity, sizeof *grown);
    if (list->count) memcpy(grown, list->term, list->count * sizeof *grown);
    list->term = grown;
    list->capacity = capacity;
    list->slots = 2 * capacity;
    list->slot = lb_arena_array(arena, list->slots, sizeof *list->slot);
    for (size_t i = 0; i < list->count; i++) list->slot[find_slot(list, &list->term[i])] = (uint32_t)i + 1;
}

/* Add a term that is not there yet. */
static int add(term_list *list, const lb_bits *term, lb_terms *terms, lb_error *err)
{
    if (list->count == list->capacity) grow(list, terms->arena);
    size_t slot = find_slot(list, term);
    if (list->slot[slot]) return LB_OK;
    if (list->count >= LB_TERM_MAX) return fault(err, "the formula expands to more than 5000 terms", "use fewer crossings");
    list->term[list->count++] = *term;
    list->slot[slot] = (uint32_t)list->count;
    return LB_OK;
}

static int add_variable(lb_terms *terms, const lb_node *node, term_list *out, lb_error *err)
{
    const char *name = lb_node_text(node, terms->arena);
    size_t i = 0;
    while (i < terms->variables && strcmp(terms->name[i], name) != 0) i++;
    if (i == terms->variables) {
        if (i == LB_TERM_VARIABLES) {
            return fault(err, "the formula has more than 1024 variables", "choose fewer columns than '.' stands for");
        }
        terms->variable[i] = node;
        terms->name[i] = name;
        terms->variables++;
    }
    lb_bits term = {{0}};
    term.word[i / 64] |= (uint64_t)1 << (i % 64);
    return add(out, &term, terms, err);
}

static int cross(const term_list *a, const term_list *b, term_list *out, lb_terms *terms, lb_error *err)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            lb_bits term = either(&a->term[i], &b->term[j]);
            int rc = add(out, &term, terms, err);
            if (rc) return rc;
        }
    }
    return LB_OK;
}

static int append(const term_list *from, term_list *out, lb_terms *terms, lb_error *err)
{
    int rc = LB_OK;
    for (size_t i = 0; i < from->count && !rc; i++) rc = add(out, &from->term[i], terms, err);
    return rc;
}

static lb_bits all_of(const term_list *list)
{
    lb_bits all = {{0}};
    for (size_t i = 0; i < list->count; i++) all = either(&all, &list->term[i]);
    return all;
}

static bool has(const term_list *list, const lb_bits *term) { return list->slots && list->slot[find_slot(list, term)]; }

static int remove_terms(const term_list *from, const term_list *what, term_list *out, lb_terms *terms, lb_error *err)
{
    int rc = LB_OK;
    for (size_t i = 0; i < from->count && !rc; i++) {
        if (!has(what, &from->term[i])) rc = add(out, &from->term[i], terms, err);
    }
    return rc;
}

static int expand(lb_terms *terms, const lb_node *node, bool adding, term_list *out, lb_error *err);

static int expand_power(lb_terms *terms, const lb_node *node, const term_list *base, term_list *out, lb_error *err)
{
    double n = node->right->type == NODE_NUMBER ? node->right->number : NAN;
    if (!(n >= 1 && n <= 20 && n == floor(n))) {
        return fault(err, "the power of a formula's part must be a whole number from 1 to 20", "for a square write I(x^2)");
    }
    int rc = append(base, out, terms, err);
    for (int k = 1; k < (int)n && !rc; k++) {
        term_list next = {0};
        rc = cross(out, base, &next, terms, err);
        bool settled = next.count == out->count;
        *out = next;
        if (settled) break;
    }
    return rc;
}

/* %in% joins every left term with all variables of the right; a / b is a + b within all variables of a. */
static int expand_nested(lb_terms *terms, char op, const term_list *left, const term_list *right, term_list *out,
                         lb_error *err)
{
    lb_bits all = all_of(op == '/' ? left : right);
    term_list shell = {.term = &all, .count = 1};
    if (op == '%') return cross(left, &shell, out, terms, err);
    int rc = append(left, out, terms, err);
    return rc ? rc : cross(right, &shell, out, terms, err);
}

static int expand_binary(lb_terms *terms, const lb_node *node, bool adding, term_list *out, lb_error *err)
{
    term_list left = {0}, right = {0};
    int rc = expand(terms, node->left, adding, &left, err);
    if (rc) return rc;
    if (node->op == '^') return expand_power(terms, node, &left, out, err);
    rc = expand(terms, node->right, node->op == '-' ? !adding : adding, &right, err);
    if (rc) return rc;
    switch (node->op) {
    case '-': return remove_terms(&left, &right, out, terms, err);
    case ':': return cross(&left, &right, out, terms, err);
    case '+':
        *out = left; /* grows in place: long sums stay linear in memory */
        return append(&right, out, terms, err);
    case '*':
        rc = append(&left, out, terms, err);
        if (!rc) rc = append(&right, out, terms, err);
        return rc ? rc : cross(&left, &right, out, terms, err);
    default: return expand_nested(terms, node->op, &left, &right, out, err);
    }
}

static int expand_dot(lb_terms *terms, term_list *out, lb_error *err)
{
    int rc = LB_OK;
    for (size_t i = 0; i < terms->dot_count && !rc; i++) {
        lb_node *node = lb_arena_alloc(terms->arena, sizeof *node);
        node->type = NODE_NAME;
        node->text = terms->dot[i];
        rc = add_variable(terms, node, out, err);
    }
    return rc;
}

static int expand(lb_terms *terms, const lb_node *node, bool adding, term_list *out, lb_error *err)
{
    switch (node->type) {
    case NODE_NUMBER:
        if (node->number != 0 && node->number != 1) {
            return fault(err, "a number other than 0 and 1 stands alone in the formula", "for arithmetic write I(…)");
        }
        terms->intercept = (node->number == 1) == adding;
        return LB_OK;
    case NODE_NAME:
    case NODE_CALL: return add_variable(terms, node, out, err);
    case NODE_DOT: return expand_dot(terms, out, err);
    case NODE_PAREN: return expand(terms, node->left, adding, out, err);
    case NODE_BAR: return LB_OK;
    case NODE_UNARY: {
        term_list ignored = {0};
        return expand(terms, node->right, node->op == '-' ? !adding : adding, node->op == '-' ? &ignored : out, err);
    }
    case NODE_BINARY: return expand_binary(terms, node, adding, out, err);
    }
    return LB_OK;
}

int lb_terms_expand(const lb_formula *formula, const char *const *dot, size_t dot_count, lb_arena *arena, lb_terms *out,
                    lb_error *err)
{
    *out = (lb_terms){.intercept = true, .arena = arena, .dot = dot, .dot_count = dot_count};
    out->variable = lb_arena_array(arena, LB_TERM_VARIABLES, sizeof *out->variable);
    out->name = lb_arena_array(arena, LB_TERM_VARIABLES, sizeof *out->name);
    term_list list = {0};
    int rc = expand(out, formula->right, true, &list, err);
    if (rc) return rc;
    out->term = lb_arena_array(arena, list.count + 1, sizeof *out->term);
    size_t highest = 0;
    for (size_t i = 0; i < list.count; i++) {
        size_t order = lb_bits_count(&list.term[i]);
        highest = order > highest ? order : highest;
    }
    for (size_t order = 1; order <= highest; order++) {
        for (size_t i = 0; i < list.count; i++) {
            if (lb_bits_count(&list.term[i]) == order) out->term[out->count++] = list.term[i];
        }
    }
    return LB_OK;
}
