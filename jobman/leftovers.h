#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Leftovers: what jobs of a job manager that was killed have left
 *
 * Their supervisors ended them, but nobody was there to take away names, sockets and work
 * directories. Ours is what the nameserver knows by our name, in our zone and with a socket in our
 * runtime directory; and what has a socket there that nobody listens on, and a work directory of
 * one of our applications. What still lives is left alone, and directories that are to be kept.
 */

#include "base/defs.h"
#include "jobman/instance.h"

#include <stdbool.h>

/**
 * leftovers_remove() - at the start, and again as long as something lived
 *
 * Jobs of the table are not touched. Blocks. One thread at a time.
 *
 * Return: whether nothing is left that was seen to live, and the nameserver was heard.
 */
bool leftovers_remove(InstanceHost *host);
