/* What the server shows: the shipped protocols, and in demo mode a simulated trial, scans and a small meta-analysis. */
#ifndef LUMBAR_SERVER_DEMO_H
#define LUMBAR_SERVER_DEMO_H

#include <lumbar/op.h>

#include <pthread.h>

typedef struct lb_dataset {
    const char *id, *title, *kind; /**< kind: "table", "volume", "document" */
    const char *name, *type;       /**< file name and content type */
    lb_bytes bytes;
    int64_t rows;                  /**< of a table, else -1 */
    char etag[72];
} lb_dataset;

typedef struct lb_study_page {
    const char *id;
    const char *json; /**< results of `study describe` */
    size_t length;
} lb_study_page;

typedef struct lb_demo {
    lb_arena *arena;
    const lb_registry *registry;
    const char *root, *shared; /**< root may be NULL */
    bool demo;
    lb_dataset *dataset;
    size_t datasets, dataset_capacity;
    lb_study_page *study;
    size_t studies;
    lb_value *scans;         /**< array */
    lb_value *listing;       /**< GET /api/demo */
    lb_value *study_listing; /**< GET /api/studies */
    pthread_mutex_t report_lock;
    bool report_tried;
    lb_bytes report;         /**< HTML, or empty; made when it is first asked for */
    const char *review;      /**< a review under way (JSON), or NULL */
    size_t review_length;
} lb_demo;

/** Fails only when `study_file` cannot be shown; what else cannot be made is missing, with a line on standard error
 *  saying why. */
int lb_demo_new(const char *root, const char *shared, const char *study_file, bool demo, const lb_registry *registry,
                lb_demo **out, lb_error *err) LB_MUST_CHECK;
void lb_demo_free(lb_demo *demo);
/** The plan's report on the simulated trial as HTML, made at the first call (seconds); empty when there is none. */
lb_bytes lb_demo_report(lb_demo *demo);
const lb_dataset *lb_demo_dataset(const lb_demo *demo, const char *id);
const lb_study_page *lb_demo_study(const lb_demo *demo, const char *id);

/* -- between the files of the demo -- */

/** An operation run on files of ours: parameters as text, documents and tables as bytes. */
typedef struct lb_demo_run {
    const char *area, *verb;
    const char *const (*setting)[2]; /**< pairs, ended by {NULL, NULL}; may be NULL */
    const char *document;            /**< path for the first document parameter, or NULL */
    const char *const *table;        /**< ids of data sets for the first table parameter, NULL-ended; may be NULL */
} lb_demo_run;
/** The result is the caller's. */
int lb_demo_operation(lb_demo *demo, const lb_demo_run *run, lb_result **out, lb_error *err) LB_MUST_CHECK;
/** The same for what may be missing: NULL, and a line on standard error unless the operation is not there at all. */
lb_result *lb_demo_try(lb_demo *demo, const lb_demo_run *run);
/** Add a data set; the bytes are copied. */
lb_dataset *lb_demo_add(lb_demo *demo, const char *id, const char *title, const char *kind, const char *name,
                        const void *data, size_t length);
const char *lb_demo_path(lb_demo *demo, const char *relative); /**< below root; NULL when it is not there */
void lb_demo_add_scans(lb_demo *demo);
void lb_demo_add_review(lb_demo *demo);
int lb_demo_add_studies(lb_demo *demo, const char *study_file, lb_error *err) LB_MUST_CHECK;

#endif
