#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Publisher
 *
 * Keeps names registered at every nameserver of a context: with a lease, which is renewed; anew
 * after a nameserver was started again, be it with an empty database; and removed in the end. One
 * thread for each nameserver, so that none waits for another. A context has one once
 * pyrope_publish() needs it. Any thread may use it.
 */

#include <pyrope/pyrope.h>

#define PUBLISHER_NAMES_MAX 4096u /* at once, those that wait for their removal included */
#define PUBLISHER_TTL_S     60    /* where none is said */
#define PUBLISHER_TTL_MAX_S 86400

typedef struct Publisher Publisher;

/** publisher_free() - end its threads, which may take as long as a call; names stay until their
 * leases are over. NULL is fine. Return: NULL. */
Publisher *publisher_free(Publisher *publisher);
