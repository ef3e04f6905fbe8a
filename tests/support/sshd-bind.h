#pragma once

/* SPDX-License-Identifier: MIT */

/* Where an SSH server of libssh's listens: for those that do what sshd never does. */

#include <arpa/inet.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

/* Listens at a free port of 127.0.0.1, and prints "READY PORT". Return: false: @bind_ says why. */
static inline bool sshd_bind(ssh_bind bind_, const char *host_key)
{
        struct sockaddr_in address = { 0 };
        socklen_t n_address = sizeof(address);
        unsigned port = 0;

        if (ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_BINDADDR, "127.0.0.1") ||
            ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_BINDPORT, &port) ||
            ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_HOSTKEY, host_key) ||
            ssh_bind_listen(bind_) ||
            getsockname(ssh_bind_get_fd(bind_), (struct sockaddr *)&address, &n_address) < 0)
                return false;
        printf("READY %u\n", ntohs(address.sin_port));
        return fflush(stdout) == 0;
}
