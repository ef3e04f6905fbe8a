/* SPDX-License-Identifier: MIT */

/*
 * A library to preload: the wall clock is off by the seconds that stand in the file $WALL_CLOCK,
 * and jumps when they change; no other clock is.
 */

#include "tests/support/clock-offset.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int clock_gettime(clockid_t clock, struct timespec *ret)
{
        int r = (int)syscall(SYS_clock_gettime, clock, ret);

        if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                ret->tv_sec += clock_offset_s("WALL_CLOCK");
        return r;
}

EXPORTED time_t time(time_t *ret)
{
        struct timespec now = { 0 };

        (void)clock_gettime(CLOCK_REALTIME, &now); /* there is such a clock */
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}

EXPORTED int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
        struct timespec now = { 0 };

        (void)zone;
        (void)clock_gettime(CLOCK_REALTIME, &now); /* there is such a clock */
        *ret = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
        return 0;
}
