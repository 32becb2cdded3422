/* What the benches of the server share: a kept connection, one request over it, and the order of times. */
#ifndef LUMBAR_BENCH_HTTP_CLIENT_H
#define LUMBAR_BENCH_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int open_connection(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* Status of the answer; all of it in `buffer`. */
static int exchange(int fd, const char *request, char *buffer, size_t size)
{
    size_t used = 0, whole = 0;
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) <= 0) return 0;
    while (whole == 0 || used < whole) {
        ssize_t got = recv(fd, buffer + used, size - 1 - used, 0);
        if (got <= 0) return 0;
        used += (size_t)got;
        buffer[used] = '\0';
        const char *end = whole ? NULL : strstr(buffer, "\r\n\r\n"), *length = end ? strstr(buffer, "Content-Length: ") : NULL;
        if (end && length) whole = (size_t)(end - buffer) + 4 + strtoull(length + 16, NULL, 10);
        if (whole >= size) return 0;
    }
    return (int)strtol(buffer + 9, NULL, 10);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
