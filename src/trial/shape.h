/* What a protocol file may say: shapes (keys, kinds, which are required) and the walker that holds a file against them.
 * One table is the grammar, its check, and the source of "nearest valid word". */
#ifndef LUMBAR_TRIAL_SHAPE_H
#define LUMBAR_TRIAL_SHAPE_H

#include <lumbar/trial.h>

typedef enum shape_kind {
    SHAPE_TEXT,
    SHAPE_ID,      /* letters, digits, _ and - */
    SHAPE_LABEL,   /* a text, or {en:, zh:, da:} */
    SHAPE_LABELS,  /* a list of labels, or one */
    SHAPE_INT,
    SHAPE_NUMBER,
    SHAPE_BOOL,
    SHAPE_DATE,
    SHAPE_CHOICE,
    SHAPE_RULE,    /* a Lua expression; compiled by the reader */
    SHAPE_SCALAR,
    SHAPE_TEXTS,   /* a list of texts, or one */
    SHAPE_SCALARS, /* a list of texts or numbers */
    SHAPE_NUMBERS,
    SHAPE_RANGE,   /* two numbers, the first not above the second */
    SHAPE_CODES,   /* {code: label, …} or the name of a code list */
    SHAPE_NUMBER_MAP, /* {name: number, …} */
    SHAPE_LABEL_MAP,  /* {name: label, …} */
    SHAPE_OBJECT,
    SHAPE_LIST,    /* of objects */
    SHAPE_LISTS,   /* {name: {code: label}} */
    SHAPE_ANY
} shape_kind;

enum { SHAPE_REQUIRED = 1 };

struct shape;
typedef struct shape_key {
    const char *key;
    shape_kind kind;
    unsigned flags;
    const struct shape *shape; /* OBJECT, LIST */
    const char *choices;       /* CHOICE: comma list */
} shape_key;

typedef struct shape {
    const char *name; /* for messages: "visit" */
    const shape_key *key;
    size_t count;
} shape;

extern const shape trial_shape_study;
extern const shape trial_shape_instrument;

/* Where flaws of a file are gathered. */
typedef struct flaws {
    const lb_bytes *bytes;
    lb_arena *arena;
    lb_value *findings;
    size_t errors;
    lb_error *first;
} flaws;

void trial_flaw(flaws *f, const lb_value *at, const char *severity, const char *hint, const char *fmt, ...) LB_PRINTF(5, 6);
/** The same at the key `key` of an object (found again in the text). */
void trial_flaw_key(flaws *f, const lb_value *object, const char *key, const char *severity, const char *hint, const char *fmt, ...)
    LB_PRINTF(6, 7);
/** "did you mean 'x'?" or the list of words, as a hint in the arena. */
const char *trial_nearest(flaws *f, const char *word, const char *const *words, size_t count);
void trial_shape_check(flaws *f, const lb_value *value, const shape *of);

#endif
