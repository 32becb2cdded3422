/* A study as CDISC ODM 1.3.2 (https://www.cdisc.org/standards/data-exchange/odm): metadata from the protocol, data from the
 * store, users and sites. A snapshot holds the values as they are; a transactional file every change with who, when and why.
 * Written as a stream: a trial of any size takes the memory of one person. What the actor may not see is not in it. */
#ifndef LUMBAR_TRIAL_CONDUCT_ODM_H
#define LUMBAR_TRIAL_CONDUCT_ODM_H

#include "trial/conduct/store.h"

#include <lumbar/trial.h>

typedef struct lb_odm_options {
    bool transactional; /**< every change instead of the last state */
    bool identifiers;   /**< also items that the protocol marks as identifiers */
    int (*write)(void *context, const char *data, size_t length); /**< takes the bytes; non-zero: it could not */
    void *context;
} lb_odm_options;

typedef struct lb_odm_counts {
    int64_t subjects, events, forms, values, changes;
} lb_odm_counts;

int lb_odm_export(lb_tx *tx, const lb_study *study, const lb_odm_options *options, lb_odm_counts *counts, lb_error *err) LB_MUST_CHECK;

/* -- between the files of the export -- */
typedef struct _xmlTextWriter odm_writer;
typedef struct odm_export {
    lb_tx *tx;
    const lb_study *study;
    const lb_odm_options *options;
    odm_writer *xml;
    lb_odm_counts *counts;
    lb_arena *arena; /**< of one person */
    bool failed;     /**< the writer has refused something */
} odm_export;

void odm_begin(odm_export *e, const char *element);
void odm_end(odm_export *e);
/** "%s" of `text` with what XML cannot hold replaced by U+FFFD. NULL: no attribute. */
void odm_attribute(odm_export *e, const char *name, const char *text);
void odm_attributef(odm_export *e, const char *name, const char *fmt, ...) LB_PRINTF(3, 4);
void odm_text(odm_export *e, const char *text);
void odm_element(odm_export *e, const char *element, const char *text);
/** <TranslatedText> in every language there is. */
void odm_translated(odm_export *e, const lb_label *label);
/** Is the item in this file at all? */
bool odm_has_item(const odm_export *e, const lb_study_item *item);
bool odm_has_form(const odm_export *e, const lb_study_form *form);
bool odm_has_visit(const odm_export *e, const lb_study_visit *visit);
void odm_metadata(odm_export *e);
int odm_clinical(odm_export *e, lb_error *err) LB_MUST_CHECK;

#endif
