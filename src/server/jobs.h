/* A bounded queue of long requests and the threads that run them. */
#ifndef LUMBAR_SERVER_JOBS_H
#define LUMBAR_SERVER_JOBS_H

#include <lumbar/base.h>

typedef struct lb_jobs lb_jobs;

/** `workers` run at once, `queue` more may wait. NULL when no thread can be started. */
lb_jobs *lb_jobs_new(unsigned workers, unsigned queue);
/** Take a place; false when all are taken or the server is stopping. A taken place must be pushed to. */
bool lb_jobs_reserve(lb_jobs *jobs);
void lb_jobs_push(lb_jobs *jobs, void (*run)(void *context), void *context);
/** Has stopping begun? Running jobs ask through their progress. */
bool lb_jobs_stopping(const lb_jobs *jobs);
/** Jobs running now. */
unsigned lb_jobs_running(const lb_jobs *jobs);
/** Refuse new ones, run out what is queued, join. */
void lb_jobs_stop(lb_jobs *jobs);
void lb_jobs_free(lb_jobs *jobs);

#endif
