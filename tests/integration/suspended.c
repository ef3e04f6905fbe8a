/* SPDX-License-Identifier: MIT */

/*
 * A library to preload: CLOCK_BOOTTIME is ahead by the seconds that stand in the file $SUSPENDED,
 * as after a suspend of the computer; it jumps when they change.
 */

#include "tests/support/clock-offset.h"

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int clock_gettime(clockid_t clock, struct timespec *ret)
{
        int r = (int)syscall(SYS_clock_gettime, clock, ret);

        if (r == 0 && clock == CLOCK_BOOTTIME)
                ret->tv_sec += clock_offset_s("SUSPENDED");
        return r;
}

/* The ones of SSH sessions are absolute and of that clock. */
EXPORTED int timerfd_settime(int fd, int flags, const struct itimerspec *at,
                             struct itimerspec *ret_before)
{
        struct itimerspec moved = *at;

        moved.it_value.tv_sec -= clock_offset_s("SUSPENDED");
        return (int)syscall(SYS_timerfd_settime, fd, flags, &moved, ret_before);
}
