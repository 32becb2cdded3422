/* Judgements of risk of bias: what words mean, how they look. */
#ifndef LUMBAR_EVIDENCE_ROB_H
#define LUMBAR_EVIDENCE_ROB_H

#include <lumbar/figure.h>

enum { LB_ROB_LEVELS = 5, LB_ROB_MOST_DOMAINS = 12 };

typedef struct lb_rob_level {
    const char *name, *symbol, *colour, *words, *words_zh;
} lb_rob_level;
/** low, some, high, critical, none: symbol and colour (Okabe & Ito, safe for colour-blind readers) say the same. */
extern const lb_rob_level lb_rob_levels[LB_ROB_LEVELS];

/** Of a word of RoB 1, RoB 2, ROBINS-I, QUADAS-2 or QUIPS; -1 when it is none. */
int lb_rob_level_of(const char *text);
/** A light: circle with its symbol. */
void lb_rob_draw(lb_svg *svg, double x, double y, double radius, int level);

/** Judgements of many studies, drawn as traffic lights with weighted summary bars. */
typedef struct lb_rob_table {
    size_t studies, domains;
    const char **study, *domain[LB_ROB_MOST_DOMAINS];
    int (*level)[LB_ROB_MOST_DOMAINS];
    double *weight;
    bool overall; /**< the last domain is the overall judgement */
} lb_rob_table;
/** Columns of `table` that hold judgements; the first column names the study. weight may be NULL. */
int lb_rob_read(const lb_table *table, const lb_column *weight, lb_arena *arena, lb_rob_table *out, lb_error *err) LB_MUST_CHECK;
/** SVG; percentages per domain go to `rows`. */
const char *lb_rob_picture(const lb_rob_table *table, lb_value *rows, lb_arena *arena);
#endif
