/* Messages between the program and its allocator over Unix sockets, and sockets handed over by SCM_RIGHTS (unix(7)): there
 * is no name in any folder or network that somebody else could connect to. */
#include "allocator/room.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool send_all(int socket, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t n = send(socket, at, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

bool wire_send(int socket, const lb_buf *message)
{
    if (message->length > ALLOCATOR_MESSAGE || message->overflow) return false;
    uint32_t n = (uint32_t)message->length;
    const uint8_t prefix[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    return send_all(socket, prefix, sizeof prefix) && send_all(socket, message->data ? message->data : "", message->length);
}

static bool receive_all(int socket, void *data, size_t length)
{
    char *at = data;
    while (length > 0) {
        ssize_t n = recv(socket, at, length, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

bool wire_receive(int socket, lb_buf *out)
{
    uint8_t prefix[4];
    char part[4096];
    out->length = 0;
    if (!receive_all(socket, prefix, sizeof prefix)) return false;
    size_t left = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 | (size_t)prefix[2] << 8 | prefix[3];
    if (left > ALLOCATOR_MESSAGE) return false;
    lb_buf_add(out, "", 0);
    while (left > 0) {
        size_t n = left < sizeof part ? left : sizeof part;
        if (!receive_all(socket, part, n)) return false;
        lb_buf_add(out, part, n);
        left -= n;
    }
    return true;
}

bool wire_send_socket(int control, int socket)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } space;
    memset(&space, 0, sizeof space);
    char one = 's';
    struct iovec part = {&one, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space.room, .msg_controllen = sizeof space.room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &socket, sizeof socket);
    ssize_t n;
    do n = sendmsg(control, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

int wire_receive_socket(int control)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } space;
    char one;
    struct iovec part = {&one, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space.room, .msg_controllen = sizeof space.room};
    ssize_t n;
    do n = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int socket = -1;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&socket, CMSG_DATA(header), sizeof socket);
    return socket;
}
