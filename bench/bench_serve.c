/* 50 people at once save forms of 30 items over HTTP, each durable before its answer: SQLite, then PostgreSQL on a private server
 * where there is one (tests/postgres.sh). Each waits 50 to 150 ms between saves (LUMBAR_BENCH_PAUSE_MS: 100 on average), which no
 * typist does.
 * Aims: p99 below 25 ms, on PostgreSQL below 40 ms, on two quiet cores. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "http_client.h"
#include "server/server.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/users.h"

#include <lumbar/trial.h>

enum { CLIENTS = 50, SAVES = 60, ITEMS = 30 };
#define PASSWORD "four unrelated plain words"
static const lb_actor actor = {"bench", "system", NULL, 0, false, true};

static void check(int code, const lb_error *err)
{
    if (!code) return;
    fprintf(stderr, "bench_serve: %s: %s\n", err->where, err->message);
    exit(1);
}

/* ---- a study whose first form has 30 more items ---- */

static char *wide_protocol(const char *text)
{
    const char *at = strstr(text, "      - {id: sex, label: {en: Sex");
    lb_buf out = {0};
    if (!at) exit(1);
    lb_buf_add(&out, text, (size_t)(at - text));
    for (int i = 0; i < ITEMS; i++) lb_buf_printf(&out, "      - {id: bench%d, label: {en: Bench %d}, type: integer}\n", i, i);
    lb_buf_puts(&out, at);
    return out.data;
}

typedef struct founding {
    const char *text, *hash;
    const lb_study *study;
} founding;

static int put(lb_tx *tx, const char *kind, const char *key, const char *site, const char *subject, const char *state, lb_value *body, lb_error *err)
{
    const lb_record record = {.kind = kind, .key = key, .site = site, .subject = subject, .state = state, .body = body};
    return lb_tx_put(tx, &record, 0, &(lb_change){"set up", NULL, NULL}, err);
}

static int found(lb_tx *tx, void *context, lb_error *err)
{
    const founding *f = context;
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *body = lb_value_object(arena), *site = lb_value_object(arena), *life = lb_value_object(arena);
    lb_set_text(body, "text", f->text);
    lb_set_text(body, "sha256", f->study->sha256);
    lb_set_text(site, "protocol_version", f->study->version);
    lb_set_text(life, "id", f->study->id);
    const lb_user_new coordinator = {.name = "coord", .full_name = "coord", .role = "coordinator", .hash = f->hash};
    lb_value *user = lb_user_body(&coordinator, arena);
    lb_set_bool(user, "must_change", false);
    lb_set_bool(user, "second_factor", false);
    int code = put(tx, LB_KIND_PROTOCOL, f->study->version, NULL, NULL, "active", body, err);
    if (!code) code = put(tx, LB_KIND_SITE, "C01", "C01", NULL, "open", site, err);
    if (!code) code = put(tx, LB_KIND_STUDY, "study", NULL, NULL, "running", life, err);
    if (!code) code = put(tx, LB_KIND_USER, "coord", NULL, NULL, "active", user, err);
    for (int i = 0; i < CLIENTS && !code; i++) {
        const char *subject = lb_arena_printf(arena, "S%02d", i);
        lb_value *person = lb_value_object(arena);
        lb_set_int(person, "number", i + 1);
        code = put(tx, LB_KIND_SUBJECT, subject, "C01", subject, "screening", person, err);
    }
    return code;
}

/* ---- a client ---- */

typedef struct client {
    unsigned port;
    int number, failed;
    const char *cookie, *token;
    double seconds[SAVES];
} client;

static void make_request(const client *c, int save, lb_buf *out)
{
    lb_buf body = {0};
    lb_buf_puts(&body, "{\"values\":{");
    for (int i = 0; i < ITEMS; i++) lb_buf_printf(&body, "%s\"bench%d\":%d", i ? "," : "", i, save * 7 + i);
    lb_buf_printf(&body, "},\"revision\":%d,\"reason\":\"next\"}", save);
    out->length = 0;
    lb_buf_printf(out, "PUT /api/forms/S%02d/SCR/eligibility HTTP/1.1\r\nHost: localhost\r\nCookie: lumbar=%s\r\nX-Lumbar-Token: %s\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s", c->number, c->cookie, c->token, body.length, body.data);
    lb_buf_free(&body);
}

static void *work(void *context)
{
    enum { SIZE = 1 << 18 };
    client *c = context;
    const char *wanted = getenv("LUMBAR_BENCH_PAUSE_MS");
    long pause = wanted ? strtol(wanted, NULL, 10) : 100;
    char *buffer = malloc(SIZE);
    lb_buf request = {0};
    unsigned dice = (unsigned)c->number; /* people do not breathe together: all who waited for one commit would come back in step */
    int fd = open_connection(c->port);
    usleep((useconds_t)(pause * 1000 * c->number / CLIENTS));
    for (int i = 0; i < SAVES; i++) {
        make_request(c, i, &request);
        double start = lb_seconds();
        if (exchange(fd, request.data, buffer, SIZE) != 200 && c->failed++ == 0) fprintf(stderr, "%.300s\n", strstr(buffer, "{") ? strstr(buffer, "{") : buffer);
        c->seconds[i] = lb_seconds() - start;
        usleep((useconds_t)(pause * 500 + pause * (rand_r(&dice) % 1000)));
    }
    close(fd);
    free(buffer);
    lb_buf_free(&request);
    return NULL;
}

static void sign_in(unsigned port, char cookie[200], char token[100])
{
    static const char body[] = "{\"user\":\"coord\",\"password\":\"" PASSWORD "\"}";
    char request[600], *answer = malloc(1 << 16);
    int fd = open_connection(port);
    snprintf(request, sizeof request, "POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    int status = exchange(fd, request, answer, 1 << 16);
    const char *set = strstr(answer, "Set-Cookie: lumbar="), *is = strstr(answer, "\"token\":");
    if (status != 200 || !set || !is || sscanf(set, "Set-Cookie: lumbar=%199[^;]", cookie) != 1 || sscanf(is + 8, " \"%99[^\"]", token) != 1) {
        fprintf(stderr, "bench_serve: nobody can sign in: %d\n%.300s\n", status, answer);
        exit(1);
    }
    close(fd);
    free(answer);
}

/* What the server itself says of its answers, from a request's head to its answer written: the share below each bound. */
static void print_server_side(unsigned port)
{
    enum { SIZE = 1 << 18 };
    static const char mark[] = "lumbar_request_seconds_bucket{le=\"";
    char *answer = malloc(SIZE);
    int fd = open_connection(port);
    double all = 0;
    if (exchange(fd, "GET /api/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", answer, SIZE) != 200) exit(1);
    const char *total = strstr(answer, "lumbar_request_seconds_count ");
    if (total) all = strtod(total + 29, NULL);
    printf("  in the server:");
    for (const char *at = answer; (at = strstr(at, mark)) != NULL;) {
        char *end;
        double bound = strtod(at + sizeof mark - 1, &end), below = strtod(end + 3, NULL);
        if (bound >= 0.0049 && bound <= 0.11) printf(" %.2f %% within %g ms;", 100 * below / all, 1e3 * bound);
        at = end;
    }
    printf("\n");
    close(fd);
    free(answer);
}

/* ---- one database ---- */

/* Seconds of processor that the database server's processes have used so far, those that are gone included. */
static double postgres_cpu(const char *folder)
{
    char line[600], text[40] = "0";
    snprintf(line, sizeof line, "p=$(head -1 '%s/server/data/postmaster.pid' 2>/dev/null) && for q in $p $(ps -o pid= --ppid $p); do cut -d')' -f2 /proc/$q/stat; done |"
                                " awk '{s += $12 + $13 + (NR == 1 ? $14 + $15 : 0)} END {print s / 100}'", folder);
    FILE *out = *folder ? popen(line, "r") : NULL;
    if (out && !fgets(text, sizeof text, out)) text[0] = '\0';
    if (out) pclose(out);
    return strtod(text, NULL);
}

/* `server`: folder of the database's server, or "". */
static void measure(const char *name, const char *where, const char *beside, const char *server_folder, const founding *f)
{
    static client clients[CLIENTS];
    static double all[CLIENTS * SAVES];
    pthread_t thread[CLIENTS];
    char cookie[200], token[100];
    lb_error err = LB_ERROR_INIT;
    lb_store *store;
    lb_server *server;
    unsigned port;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    const lb_store_options how = {.where = where, .beside = beside, .create = true};
    check(lb_store_open(&how, &store, &err), &err);
    check(lb_store_write(store, &actor, arena, found, (void *)f, &err), &err);
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    options.listen = "127.0.0.1:0";
    options.store = store;
    check(lb_server_start(&options, registry, &server, &err), &err);
    if (sscanf(lb_server_url(server), "http://127.0.0.1:%u/", &port) != 1) exit(1);
    sign_in(port, cookie, token);
    lb_store_counts before, after;
    lb_store_count(store, &before);
    double start = lb_seconds(), cpu = lb_cpu_seconds(), theirs = postgres_cpu(server_folder);
    int failed = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.port = port, .number = i, .cookie = cookie, .token = token};
        pthread_create(&thread[i], NULL, work, &clients[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        memcpy(all + i * SAVES, clients[i].seconds, sizeof clients[i].seconds);
        failed += clients[i].failed;
    }
    lb_store_count(store, &after);
    enum { N = CLIENTS * SAVES };
    cpu = lb_cpu_seconds() - cpu;
    double took = lb_seconds() - start, commits = (double)(after.commits - before.commits);
    qsort(all, N, sizeof *all, by_value);
    printf("%s: %d clients, %d-item forms over HTTP, durable: %.0f saves/s, p50 %.1f ms, p99 %.1f ms, worst %.1f ms, %d failed; %.2f + %.2f ms of CPU a save, %.1f changes a commit of %.1f ms\n",
           name, CLIENTS, ITEMS, N / took, 1e3 * all[N / 2], 1e3 * all[N * 99 / 100], 1e3 * all[N - 1], failed, 1e3 * cpu / N,
           1e3 * (postgres_cpu(server_folder) - theirs) / N,
           (double)(after.changes - before.changes) / commits, 1e3 * (after.commit_seconds - before.commit_seconds) / commits);
    print_server_side(port);
    fflush(stdout);
    lb_server_stop(server);
    lb_store_close(store);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static bool postgres(const char *folder, char url[300])
{
    char line[600];
    snprintf(line, sizeof line, "tests/postgres.sh start '%s/server' 2>/dev/null", folder);
    FILE *out = popen(line, "r");
    bool there = out && fgets(url, 300, out);
    if (out && pclose(out) != 0) there = false;
    url[there ? strcspn(url, "\n") : 0] = '\0';
    return there;
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    char folder[300], where[400], beside[400], url[300] = "", line[1000], hash[LB_PASSWORD_HASH];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes file;
    lb_study *study;
    snprintf(folder, sizeof folder, "%s/lumbar-serve-XXXXXX", base && *base ? base : P_tmpdir);
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0) return 1;
    check(lb_file_read("studies/metnlbp.yaml", 0, arena, &file, &err), &err);
    char *text = wide_protocol(lb_arena_textn(arena, (const char *)file.data, file.length));
    lb_bytes wide = {(const uint8_t *)text, strlen(text), "wide.yaml"};
    check(lb_study_read(&wide, arena, &study, NULL, &err), &err);
    check(lb_password_hash(PASSWORD, hash, &err), &err);
    const founding f = {text, hash, study};
    snprintf(where, sizeof where, "%s/t.db", folder);
    measure("SQLite", where, NULL, "", &f);
    snprintf(beside, sizeof beside, "%s/pg", folder);
    if (postgres(folder, url)) measure("PostgreSQL", url, beside, folder, &f);
    else printf("PostgreSQL is not installed\n");
    lb_study_close(study);
    lb_arena_free(arena);
    free(text);
    snprintf(line, sizeof line, "[ -z '%s' ] || tests/postgres.sh stop '%s/server'; rm -rf '%s'", url, folder, folder);
    return system(line) == 0 ? 0 : 1;
}
