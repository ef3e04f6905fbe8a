#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Probe
 *
 * A second connection to the host of a session that says nothing, by the same way: whether an sshd
 * says there who it is ("SSH-2.0-..."). Then the way is open, and it is the session that is dead.
 * It sends nothing, logs in nowhere and asks nobody. Through other hosts it goes only if the
 * session to the last of them is up; through the user's own program never, for what that does each
 * time is the user's affair.
 *
 * And what the kernel knows of the session's own socket. What it all means is ssh/alive.h's.
 */

#include "client/ssh/alive.h"
#include "client/ssh/hop.h"

#define SSH_PROBE_MAX_BYTES 8192u /* before the line that says who it is, as ssh has it */

typedef struct SshProbe SshProbe;

/** ssh_probe_is_possible() - whether there can be a second connection by the same way. */
bool ssh_probe_is_possible(const SshSettings *settings);

/**
 * ssh_probe_start() - connect and listen, in a thread of its own, for SSH_ALIVE_PROBE_MS
 * @settings:   borrowed until ssh_probe_end()
 * @hop:        copied; for settings with a ProxyJump. It may wait until the watch it is given
 *              says so, or until whoever calls ssh_probe_end() has had its stream given up
 *
 * Return: owned by the caller, ssh_probe_end(); NULL: no memory, descriptors or threads.
 */
NODISCARD SshProbe *ssh_probe_start(const SshSettings *settings, const SshHop *hop);

/** ssh_probe_stop() - it shall end; from then on its hop sees a watch that says so. */
void ssh_probe_stop(const SshProbe *probe);

/** ssh_probe_end() - hang up, and collect the thread. Return: NULL. */
SshProbe *ssh_probe_end(SshProbe *probe);

/** ssh_probe_look() - what became of it so far; NULL: there is none. */
void ssh_probe_look(const SshProbe *probe, SshAliveSeen *ret);

/**
 * ssh_probe_look_at() - the socket of the session
 * @n_taken:    kept from one look to the next: what was acknowledged until then
 */
void ssh_probe_look_at(int fd, uint64_t *n_taken, SshAliveSeen *ret);
