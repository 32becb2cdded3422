/* Private to data: the tree of a formula, its terms, and expressions bound to columns. */
#ifndef LUMBAR_DATA_FORMULA_H
#define LUMBAR_DATA_FORMULA_H
#include <lumbar/data.h>

typedef enum lb_node_type {
    NODE_NAME,   /* text */
    NODE_DOT,
    NODE_NUMBER, /* number */
    NODE_CALL,   /* text(left[, right]) */
    NODE_BINARY, /* left op right */
    NODE_UNARY,  /* op right */
    NODE_PAREN,  /* (left) */
    NODE_BAR     /* (… | …), kept as text */
} lb_node_type;

typedef struct lb_node {
    lb_node_type type;
    char op; /* + - * / : ^ and '%' for %in% */
    const char *text;
    double number;
    struct lb_node *left, *right;
    size_t at; /* offset in the formula, for messages */
} lb_node;

struct lb_formula {
    const char *text;
    lb_node *response, *right; /* response NULL when one-sided */
    const char *bars;
    lb_arena *arena;
};

/** The node as R deparses it, "log(x)", "I(x^2)". */
const char *lb_node_text(const lb_node *node, lb_arena *arena);
/** Is it factor(name) or as.factor(name)? Then the name, else NULL. */
const char *lb_node_factor(const lb_node *node);

/* -- terms ---------------------------------------------------------------- */
enum { LB_TERM_WORDS = 16, LB_TERM_VARIABLES = 64 * LB_TERM_WORDS, LB_TERM_MAX = 5000 };
typedef struct lb_bits { uint64_t word[LB_TERM_WORDS]; } lb_bits;
typedef struct lb_terms {
    size_t count, capacity;
    lb_bits *term; /* in R's order: by number of variables, then as they appear */
    bool intercept;
    size_t variables;
    const lb_node **variable;    /* in order of appearance */
    const char **name;
    lb_arena *arena;
    const char *const *dot;      /* names that "." stands for */
    size_t dot_count;
} lb_terms;
int lb_terms_expand(const lb_formula *formula, const char *const *dot, size_t dot_count, lb_arena *arena, lb_terms *out,
                    lb_error *err) LB_MUST_CHECK;
bool lb_bits_has(const lb_bits *bits, size_t index);
/** Is every variable of `a` in `b`? */
bool lb_bits_within(const lb_bits *a, const lb_bits *b);
size_t lb_bits_count(const lb_bits *bits);

/* -- expressions bound to the columns of one table -------------------------- */
typedef struct lb_bound {
    lb_node_type type;
    char op;
    double number;
    const lb_column *column;
    double (*function)(double x);
    struct lb_bound *left, *right;
} lb_bound;
int lb_expression_bind(const lb_node *node, const lb_table *table, lb_arena *arena, lb_bound **out,
                       lb_error *err) LB_MUST_CHECK;
double lb_expression_at(const lb_bound *expression, size_t row);
/** Names of the raw columns in a node, in order of appearance, added to `names` when not yet there. */
void lb_node_columns(const lb_node *node, const char **names, size_t *count, size_t max);
#endif
