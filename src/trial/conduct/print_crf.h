/* The blank, annotated case report form. */
#ifndef LUMBAR_TRIAL_PRINT_CRF_H
#define LUMBAR_TRIAL_PRINT_CRF_H

#include "trial/conduct/print.h"

void trial_print_crf(lb_doc *doc, const lb_study *study, const lb_print_options *options, lb_arena *arena);

#endif
