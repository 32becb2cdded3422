/* Against slow senders (slowloris) and readers: libmicrohttpd closes silent connections, but one byte every few seconds
 * keeps one open for ever. A thread looks twice a second and shuts down the sockets that are past the deadline of their
 * phase: the head as a whole, the body by its average rate, the answer as a whole. */
#include "server/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct lb_watched {
    lb_watched *next, **link; /* link: what points here */
    int fd;
    lb_phase phase;
    double since;
    size_t received;
};

struct lb_watch {
    pthread_mutex_t lock;
    pthread_cond_t stop;
    pthread_t thread;
    bool stopping, started;
    double head_seconds, body_rate, send_seconds;
    lb_watched *first;
};

static bool is_late(const lb_watch *watch, const lb_watched *one, double now)
{
    double spent = now - one->since;
    switch (one->phase) {
    case LB_PHASE_HEAD: return spent > watch->head_seconds;
    case LB_PHASE_BODY: return spent > watch->head_seconds + (double)one->received / watch->body_rate;
    case LB_PHASE_SEND: return spent > watch->send_seconds;
    default: return false;
    }
}

static void *look(void *argument)
{
    lb_watch *watch = argument;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        double now = lb_seconds();
        for (lb_watched *one = watch->first; one; one = one->next) {
            if (is_late(watch, one, now)) shutdown(one->fd, SHUT_RDWR);
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += 500000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&watch->stop, &watch->lock, &until);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

lb_watch *lb_watch_new(double head_seconds, double body_rate, double send_seconds)
{
    lb_watch *watch = lb_alloc(1, sizeof *watch);
    watch->head_seconds = head_seconds;
    watch->body_rate = body_rate;
    watch->send_seconds = send_seconds;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->stop, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&watch->lock, NULL);
    watch->started = pthread_create(&watch->thread, NULL, look, watch) == 0;
    return watch;
}

void lb_watch_free(lb_watch *watch)
{
    if (!watch) return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->stop);
    pthread_mutex_unlock(&watch->lock);
    if (watch->started) pthread_join(watch->thread, NULL);
    while (watch->first) lb_watch_remove(watch, watch->first);
    pthread_cond_destroy(&watch->stop);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

lb_watched *lb_watch_add(lb_watch *watch, int fd)
{
    lb_watched *one = lb_alloc(1, sizeof *one);
    one->fd = fd;
    one->since = lb_seconds();
    pthread_mutex_lock(&watch->lock);
    one->next = watch->first;
    one->link = &watch->first;
    if (one->next) one->next->link = &one->next;
    watch->first = one;
    pthread_mutex_unlock(&watch->lock);
    return one;
}

void lb_watch_remove(lb_watch *watch, lb_watched *one)
{
    pthread_mutex_lock(&watch->lock);
    *one->link = one->next;
    if (one->next) one->next->link = one->link;
    pthread_mutex_unlock(&watch->lock);
    free(one);
}

void lb_watch_phase(lb_watch *watch, lb_watched *one, lb_phase phase)
{
    pthread_mutex_lock(&watch->lock);
    one->phase = phase;
    one->since = lb_seconds();
    one->received = 0;
    pthread_mutex_unlock(&watch->lock);
}

void lb_watch_received(lb_watch *watch, lb_watched *one, size_t bytes)
{
    pthread_mutex_lock(&watch->lock);
    one->received += bytes;
    pthread_mutex_unlock(&watch->lock);
}

bool lb_watch_gone(lb_watch *watch, lb_watched *one)
{
    char byte;
    pthread_mutex_lock(&watch->lock);
    ssize_t got = recv(one->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    bool gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
    pthread_mutex_unlock(&watch->lock);
    return gone;
}
