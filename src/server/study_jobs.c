/* A worker thread with a short queue, and GET and DELETE /api/jobs/{id}. A person sees their own jobs only. */
#include "server/study_jobs.h"

#include "server/jobs.h"
#include "server/study_home.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_KEPT = 200, JOBS_WAIT = 16, JOB_ID = 21 };

typedef struct study_job {
    struct study_job *next;
    study_jobs *jobs;
    char id[JOB_ID];
    const char *what;
    study_job_run run;
    lb_arena *arena;       /* of the job: actor, result */
    study_request request;
    atomic_bool cancelled;
    double done;           /* below: under the lock */
    const char *state;     /* waiting running done failed cancelled */
    lb_error err;
    lb_value *result;
} study_job;

struct study_jobs {
    pthread_mutex_t lock;
    lb_jobs *worker;
    study_job *list; /* newest first */
    size_t count;
};

study_jobs *study_jobs_new(void)
{
    study_jobs *jobs = lb_alloc(1, sizeof *jobs);
    pthread_mutex_init(&jobs->lock, NULL);
    jobs->worker = lb_jobs_new(1, JOBS_WAIT);
    if (jobs->worker) return jobs;
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
    return NULL;
}

static void free_job(study_job *job)
{
    lb_arena_free(job->arena);
    free(job);
}

void study_jobs_free(study_jobs *jobs)
{
    if (!jobs) return;
    pthread_mutex_lock(&jobs->lock);
    for (study_job *job = jobs->list; job; job = job->next) atomic_store(&job->cancelled, true);
    pthread_mutex_unlock(&jobs->lock);
    lb_jobs_free(jobs->worker);
    while (jobs->list) {
        study_job *next = jobs->list->next;
        free_job(jobs->list);
        jobs->list = next;
    }
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}

/* -- running ------------------------------------------------------------------------------------------------------------ */

static void set_state(study_job *job, const char *state, double done)
{
    pthread_mutex_lock(&job->jobs->lock);
    job->state = state;
    job->done = done;
    pthread_mutex_unlock(&job->jobs->lock);
}

static void report(void *context, double done, const char *what)
{
    (void)what;
    set_state(context, "running", done);
}

static bool is_cancelled(void *context)
{
    return atomic_load(&((study_job *)context)->cancelled);
}

static int borrow(lb_tx *tx, void *context, lb_error *err)
{
    study_request *request = context;
    return study_borrow(request->home, NULL, tx, &request->study, err);
}

static void run_job(void *context)
{
    study_job *job = context;
    const lb_progress progress = {.report = report, .cancelled = is_cancelled, .context = job};
    lb_error err = LB_ERROR_INIT;
    lb_value *result = lb_value_object(job->arena);
    set_state(job, "running", 0);
    int code = is_cancelled(job) ? LB_CANCELLED : study_read(&job->request, borrow, &job->request, &err);
    if (!code) code = job->run(&job->request, &progress, result, &err);
    study_give_back(job->request.home, job->request.study);
    job->request.study = NULL;
    pthread_mutex_lock(&job->jobs->lock);
    job->result = code ? NULL : result;
    job->err = err;
    job->err.code = code;
    job->done = code ? job->done : 1;
    job->state = !code ? "done" : code == LB_CANCELLED ? "cancelled" : "failed";
    pthread_mutex_unlock(&job->jobs->lock);
}

/* -- starting ----------------------------------------------------------------------------------------------------------- */

static void copy_actor(study_job *job, const study_request *request)
{
    const lb_actor *from = &request->actor;
    const char **site = lb_arena_array(job->arena, from->site_count + 1, sizeof *site);
    for (size_t i = 0; i < from->site_count; i++) site[i] = lb_arena_text(job->arena, from->site[i]);
    job->request = (study_request){.home = request->home, .arena = job->arena, .store = request->store, .registry = request->registry, .actor = *from,
                                   .full_name = lb_arena_text(job->arena, request->full_name), .now_us = request->now_us};
    job->request.actor.user = lb_arena_text(job->arena, from->user);
    job->request.actor.role = lb_arena_text(job->arena, from->role);
    job->request.actor.site = from->site ? site : NULL;
}

/* The oldest that has ended makes room; called under the lock. */
static void forget_oldest(study_jobs *jobs)
{
    study_job **at = &jobs->list, **last = NULL;
    if (jobs->count < JOBS_KEPT) return;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->state, "waiting") != 0 && strcmp((*at)->state, "running") != 0) last = at;
    if (!last) return;
    study_job *gone = *last;
    *last = gone->next;
    jobs->count--;
    free_job(gone);
}

int study_job_start(study_request *request, const char *what, study_job_run run, const char **id, lb_error *err)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    study_jobs *jobs = study_home_jobs(request->home);
    if (!lb_jobs_reserve(jobs->worker)) {
        lb_fail(err, LB_NO_MEMORY, "too much is waiting to be done");
        lb_error_hint(err, "try again in a moment");
        return LB_NO_MEMORY;
    }
    study_job *job = lb_alloc(1, sizeof *job);
    job->jobs = jobs;
    job->what = what;
    job->run = run;
    job->arena = lb_arena_new();
    job->state = "waiting";
    for (int i = 0; i < JOB_ID - 1; i++) job->id[i] = letters[randombytes_uniform(sizeof letters - 1)];
    copy_actor(job, request);
    *id = lb_arena_text(request->arena, job->id);
    pthread_mutex_lock(&jobs->lock);
    forget_oldest(jobs);
    job->next = jobs->list;
    jobs->list = job;
    jobs->count++;
    pthread_mutex_unlock(&jobs->lock);
    lb_jobs_push(jobs->worker, run_job, job);
    return LB_OK;
}

/* -- routes --------------------------------------------------------------------------------------------------------------- */

static study_job *own_job(study_jobs *jobs, const study_request *r)
{
    for (study_job *job = jobs->list; job; job = job->next)
        if (strcmp(job->id, r->part[0]) == 0 && strcmp(job->request.actor.user, r->actor.user) == 0) return job;
    return NULL;
}

static int answer_job(study_request *r, lb_answer *answer, bool cancel, lb_error *err)
{
    study_jobs *jobs = study_home_jobs(r->home);
    pthread_mutex_lock(&jobs->lock);
    study_job *job = own_job(jobs, r);
    if (!job) {
        pthread_mutex_unlock(&jobs->lock);
        return study_absent(err, "job");
    }
    if (cancel) atomic_store(&job->cancelled, true);
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "id", job->id);
    lb_set_text(out, "what", job->what);
    lb_set_text(out, "state", job->state);
    lb_set_number(out, "progress", job->done);
    if (job->result) lb_set(out, "result", job->result);
    if (job->err.code) lb_set_text(out, "message", job->err.message);
    lb_answer_json(answer, out); /* written while the lock holds the job's result still */
    pthread_mutex_unlock(&jobs->lock);
    return LB_OK;
}

static int get_job(study_request *r, lb_answer *answer, lb_error *err) { return answer_job(r, answer, false, err); }
static int delete_job(study_request *r, lb_answer *answer, lb_error *err) { return answer_job(r, answer, true, err); }

static const study_route routes[] = {
    {"GET", "/api/jobs/{id}", NULL, 0, get_job, "how far a job is", NULL, NULL, "#Job"},
    {"DELETE", "/api/jobs/{id}", NULL, 0, delete_job, "call a job off", NULL, NULL, "#Job"},
};
static const study_schema schemas[] = {
    {"Job", "{id:text,what:text,state:(waiting|running|done|failed|cancelled),progress:number,result?:{*:any},message?:text}"},
};
const study_table study_job_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};
