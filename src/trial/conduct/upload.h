/* Files that belong to an item of a form: size and kind are checked by what the bytes are, never by what the name says; the name
 * is kept as a text and is never a path. The bytes lie in the store under their SHA-256. */
#ifndef LUMBAR_TRIAL_UPLOAD_H
#define LUMBAR_TRIAL_UPLOAD_H

#include "trial/conduct/entry.h"

enum { LB_UPLOAD_ID = 25, LB_UPLOAD_MB = 32 };

/** The item of the form that takes files, with what it accepts and how much. */
int lb_upload_item(const lb_study *study, const lb_study_form *form, const char *item, bool masked, const lb_study_item **out, lb_error *err) LB_MUST_CHECK;
/** Are these bytes one of the kinds the item accepts? *type becomes the content type. */
int lb_upload_check(const lb_study *study, const lb_study_form *form, const lb_study_item *item, const lb_bytes *bytes, const char **type, lb_error *err)
    LB_MUST_CHECK;
/** Note a file whose bytes the store has already; the item's value becomes its id when the form is saved. */
int lb_upload_note(lb_tx *tx, const lb_entry *entry, const lb_study_item *item, const char *name, const char *type, const char *sha256, int64_t size,
                   char id[LB_UPLOAD_ID], lb_error *err) LB_MUST_CHECK;
/** A file of this form; LB_NOT_FOUND when it is another's. */
int lb_upload_get(lb_tx *tx, const lb_form_place *place, const char *id, const lb_record **out, lb_error *err) LB_MUST_CHECK;
/** {item: {id, name, size, sha256, type}} of the values kept. */
int lb_upload_list(lb_tx *tx, const lb_entry *entry, lb_value *out, lb_error *err) LB_MUST_CHECK;

#endif
