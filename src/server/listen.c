/* Address text to a bound, listening socket. Kept apart from libmicrohttpd so that "port in use", a wrong address and
 * the demo's loopback rule are said in plain words, and so that port 0 can be asked for and printed. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "HOST:PORT" or "[HOST]:PORT" into its two parts. */
static int split_address(const char *address, char *host, size_t host_size, char *port, size_t port_size, lb_error *err)
{
    const char *colon = strrchr(address, ':');
    const char *start = address;
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (colon && address[0] == '[') {
        if (length < 2 || colon[-1] != ']') colon = NULL;
        start = address + 1;
        length = length >= 2 ? length - 2 : 0;
    } else if (colon && memchr(address, ':', length)) {
        colon = NULL; /* an IPv6 address without brackets */
    }
    int64_t number = -1;
    bool numeric = colon && lb_text_integer(colon + 1, strlen(colon + 1), &number);
    if (!numeric || number < 0 || number > 65535 || length == 0 || length >= host_size) {
        lb_fail(err, LB_USAGE, "'%.100s' is not an address to listen on", address);
        lb_error_where(err, "--listen");
        lb_error_hint(err, "write HOST:PORT with a port from 0 to 65535, e.g. 127.0.0.1:8080 or [::1]:8080");
        return LB_USAGE;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    snprintf(port, port_size, "%d", (int)number);
    return LB_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (address->sa_family != AF_INET6) return false;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return v6->sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int refuse_bind(const char *address, lb_error *err)
{
    int reason = errno;
    if (reason == EADDRINUSE) {
        lb_fail(err, LB_FAILED, "%.100s is already in use by another program", address);
        lb_error_hint(err, "stop that program, or choose another port: --listen 127.0.0.1:0 picks a free one");
    } else if (reason == EACCES) {
        lb_fail(err, LB_FAILED, "no permission to listen on %.100s", address);
        lb_error_hint(err, "ports below 1024 belong to the system: choose a higher one and put nginx in front");
    } else {
        lb_fail(err, LB_FAILED, "cannot listen on %.100s: %s", address, strerror(reason));
        lb_error_hint(err, "name an address of this machine, e.g. 127.0.0.1:8080");
    }
    lb_error_where(err, "--listen");
    return LB_FAILED;
}

/* Numeric host, port (the real one after port 0) and URL of the bound socket. */
static void describe(lb_listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    char port[16] = "0";
    if (getsockname(listener->fd, (struct sockaddr *)&bound, &length) == 0) {
        getnameinfo((struct sockaddr *)&bound, length, listener->host, sizeof listener->host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    }
    int64_t number = 0;
    if (lb_text_integer(port, strlen(port), &number)) listener->port = (unsigned)number;
    snprintf(listener->url, sizeof listener->url, "http://%s%s%s:%u/", listener->ipv6 ? "[" : "", listener->host,
             listener->ipv6 ? "]" : "", listener->port);
}

int lb_listen_open(const char *address, bool loopback_only, lb_listener *out, lb_error *err)
{
    memset(out, 0, sizeof *out);
    out->fd = -1;
    char host[256], port[16];
    int code = split_address(address, host, sizeof host, port, sizeof port, err);
    if (code) return code;
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &wanted, &found) != 0 || !found) {
        lb_fail(err, LB_USAGE, "'%.100s' is not an address of this machine", host);
        lb_error_where(err, "--listen");
        lb_error_hint(err, "use a number such as 127.0.0.1, or localhost");
        return LB_USAGE;
    }
    out->loopback = is_loopback(found->ai_addr);
    out->ipv6 = found->ai_family == AF_INET6;
    if (loopback_only && !out->loopback) {
        freeaddrinfo(found);
        lb_fail(err, LB_USAGE, "the demo listens on this machine only, not on %.100s", host);
        lb_error_where(err, "--listen");
        lb_error_hint(err, "use 127.0.0.1 or [::1]; the demo has no users and no passwords");
        return LB_USAGE;
    }
    int on = 1;
    out->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->fd >= 0) setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (out->fd < 0 || bind(out->fd, found->ai_addr, found->ai_addrlen) != 0 || listen(out->fd, 511) != 0) {
        code = refuse_bind(address, err);
        if (out->fd >= 0) close(out->fd);
        out->fd = -1;
    } else {
        describe(out);
    }
    freeaddrinfo(found);
    return code;
}
