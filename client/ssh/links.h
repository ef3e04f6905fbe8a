#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Links
 *
 * The links of a pool: the one for a host, a request to it, and how a link that stands behind
 * another gets its stream there.
 *
 * Design notes. A host behind others has a link like any other, whose socket is a stream of the
 * link to the host in front of it; that one has a link and settings of its own, and so on. So
 * everybody who goes through a host shares the one login there. The thread of the outer link waits
 * for the inner one as a caller would. Who waits for whom is known under the pool's lock (hop, in
 * SshLink), so that a circle is found before it is closed.
 */

#include "client/ssh/link.h"

#define SSH_LINKS_CHAIN_MAX URI_SSH_HOPS_MAX /* hosts one behind the other, the last included */

/** ssh_links_reap() - free those that have ended; with the lock held. */
void ssh_links_reap(SshShared *shared);

/** ssh_links_find() - the link to a host, or a new one; with the lock held. Return: NULL: no
 * memory, descriptors or threads, which ssh_links_fail() says. */
NODISCARD SshLink *ssh_links_find(SshShared *shared, const char *target);

/** ssh_links_fail() - no link could be made for the request. Return: PYROPE_E_IO. */
pyrope_status ssh_links_fail(const SshRequest *request, pyrope_error **error);

/**
 * ssh_links_run() - give a request to its link and wait for the answer; with the lock held, which
 * it lets go meanwhile
 *
 * Return: the answer; PYROPE_E_TIMEOUT, with the place where it got stuck; PYROPE_E_CLOSED: it was
 * given up.
 */
NODISCARD pyrope_status ssh_links_run(SshShared *shared, SshRequest *request, pyrope_error **error);

/** ssh_links_open() - a fresh stream. Return: as ssh_pool_open(). */
NODISCARD pyrope_status ssh_links_open(SshShared *shared, const SshOrder *order, SshResult *ret,
                                       pyrope_error **error);

/** ssh_links_hop() - how the thread of a link gets through others of the pool. */
SshHop ssh_links_hop(SshLink *link);

/**
 * ssh_links_beside() - how a second connection to the host of @link gets through others: only by a
 * session that is up, and only if the watch it is given says not yet that it shall end
 */
SshHop ssh_links_beside(SshLink *link);

/** ssh_links_leave() - mark the requests of a group as given up; without the lock. */
void ssh_links_leave(SshShared *shared, uint64_t group);

/** ssh_links_beside_group() - what ssh_links_leave() knows the stream of a second connection by. */
uint64_t ssh_links_beside_group(const SshLink *link);

/**
 * ssh_links_lost_hop() - whether the session that @link goes through is no more
 * @out:        why, with that host's name; unchanged if it is up
 */
bool ssh_links_lost_hop(const SshLink *link, char *out, size_t n_out);

/** ssh_links_may_merge() - whether nobody who waits for @link is one whom @other waits for; with
 * the lock held. */
bool ssh_links_may_merge(const SshLink *link, const SshLink *other);
