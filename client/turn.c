/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * One word says whether the turn is taken, and whether somebody may be waiting for it; taking and
 * giving a turn that nobody else wants is one atomic operation each. Who must wait says so in the
 * word with the lock held, and gives the lock up only to wait; who gives a turn back that is waited
 * for takes the lock before it signals. So no signal comes between the two.
 */

#include "client/turn.h"

#include "base/thread.h"

enum {
        TURN_FREE,
        TURN_TAKEN,
        TURN_WANTED, /* taken, and others may be waiting */
};

void turn_init(Turn *turn)
{
        thread_cond_init(&turn->given);
        (void)pthread_mutex_init(&turn->lock, NULL);
        atomic_init(&turn->state, TURN_FREE);
}

void turn_deinit(Turn *turn)
{
        (void)pthread_mutex_destroy(&turn->lock);
        (void)pthread_cond_destroy(&turn->given);
}

static bool wait_for_turn(Turn *turn, Deadline deadline)
{
        bool is_ours;

        (void)pthread_mutex_lock(&turn->lock);
        while (!(is_ours = atomic_exchange(&turn->state, TURN_WANTED) == TURN_FREE) &&
               !deadline_passed(deadline))
                (void)thread_cond_wait(&turn->given, &turn->lock, deadline_left_ms(deadline));
        (void)pthread_mutex_unlock(&turn->lock);
        return is_ours;
}

bool turn_take(Turn *turn, Deadline deadline)
{
        unsigned free_ = TURN_FREE;

        return atomic_compare_exchange_strong(&turn->state, &free_, TURN_TAKEN) ||
               wait_for_turn(turn, deadline);
}

void turn_give(Turn *turn)
{
        if (atomic_exchange(&turn->state, TURN_FREE) != TURN_WANTED)
                return;
        (void)pthread_mutex_lock(&turn->lock);
        (void)pthread_cond_signal(&turn->given);
        (void)pthread_mutex_unlock(&turn->lock);
}
