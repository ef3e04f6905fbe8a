#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Messages on a Unix Socket
 *
 * A message is its length (four bytes, the highest first), so many bytes, and beside the first of
 * them at most one descriptor. What the bytes mean is the business of others. One thread at a time
 * sends on a socket, and one receives.
 */

#include "base/buffer.h"
#include "base/clock.h"

enum {
        UNIX_MESSAGE_E_SUCCESS,

        UNIX_MESSAGE_E_ENDED,     /* the peer hung up, be it within a message */
        UNIX_MESSAGE_E_TOO_LARGE, /* announces more bytes than the caller takes */
        UNIX_MESSAGE_E_TIMEOUT,   /* deadline passed; the socket is of no further use */
};

/**
 * unix_message_send() - one message
 * @passed_fd:  a descriptor that the peer gets a copy of; borrowed; -1: none
 * @deadline:   blocks the thread so long while the peer does not read
 *
 * Return: 0, UNIX_MESSAGE_E_ENDED, UNIX_MESSAGE_E_TOO_LARGE (above 4 GiB), UNIX_MESSAGE_E_TIMEOUT,
 * -errno.
 */
NODISCARD int unix_message_send(int fd, const void *bytes, size_t n_bytes, int passed_fd,
                                Deadline deadline);

/**
 * unix_message_receive() - the next message
 * @ret:        emptied first; its limit is that of the message
 * @ret_fd:     the descriptor beside it, close-on-exec, owned by the caller; -1: none. NULL: what
 *              comes is closed
 * @deadline:   blocks the thread so long
 *
 * Return: 0; UNIX_MESSAGE_E_ENDED, UNIX_MESSAGE_E_TOO_LARGE, UNIX_MESSAGE_E_TIMEOUT, -errno: then
 * there is no descriptor, and the socket is of no further use.
 */
NODISCARD int unix_message_receive(int fd, Deadline deadline, Buffer *ret, int *ret_fd);
