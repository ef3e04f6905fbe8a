#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Peer Table
 *
 * The connections of a daemon by their descriptors. What waits in the epoll set is known to the
 * kernel by a key of generation and descriptor, never by a pointer, so that an event that comes too
 * late finds nothing. Any thread.
 */

#include "broker/peer.h"

#include <pthread.h>

typedef struct PeerTable PeerTable;

struct PeerTable {
        pthread_mutex_t lock;
        Peer **peers; /* by descriptor, NULL where there is none; owned */
        size_t n_slots;
        uint32_t generation; /* of the newest peer; 0 is no peer's */
        uint64_t n_ever;     /* peers that ever came: their numbers in the log */
};

void peer_table_init(PeerTable *table);

/* Frees the peers that are left. */
void peer_table_deinit(PeerTable *table);

/* Takes @peer, and gives it its generation and number. Return: 0, -ENOMEM. */
NODISCARD int peer_table_add(PeerTable *table, Peer *peer);

static inline uint64_t peer_key(const Peer *peer)
{
        return (uint64_t)peer->generation << 32 | (uint32_t)peer->fd;
}

/**
 * peer_table_take() - whose event this is
 *
 * Only a peer that waits can be taken, and only once: a copy of its descriptor that a forked child
 * still has may report an event again, when the peer is already being served, or another's.
 *
 * Return: the caller's; NULL if there is none.
 */
Peer *peer_table_take(PeerTable *table, uint64_t key);

/* The peer is the caller's again. */
void peer_table_remove(PeerTable *table, Peer *peer);

/**
 * peer_table_expire() - cut the connections whose deadline passed
 *
 * Their sockets are shut down; whoever owns such a peer sees that and closes it.
 *
 * Return: whether deadlines are left.
 */
bool peer_table_expire(PeerTable *table, int64_t now_ms);

/* Receive nothing more from anybody; answers can still be sent. */
void peer_table_stop(PeerTable *table);

/* Cut all connections; their peers stay in the table. */
void peer_table_cut(PeerTable *table);
