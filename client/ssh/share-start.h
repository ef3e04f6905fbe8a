#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share Start
 *
 * The way to the agent for certain settings: where it listens, and how it is started if it does
 * not.
 */

#include "client/ssh/share-call.h"
#include "client/ssh/share-place.h"

/**
 * ssh_share_find() - connect to the agent, if there is one
 * @directory:  where it has its socket; NULL: any of base/runtime-dir.h
 *
 * Return: as ssh_share_call_open().
 */
NODISCARD int ssh_share_find(const SshSharePlace *place, const char *directory, Deadline deadline,
                             SshShareCall *ret);

/**
 * ssh_share_start() - the same, and start it if there is none
 *
 * Of several who do that at a time one starts it, and the others wait. It is the program `pyrope`
 * of this program's own directory, else of $PATH; it has no descriptor of ours, a session of its
 * own, and is nobody's child.
 *
 * Return: as ssh_share_find(); the debug log says why none could be started.
 */
NODISCARD int ssh_share_start(const SshSharePlace *place, const char *directory, Deadline deadline,
                              SshShareCall *ret);
