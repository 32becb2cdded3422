/* The listening socket: address text to bound socket. */
#ifndef LUMBAR_SERVER_LISTEN_H
#define LUMBAR_SERVER_LISTEN_H

#include <lumbar/base.h>

typedef struct lb_listener {
    int fd;
    bool ipv6, loopback;
    unsigned port;
    char host[64]; /**< numeric, without brackets */
    char url[96];
} lb_listener;

/** Bind "HOST:PORT". With `loopback_only` any other address is LB_USAGE. */
int lb_listen_open(const char *address, bool loopback_only, lb_listener *out, lb_error *err) LB_MUST_CHECK;

#endif
