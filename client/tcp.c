/* SPDX-License-Identifier: MIT */

#include "client/tcp.h"

#include "proto/value.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

DEFINE_CLEANUP(struct addrinfo, freeaddrinfo);

/* How a connection that is under way ends. Return: 0, -errno. */
static int finish(int fd, Deadline deadline)
{
        struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
        int problem = 0, n;
        socklen_t size = sizeof(problem);

        do
                n = poll(&pollfd, 1, deadline_left_ms(deadline));
        while (n < 0 && errno == EINTR);
        if (n == 0)
                return -ETIMEDOUT;
        if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0)
                return -errno;
        return -problem;
}

/* Return: 0, -errno. */
static int connect_address(const struct addrinfo *address, Deadline deadline, int *ret_fd)
{
        CLEANUP(closep) int fd = -1;
        const int on = 1;
        int r = 0;

        fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, address->ai_addr, address->ai_addrlen) < 0)
                r = errno == EINPROGRESS ? finish(fd, deadline) : -errno;
        if (r)
                return r;
        /* Small requests must not wait for the acknowledgement of the one before. */
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static pyrope_status find_addresses(const char *host, uint16_t port, struct addrinfo **ret,
                                    pyrope_error **error)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                        .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
        char service[8];
        int r;

        (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
        r = getaddrinfo(host, service, &hints, ret);
        if (r == EAI_MEMORY)
                return error_nomem(error);
        if (r)
                return error_set(error, PYROPE_E_UNREACHABLE, "host %s: %s", host, gai_strerror(r));
        return PYROPE_OK;
}

/* The time for one of @n addresses, so that one that is silent leaves some to the others. */
static Deadline share_of(Deadline deadline, int n)
{
        int left_ms = deadline_left_ms(deadline);

        return left_ms < 0 ? deadline : deadline_in(left_ms / n);
}

/* Why no address could be connected, by what the last one said. */
static pyrope_status fail(int r, const char *host, uint16_t port, pyrope_error **error)
{
        if (r == -ETIMEDOUT)
                return error_set(error, PYROPE_E_TIMEOUT, "%s port %u does not answer", host,
                                 (unsigned)port);
        if (r == -ECONNREFUSED)
                return error_set(error, PYROPE_E_UNREACHABLE, "nobody listens on %s port %u", host,
                                 (unsigned)port);
        return error_set(error, PYROPE_E_UNREACHABLE, "cannot connect to %s port %u: %s", host,
                         (unsigned)port, strerror(-r));
}

pyrope_status tcp_connect(const char *host, uint16_t port, const PortUsers *users,
                          Deadline deadline, int *ret_fd, pyrope_error **error)
{
        CLEANUP(freeaddrinfop) struct addrinfo *all = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *refusal = NULL;
        pyrope_status status = find_addresses(host, port, &all, error);
        int n = 0, r = 0;

        if (status)
                return status;
        for (const struct addrinfo *address = all; address; address = address->ai_next)
                n++;
        for (const struct addrinfo *address = all; address; address = address->ai_next, n--) {
                CLEANUP(closep) int fd = -1;

                r = connect_address(address, share_of(deadline, n), &fd);
                if (r)
                        continue;
                pyrope_error_freep(&refusal);
                status = port_owner_check(fd, users, &refusal);
                if (status) /* behind the next address of the name may be whom we want */
                        continue;
                *ret_fd = TAKE_FD(fd);
                return PYROPE_OK;
        }
        if (!status)
                return fail(r, host, port, error);
        if (error)
                *error = TAKE(refusal);
        return status;
}
