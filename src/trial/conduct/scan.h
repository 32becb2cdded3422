/* Scans of a participant and the readings of them. A scan is the files that came from the scanner and the images made of
 * them; a reading is what one reader drew and what was measured from it. Readers work masked to each other: until every
 * reading the protocol asks for (imaging.readers, default 2) is done, nobody sees another one's. Bytes lie in the store's
 * files by their SHA-256; here are only their names. */
#ifndef LUMBAR_TRIAL_SCAN_H
#define LUMBAR_TRIAL_SCAN_H

#include "trial/conduct/store.h"

#include <lumbar/trial.h>

enum { LB_SCAN_READERS = 2, LB_SCAN_FILES = 5000 };

/** One scan with the readings this actor may see. Belongs to the transaction's arena. */
typedef struct lb_scan {
    const lb_record *record;
    int readers;                                    /**< readings the protocol asks for */
    const lb_record *reading[LB_SCAN_READERS];      /**< NULL: not begun, or not for this actor's eyes */
    int begun, done;                                /**< how many readings; 0 and 0 to a reader whose own is not done */
    int mine;                                       /**< index of the actor's own reading, or -1 */
    bool may_read;                                  /**< a place is free for this actor, or taken by them, and the scan is ready */
    bool open;                                      /**< all readings are done: they may be compared */
} lb_scan;

/** How many readers a protocol asks for: imaging.readers, 1 or 2; default 2. */
int lb_scan_readers(const lb_study *study);

/** A new, empty scan of a visit ("SCR"); *key becomes "S|n". The person must exist and the visit be the protocol's. */
int lb_scan_new(lb_tx *tx, const lb_study *study, const char *subject, const char *visit, const char **key, lb_error *err) LB_MUST_CHECK;
/** Note a received file. The same name again replaces it as long as the scan is being received. */
int lb_scan_add_file(lb_tx *tx, const char *key, const char *name, const char *sha256, int64_t size, lb_error *err) LB_MUST_CHECK;
/** What of it is read: {image|fat|water: {sha256, name, series, description, size[], spacing[]}}; the scan is ready then.
 *  Refused once a reading has begun. */
int lb_scan_set_images(lb_tx *tx, const char *key, const lb_value *images, lb_error *err) LB_MUST_CHECK;
/** LB_NOT_FOUND when there is none this actor may see. */
int lb_scan_get(lb_tx *tx, const lb_study *study, const char *key, lb_scan *out, lb_error *err) LB_MUST_CHECK;
typedef int (*lb_scan_seen)(void *context, const lb_scan *scan, lb_error *err);
/** Every scan this actor may see, of one person or (NULL) of all. */
int lb_scan_each(lb_tx *tx, const lb_study *study, const char *subject, lb_scan_seen seen, void *context, lb_error *err) LB_MUST_CHECK;

/** Save the actor's own reading: `about` holds mask (SHA-256), labels[], levels[] and, once measured, rows[] and features.
 *  The first save takes a free place. `revision` as it was read, 0 = the first save; LB_CONFLICT when it has moved on.
 *  `done` ends it: the mask must not be empty of labels then, and it cannot be changed afterwards. */
int lb_reading_save(lb_tx *tx, const lb_study *study, const char *key, const lb_value *about, int64_t revision, bool done, int64_t *now,
                    lb_error *err) LB_MUST_CHECK;
/** Open a finished reading again, with a reason: only as long as the scan is not signed. */
int lb_reading_reopen(lb_tx *tx, const lb_study *study, const char *key, int place, const char *reason, lb_error *err) LB_MUST_CHECK;
/** A radiologist signs the scan's measurements; all readings must be done. `sha256` is of the page that was signed. */
int lb_scan_sign(lb_tx *tx, const lb_study *study, const char *key, const char *meaning, const char *sha256, lb_error *err) LB_MUST_CHECK;

/** Tables of a snapshot, from the readings that are done: `muscle` (one row per scan, reader, label and level) and `radiomics`
 *  (one row per scan, reader and label). Appended as CSV; *rows counts. */
int lb_scan_muscle_csv(lb_tx *tx, const lb_study *study, lb_buf *out, int64_t *rows, lb_error *err) LB_MUST_CHECK;
int lb_scan_radiomics_csv(lb_tx *tx, const lb_study *study, lb_buf *out, int64_t *rows, lb_error *err) LB_MUST_CHECK;

#endif
