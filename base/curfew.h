#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Curfew
 *
 * Lets threads wait in a blocking receive without a time-out of the kernel, which costs a timer at
 * each wait, however short: one thread of the process looks now and then who waits for longer than
 * he meant to, and shuts his socket down, so that the receive comes back. A socket that was cut is
 * of no further use but for what came before. While nobody waits the thread sleeps.
 *
 * Any thread; one Curfew belongs to one thread at a time. A process that forked has a thread of its
 * own as soon as it needs it.
 */

#include "base/clock.h"

#include <stdatomic.h>
#include <sys/queue.h>

typedef struct Curfew Curfew;

#define CURFEW_NEVER INT64_MAX /* in no wait, or one without an end */
#define CURFEW_CUT   INT64_MIN

struct Curfew {
        LIST_ENTRY(Curfew) link;
        int fd;                /* borrowed; -1 as long as it is not in the list */
        _Atomic int64_t at_ms; /* the end of the wait it is in, or one of the above */
};

/* Not yet watched; it stays where it is in memory until curfew_leave(). */
void curfew_init(Curfew *curfew);

/**
 * curfew_join() - watch a socket from now on
 * @fd: borrowed until curfew_leave()
 *
 * Return: 0, also if it is watched already; -errno: wait with a time-out, then.
 */
NODISCARD int curfew_join(Curfew *curfew, int fd);

/* Before the socket is closed. Idempotent. */
void curfew_leave(Curfew *curfew);

void curfew_rouse_(void);
extern _Atomic int64_t curfew_look_ms_; /* when the thread looks next */

/* Right before the receive. */
static inline void curfew_begin(Curfew *curfew, Deadline deadline)
{
        /* In one order for all: either the thread sees the wait, or we see how long it sleeps. */
        atomic_store(&curfew->at_ms, deadline.at_ms);
        if (deadline.at_ms < atomic_load(&curfew_look_ms_))
                curfew_rouse_();
}

/* Right after it. Return: whether the socket was cut. */
NODISCARD static inline bool curfew_end(Curfew *curfew)
{
        return atomic_exchange(&curfew->at_ms, CURFEW_NEVER) == CURFEW_CUT;
}
