/* The casebook of one participant on paper: everything that was entered, in words, and who changed what when and why. What
 * an archive keeps for whoever must read the study in ten years without any program. */
#ifndef LUMBAR_TRIAL_CASEBOOK_H
#define LUMBAR_TRIAL_CASEBOOK_H

#include "trial/conduct/store.h"

#include <lumbar/trial.h>

/** The arm stands in it only when the actor may see it. Items that identify the person are left out. */
int lb_casebook(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, lb_buf *pdf, lb_error *err) LB_MUST_CHECK;

#endif
