#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Spin
 *
 * Receiving without going to sleep: asks again and again, for a short while, and lets others of the
 * same core run in between. What comes so soon comes without the time that waking up takes. After a
 * try in vain the next ones are left out, more of them each time. Not for several threads at once.
 */

#include "base/defs.h"

#include <stdbool.h>
#include <sys/types.h>

#define SPIN_MAX_US   1000u /* waking up never takes longer */
#define SPIN_VAIN_MAX 7u    /* at worst one receive of 128 is tried */

typedef struct Spin Spin;

struct Spin {
        unsigned max_us; /* of one try; 0: none */
        unsigned n_vain; /* tries in vain, one after another; at most SPIN_VAIN_MAX */
        unsigned n_omit; /* receives to leave out */
};

/** spin_receive() - as recv(); -1 with EAGAIN if nothing came in time, or this one is left out. */
ssize_t spin_receive(Spin *spin, int fd, void *ret, size_t n_room);

static inline bool spin_is_on(const Spin *spin)
{
        return spin->max_us > 0;
}
