/* SPDX-License-Identifier: MIT */

#include "client/ssh/step.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void ssh_step_acknowledge(int fd)
{
        (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
}

bool ssh_step_is_lost(ssh_session session)
{
        return !ssh_is_connected(session) ||
               ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR);
}

void ssh_step_cork(int fd, bool is_corked)
{
        (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){ is_corked }, sizeof(int));
}

void ssh_step_hold(int fd, int n_bytes)
{
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &n_bytes, sizeof(n_bytes));
}

pyrope_status ssh_step_wait(ssh_session session, const SshWatch *watch, const char *what,
                            pyrope_error **error)
{
        int flags = ssh_get_poll_flags(session);
        struct pollfd socket = { .fd = ssh_get_fd(session), .events = POLLIN };
        pyrope_status status;

        if (socket.fd < 0 || ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR))
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: hung up: %s", what,
                                 ssh_get_error(session));
        if (flags & SSH_WRITE_PENDING)
                socket.events |= POLLOUT;
        status = ssh_watch_poll(watch, &socket, 1, DEADLINE_NONE, what, error);
        ssh_step_acknowledge(socket.fd);
        return status;
}
