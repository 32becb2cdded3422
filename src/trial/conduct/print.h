/* What is printed from a protocol: consent form, training manual, diary, education booklet, annotated blank CRF; and a board's
 * report. The words are the protocol's (its `documents`), in the language asked for where it has them. */
#ifndef LUMBAR_TRIAL_PRINT_H
#define LUMBAR_TRIAL_PRINT_H

#include <lumbar/document.h>

#include "trial/conduct/settings.h"

typedef struct lb_print_options {
    const char *language;   /**< en, zh, da */
    bool masked;            /**< leave out what reveals the arm; manual and diary do not exist then */
    const lb_value *texts;  /**< licensed wording of a site (texts.h), or NULL */
    const char *subject;    /**< a code to print on every page, or NULL */
} lb_print_options;

/** kind: consent, manual, diary, booklet, crf. LB_NOT_FOUND: no such document in this protocol. */
int lb_print(const lb_study *study, const char *kind, const lb_print_options *options, lb_buf *pdf, lb_error *err) LB_MUST_CHECK;
/** A report of board.h. */
int lb_print_board(const lb_study *study, const lb_value *report, const char *language, lb_buf *pdf, lb_error *err) LB_MUST_CHECK;

#endif
