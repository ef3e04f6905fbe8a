#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Loopback
 *
 * TCP between processes of one computer, for programs that know no Unix sockets. A port has no
 * owner and no permissions, so both ends ask the kernel whose socket the other one is: who listens,
 * and who connects.
 */

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define LOOPBACK_WHERE_SIZE 64u /* of "ADDR:PORT" with its terminator */

enum {
        LOOPBACK_E_SUCCESS,

        LOOPBACK_E_INVALID, /* no ADDR:PORT, or not an address of the loopback interface */
        LOOPBACK_E_IN_USE,  /* somebody has the port */
        LOOPBACK_E_UNKNOWN, /* the kernel does not say whose the other end is */
        LOOPBACK_E_CLOSED,  /* the other end hung up */
};

/**
 * loopback_listen() - listen on a port of the loopback interface
 * @where:      "127.0.0.1:PORT" or "[::1]:PORT"; port 0: any that is free
 * @backlog:    as listen()
 * @ret_fd:     the listening socket, close-on-exec, non-blocking; owned by the caller. What it
 *              accepts sends small messages without delay
 * @ret_where:  the same with the port that it has
 * @error:      NULL, or says for a non-zero return what failed and what to do
 *
 * Return: 0, LOOPBACK_E_INVALID, LOOPBACK_E_IN_USE, -errno.
 */
NODISCARD int loopback_listen(const char *where, int backlog, int *ret_fd,
                              char ret_where[static LOOPBACK_WHERE_SIZE], ErrorText *error);

/**
 * loopback_diag_open() - where the kernel answers questions about sockets
 * @ret_fd:     owned by the caller; for one thread at a time
 *
 * Return: 0, -errno.
 */
NODISCARD int loopback_diag_open(int *ret_fd);

/**
 * loopback_peer_uid() - whose the other end of an accepted connection is
 * @diag_fd:    of loopback_diag_open()
 *
 * The kernel is asked for just this pair of addresses and ports. An end that was closed already has
 * no owner any more.
 *
 * Return: 0, LOOPBACK_E_UNKNOWN.
 */
NODISCARD int loopback_peer_uid(int diag_fd, int fd, uid_t *ret_uid);

/**
 * loopback_server_uid() - whose the other end of a connection is that we made
 * @diag_fd:    of loopback_diag_open()
 *
 * As long as it was not accepted, it is his who listens. A server in another network namespace, or
 * behind a redirection of packets, has no such pair of addresses and ports, so it is not known.
 *
 * Return: 0, LOOPBACK_E_CLOSED, LOOPBACK_E_UNKNOWN.
 */
NODISCARD int loopback_server_uid(int diag_fd, int fd, uid_t *ret_uid);

/**
 * loopback_peer_where() - the other end of a connection as text, if it is of the loopback interface
 *
 * Return: 0, LOOPBACK_E_INVALID (another address), LOOPBACK_E_CLOSED.
 */
NODISCARD int loopback_peer_where(int fd, char ret[static LOOPBACK_WHERE_SIZE]);

/** loopback_is_itself() - whether a socket is connected to itself, as may happen to who connects to
 * a free port among those that the kernel gives to who connects. */
bool loopback_is_itself(int fd);
