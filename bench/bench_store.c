/* The store of a study: 50 clients saving 30-item forms, durable (p99 < 25 ms); then 10,000 people × 10 visits × 200 items:
 * the matrix's heads, a snapshot, a verification (all of it in less than 1 GiB and 2 minutes). LUMBAR_BENCH_PEOPLE sets
 * another number of people. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store/store.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/people.h"
#include "trial/conduct/snapshot.h"

#include <lumbar/trial.h>

enum { CLIENTS = 50, SAVES = 200, ITEMS = 30, VISITS = 10, WIDE = 200 };
static const lb_actor actor = {"bench", "system", NULL, 0, false, true};

static void check(int code, const lb_error *err)
{
    if (!code) return;
    fprintf(stderr, "bench_store: %s: %s\n", err->where, err->message);
    exit(1);
}

static lb_value *form_body(lb_arena *arena, int items, int seed)
{
    lb_value *body = lb_value_object(arena), *values = lb_set_object(body, "values");
    lb_set_object(body, "missing");
    for (int i = 0; i < items; i++) {
        char key[16];
        snprintf(key, sizeof key, "item%d", i + 1);
        lb_set_int(values, key, (seed * 31 + i * 7) % 100);
    }
    lb_value *keyed = lb_push_object(lb_set_array(body, "keyed_by"));
    lb_set_text(keyed, "by", "bench");
    lb_set_text(keyed, "at", "2026-03-05T10:00:00Z");
    lb_set_text(body, "version", "1");
    return body;
}

/* ---- many clients, one form each ---- */

typedef struct client {
    lb_store *store;
    int number;
    double seconds[SAVES];
} client;

typedef struct one_save {
    int client, save;
    int64_t revision;
} one_save;

static int save(lb_tx *tx, void *context, lb_error *err)
{
    const one_save *s = context;
    char key[48], subject[16];
    snprintf(subject, sizeof subject, "S%04d", s->client);
    snprintf(key, sizeof key, "%s|V%d|form", subject, s->save / 4);
    const lb_record *before;
    int code = lb_tx_get(tx, LB_KIND_ENTRY, key, &before, err);
    if (code) return code;
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = key, .site = "C01", .subject = subject, .parent = "V", .state = "complete",
                              .body = form_body(lb_tx_arena(tx), ITEMS, s->client + s->save)};
    const lb_change change = {"save", before ? "correction" : NULL, "1"};
    return lb_tx_put(tx, &record, before ? before->revision : 0, &change, err);
}

static void *run_client(void *context)
{
    client *c = context;
    for (int i = 0; i < SAVES; i++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        one_save s = {c->number, i, 0};
        double start = lb_seconds();
        check(lb_store_write(c->store, &actor, arena, save, &s, &err), &err);
        c->seconds[i] = lb_seconds() - start;
        lb_arena_free(arena);
        usleep(20000); /* a user who types would wait far longer; 50 of them still give 1500 saves a second at most */
    }
    return NULL;
}

static int by_size(const void *left, const void *right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return l < r ? -1 : l > r;
}

static void bench_clients(lb_store *store)
{
    static client clients[CLIENTS];
    static double all[CLIENTS * SAVES];
    pthread_t thread[CLIENTS];
    double start = lb_seconds(), cpu = lb_cpu_seconds();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.store = store, .number = i};
        pthread_create(&thread[i], NULL, run_client, &clients[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        memcpy(all + i * SAVES, clients[i].seconds, sizeof clients[i].seconds);
    }
    double took = lb_seconds() - start;
    qsort(all, CLIENTS * SAVES, sizeof *all, by_size);
    printf("%d clients, %d-item forms, durable: %.0f saves/s, p50 %.1f ms, p99 %.1f ms, worst %.1f ms, %.2f ms of CPU a save\n", CLIENTS, ITEMS, CLIENTS * SAVES / took,
           1e3 * all[CLIENTS * SAVES / 2], 1e3 * all[CLIENTS * SAVES * 99 / 100], 1e3 * all[CLIENTS * SAVES - 1],
           1e3 * (lb_cpu_seconds() - cpu) / (CLIENTS * SAVES));
}

/* ---- a large study ---- */

/* One form of 200 numbers at ten visits, in the words of a protocol file. */
static char *wide_protocol(const char *small)
{
    lb_buf text = {0}, items = {0}, visits = {0};
    lb_buf_puts(&items, "forms:\n  - id: wide\n    label: Wide\n    filled_by: site\n    items:\n");
    for (int i = 0; i < WIDE; i++) lb_buf_printf(&items, "      - {id: item%d, label: Item %d, type: number}\n", i + 1, i + 1);
    lb_buf_puts(&visits, "visits:\n");
    for (int v = 0; v < VISITS; v++)
        lb_buf_printf(&visits, "  - {id: X%d, label: Visit %d, anchor: randomisation, day: %d, window: [-7, 7], forms: [wide]}\n", v, v, 30 * v + 30);
    for (const char *line = small; *line;) {
        const char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        if (strncmp(line, "forms:", 6) == 0) lb_buf_puts(&text, items.data);
        else if (strncmp(line, "visits:", 7) == 0) lb_buf_puts(&text, visits.data);
        else lb_buf_add(&text, line, length);
        line += length;
    }
    lb_buf_free(&items);
    lb_buf_free(&visits);
    return text.data;
}

typedef struct batch {
    int from, to;
} batch;

static int fill(lb_tx *tx, void *context, lb_error *err)
{
    const batch *b = context;
    lb_arena *arena = lb_tx_arena(tx);
    const lb_change change = {"fill", NULL, "1"};
    int code = LB_OK;
    for (int i = b->from; i < b->to && !code; i++) {
        const char *subject = lb_arena_printf(arena, "P%05d", i);
        lb_value *body = lb_value_object(arena);
        lb_set_text(body, "site", "C01");
        lb_record record = {.kind = LB_KIND_SUBJECT, .key = subject, .site = "C01", .subject = subject, .state = "randomised", .body = body};
        code = lb_tx_put(tx, &record, 0, &change, err);
        lb_value *allocation = lb_value_object(arena);
        lb_set_text(allocation, "at", "2026-02-01T09:00:00Z");
        lb_set_text(allocation, "date", "2026-02-01");
        record = (lb_record){.kind = LB_KIND_ALLOCATION, .key = subject, .site = "C01", .subject = subject, .state = "allocated", .body = allocation};
        if (!code) code = lb_tx_put(tx, &record, 0, &change, err);
        for (int v = 0; v < VISITS && !code; v++) {
            const char *visit = lb_arena_printf(arena, "X%d", v);
            record = (lb_record){.kind = LB_KIND_ENTRY, .key = lb_arena_printf(arena, "%s|%s|wide", subject, visit), .site = "C01", .subject = subject,
                                 .parent = visit, .state = "complete", .body = form_body(arena, WIDE, i + v)};
            code = lb_tx_put(tx, &record, 0, &change, err);
        }
    }
    return code;
}

static int count_head(void *context, const lb_record *record, lb_error *err)
{
    (void)record;
    (void)err;
    ++*(size_t *)context;
    return LB_OK;
}

static int heads(lb_tx *tx, void *context, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_ENTRY, .heads = true};
    return lb_tx_scan(tx, &find, count_head, context, err);
}

typedef struct page {
    lb_store *store;
    const lb_study *study;
    lb_buf json;
} page;

/* All of the matrix page's answer, as its route makes it. */
static int matrix(lb_tx *tx, void *context, lb_error *err)
{
    page *p = context;
    lb_value *out;
    int code = lb_people_matrix(tx, p->store, p->study, NULL, NULL, &out, err);
    if (!code) lb_json_write(out, 0, &p->json);
    return code;
}

/* Seconds on the wall, and of the processor in brackets: a busy machine stretches only the first. */
typedef struct watch {
    double wall, cpu;
} watch;

static watch started(void) { return (watch){lb_seconds(), lb_cpu_seconds()}; }

static const char *since(watch w)
{
    static char text[64];
    snprintf(text, sizeof text, "%.2f s [%.2f s of CPU]", lb_seconds() - w.wall, lb_cpu_seconds() - w.cpu);
    return text;
}

static double memory_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void bench_large(lb_store *store, const lb_study *study, int people)
{
    lb_error err = LB_ERROR_INIT;
    watch start = started();
    for (int i = 0; i < people; i += 50) {
        lb_arena *arena = lb_arena_new();
        batch b = {i, i + 50 < people ? i + 50 : people};
        check(lb_store_write(store, &actor, arena, fill, &b, &err), &err);
        lb_arena_free(arena);
    }
    printf("%d people x %d visits x %d items: written in %s (%.0f MiB resident)\n", people, VISITS, WIDE, since(start), memory_mib());
    size_t count = 0;
    lb_arena *arena = lb_arena_new();
    start = started();
    check(lb_store_read(store, &actor, arena, heads, &count, &err), &err);
    printf("  heads of %zu entries: %s (%.0f MiB)\n", count, since(start), memory_mib());
    lb_arena_free(arena);
    arena = lb_arena_new();
    page p = {store, study, {0}};
    start = started();
    check(lb_store_read(store, &actor, arena, matrix, &p, &err), &err);
    printf("  matrix page of %d people: %s, %.1f MB of JSON (%.0f MiB)\n", people, since(start), (double)p.json.length / 1e6, memory_mib());
    lb_buf_free(&p.json);
    lb_arena_free(arena);
    arena = lb_arena_new();
    lb_value *out;
    start = started();
    check(lb_snapshot(store, &actor, study, NULL, "bench", arena, &out, &err), &err);
    printf("  snapshot: %s (%.0f MiB)\n", since(start), memory_mib());
    start = started();
    check(lb_store_verify(store, arena, &out, &err), &err);
    printf("  verification: %s (%.0f MiB), %s\n", since(start), memory_mib(), lb_get_bool(out, "valid", false) ? "valid" : "NOT VALID");
    lb_arena_free(arena);
}

static lb_store *new_store(const char *folder, const char *name, bool fast)
{
    lb_error err = LB_ERROR_INIT;
    char where[400];
    snprintf(where, sizeof where, "%s/%s", folder, name);
    lb_store_options options = {.where = where, .create = true, .fast = fast};
    lb_store *store;
    check(lb_store_open(&options, &store, &err), &err);
    return store;
}

int main(void)
{
    const char *wanted = getenv("LUMBAR_BENCH_PEOPLE"), *base = getenv("TMPDIR");
    int people = wanted ? (int)strtol(wanted, NULL, 10) : 10000;
    char folder[300], command[400];
    snprintf(folder, sizeof folder, "%s/lumbar-bench-XXXXXX", base && *base ? base : P_tmpdir);
    if (!mkdtemp(folder)) return 1;
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes small;
    lb_study *study;
    lb_store *store = new_store(folder, "clients.db", false);
    bench_clients(store);
    lb_store_close(store);
    check(lb_file_read("reference/trial/minimal.yaml", 0, arena, &small, &err), &err);
    char *text = wide_protocol(lb_arena_textn(arena, (const char *)small.data, small.length));
    lb_bytes wide = {(const uint8_t *)text, strlen(text), "wide.yaml"};
    int code = lb_study_read(&wide, arena, &study, NULL, &err);
    if (code) fprintf(stderr, "%s\n", text);
    check(code, &err);
    store = new_store(folder, "large.db", true);
    bench_large(store, study, people);
    lb_store_close(store);
    lb_study_close(study);
    lb_arena_free(arena);
    free(text);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
