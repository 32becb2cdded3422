/* The published model of one outcome as a document. */
#ifndef LUMBAR_PREDICT_MODEL_DOCUMENT_H
#define LUMBAR_PREDICT_MODEL_DOCUMENT_H

#include "predict/model_plan.h"
#include "predict/published.h"

/** report: the outcome's part of the results, from which performance is copied. The document is not yet hashed. */
int lb_model_document(const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, const lb_validated *run, const lb_value *report,
                      lb_table *const *table, size_t tables, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;

#endif
