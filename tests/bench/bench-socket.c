/* SPDX-License-Identifier: MIT */

#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_SEND_BYTES (1024 * 1024) /* what the kernel may hold of a large message */
#define UNIX_STEP_BYTES (1024u * 1024)
#define INET_STEP_BYTES (64u * 1024) /* more at once leaves the cache on the way */
#define LISTEN_BACKLOG  4096

typedef union Address Address;

union Address {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_in in;
};

static socklen_t parse(const char *text, Address *ret)
{
        char host[INET_ADDRSTRLEN];
        const char *colon = strrchr(text, ':');

        memset(ret, 0, sizeof(*ret));
        if (strncmp(text, "u:", 2) == 0) {
                ret->un.sun_family = AF_UNIX;
                (void)snprintf(ret->un.sun_path, sizeof(ret->un.sun_path), "%s", text + 2);
                return sizeof(ret->un);
        }
        if (!colon || (size_t)(colon - text) >= sizeof(host))
                bench_die(text, "u:PATH or ADDRESS:PORT was expected");
        (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
        ret->in.sin_family = AF_INET;
        ret->in.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        if (inet_pton(AF_INET, host, &ret->in.sin_addr) != 1)
                bench_die(text, "no IPv4 address");
        return sizeof(ret->in);
}

int bench_connect(const char *text)
{
        const int one = 1, n_send = UNIX_SEND_BYTES;
        Address address;
        socklen_t n_address = parse(text, &address);
        int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, &address.any, n_address) < 0)
                bench_die(text, NULL);
        if (address.any.sa_family == AF_INET)
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        else
                (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n_send, sizeof(n_send));
        return fd;
}

/* Accepted sockets inherit what is set here. */
int bench_listen(const char *text, char *ret_address, size_t n_ret)
{
        const int one = 1;
        Address address;
        socklen_t n_address = parse(text, &address);
        int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, &address.any, n_address) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
                bench_die(text, NULL);
        (void)snprintf(ret_address, n_ret, "%s", text);
        if (address.any.sa_family == AF_INET) {
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
                (void)getsockname(fd, &address.any, &n_address);
                (void)snprintf(ret_address, n_ret, "127.0.0.1:%u",
                               (unsigned)ntohs(address.in.sin_port));
        }
        return fd;
}

void bench_send(int fd, const void *bytes, size_t n_bytes)
{
        const char *at = bytes;
        ssize_t n;

        while (n_bytes > 0) {
                n = send(fd, at, n_bytes, MSG_NOSIGNAL);
                if (n < 0)
                        bench_die("send", NULL);
                at += n;
                n_bytes -= (size_t)n;
        }
}

static size_t step_bytes(int fd)
{
        int family = AF_UNIX;
        socklen_t n = sizeof(family);

        (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &n);
        return family == AF_UNIX ? UNIX_STEP_BYTES : INET_STEP_BYTES;
}

int bench_receive(int fd, void *ret, size_t n_bytes)
{
        size_t n_step = n_bytes > BENCH_BYTES ? step_bytes(fd) : BENCH_BYTES;
        char *at = ret;
        ssize_t n;

        while (n_bytes > 0) {
                n = recv(fd, at, n_bytes < n_step ? n_bytes : n_step, 0);
                if (n == 0 || (n < 0 && errno == ECONNRESET))
                        return 0;
                if (n < 0)
                        bench_die("recv", NULL);
                at += n;
                n_bytes -= (size_t)n;
        }
        return 1;
}
