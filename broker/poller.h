#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Poller
 *
 * The epoll set of a daemon. Everything in it is armed for one event, which one thread gets; that
 * thread owns the descriptor until it arms it again. Also the daemon's only timer: a tick, armed
 * while something waits for time to pass.
 */

#include "base/defs.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct Poller Poller;

struct Poller {
        int epoll_fd;
        int timer_fd;
        atomic_bool is_ticking;
};

enum {
        POLLER_E_SUCCESS,

        POLLER_E_TIMEOUT,
};

#define POLLER_TICK_MS 500

/* A tick is reported as the event of POLLER_TICK. Return: 0, -errno. */
NODISCARD int poller_init(Poller *poller);
void poller_deinit(Poller *poller);

/* Keys of what is no peer: their generation is 0, and no descriptor is so high. */
#define POLLER_TICK     ((uint64_t)UINT32_MAX)
#define POLLER_LISTENER ((uint64_t)UINT32_MAX - 1)
#define POLLER_READY    ((uint64_t)UINT32_MAX - 2)
#define POLLER_FINISHED ((uint64_t)UINT32_MAX - 3)
#define POLLER_TCP      ((uint64_t)UINT32_MAX - 4) /* the other listener */

/**
 * poller_add() - put a descriptor into the set
 * @events:     EPOLLIN or EPOLLOUT
 *
 * Armed at once: an event may be reported before this returns. Return: 0, -errno.
 */
NODISCARD int poller_add(Poller *poller, int fd, uint64_t key, uint32_t events);

/* The same for one that reports to every thread, again and again. */
NODISCARD int poller_add_for_all(Poller *poller, int fd, uint64_t key);

/* Arms a descriptor of the set again. Whoever it belongs to is no more the caller's. */
void poller_arm(Poller *poller, int fd, uint64_t key, uint32_t events);

void poller_remove(Poller *poller, int fd);

/**
 * poller_wait() - the next event of any descriptor
 *
 * Return: 0, POLLER_E_TIMEOUT after @timeout_ms.
 */
NODISCARD int poller_wait(Poller *poller, int timeout_ms, uint64_t *ret_key);

/* Asks for a tick within POLLER_TICK_MS. */
void poller_need_tick(Poller *poller);

/* A tick came. What asks for one from now on gets another. */
void poller_ticked(Poller *poller);
