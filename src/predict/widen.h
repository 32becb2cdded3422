/* From the long tables of a study's snapshot, one row per measured thing, to one row per person. */
#ifndef LUMBAR_PREDICT_WIDEN_H
#define LUMBAR_PREDICT_WIDEN_H

#include "predict/model_plan.h"

/** The tables with those that `data.widen` names made wide, and the second readings as a table of their own (`data.second_reading`).
 *  A table that is wide already stays. No outcome is looked at. `about`: an array that gets one text per widened table, or NULL. */
int lb_model_plan_widen(const lb_model_plan *plan, lb_table *const *table, size_t tables, lb_table ***out, size_t *count, lb_value *about, lb_error *err)
    LB_MUST_CHECK;
/** Only what can be said of `data.widen` without tables. */
int lb_model_plan_widen_check(const lb_model_plan *plan, lb_error *err) LB_MUST_CHECK;

#endif
