/* SPDX-License-Identifier: MIT */

#include "base/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_boottime_ms(void)
{
        struct timespec now;

        /* Cannot fail: the clock exists on every kernel we run on, and the address is ours. */
        clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_coarse_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* as above */
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double clock_fine_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now); /* as above */
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

Deadline deadline_in(int64_t ms)
{
        int64_t at_ms;

        if (ms < 0 || __builtin_add_overflow(clock_boottime_ms(), ms, &at_ms))
                return DEADLINE_NONE;
        return (Deadline){ .at_ms = at_ms };
}

int deadline_left_ms(Deadline deadline)
{
        int64_t left_ms;

        if (deadline_is_none(deadline))
                return -1;
        left_ms = deadline.at_ms - clock_boottime_ms();
        if (left_ms < 0)
                return 0;
        return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

bool deadline_passed(Deadline deadline)
{
        return deadline_left_ms(deadline) == 0;
}

Deadline deadline_min(Deadline one, Deadline other)
{
        return one.at_ms < other.at_ms ? one : other;
}
