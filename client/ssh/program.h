#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Program
 *
 * The other way to have a session: not libssh in this process, but the program ssh beside it, which
 * can do whatever the user's `ssh host` can. A link has one or the other; callers see no difference
 * but in speed, and in the words of errors, where "ssh" stands before what the program said.
 *
 * Design notes. For each destination (ssh/destination.h) the master (ssh/master.h) listens at a
 * socket in its directory; a stream is a connection to it, joined to the caller's descriptor by a
 * pump. Whether the host has opened the channel the master says on its standard error, by the
 * channel's number. Which number a connection gets it says as well, but not for which connection:
 * so there is always only one that has none yet.
 *
 * All of it runs in the link's thread but ssh_program_leave() and ssh_program_show().
 */

#include "client/ssh/link.h"

#define SSH_PROGRAM_COMMANDS_MAX 64u /* that run at a time */

/** ssh_program_begin() - log in: sets link->program. Return: as ssh_login(). */
NODISCARD pyrope_status ssh_program_begin(SshLink *link, const SshWatch *watch,
                                          pyrope_error **error);

/** ssh_program_round() - one round, as ssh_round(). */
NODISCARD pyrope_status ssh_program_round(SshLink *link, pyrope_error **error);

/** ssh_program_end() - as ssh_round_end(), and the session ends, too: link->program is
 * NULL. */
void ssh_program_end(SshLink *link, pyrope_status status, const pyrope_error *error);

/** ssh_program_leave() - mark the requests of a group as given up; with the lock held. */
void ssh_program_leave(SshLink *link, uint64_t group);

/** ssh_program_show() - its part of ssh_link_show(); with the lock held. */
void ssh_program_show(const SshLink *link, SshSession *ret);
