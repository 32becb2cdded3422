/* One way to fit any of the learners: parameters by name, rows with weights, and out comes a program of the predictor (score/). */
#ifndef LUMBAR_PREDICT_LEARN_H
#define LUMBAR_PREDICT_LEARN_H

#include "predict/score/model.h"

#include <lumbar/data.h>

/** Standardised, complete columns of the rows to learn from. */
typedef struct lb_sample {
    size_t n, p;
    const double *x;      /**< n × p, column-major */
    const double *y;      /**< 0 and 1 */
    const double *weight; /**< mean 1; NULL: all 1 */
    const int32_t *group; /**< person of each row */
    uint64_t seed, stream;
} lb_sample;

typedef struct lb_fitted {
    lb_score_program program; /**< its columns are those of the sample, in order */
    bool separated;           /**< logistic: by maximum likelihood there is no estimate; Firth's penalty took over */
    const char *note;         /**< what a reader should know, or NULL */
    const char *xgboost;      /**< XGBoost's own model JSON, or NULL */
} lb_fitted;

typedef struct lb_learner {
    const char *name, *label;
    const char *parameters; /**< comma list of what it takes */
    int (*fit)(const lb_sample *sample, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err);
} lb_learner;

extern const lb_learner lb_learners[];
extern const size_t lb_learner_count;
/** NULL when there is none. */
const lb_learner *lb_learner_find(const char *name);
/** Every key must be a parameter of the learner. */
int lb_learner_check(const lb_learner *learner, const lb_value *parameters, lb_error *err) LB_MUST_CHECK;

#endif
