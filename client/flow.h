#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Flow
 *
 * One direction between two descriptors that do not block. What was read and not taken at the other
 * end waits here, and then no more is read; memory is held only as long as something waits.
 */

#include "base/defs.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define FLOW_BYTES 65536u /* read at once */

typedef struct Flow Flow;

/* {from, to} is one that nothing waits in. */
struct Flow {
        int from, to;     /* borrowed */
        bool has_ended;   /* nothing more comes from there */
        uint8_t *waiting; /* owned; NULL: nothing waits */
        size_t n;         /* bytes of it ... */
        size_t n_sent;    /* ... of which so many are written */
        uint64_t n_total; /* bytes that went this way so far */
};

/** flow_events() - what to poll for; fd -1 if for nothing. */
struct pollfd flow_events(const Flow *flow);

/**
 * flow_move() - it is ready for what flow_events() said
 * @scratch:    FLOW_BYTES of memory, for the length of the call
 *
 * Return: 0; -errno of reading or writing; -ENOMEM.
 */
NODISCARD int flow_move(Flow *flow, uint8_t scratch[static FLOW_BYTES]);

/** flow_drop() - nothing more goes this way, and what waits is lost. */
void flow_drop(Flow *flow);

/** flow_is_over() - nothing waits, and nothing more comes. */
bool flow_is_over(const Flow *flow);

void flow_deinit(Flow *flow);
