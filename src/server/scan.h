/* Between the files of the imaging routes: running an operation on the images of a scan. */
#ifndef LUMBAR_SERVER_SCAN_H
#define LUMBAR_SERVER_SCAN_H

#include "server/study.h"

/** An operation on a scan: its volume parameters named image, fat and water are the scan's images; `drawn` goes to the first
 *  other volume parameter that is required, or that the operation has at all. */
typedef struct scan_run {
    const char *area, *verb;
    const lb_value *images;       /**< of the scan's record; NULL: none */
    const lb_value *files;        /**< received files for the first volume parameter instead, or NULL */
    const lb_bytes *drawn;        /**< one, or NULL */
    const lb_bytes *second;       /**< for the next volume parameter after it, or NULL */
    const lb_bytes *measured;     /**< for a document parameter of that name, or NULL */
    const char *(*setting)[2];    /**< pairs, ended by {NULL, NULL}; a value of NULL is left out; may be NULL */
} scan_run;

/** Key of the scan that the path names: /api/scans/{subject}/{n}. */
const char *scan_key(const study_request *request);
/** The result is the caller's. Bytes are fetched from the store's files into the request's arena. */
int scan_run_operation(study_request *request, const scan_run *run, lb_result **out, lb_error *err) LB_MUST_CHECK;
/** First file of a result, or NULL. */
const lb_artifact *scan_first_file(const lb_result *result);
/** Labels of a drawing as the pages send them ("1=left multifidus,2=…") become what a reading keeps: [{value, muscle, side}].
 *  Muscles must be the protocol's (imaging.muscles), sides left or right. */
int scan_labels(study_request *request, const char *text, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** The other way round: "1=left multifidus,2=right erector_spinae"; NULL when none is named. */
const char *scan_labels_text(study_request *request, const lb_value *labels);
/** Radiomic features of every label of a drawing, by the settings of the protocol (imaging.radiomics: bin_width, filters …, or
 *  the profile's defaults): [{label, feature: value, …}]. */
int scan_features(study_request *request, const lb_value *images, const lb_bytes *mask, const lb_value *labels, lb_value **out,
                  lb_error *err) LB_MUST_CHECK;

#endif
