/* Long work of a study: it goes on while its page waits, says how far it is, and can be called off. Kept in memory until the
 * server ends; what a job made (an export, a snapshot) is in the store. */
#ifndef LUMBAR_SERVER_STUDY_JOBS_H
#define LUMBAR_SERVER_STUDY_JOBS_H

#include "server/study.h"

typedef struct study_jobs study_jobs;

/** What a job sees: a request of its own, of the person who asked for it, without a body. `result` becomes its outcome. */
typedef int (*study_job_run)(study_request *request, const lb_progress *progress, lb_value *result, lb_error *err);

study_jobs *study_jobs_new(void); /**< NULL: no thread can be started */
/** Calls off what runs, waits for it, frees. */
void study_jobs_free(study_jobs *jobs);
/** LB_TOO_LARGE when too many wait. *id lives in the request's arena. */
int study_job_start(study_request *request, const char *what, study_job_run run, const char **id, lb_error *err) LB_MUST_CHECK;

extern const study_table study_job_routes;

#endif
