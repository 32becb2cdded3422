/* Parallel loop over independent work, progress, clocks. Threads take the next index when they are free; since work i
 * writes only slot i, the result does not depend on how many there are. */
#include <lumbar/base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

typedef struct work {
    atomic_size_t next;
    size_t count;
    void (*body)(void *context, size_t index);
    void *context;
} work;

static void *run(void *argument)
{
    work *w = argument;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->count;) w->body(w->context, i);
    return NULL;
}

void lb_parallel_for(size_t count, unsigned threads, void (*body)(void *context, size_t index), void *context)
{
    enum { MAX_THREADS = 256 };
    pthread_t thread[MAX_THREADS];
    work w = {.count = count, .body = body, .context = context};
    if (threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores > 0 ? (unsigned)cores : 1;
    }
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if (threads > count) threads = (unsigned)count;
    unsigned started = 0;
    for (; started + 1 < threads; started++) /* this thread works, too */
        if (pthread_create(&thread[started], NULL, run, &w) != 0) break;
    run(&w);
    for (unsigned i = 0; i < started; i++) pthread_join(thread[i], NULL);
}

void lb_progress_report(const lb_progress *progress, double done, const char *what)
{
    if (progress && progress->report) progress->report(progress->context, done, what);
}

bool lb_progress_cancelled(const lb_progress *progress)
{
    return progress && progress->cancelled && progress->cancelled(progress->context);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double lb_seconds(void) { return seconds(CLOCK_MONOTONIC); }
double lb_cpu_seconds(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }
