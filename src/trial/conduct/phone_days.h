/* When a participant may fill in what: shared by the page and the keeping of entries. */
#ifndef LUMBAR_TRIAL_PHONE_DAYS_H
#define LUMBAR_TRIAL_PHONE_DAYS_H

#include "trial/conduct/person.h"

bool trial_phone_form(const lb_study *study, int form);
/** First and last day on which an occasion may be filled in. */
void trial_phone_open(const lb_study *study, const lb_occasion *occasion, int64_t *from, int64_t *to);

#endif
