/* SPDX-License-Identifier: MIT */

#include "client/ssh-alive.h"

void ssh_alive_begin(SshAlive *alive, unsigned interval_s, unsigned n_asked_max,
                     const SshAliveTime *now)
{
        *alive = (SshAlive){
                .interval_ms = SSH_ALIVE_INTERVAL_MS,
                .answer_ms = SSH_ALIVE_ANSWER_MS,
                .heard_at_ms = now->boot_ms,
                .ahead_ms = now->boot_ms - now->mono_ms,
        };
        if (interval_s) {
                alive->interval_ms = (int64_t)interval_s * 1000;
                alive->answer_ms = n_asked_max ? alive->interval_ms * n_asked_max : INT32_MAX;
        }
}

static bool was_suspended(SshAlive *alive, const SshAliveTime *now)
{
        int64_t before_ms = alive->ahead_ms;

        alive->ahead_ms = now->boot_ms - now->mono_ms;
        return alive->ahead_ms - before_ms > SSH_ALIVE_SUSPEND_MS;
}

/* While an answer is out one looks as often as before: the host may give it and fall silent. */
static int64_t next_look(const SshAlive *alive, int64_t lost_at_ms, int64_t now_ms)
{
        int64_t next_ms = now_ms + alive->interval_ms;

        return next_ms < lost_at_ms ? next_ms : lost_at_ms;
}

static int64_t lost_at(const SshAlive *alive)
{
        return alive->asked_at_ms + (alive->is_awake ? SSH_ALIVE_WAKE_MS : alive->answer_ms);
}

static SshAliveSays ask(SshAlive *alive, bool is_awake, int64_t now_ms, int64_t *ret_next_ms)
{
        alive->asked_at_ms = now_ms;
        alive->is_awake = is_awake;
        *ret_next_ms = next_look(alive, lost_at(alive), now_ms);
        return SSH_ALIVE_ASK;
}

SshAliveSays ssh_alive_judge(SshAlive *alive, uint64_t n_heard, int64_t heard_at_ms,
                             const SshAliveTime *now, int64_t *ret_next_ms)
{
        bool is_answered = n_heard != alive->n_heard;

        alive->n_heard = n_heard;
        alive->heard_at_ms = heard_at_ms;
        /* What is read now may have lain there since before. */
        if (was_suspended(alive, now))
                return ask(alive, /* is_awake= */ true, now->boot_ms, ret_next_ms);

        if (alive->asked_at_ms && !is_answered) {
                *ret_next_ms = next_look(alive, lost_at(alive), now->boot_ms);
                return now->boot_ms >= lost_at(alive) ? SSH_ALIVE_LOST : SSH_ALIVE_WELL;
        }
        alive->asked_at_ms = 0;
        *ret_next_ms = heard_at_ms + alive->interval_ms;
        if (now->boot_ms < *ret_next_ms)
                return SSH_ALIVE_WELL;
        return ask(alive, /* is_awake= */ false, now->boot_ms, ret_next_ms);
}
