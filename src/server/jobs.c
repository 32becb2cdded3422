/* Operations run here, not on the network threads, so that a long one never holds up other people's pages. The number
 * that run and the number that wait are bounded; beyond that a request is told to come back. */
#include "server/jobs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct job {
    void (*run)(void *context);
    void *context;
} job;

struct lb_jobs {
    pthread_mutex_t lock;
    pthread_cond_t pushed;
    pthread_t *thread;
    unsigned workers;
    size_t places, taken; /* taken: reserved, waiting or running */
    job *ring;
    size_t head, waiting;
    atomic_bool stopping;
    atomic_uint running;
};

static void *work(void *argument)
{
    lb_jobs *jobs = argument;
    pthread_mutex_lock(&jobs->lock);
    for (;;) {
        while (jobs->waiting == 0 && !(atomic_load(&jobs->stopping) && jobs->taken == 0)) {
            pthread_cond_wait(&jobs->pushed, &jobs->lock);
        }
        if (jobs->waiting == 0) break;
        job next = jobs->ring[jobs->head];
        jobs->head = (jobs->head + 1) % jobs->places;
        jobs->waiting--;
        pthread_mutex_unlock(&jobs->lock);
        atomic_fetch_add(&jobs->running, 1);
        next.run(next.context);
        atomic_fetch_sub(&jobs->running, 1);
        pthread_mutex_lock(&jobs->lock);
        jobs->taken--;
        if (atomic_load(&jobs->stopping)) pthread_cond_broadcast(&jobs->pushed);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

lb_jobs *lb_jobs_new(unsigned workers, unsigned queue)
{
    lb_jobs *jobs = lb_alloc(1, sizeof *jobs);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->pushed, NULL);
    jobs->places = (size_t)workers + queue;
    jobs->ring = lb_alloc(jobs->places, sizeof *jobs->ring);
    jobs->thread = lb_alloc(workers, sizeof *jobs->thread);
    while (jobs->workers < workers && pthread_create(&jobs->thread[jobs->workers], NULL, work, jobs) == 0) jobs->workers++;
    if (jobs->workers > 0) return jobs;
    lb_jobs_free(jobs);
    return NULL;
}

bool lb_jobs_reserve(lb_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    bool free_place = jobs->taken < jobs->places && !atomic_load(&jobs->stopping);
    if (free_place) jobs->taken++;
    pthread_mutex_unlock(&jobs->lock);
    return free_place;
}

void lb_jobs_push(lb_jobs *jobs, void (*run)(void *context), void *context)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->ring[(jobs->head + jobs->waiting++) % jobs->places] = (job){run, context};
    pthread_cond_signal(&jobs->pushed);
    pthread_mutex_unlock(&jobs->lock);
}

bool lb_jobs_stopping(const lb_jobs *jobs)
{
    return atomic_load(&jobs->stopping);
}

unsigned lb_jobs_running(const lb_jobs *jobs)
{
    return atomic_load(&jobs->running);
}

void lb_jobs_stop(lb_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->stopping, true);
    pthread_cond_broadcast(&jobs->pushed);
    pthread_mutex_unlock(&jobs->lock);
    for (unsigned i = 0; i < jobs->workers; i++) pthread_join(jobs->thread[i], NULL);
    jobs->workers = 0;
}

void lb_jobs_free(lb_jobs *jobs)
{
    if (!jobs) return;
    lb_jobs_stop(jobs);
    pthread_cond_destroy(&jobs->pushed);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs->ring);
    free(jobs->thread);
    free(jobs);
}
