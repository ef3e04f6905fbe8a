#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Watching the Nameserver
 *
 * What `pyrope list --watch` prints: a line for each name that is there, and for each change as it
 * happens.
 */

#include <pyrope/pyrope.h>

/** list_watch() - until the nameserver ends, or nobody reads. @prefix: or NULL. Return: exit
 * status. */
int list_watch(pyrope_proxy *nameserver, const char *prefix);
