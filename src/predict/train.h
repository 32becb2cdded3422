/* Training by plan: the parts of the operation and its report. */
#ifndef LUMBAR_PREDICT_TRAIN_H
#define LUMBAR_PREDICT_TRAIN_H

#include "predict/model_document.h"

/** Sample size by Riley, before anything is fitted; through the operation predict samplesize. */
int lb_train_sample_size(lb_call *call, const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, lb_value *out, lb_result *result,
                         lb_error *err) LB_MUST_CHECK;
/** Everything found, as the outcome's part of the results. */
int lb_train_results(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, lb_value *out, lb_result *result, lb_error *err)
    LB_MUST_CHECK;
/** Pictures of the published model of this outcome: areas side by side, ROC, calibration, decision, selection, contributions. */
int lb_train_pictures(lb_call *call, const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, const lb_validated *run,
                      const lb_value *results, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** The report as one page. */
void lb_train_report(const lb_model_plan *plan, const lb_result *result, lb_buf *out);

/** Are the plan's answers for the sheets answers to items there are? */
int lb_train_sheets_check(const lb_model_plan *plan, lb_error *err) LB_MUST_CHECK;
/** TRIPOD+AI and METRICS sheets, filled from the plan and the results. */
void lb_train_sheets(const lb_model_plan *plan, lb_value *results);

#endif
