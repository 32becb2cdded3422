/* Requests per second of the server on this machine: a cached answer and an operation, over 32 kept connections, with the
 * 50th and 99th percentile of the time each took. Peers: wrk measures the same server, where it is installed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_client.h"
#include "server/server.h"

enum { CLIENTS = 32 };

typedef struct client {
    unsigned port, requests, failed;
    const char *request;
    double *seconds; /* of each request */
} client;

static void *ask(void *argument)
{
    client *c = argument;
    enum { SIZE = 1 << 20 };
    char *buffer = malloc(SIZE);
    int fd = open_connection(c->port);
    for (unsigned i = 0; i < c->requests; i++) {
        double start = lb_seconds();
        bool good = fd >= 0 && exchange(fd, c->request, buffer, SIZE) == 200;
        if (!good) c->failed++;
        c->seconds[i] = lb_seconds() - start;
    }
    if (fd >= 0) close(fd);
    free(buffer);
    return NULL;
}

static void measure(const char *name, unsigned port, const char *request, unsigned each)
{
    pthread_t thread[CLIENTS];
    client c[CLIENTS];
    double *seconds = lb_alloc((size_t)CLIENTS * each, sizeof *seconds), start = lb_seconds();
    unsigned failed = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        c[i] = (client){port, each, 0, request, seconds + i * each};
        if (pthread_create(&thread[i], NULL, ask, &c[i]) != 0) exit(1);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        failed += c[i].failed;
    }
    double spent = lb_seconds() - start;
    size_t all = (size_t)CLIENTS * each;
    qsort(seconds, all, sizeof *seconds, by_value);
    printf("%s  %.0f requests/s  (%d connections, p50 %.2f ms, p99 %.2f ms, %u failed)\n", name, (double)all / spent, CLIENTS,
           1e3 * seconds[all / 2], 1e3 * seconds[all * 99 / 100], failed);
    fflush(stdout);
    free(seconds);
}

int main(void)
{
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    lb_registry *registry = lb_registry_all();
    lb_server *server = NULL;
    unsigned port = 0;
    options.listen = "127.0.0.1:0";
    if (lb_server_start(&options, registry, &server, &err) || sscanf(lb_server_url(server), "http://127.0.0.1:%u/", &port) != 1) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    measure("http_get_health", port, "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 3000);
    measure("http_get_ops", port, "GET /api/ops HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000);
    if (lb_registry_find(registry, "power", "means")) {
        static const char body[] = "{\"parameters\":{\"delta\":15,\"sd\":15}}";
        char request[256];
        snprintf(request, sizeof request,
                 "POST /api/op/power.means HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 sizeof body - 1, body);
        measure("http_post_power_means", port, request, 100);
    }
    char command[256];
    snprintf(command, sizeof command, "wrk -t2 -c%d -d3s http://127.0.0.1:%u/api/health | awk '/Requests.sec/{print \"  wrk: http_get_health \" $2 \" requests/s\"}'", CLIENTS, port);
    if (system("command -v wrk >/dev/null 2>&1") != 0 || system(command) != 0) printf("  wrk is not installed\n");
    lb_server_stop(server);
    lb_registry_free(registry);
    return 0;
}
