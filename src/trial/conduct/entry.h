/* The record of truth of a form: what is kept, by whom, in which state; saving with conflict and reason, double entry,
 * verification, signature, freeze and lock.
 *
 * Keys: "S|VISIT|FORM" holds everything that may be seen by all. Items that reveal the arm, on a form that does not reveal it
 * as a whole, stand in a record of their own, "S|VISIT|FORM|arm", marked as revealing: the store hides it, its revisions and its
 * audit from masked people. The second keying of a double entry is ("keyed", "S|VISIT|FORM|2").
 *
 * Bodies: {values, missing, entered:{item:{value,unit}}, score:{name,score,reason,detail}, version, keyed_by:[{by,role,at}],
 * confirmed:{item:code}, verified:{item:{by,at}}, signatures:[{by,full_name,role,meaning,at,hash,void_at?}], before_lock}. */
#ifndef LUMBAR_TRIAL_ENTRY_H
#define LUMBAR_TRIAL_ENTRY_H

#include "trial/conduct/form.h"
#include "trial/conduct/person.h"

typedef struct lb_form_place {
    const lb_study *study;       /**< the version the entry is kept under */
    const lb_registry *registry;
    const char *subject, *visit_text;
    int visit, occurrence, form;
    const char *key, *arm_key, *second_key;
} lb_form_place;

/** LB_NOT_FOUND: no such visit, form, or (for a masked actor) it reveals the arm. */
int lb_form_place_find(const lb_study *study, const lb_registry *registry, const lb_actor *actor, const char *subject, const char *visit,
                       const char *form, lb_arena *arena, lb_form_place *out, lb_error *err) LB_MUST_CHECK;
/** What is read of the person and the form, to be read ahead; none when they cannot exist. `whole` is filled and must stay. */
enum { LB_PLACE_NAMES = 4 };
size_t lb_place_names(const char *subject, const char *visit, const char *form, lb_arena *arena, lb_find *whole, lb_name name[LB_PLACE_NAMES]);
/** Under which version is it kept: the entry's; one not begun: that in force at the person's site, else NULL (the active one). */
int lb_entry_version(lb_tx *tx, const char *subject, const char *visit, const char *form, const char **version, lb_error *err) LB_MUST_CHECK;

typedef struct lb_entry {
    const lb_form_place *place;
    const lb_study_form *form;
    lb_person *person;
    const lb_record *main, *arm, *second; /**< NULL when not there (or not for this actor) */
    int64_t revision;                     /**< main and arm together: what a save must name */
    const lb_value *values, *missing;     /**< of both; never NULL */
    const char *state;                    /**< NULL: nothing yet */
    bool blind;                           /**< this actor still has to key it the second time: values are withheld */
} lb_entry;
int lb_entry_load(lb_tx *tx, const lb_form_place *place, lb_entry *out, lb_error *err) LB_MUST_CHECK;
/** What follows from values in this place: from those kept, or from others while somebody types. */
int lb_entry_compute(lb_tx *tx, const lb_entry *entry, const lb_value *values, const lb_value *missing, lb_form_computed *out, lb_error *err)
    LB_MUST_CHECK;

typedef struct lb_entry_ask {
    const lb_value *values, *missing, *confirmed; /**< confirmed: [item] whose soft findings were looked at */
    int64_t revision;                             /**< as it was read; 0 = nothing was there */
    const char *reason, *action;                  /**< action NULL: "save" */
    const char *draft;                            /**< key of the draft that goes when this is saved, or NULL */
    bool second;                                  /**< second keying of a double entry */
    bool by_participant;                          /**< the participant's own entry: roles do not decide */
} lb_entry_ask;

typedef struct lb_entry_plan {
    lb_entry before;
    const lb_entry_ask *ask;
    lb_form_computed computed;
    lb_value *main_body, *arm_body; /**< NULL: unchanged */
    const char *state;
    int64_t revision;               /**< after the commit */
    size_t queries_opened;
    const char *second_state;       /**< second keying: "agreed" or "differences" */
    lb_find queries;                /**< of this entry */
} lb_entry_plan;

/** Everything but writing; runs in a reading transaction. LB_CONFLICT: somebody was first (plan->before is what is there now).
 *  LB_BAD_DATA with plan->computed.hard: the hard findings refuse it. */
int lb_entry_prepare(lb_tx *tx, const lb_form_place *place, const lb_entry_ask *ask, lb_entry_plan *out, lb_error *err) LB_MUST_CHECK;
/** What the commit will ask for. */
enum { LB_ENTRY_NAMES = 6 };
size_t lb_entry_names(const lb_entry_plan *plan, lb_name name[LB_ENTRY_NAMES]);
/** Write it, if nothing moved since. */
int lb_entry_commit(lb_tx *tx, lb_entry_plan *plan, lb_error *err) LB_MUST_CHECK;
/** May this actor write this form at all (role, state, consent, study)? */
int lb_entry_may_write(lb_tx *tx, const lb_entry *entry, bool second, lb_error *err) LB_MUST_CHECK;
/** The same as an answer's `may`: [save, second, settle, verify, sign, freeze, lock, unlock, query]. */
int lb_entry_may(lb_tx *tx, const lb_entry *entry, lb_value *list, lb_error *err) LB_MUST_CHECK;

/* -- double entry -- */
/** "needed", "mine" (this actor may key it), "agreed", "differences", "settled"; NULL: single entry, or nothing yet. */
const char *lb_entry_second(const lb_entry *entry, const lb_actor *actor);
/** [{item, label, first, second}] that are not settled yet. Numbers compare as numbers, texts without regard to case and outer spaces. */
int lb_entry_differences(const lb_entry *entry, lb_value *list, lb_error *err) LB_MUST_CHECK;
/** [{item, choice: first|second|other, value?, reason}]: by a third person, each with a reason. */
int lb_entry_settle(lb_tx *tx, const lb_form_place *place, const lb_value *settle, int64_t *left, lb_error *err) LB_MUST_CHECK;
bool lb_values_agree(const lb_study_item *item, const lb_value *a, const lb_value *b);

/* -- verification, signature, freeze, lock -- */
int lb_entry_verify(lb_tx *tx, const lb_entry *entry, const lb_value *items, lb_error *err) LB_MUST_CHECK;
/** Bound to the hash of what is kept; void when it changes. */
int lb_entry_sign(lb_tx *tx, const lb_entry *entry, const char *full_name, const char *meaning, lb_error *err) LB_MUST_CHECK;
/** "freeze", "unfreeze", "lock", "unlock": the last two ways back want a reason. */
int lb_entry_hold(lb_tx *tx, const lb_entry *entry, const char *what, const char *reason, lb_error *err) LB_MUST_CHECK;
/** SHA-256 of the canonical text of {key, version, values, missing}. */
void lb_entry_hash(const lb_record *record, char hex[65]);
/** Void the signatures of a body whose values changed. */
void lb_entry_void(lb_value *body, int64_t at_us);

/** Open and close queries by rule as the findings say. Confirmed items get none. */
int lb_entry_queries(lb_tx *tx, const lb_entry_plan *plan, size_t *opened, lb_error *err) LB_MUST_CHECK;

#endif
