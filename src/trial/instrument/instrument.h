/* Scoring of instruments: codes in, score or reason out. No item wording: texts load from a site's licensed file. */
#ifndef LUMBAR_TRIAL_INSTRUMENT_H
#define LUMBAR_TRIAL_INSTRUMENT_H
#include <lumbar/op.h>

/** One row being scored. A scorer fills `out` with "score" and, when there is none, "reason". */
typedef struct lb_scoring {
    lb_call *call;       /**< for options */
    const lb_table *table;
    size_t row;
    lb_value *out;
} lb_scoring;

/** The cell as a whole number in low..high. Returns 1 present, 0 missing, -1 out of range (then the reason is set). */
int lb_scoring_item(lb_scoring *s, const char *column, int64_t low, int64_t high, int64_t *value);
/** The same for any number. */
int lb_scoring_number(lb_scoring *s, const char *column, double low, double high, double *value);
void lb_scoring_none(lb_scoring *s, const char *fmt, ...) LB_PRINTF(2, 3);
/** numerator / denominator rounded half up to `digits` decimals, decided in integers: 35.55 is 35.6 on every machine. */
double lb_round_half_up(int64_t numerator, int64_t denominator, int digits);

int lb_score_odi(lb_scoring *s, lb_error *err);
int lb_score_rmdq(lb_scoring *s, lb_error *err);
int lb_score_joa29(lb_scoring *s, lb_error *err);
int lb_score_recovery_rate(lb_scoring *s, lb_error *err);
int lb_score_change(lb_scoring *s, lb_error *err);
int lb_score_recurrence(lb_scoring *s, lb_error *err);
int lb_score_eq5d3l(lb_scoring *s, lb_error *err);
int lb_score_eq5d5l(lb_scoring *s, lb_error *err);
/** Whole table: one row per person, weeks beside it. */
int lb_score_adherence(lb_call *call, const lb_table *table, lb_value *results, lb_error *err);
#endif
