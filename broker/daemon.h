#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Daemon
 *
 * What a pyrope_daemon is made of, for the parts of the broker; <pyrope/daemon.h> has the contract.
 * Each part has its own lock; none of them is held while another's is taken or a program's function
 * runs.
 */

#include "broker/listener.h"
#include "broker/patrol.h"
#include "broker/peer-table.h"
#include "broker/poller.h"
#include "broker/pool.h"
#include "broker/quota.h"
#include "broker/registry.h"
#include "broker/schedule.h"
#include "broker/stream.h"

#include <pyrope/daemon.h>

typedef struct pyrope_daemon Daemon;

/* Where its peers come in. */
enum { DAEMON_UNIX, DAEMON_TCP, DAEMON_LISTENERS };

struct pyrope_daemon {
        Listener listeners[DAEMON_LISTENERS]; /* those that are not asked for are closed */
        Registry registry;
        Schedule schedule;
        StreamTable streams;
        PeerTable peers;
        Quota quota;
        Poller poller;
        Patrol patrol;
        Pool pool;
        unsigned spin_us;     /* how long a worker spins before it sleeps */
        uint64_t message_max; /* bytes of annotations and payload of one message */
        int stop_fd;          /* eventfd: readable for ever once the daemon was stopped */
        atomic_bool is_started;
};

/* The URI of an object at one of the listeners. Return: owned by the caller, free(); NULL if there
 * is no such object or listener, or memory is out. */
char *daemon_uri_at(Daemon *daemon, const char *id, unsigned listener);
