/* One criterion of a protocol, asked and judged: for the person on the screen and for invented ones alike. */
#ifndef LUMBAR_TRIAL_CRITERION_H
#define LUMBAR_TRIAL_CRITERION_H

#include <lumbar/trial.h>

/** said: −1 not known, 0 no, 1 yes. */
int trial_criterion_ask(const lb_study *study, size_t index, lb_rule_lookup lookup, void *context, int *said, lb_error *err) LB_MUST_CHECK;
/** Not known keeps out, too. */
bool trial_criterion_keeps_out(const lb_study_criterion *criterion, int said);
#endif
