/* Screening and consent: what the criteria say of a person, stage by stage; consent recorded with version, date and who took
 * it; the gates before it; which visits may be entered when; withdrawal, deviations, the end of participation. */
#ifndef LUMBAR_TRIAL_CONSENT_H
#define LUMBAR_TRIAL_CONSENT_H

#include "trial/conduct/person.h"

/** What the criteria say. `stages_met`: how many stages, from the first, are met in full. `first`: index of the first
 *  criterion that keeps the person out, or -1; `unknown`: no criterion says no, but some cannot be answered yet. */
typedef struct lb_judgement {
    int *answer;          /**< per criterion: 1 true, 0 false, -1 not known */
    bool *met;            /**< per criterion: as the protocol asks */
    size_t stages_met;
    int first;
    bool out;             /**< a criterion is answered and keeps the person out */
} lb_judgement;
int lb_judge(const lb_person *person, lb_judgement *out, lb_error *err) LB_MUST_CHECK;
/** [{id, stage, kind, text, rule, answer: yes|no|unknown, met, values:[…]}] */
lb_value *lb_judgement_value(const lb_person *person, const lb_judgement *judgement, lb_arena *arena);

/** The last word on a stage's consent, or NULL: never given, or taken back. */
const lb_value *lb_consent_given(const lb_person *person, const lb_consent_stage *stage);
/** Does the consent lie on an older version of the form than the one in force? */
bool lb_consent_old(const lb_person *person, const lb_consent_stage *stage);
/** [{id, label, form_version, needs, given?:{…}, renew}] */
lb_value *lb_consent_value(const lb_person *person, lb_arena *arena);
/** May this visit be entered now? Refuses before the consent that opens it, and after a consent was taken back. */
int lb_entry_gate(const lb_person *person, int visit, lb_error *err) LB_MUST_CHECK;

/** The gates of enrolment at a site for one who acts: ethics, protocol, delegation: [{id, text, ok, detail}]. */
int lb_gates(lb_tx *tx, const lb_study *study, const char *site, const char *task, lb_value *list, bool *ok, lb_error *err) LB_MUST_CHECK;

/** {stage?, kind: first|renewed|withdrawn, form_version?, language, date, taken_by?}; the actor is who records it. */
int lb_consent_add(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err) LB_MUST_CHECK;
/** Leave the screening: `reason` NULL takes the first criterion that keeps the person out. */
int lb_screening_fail(lb_tx *tx, const lb_study *study, const char *subject, const char *reason, lb_error *err) LB_MUST_CHECK;
/** {kind, date, reason}; kinds of the protocol. */
int lb_withdraw(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err) LB_MUST_CHECK;
/** {kind, severity, visit?, date?, text, per_protocol, reveals_arm?} */
int lb_deviation_add(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err) LB_MUST_CHECK;
int lb_complete(lb_tx *tx, const lb_study *study, const char *subject, const char *reason, lb_error *err) LB_MUST_CHECK;

#endif
