/* What loading one person and loading everybody share. */
#ifndef LUMBAR_TRIAL_LOADING_H
#define LUMBAR_TRIAL_LOADING_H

#include "trial/conduct/person.h"

/** "S|VISIT|FORM" to indices; false for what the protocol in force does not know (an older version's form). */
bool trial_place_of(const lb_study *study, const char *key, lb_person_entry *entry, lb_arena *arena);
void trial_take_withdrawal(lb_person *person, const lb_record *record);
/** The values of a form without the items that a masked actor must not see. */
const lb_value *trial_seen_values(const lb_study *study, int form, const lb_value *values, bool masked, lb_arena *arena);

#endif
