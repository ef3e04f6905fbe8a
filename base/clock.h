#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Clock
 *
 * Time for leases, tickets and waits: milliseconds of CLOCK_BOOTTIME, which never jumps and goes on
 * while the computer is suspended. Wall time is for logs only.
 */

#include "base/defs.h"

#include <stdbool.h>

typedef struct Deadline Deadline;

/* A moment; a struct, so that it cannot be taken for a duration. */
struct Deadline {
        int64_t at_ms; /* on clock_boottime_ms(); INT64_MAX is never */
};

#define DEADLINE_NONE ((Deadline){ .at_ms = INT64_MAX })

int64_t clock_boottime_ms(void);

/* Milliseconds that cost next to nothing: some 4 ms late, and they stand still during a suspend.
 * Only to be compared with each other. */
int64_t clock_coarse_ms(void);

/* Milliseconds with their fractions, to be subtracted from each other: how long something took. */
double clock_fine_ms(void);

/* The moment @ms from now; DEADLINE_NONE if @ms is negative (the way poll() says "no limit"). */
Deadline deadline_in(int64_t ms);

/* For poll(): milliseconds left, 0 if passed, -1 for DEADLINE_NONE; at most INT_MAX. */
int deadline_left_ms(Deadline deadline);

bool deadline_passed(Deadline deadline);

/* The earlier of the two. */
Deadline deadline_min(Deadline one, Deadline other);

static inline bool deadline_is_none(Deadline deadline)
{
        return deadline.at_ms == INT64_MAX;
}
