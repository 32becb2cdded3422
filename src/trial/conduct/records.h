/* Small things that every part of the conduct needs when it writes: copies of bodies, numbers, times, labels. */
#ifndef LUMBAR_TRIAL_RECORDS_H
#define LUMBAR_TRIAL_RECORDS_H

#include "trial/conduct/kinds.h"
#include "trial/conduct/person.h"

/** A shallow copy of an object, to change a few keys of. */
lb_value *lb_body_copy(const lb_value *body, lb_arena *arena);
/** "2026-11-28T09:41:07Z" and "2026-11-28". */
const char *lb_when(int64_t us, lb_arena *arena);
const char *lb_day_text(int64_t days, lb_arena *arena);
/** {en, zh, da} as an object with the languages there are. */
lb_value *lb_label_value(const lb_label *label, lb_arena *arena);
/** Set `key` to the label's object. */
void lb_set_label(lb_value *object, const char *key, const lb_label *label);
/** A stored answer in words: {value, label?, unit?}. */
lb_value *lb_answer_value(const lb_study_item *item, const lb_value *value, lb_arena *arena);

/** Next free key "S|n" of a kind, n from 1. Records that reveal the arm are numbered apart ("S|u1"), so that the numbers a
 *  masked person sees have no gaps. */
int lb_next_key(lb_tx *tx, const char *kind, const char *subject, bool reveals_arm, const char **key, lb_error *err) LB_MUST_CHECK;
/** Write a new record that belongs to a person. */
int lb_add_record(lb_tx *tx, const lb_person *person, const char *kind, const char *key, const char *state, bool reveals_arm, const lb_value *body,
                  const char *action, const char *reason, lb_error *err) LB_MUST_CHECK;
/** Change the person's own record: state NULL leaves it. */
int lb_change_subject(lb_tx *tx, const lb_person *person, const char *state, const lb_value *body, const char *action, const char *reason,
                      lb_error *err) LB_MUST_CHECK;
/** Refuse when the study is locked or closed. */
int lb_study_running(lb_tx *tx, lb_error *err) LB_MUST_CHECK;

#endif
