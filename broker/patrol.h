#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Patrol
 *
 * Lets threads wait in blocking system calls without a time-out: a thread of its own looks every
 * PATROL_MS who still waits as when it looked last, and wakes those by a signal, so that their
 * system call ends with EINTR. A time-out of the kernel would do the same, and cost a timer at each
 * wait, however short. While nobody waits the patrol sleeps.
 *
 * The signal is SIGURG, which nothing else needs, which debuggers let pass, and which does nothing
 * where it comes unasked. A program that has a handler of its own for it keeps that; then there is
 * no patrol.
 */

#include "base/defs.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

typedef struct Patrol Patrol;
typedef struct PatrolPost PatrolPost;

#define PATROL_MS     16     /* so long a wait lasts at least, and twice that at most */
#define PATROL_SIGNAL SIGURG /* threads that wait must let it through */

/* One thread that waits now and then. */
struct PatrolPost {
        LIST_ENTRY(PatrolPost) link;
        pthread_t thread;
        uint64_t n_waits;       /* so far; the thread's own */
        _Atomic uint64_t state; /* which of them it is in, or 0, or PATROL_WOKEN */
        uint64_t seen;          /* state as the patrol found it when it looked last */
};

#define PATROL_WOKEN UINT64_MAX

typedef LIST_HEAD(PatrolPosts, PatrolPost) PatrolPosts;

struct Patrol {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* somebody waits, or the end has come */
        pthread_t thread;
        PatrolPosts posts; /* borrowed */
        bool is_running;   /* set before the first post */
        bool is_ending;
        atomic_bool is_asleep;
};

void patrol_init(Patrol *patrol);

/* Ends its thread; no post may be left. */
void patrol_deinit(Patrol *patrol);

/**
 * patrol_start() - before any thread joins
 *
 * Return: 0, also if there is none for the signal is the program's; -errno.
 */
NODISCARD int patrol_start(Patrol *patrol);

/* Whether who waits is woken again. */
bool patrol_is_running(const Patrol *patrol);

/* The thread that calls has this post, until patrol_leave(). */
void patrol_join(Patrol *patrol, PatrolPost *post);
void patrol_leave(Patrol *patrol, PatrolPost *post);

void patrol_rouse_(Patrol *patrol);
void patrol_settle_(Patrol *patrol);

/* Right before the system call, and right after it. */
static inline void patrol_wait_begin(Patrol *patrol, PatrolPost *post)
{
        /* In one order for all: either the patrol sees the wait, or we see that it is asleep. */
        atomic_store(&post->state, ++post->n_waits);
        if (atomic_load(&patrol->is_asleep))
                patrol_rouse_(patrol);
}

static inline void patrol_wait_end(Patrol *patrol, PatrolPost *post)
{
        if (atomic_exchange(&post->state, 0) == PATROL_WOKEN)
                patrol_settle_(patrol);
}
