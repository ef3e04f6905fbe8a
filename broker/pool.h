#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pool
 *
 * The threads of a daemon. Each waits for events itself; when the last one that waits is woken, it
 * starts another to wait in its place, up to a limit, and one that waited long in vain, beside
 * others, ends. So there are about as many threads as there is work, and one more.
 */

#include "base/defs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct Pool Pool;

struct Pool {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* n_threads became 0 */
        unsigned n_threads;
        unsigned n_threads_max;
        atomic_uint n_ever;   /* threads that were ever started: their names */
        atomic_int n_waiting; /* threads in epoll_wait, or on their way there */
        void (*run)(void *userdata);
        void *userdata;
};

#define POOL_IDLE_MS 10000 /* so long a thread waits before it ends */

/* @run is the life of a thread; it returns when the thread shall end. */
void pool_init(Pool *pool, unsigned n_threads_max, void (*run)(void *userdata), void *userdata);
void pool_deinit(Pool *pool);

/* Starts the first threads. Return: 0, -errno. */
NODISCARD int pool_start(Pool *pool);

/* Waits until no thread is left. */
void pool_join(Pool *pool);

/* Another limit; what is beyond it ends when it has waited in vain. Starts a thread if it may and
 * none waits. */
void pool_limit(Pool *pool, unsigned n_threads_max);

/* A thread was woken; it goes to wait again. It begins its life waiting. */
void pool_wait_end(Pool *pool);
void pool_wait_begin(Pool *pool);

/**
 * pool_wait_vain() - nothing came for POOL_IDLE_MS
 *
 * Return: whether the thread shall end, now; if not, it goes on waiting.
 */
bool pool_wait_vain(Pool *pool);

/* A thread that waits ends for a reason of its own. */
void pool_leave(Pool *pool);

/* Whether some thread is there for the next event. */
bool pool_has_waiting(const Pool *pool);
