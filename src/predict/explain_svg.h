/* Pictures of contributions: beeswarm, bars, waterfall, dependence. */
#ifndef LUMBAR_PREDICT_EXPLAIN_SVG_H
#define LUMBAR_PREDICT_EXPLAIN_SVG_H

#include <lumbar/result.h>

typedef struct lb_contributions {
    size_t rows, features;
    const char *const *name;
    const double *value; /**< rows × features: what each feature adds */
    const double *x;     /**< rows × features: the feature itself; NaN missing */
    double base;         /**< of the row shown in the waterfall */
    const char *scale;   /**< "log-odds", "risk" */
} lb_contributions;

void lb_beeswarm_picture(lb_result *result, const lb_contributions *c, const char *stem);
void lb_importance_picture(lb_result *result, const lb_contributions *c, const char *stem);
void lb_waterfall_picture(lb_result *result, const lb_contributions *c, size_t row, const char *stem);
void lb_dependence_picture(lb_result *result, const lb_contributions *c, size_t feature, const char *stem);
/** Horizontal bars of shares or values with their names; used for selection frequencies, too. */
void lb_bars_picture(lb_result *result, const char *name, const char *title, const char *axis, const char *const *label, const double *value, size_t count);

#endif
