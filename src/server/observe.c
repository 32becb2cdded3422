/* Counters and the log: observe.h says what may be in them. */
#include "server/observe.h"
#include "store/store.h"

#include <lumbar/data.h>
#include <lumbar/trial.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "other"};
static const unsigned statuses[] = {200, 201, 204, 206, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 0};
static const double bounds[] = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10};

struct lb_observer {
    pthread_mutex_t lock;
    int file; /* -1: no log */
    int64_t started_us;
    uint64_t count[LB_COUNT(methods)][LB_COUNT(statuses)], below[LB_COUNT(bounds)], requests, in, out;
    double seconds;
};

int lb_observer_new(const char *log, lb_observer **out, lb_error *err)
{
    lb_observer *o = lb_alloc(1, sizeof *o);
    pthread_mutex_init(&o->lock, NULL);
    o->started_us = lb_now_us();
    o->file = -1;
    *out = o;
    if (!log) return LB_OK;
    o->file = strcmp(log, "-") == 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (o->file >= 0) return LB_OK;
    lb_fail(err, LB_FAILED, "cannot write the log: %s", strerror(errno));
    lb_error_where(err, "%s", log);
    lb_error_hint(err, "name a file that this user may write: --log FILE, or - for the standard error");
    return LB_FAILED;
}

void lb_observer_free(lb_observer *o)
{
    if (!o) return;
    if (o->file >= 0) close(o->file);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* ---- the log ---- */

static lb_value *new_line(lb_arena *arena, const char *event)
{
    char at[24];
    int64_t now = lb_now_us();
    lb_value *line = lb_value_object(arena);
    lb_time_text(now / 1000000, at);
    at[19] = '\0';
    lb_set_textf(line, "at", "%s.%03dZ", at, (int)(now % 1000000 / 1000));
    lb_set_text(line, "event", event);
    return line;
}

/* One write a line: lines of many threads do not mix (POSIX: a write to a file opened with O_APPEND). */
static void write_line(const lb_observer *o, const lb_value *line)
{
    lb_buf text = {0};
    lb_json_write(line, 0, &text);
    lb_buf_putc(&text, '\n');
    ssize_t done = write(o->file, text.data, text.length);
    (void)done; /* a full disk must not stop the server */
    lb_buf_free(&text);
}

void lb_observer_event(lb_observer *o, const char *event, const char *detail)
{
    if (!o || o->file < 0) return;
    lb_arena *arena = lb_arena_new();
    lb_value *line = new_line(arena, event);
    lb_set_text(line, "version", lb_version());
    if (detail) lb_set_text(line, "detail", detail);
    write_line(o, line);
    lb_arena_free(arena);
}

static size_t method_of(const char *method)
{
    size_t i = 0;
    while (i + 1 < LB_COUNT(methods) && strcmp(methods[i], method) != 0) i++;
    return i;
}

static size_t status_of(unsigned status)
{
    size_t i = 0;
    while (i + 1 < LB_COUNT(statuses) && statuses[i] != status) i++;
    return i;
}

static void log_request(const lb_observer *o, const lb_observed *r)
{
    lb_arena *arena = lb_arena_new();
    lb_value *line = new_line(arena, "request");
    lb_set_text(line, "method", methods[method_of(r->method)]);
    lb_set_text(line, "route", r->route);
    lb_set_int(line, "status", r->status);
    lb_set_number(line, "ms", (double)(int64_t)(r->seconds * 1e5) / 100);
    lb_set_int(line, "in", (int64_t)r->in);
    lb_set_int(line, "out", (int64_t)r->out);
    write_line(o, line);
    lb_arena_free(arena);
}

void lb_observe(lb_observer *o, const lb_observed *r)
{
    pthread_mutex_lock(&o->lock);
    o->count[method_of(r->method)][status_of(r->status)]++;
    for (size_t i = 0; i < LB_COUNT(bounds); i++) o->below[i] += r->seconds <= bounds[i];
    o->requests++;
    o->seconds += r->seconds;
    o->in += r->in;
    o->out += r->out;
    pthread_mutex_unlock(&o->lock);
    if (o->file >= 0) log_request(o, r);
}

/* ---- the counters ---- */

static void heading(lb_buf *out, const char *name, const char *type, const char *help)
{
    lb_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(lb_buf *out, const char *name, const char *type, const char *help, double value)
{
    char number[32];
    heading(out, name, type, help);
    lb_buf_printf(out, "%s %s\n", name, lb_number_text(value, number));
}

static double resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    int read = file ? fscanf(file, "%lu %lu", &size, &resident) : 0;
    if (file) fclose(file);
    return read == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : 0;
}

static void requests(const lb_observer *o, lb_buf *out)
{
    char number[32];
    heading(out, "lumbar_requests_total", "counter", "Requests answered, by method and status.");
    for (size_t m = 0; m < LB_COUNT(methods); m++) {
        for (size_t s = 0; s < LB_COUNT(statuses); s++) {
            if (o->count[m][s] == 0) continue;
            if (statuses[s]) snprintf(number, sizeof number, "%u", statuses[s]);
            else snprintf(number, sizeof number, "other");
            lb_buf_printf(out, "lumbar_requests_total{method=\"%s\",status=\"%s\"} %llu\n", methods[m], number, (unsigned long long)o->count[m][s]);
        }
    }
    heading(out, "lumbar_request_seconds", "histogram", "Time from a request's head to its answer.");
    for (size_t i = 0; i < LB_COUNT(bounds); i++)
        lb_buf_printf(out, "lumbar_request_seconds_bucket{le=\"%s\"} %llu\n", lb_number_text(bounds[i], number), (unsigned long long)o->below[i]);
    lb_buf_printf(out, "lumbar_request_seconds_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)o->requests);
    lb_buf_printf(out, "lumbar_request_seconds_sum %s\n", lb_number_text(o->seconds, number));
    lb_buf_printf(out, "lumbar_request_seconds_count %llu\n", (unsigned long long)o->requests);
    one(out, "lumbar_received_bytes_total", "counter", "Bytes of bodies received.", (double)o->in);
    one(out, "lumbar_sent_bytes_total", "counter", "Bytes of bodies sent.", (double)o->out);
}

void lb_observer_metrics(lb_observer *o, lb_store *store, size_t body_bytes, lb_buf *out)
{
    heading(out, "lumbar_build_info", "gauge", "The version that runs.");
    lb_buf_printf(out, "lumbar_build_info{version=\"%s\"} 1\n", lb_version());
    one(out, "process_start_time_seconds", "gauge", "When the server started, seconds since 1970.", (double)o->started_us / 1e6);
    one(out, "process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
    one(out, "lumbar_bodies_held_bytes", "gauge", "Bytes of request bodies held now.", (double)body_bytes);
    pthread_mutex_lock(&o->lock);
    requests(o, out);
    pthread_mutex_unlock(&o->lock);
    if (!store) return;
    lb_store_counts counts;
    lb_store_count(store, &counts);
    one(out, "lumbar_store_commits_total", "counter", "Commits that reached the disk.", (double)counts.commits);
    one(out, "lumbar_store_changes_total", "counter", "Changes kept by them: many share one.", (double)counts.changes);
    one(out, "lumbar_store_refused_total", "counter", "Changes refused or failed.", (double)counts.refused);
    one(out, "lumbar_store_commit_seconds_total", "counter", "Time spent on commits.", counts.commit_seconds);
    one(out, "lumbar_store_audit_entries", "gauge", "Entries of the audit written since the start and before.", (double)counts.entries);
}
