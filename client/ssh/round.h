#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Round
 *
 * One round of a session that is up: poll, have libssh read and write, move the bytes of every
 * stream, take what others left. It keeps nothing between two rounds but what is in the link, so
 * that each can be another thread's: ssh/helm.h says whose.
 */

#include "client/ssh/link.h"

/** ssh_round_begin() - logged in: streams may come. Return: 0; -ENOMEM. */
NODISCARD int ssh_round_begin(SshLink *link);

/**
 * ssh_round() - one round; waits until there is something to do; with the helm's lock held, which
 * it lets go meanwhile
 * @until:      return at this moment even though nothing happened
 *
 * Return: PYROPE_OK; PYROPE_E_CLOSED (the pool ends), PYROPE_E_UNREACHABLE (the session broke),
 * PYROPE_E_PROTOCOL (the host sends more than it may): the link is to be ended.
 */
NODISCARD pyrope_status ssh_round(SshLink *link, Deadline until, pyrope_error **error);

/** ssh_round_cork() - packets stay until the next round, unless they are many; both with the
 * helm's lock. */
void ssh_round_cork(SshLink *link);
void ssh_round_uncork(SshLink *link);

/**
 * ssh_round_end() - every stream hangs up, and who waits for one is told
 * @status:     what ssh_round() returned
 *
 * After PYROPE_E_UNREACHABLE, streams that the host has not opened yet become requests of the queue
 * again. The session is still there.
 */
void ssh_round_end(SshLink *link, pyrope_status status, const pyrope_error *error);
