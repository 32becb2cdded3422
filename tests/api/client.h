/* A small HTTP client over raw sockets for the tests of the server: it can also send what no library would. */
#ifndef LUMBAR_TEST_CLIENT_H
#define LUMBAR_TEST_CLIENT_H

#include "lumbar_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

typedef struct reply {
    int status; /* 0: the connection closed without an answer */
    char head[16384];
    char *body; /* malloc'ed, NUL-terminated */
    size_t length;
} reply;

static inline void reply_free(reply *r)
{
    free(r->body);
    r->body = NULL;
}

static inline int client_open(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval limit = {.tv_sec = 60};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

static inline int client_send(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        at += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* Value of a header of the reply into `out`, "" when absent. */
static inline const char *reply_header(const reply *r, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    out[0] = '\0';
    for (const char *line = strstr(r->head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':') continue;
        const char *value = line + 3 + length;
        while (*value == ' ') value++;
        snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
        break;
    }
    return out;
}

/* Read one reply; `head_only` after HEAD. */
static inline void client_read(int fd, bool head_only, reply *r)
{
    memset(r, 0, sizeof *r);
    size_t used = 0;
    char *end = NULL;
    while (!end && used + 1 < sizeof r->head) {
        ssize_t got = recv(fd, r->head + used, 1, 0);
        if (got <= 0) break;
        used++;
        r->head[used] = '\0';
        end = strstr(r->head, "\r\n\r\n");
    }
    r->body = calloc(1, 1);
    if (!end) return;
    if (sscanf(r->head, "HTTP/1.1 %d", &r->status) != 1) sscanf(r->head, "HTTP/1.0 %d", &r->status);
    char text[64];
    size_t length = (size_t)strtoull(reply_header(r, "Content-Length", text, sizeof text), NULL, 10);
    if (r->status == 100) {
        reply_free(r);
        client_read(fd, head_only, r);
        return;
    }
    if (head_only || r->status == 304) return;
    r->body = realloc(r->body, length + 1);
    while (r->length < length) {
        ssize_t got = recv(fd, r->body + r->length, length - r->length, 0);
        if (got <= 0) break;
        r->length += (size_t)got;
    }
    r->body[r->length] = '\0';
}

/* One request on a connection of its own. `head` ends without the empty line. */
static inline void client_ask(unsigned port, const char *head, const void *body, size_t length, reply *r)
{
    int fd = client_open(port);
    assert_true(fd >= 0);
    client_send(fd, head, strlen(head));
    client_send(fd, "\r\n", 2);
    if (length) client_send(fd, body, length);
    client_read(fd, strncmp(head, "HEAD ", 5) == 0, r);
    close(fd);
}

static inline void client_get(unsigned port, const char *path, const char *headers, reply *r)
{
    char head[4096];
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s", path, port, headers);
    client_ask(port, head, NULL, 0, r);
}

static inline void client_post(unsigned port, const char *path, const char *type, const char *headers, const char *body,
                               size_t length, reply *r)
{
    char head[4096];
    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s", path,
             port, type, length, headers);
    client_ask(port, head, body, length, r);
}

#endif
