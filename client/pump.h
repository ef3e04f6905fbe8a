#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pump
 *
 * Pairs of connected sockets whose bytes are passed on in both directions by one thread: for ways
 * that no SSH session of ours moves. End of file passes in each direction alone, back-pressure as
 * well; a pair is over when both directions are, or one end broke, and then both ends hang up.
 *
 * Any thread may use a pump.
 */

#include "base/defs.h"

#include <stdint.h>

#define PUMP_PAIRS_MAX 1024u

typedef struct Pump Pump;

enum {
        PUMP_E_SUCCESS,

        PUMP_E_FULL, /* PUMP_PAIRS_MAX are there */
};

/**
 * pump_new() - and its thread
 * @on_over:    NULL, or told in the pump's thread that the pair of a group has ended; not for group
 *              0, nor by pump_free()
 *
 * Return: 0 with @ret owned by the caller, pump_free(); -errno.
 */
NODISCARD int pump_new(void (*on_over)(void *userdata, uint64_t group), void *userdata, Pump **ret);

/** pump_free() - hang up all; NULL is fine. Return: NULL. */
Pump *pump_free(Pump *pump);
DEFINE_CLEANUP(Pump, pump_free);

/**
 * pump_join() - pass on bytes between two sockets from now on
 * @fds:        non-blocking; taken, whatever is returned
 * @group:      0, or what pump_leave() will know the pair by
 *
 * Return: 0, PUMP_E_FULL, -ENOMEM.
 */
NODISCARD int pump_join(Pump *pump, const int fds[static 2], uint64_t group);

/** pump_moved() - bytes so far, of all pairs: @ret[0] from the first socket of each to the second,
 * @ret[1] the other way. */
void pump_moved(const Pump *pump, uint64_t ret[static 2]);

/** pump_leave() - hang up the pairs of a group, which is not 0. */
void pump_leave(Pump *pump, uint64_t group);
