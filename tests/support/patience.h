#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Patience
 *
 * How much longer than on an idle machine something may take. A test that every build runs has
 * much of it, so that it fails for what hangs and not for what runs beside it; a soak has none, for
 * its times are what one wants to know.
 */

#include <stdlib.h>

/* A limit of time, as many times as $PATIENCE says. */
static inline double patience(double limit)
{
        const char *times = getenv("PATIENCE");

        return times ? limit * strtod(times, NULL) : limit;
}
