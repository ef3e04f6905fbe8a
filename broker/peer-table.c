/* SPDX-License-Identifier: MIT */

#include "broker/peer-table.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SLOTS_MIN 64u

void peer_table_init(PeerTable *table)
{
        *table = (PeerTable){ .n_slots = 0 };
        pthread_mutex_init(&table->lock, NULL);
}

void peer_table_deinit(PeerTable *table)
{
        for (size_t i = 0; i < table->n_slots; i++)
                peer_free(table->peers[i]);
        free(table->peers);
        pthread_mutex_destroy(&table->lock);
}

static int grow(PeerTable *table, size_t n_needed)
{
        size_t n_slots = table->n_slots ? table->n_slots : SLOTS_MIN;
        Peer **peers;

        while (n_slots < n_needed)
                n_slots *= 2;
        peers = reallocarray(table->peers, n_slots, sizeof(*peers));
        if (!peers)
                return -ENOMEM;
        memset(peers + table->n_slots, 0, (n_slots - table->n_slots) * sizeof(*peers));
        table->peers = peers;
        table->n_slots = n_slots;
        return 0;
}

int peer_table_add(PeerTable *table, Peer *peer)
{
        size_t slot = (size_t)peer->fd;
        int r = 0;

        pthread_mutex_lock(&table->lock);
        if (slot >= table->n_slots)
                r = grow(table, slot + 1);
        if (r == 0) {
                table->generation += table->generation == UINT32_MAX ? 2 : 1;
                peer->generation = table->generation;
                peer->caller.number = ++table->n_ever;
                table->peers[slot] = peer;
        }
        pthread_mutex_unlock(&table->lock);
        return r;
}

Peer *peer_table_take(PeerTable *table, uint64_t key)
{
        size_t slot = (uint32_t)key;
        Peer *peer = NULL;

        pthread_mutex_lock(&table->lock);
        if (slot < table->n_slots)
                peer = table->peers[slot];
        if (peer && peer->generation != key >> 32)
                peer = NULL;
        if (peer && !atomic_exchange_explicit(&peer->is_armed, false, memory_order_acquire))
                peer = NULL;
        pthread_mutex_unlock(&table->lock);
        return peer;
}

void peer_table_remove(PeerTable *table, Peer *peer)
{
        pthread_mutex_lock(&table->lock);
        table->peers[peer->fd] = NULL;
        pthread_mutex_unlock(&table->lock);
}

bool peer_table_expire(PeerTable *table, int64_t now_ms)
{
        bool has_deadlines = false;

        pthread_mutex_lock(&table->lock);
        for (size_t i = 0; i < table->n_slots; i++) {
                Peer *peer = table->peers[i];
                int64_t deadline = peer ? atomic_load(&peer->deadline) : INT64_MAX;

                if (deadline == INT64_MAX)
                        continue;
                if (deadline > now_ms) {
                        has_deadlines = true;
                        continue;
                }
                log_debug("connection %llu made no progress: cut",
                          (unsigned long long)peer->caller.number);
                atomic_store(&peer->deadline, INT64_MAX);
                (void)shutdown(peer->fd, SHUT_RDWR); /* fails if the other end was faster */
        }
        pthread_mutex_unlock(&table->lock);
        return has_deadlines;
}

/* It fails where the other end was faster. */
static void shutdown_all(PeerTable *table, int how)
{
        pthread_mutex_lock(&table->lock);
        for (size_t i = 0; i < table->n_slots; i++)
                if (table->peers[i])
                        (void)shutdown(table->peers[i]->fd, how);
        pthread_mutex_unlock(&table->lock);
}

void peer_table_stop(PeerTable *table)
{
        shutdown_all(table, SHUT_RD);
}

void peer_table_cut(PeerTable *table)
{
        shutdown_all(table, SHUT_RDWR);
}
