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

/** pump_new() - and its thread. Return: 0 with @ret owned by the caller, pump_free(); -errno. */
NODISCARD int pump_new(Pump **ret);

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

/** pump_leave() - hang up the pairs of a group, which is not 0. */
void pump_leave(Pump *pump, uint64_t group);
