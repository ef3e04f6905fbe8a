#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Step: the wait between two tries of a libssh call that said "again". */

#include "client/ssh/watch.h"

#include <libssh/libssh.h>

/**
 * ssh_step_wait() - until the session's socket is ready for what libssh wants of it
 * @what:       for the text of a timeout
 *
 * Return: PYROPE_OK; PYROPE_E_UNREACHABLE if the host has hung up, which not every libssh call
 * notices; PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_step_wait(ssh_session session, const SshWatch *watch, const char *what,
                                      pyrope_error **error);

/* sshd leaves Nagle's algorithm on until a command was run, and would wait for our delayed
 * acknowledgement: so acknowledge at once. The kernel forgets it, hence after every poll. */
void ssh_step_acknowledge(int fd);

/** ssh_step_cork() - the socket, if it is TCP, keeps small packets back until it is uncorked. */
void ssh_step_cork(int fd, bool is_corked);

/** ssh_step_hold() - the kernel takes no more than so many bytes beyond those on the way. */
void ssh_step_hold(int fd, int n_bytes);

/** ssh_step_is_lost() - whether the session is over, so that what libssh says is not the host's
 * answer. */
bool ssh_step_is_lost(ssh_session session);
