/* The plan of a prediction model, written down before the data are seen: what is predicted from what, by which pipeline, how it is
 * validated, and what its users are told. */
#ifndef LUMBAR_PREDICT_MODEL_PLAN_H
#define LUMBAR_PREDICT_MODEL_PLAN_H

#include "predict/pipeline.h"
#include "predict/validate.h"

#include <lumbar/op.h>

typedef struct lb_model_plan {
    lb_arena *arena;
    const char *name;        /**< of the file, for messages */
    const lb_value *root;
    char sha256[65];
    lb_pipeline pipeline;
    lb_validation validation;
    const char *id, *group, *data; /**< columns of person and of what belongs together; the main table */
    size_t outcomes;
    const lb_value **outcome;
} lb_model_plan;

/** People of one outcome, ready. */
typedef struct lb_model_people {
    lb_cohort *cohort;
    lb_input *input;
    size_t n, inputs, people, left_out; /**< left_out: rows without an outcome at all */
    size_t known, events, censored;
    int32_t *group;
} lb_model_people;

int lb_model_plan_fail(const lb_model_plan *plan, const lb_value *node, lb_error *err, const char *fmt, ...) LB_PRINTF(4, 5);
/** Every key of the node must be in the comma list. */
int lb_model_plan_keys(const lb_model_plan *plan, const lb_value *node, const char *what, const char *known, lb_error *err) LB_MUST_CHECK;
int lb_model_plan_read(const lb_bytes *bytes, lb_arena *arena, lb_model_plan *out, lb_error *err) LB_MUST_CHECK;
/** Joined tables to people with inputs and one outcome. */
int lb_model_plan_people(const lb_model_plan *plan, const lb_value *outcome, lb_table *const *table, size_t tables, lb_model_people *out, lb_error *err)
    LB_MUST_CHECK;

#endif
