/* The people a model is made from. Inputs are open to see; the outcome is not: it is handed out for given rows only, by lb_view_open(),
 * which writes down who asked. Nothing can therefore be fitted on rows without the ledger knowing. */
#ifndef LUMBAR_PREDICT_COHORT_H
#define LUMBAR_PREDICT_COHORT_H

#include "predict/ledger.h"

typedef struct lb_input {
    const char *name, *label, *label_zh, *unit, *kind; /**< kind: "clinical", "radiomic", … as the plan says */
    bool category;
    const char **level;
    size_t levels;
    double plausible_min, plausible_max;               /**< NaN: not stated */
    double *value;                                     /**< n; a category as the index of its level; NaN missing */
    double *repeat;                                    /**< n: a second reading, or NULL */
    bool harmonise, keep, unknown_allowed;             /**< moved by batch; never dropped by selection; may be unknown at the bedside */
} lb_input;

/** An outcome known at the end of follow-up, or a time to an event looked at up to a horizon. */
typedef struct lb_outcome_data {
    const double *event; /**< n: 1, 0, NaN unknown */
    const double *time;  /**< n, or NULL: no follow-up time is involved */
    double horizon;
} lb_outcome_data;

typedef struct lb_cohort lb_cohort;

lb_cohort *lb_cohort_new(size_t n, lb_input *input, size_t inputs, const int32_t *group, int32_t batch_input, const lb_outcome_data *outcome,
                         lb_arena *arena);
size_t lb_cohort_rows(const lb_cohort *cohort);
size_t lb_cohort_inputs(const lb_cohort *cohort);
const lb_input *lb_cohort_input(const lb_cohort *cohort, size_t index);
const double *lb_cohort_row(const lb_cohort *cohort, size_t row); /**< its inputs, in order */
const int32_t *lb_cohort_group(const lb_cohort *cohort);          /**< person of each row, 0 … */
int32_t lb_cohort_batch(const lb_cohort *cohort);                 /**< input that says the batch, or -1 */
/** The same people with outcomes dealt anew. */
lb_cohort *lb_cohort_permuted(const lb_cohort *cohort, lb_random *random, lb_arena *arena);
/** How many know their outcome, and of these have the event: for planning only. */
void lb_cohort_count(const lb_cohort *cohort, size_t *known, size_t *events, size_t *censored);

/** Rows with known outcome among those asked for. Weighted by the inverse chance of being still watched (Kaplan-Meier of the
 *  censoring in these rows; Graf et al. 1999, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5), mean 1. */
typedef struct lb_view {
    const lb_cohort *cohort;
    size_t n, events;
    const size_t *row;
    const double *event, *weight; /**< weight NULL: all 1 */
    const int32_t *group;
} lb_view;

/** To fit `step` on these rows (they may repeat). */
lb_view lb_view_open(const lb_cohort *cohort, lb_fit_ledger *ledger, const char *scope, const char *step, const size_t *row, size_t n, lb_arena *arena);
/** To judge on these rows; apparent: on the very rows fitted on, for the optimism. */
lb_view lb_view_judge(const lb_cohort *cohort, lb_fit_ledger *ledger, const char *scope, const char *what, const size_t *row, size_t n, bool apparent,
                      lb_arena *arena);

/** Folds 0 … by group, events spread evenly; returns how many are used: at most as many as there are groups of either outcome. */
size_t lb_deal_folds(const double *y, const int32_t *group, size_t n, size_t folds, lb_random *random, size_t *fold, lb_arena *arena);
/** A share of the groups of each kind (outcome known and 1, 0; unknown) for training: train[i] of the n rows. The outcome is used for
 *  balance only, and the ledger says so. */
void lb_split(const lb_cohort *cohort, lb_fit_ledger *ledger, const char *scope, double share, lb_random *random, bool *train, lb_arena *arena);

#endif
