/* Laboratory ranges: a site's own, by date and sex, before the protocol's general one. Limits come in the item's unit. */
#ifndef LUMBAR_TRIAL_RANGES_H
#define LUMBAR_TRIAL_RANGES_H

#include "trial/conduct/settings.h"
#include "trial/conduct/store.h"

typedef struct lb_range {
    double low, high;    /**< in the item's unit; NaN = open */
    const char *from;    /**< date from which the site's range counts; NULL: the protocol's */
    const char *unit;    /**< as the site gives it, or NULL */
} lb_range;

/** The range for an item at a site on a day ("2026-01-31"); sex may be NULL. */
int lb_range_find(lb_tx *tx, const lb_study *study, const lb_study_item *item, const char *site, const char *date, const char *sex, lb_range *out,
                  lb_error *err) LB_MUST_CHECK;
/** -1 below, 1 above, 0 inside (or no value, no range). */
int lb_range_side(const lb_range *range, double value);

#endif
