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
#include "broker/peer-table.h"
#include "broker/poller.h"
#include "broker/pool.h"
#include "broker/registry.h"
#include "broker/schedule.h"
#include "broker/stream.h"

#include <pyrope/daemon.h>

typedef struct pyrope_daemon Daemon;

struct pyrope_daemon {
        Listener listener;
        Registry registry;
        Schedule schedule;
        StreamTable streams;
        PeerTable peers;
        Poller poller;
        Pool pool;
        uint64_t message_max; /* bytes of annotations and payload of one message */
        int stop_fd;          /* eventfd: readable for ever once the daemon was stopped */
        atomic_bool is_started;
        atomic_bool is_paused; /* no descriptors left: not accepting until the next tick */
};
