#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Turn
 *
 * A lock for what takes long: waiting for it has a deadline, and whoever only wants to know
 * something need not wait for it at all.
 */

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct Turn {
        atomic_uint state;    /* whether it is taken, and wanted by others */
        pthread_mutex_t lock; /* of those who wait; held for moments only */
        pthread_cond_t given;
} Turn;

void turn_init(Turn *turn);
void turn_deinit(Turn *turn);

/** turn_take() - Return: false if the deadline passed first; else call turn_give(). */
NODISCARD bool turn_take(Turn *turn, Deadline deadline);
void turn_give(Turn *turn);
