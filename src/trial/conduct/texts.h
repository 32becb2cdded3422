/* Wording under licence, from a site's own file. Lumbar ships codes and scoring only; a site that holds a licence brings the
 * texts in this form:
 *
 *     lumbar-text/1
 *     instrument: odi
 *     language: zh
 *     version: 2.1a
 *     licence: number, holder and end of the licence, in words
 *     sha256: SHA-256 of everything after the line of dashes (sha256sum)
 *     ---
 *     title: …
 *     instruction: …
 *     items:
 *       - {text: …, codes: {"0": …, "1": …}}
 *
 * Items stand in the order of the protocol's instrument. Without licence, or with a hash that does not fit, nothing is loaded. */
#ifndef LUMBAR_TRIAL_TEXTS_H
#define LUMBAR_TRIAL_TEXTS_H

#include "trial/conduct/settings.h"
#include "trial/conduct/store.h"

enum { LB_TEXTS_LARGEST = 1 << 20 };

typedef struct lb_texts {
    const char *instrument, *language, *version, *licence, *sha256;
    const lb_value *body; /**< {title, instruction, items:[{text, codes}]} */
} lb_texts;

/** Read and check a file. Errors name the line. */
int lb_texts_read(const lb_bytes *bytes, lb_arena *arena, lb_texts *out, lb_error *err) LB_MUST_CHECK;
/** Does it fit the protocol's instrument (number of items, codes that exist)? */
int lb_texts_fit(const lb_texts *texts, const lb_study *study, lb_error *err) LB_MUST_CHECK;
/** Keep it for a site. */
int lb_texts_put(lb_tx *tx, const lb_study *study, const char *site, const lb_texts *texts, lb_error *err) LB_MUST_CHECK;
/** What is loaded for a site: [{instrument, language, version, licence, sha256}]; with `words` also {title, instruction,
 *  items: {ITEM: {text, codes}}} by the protocol's item ids. */
int lb_texts_list(lb_tx *tx, const lb_study *study, const char *site, bool words, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** Lay what is loaded for a site over the description of a form (form.h, phone.h): labels and codes in the licensed languages, and
 *  the instrument's `instruction`. What no file covers keeps the protocol's neutral words. */
int lb_texts_over(lb_tx *tx, const lb_study *study, const char *site, lb_value *form, lb_error *err) LB_MUST_CHECK;

#endif
