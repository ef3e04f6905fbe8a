/* SPDX-License-Identifier: MIT */

/*
 * A library to preload: the wall clock is off by the seconds that stand in the file $WALL_CLOCK,
 * and jumps when they change; no other clock is.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static long offset_s(void)
{
        const char *path = getenv("WALL_CLOCK");
        FILE *file = path ? fopen(path, "re") : NULL;
        char text[32] = "";

        if (!file)
                return 0;
        if (!fgets(text, sizeof(text), file))
                text[0] = '\0';
        (void)fclose(file); /* nothing was written */
        return strtol(text, NULL, 10);
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *ret)
{
        int r = (int)syscall(SYS_clock_gettime, clock, ret);

        if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                ret->tv_sec += offset_s();
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
