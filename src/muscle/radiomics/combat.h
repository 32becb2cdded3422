/* ComBat: features of several centres or scanners brought to one location and scale. */
#ifndef LUMBAR_MUSCLE_COMBAT_H
#define LUMBAR_MUSCLE_COMBAT_H
#include <lumbar/base.h>

typedef struct lb_combat {
    size_t n, features, batches, covariates;
    const double *value;      /**< n × features, row after row */
    const size_t *batch;      /**< n codes below `batches` */
    const double *covariate;  /**< n × covariates, row after row */
    double tolerance;
    /* out, in the arena */
    double *corrected;        /**< n × features */
    double *shift, *scale;    /**< batches × features: gamma and delta² after shrinking */
} lb_combat;

int lb_combat_fit(lb_combat *combat, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
#endif
