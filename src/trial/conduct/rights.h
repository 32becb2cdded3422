/* Who may do what: one table, role × right. Roles are those of the protocol file by their ids; whether a role is masked and
 * whether it sees clinical data stands in the protocol. A role that the table does not know has no right but to sign in. */
#ifndef LUMBAR_TRIAL_RIGHTS_H
#define LUMBAR_TRIAL_RIGHTS_H

#include <lumbar/trial.h>

/* Rights, as routes name them and as GET /api/session tells them in `may`. */
#define LB_MAY_PEOPLE "people.read"           /* the matrix, one person, its forms */
#define LB_MAY_SCREEN "people.add"
#define LB_MAY_IDENTITY "identity.read"
#define LB_MAY_IDENTITY_WRITE "identity.write"
#define LB_MAY_CONSENT "consent"
#define LB_MAY_RANDOMISE "randomise"
#define LB_MAY_UNBLIND "unblind.person"       /* emergency, one person */
#define LB_MAY_ARM "arm.read"                 /* sees a person's arm */
#define LB_MAY_LINK "link"                    /* makes a participant's personal link */
#define LB_MAY_DEVIATION "deviation"
#define LB_MAY_WITHDRAW "withdraw"
#define LB_MAY_ENTER "form.write"             /* which forms: lb_rights_form() */
#define LB_MAY_SECOND "form.second"           /* keys a form the second time */
#define LB_MAY_SETTLE "form.settle"
#define LB_MAY_VERIFY "form.verify"
#define LB_MAY_SIGN "form.sign"
#define LB_MAY_FREEZE "form.freeze"
#define LB_MAY_LOCK "form.lock"
#define LB_MAY_QUERY "query.raise"
#define LB_MAY_ANSWER "query.answer"
#define LB_MAY_CLOSE "query.close"
#define LB_MAY_ADHERENCE "adherence.read"
#define LB_MAY_CALL "call"
#define LB_MAY_SAFETY "safety.read"
#define LB_MAY_SAFETY_REPORT "safety.report"
#define LB_MAY_BOARD "board.read"
#define LB_MAY_BOARD_REPORT "board.report"    /* makes a report for the board */
#define LB_MAY_RECOMMEND "board.recommend"
#define LB_MAY_QUALITY "quality.read"
#define LB_MAY_PROTOCOL "protocol.read"
#define LB_MAY_AMEND "protocol.change"
#define LB_MAY_USERS "users"
#define LB_MAY_SITES "sites"
#define LB_MAY_SITES_READ "sites.read"
#define LB_MAY_DELEGATION "delegation"
#define LB_MAY_DELEGATION_READ "delegation.read"
#define LB_MAY_RANGES "ranges"
#define LB_MAY_RANGES_READ "ranges.read"
#define LB_MAY_AUDIT "audit.read"
#define LB_MAY_SNAPSHOT "snapshot.make"
#define LB_MAY_SNAPSHOTS "snapshot.read"
#define LB_MAY_EXPORT "export"
#define LB_MAY_DOCUMENTS "documents"
#define LB_MAY_CALENDAR "calendar"
#define LB_MAY_BALANCE "randomisation.report"
#define LB_MAY_ANALYSE "analyse"
#define LB_MAY_SCANS "scan.list"
#define LB_MAY_RECEIVE_SCAN "scan.receive"
#define LB_MAY_READ_SCAN "scan.read"          /* draws the muscles, masked to the other reader */
#define LB_MAY_REOPEN_SCAN "scan.reopen"
#define LB_MAY_SIGN_SCAN "scan.sign"
#define LB_MAY_PLAN "plan"                     /* rehearses, locks, amends, runs the analysis plan */
#define LB_MAY_REVIEW "review"                 /* screens and extracts, masked to the other person */
#define LB_MAY_REVIEW_SEE "review.read"
#define LB_MAY_REVIEW_SET "review.set"         /* begins a review, adds references, takes the whole document */
#define LB_MAY_STUDY_LOCK "study.lock"
#define LB_MAY_STUDY_UNBLIND "study.unblind"
#define LB_MAY_STUDY_OPEN "study.open"

/** May this role do it at all? Unknown roles and rights: no. */
bool lb_rights_may(const char *role, const char *right);
/** Every right, in the order of the table; NULL after the last. */
const char *lb_rights_at(size_t index);
/** The roles the table knows; NULL after the last. */
const char *lb_rights_role(size_t index);
/** A role of the protocol file, or NULL. */
const lb_value *lb_role_of(const lb_study *study, const char *role);
/** Is it masked by the protocol? A role the protocol does not know is. */
bool lb_role_masked(const lb_study *study, const char *role);
bool lb_role_clinical(const lb_study *study, const char *role);

/** May this role write (first keying) a form filled by `filled_by` ("assessor", "site", …)? */
bool lb_rights_form(const char *role, const lb_study_form *form);
/** Does the form, or the visit it stands in, reveal the arm? */
bool lb_form_reveals(const lb_study_form *form, const lb_study_visit *visit);

#endif
