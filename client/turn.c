/* SPDX-License-Identifier: MIT */

#include "client/turn.h"

#include <errno.h>
#include <time.h>

#define NS_PER_S 1000000000L

void turn_init(Turn *turn)
{
        pthread_condattr_t attributes;

        /* None of these can fail with these arguments. */
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&turn->given, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        (void)pthread_mutex_init(&turn->lock, NULL);
        turn->is_taken = false;
}

void turn_deinit(Turn *turn)
{
        (void)pthread_mutex_destroy(&turn->lock);
        (void)pthread_cond_destroy(&turn->given);
}

/* The end of the wait on the condition's clock, which has no CLOCK_BOOTTIME. */
static struct timespec until(int left_ms)
{
        struct timespec at;

        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += left_ms / 1000;
        at.tv_nsec += left_ms % 1000 * 1000000L;
        if (at.tv_nsec >= NS_PER_S) {
                at.tv_sec++;
                at.tv_nsec -= NS_PER_S;
        }
        return at;
}

bool turn_take(Turn *turn, Deadline deadline)
{
        bool is_ours;

        (void)pthread_mutex_lock(&turn->lock);
        while (turn->is_taken && !deadline_passed(deadline)) {
                int left_ms = deadline_left_ms(deadline);
                struct timespec at;

                if (left_ms < 0) {
                        (void)pthread_cond_wait(&turn->given, &turn->lock);
                        continue;
                }
                at = until(left_ms);
                (void)pthread_cond_timedwait(&turn->given, &turn->lock, &at);
        }
        is_ours = !turn->is_taken;
        turn->is_taken = true;
        (void)pthread_mutex_unlock(&turn->lock);
        return is_ours;
}

void turn_give(Turn *turn)
{
        (void)pthread_mutex_lock(&turn->lock);
        turn->is_taken = false;
        (void)pthread_cond_signal(&turn->given);
        (void)pthread_mutex_unlock(&turn->lock);
}
