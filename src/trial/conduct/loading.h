/* What loading one person and loading everybody share. */
#ifndef LUMBAR_TRIAL_LOADING_H
#define LUMBAR_TRIAL_LOADING_H

#include "trial/conduct/person.h"

/** "S|VISIT|FORM" to indices, "S|VISIT|FORM|arm" with *arm_part; false for what the protocol in force does not know. */
bool trial_place_of(const lb_study *study, const char *key, lb_person_entry *entry, bool *arm_part, lb_arena *arena);
void trial_take_withdrawal(lb_person *person, const lb_record *record);
/** The values of a form without the items that a masked actor must not see. */
const lb_value *trial_seen_values(const lb_study *study, int form, const lb_value *values, bool masked, lb_arena *arena);
/** The same with those of the record beside it that reveal the arm (entry.h); NULL: there is none. */
const lb_value *trial_with_arm(const lb_value *values, const lb_record *arm, lb_arena *arena);

#endif
