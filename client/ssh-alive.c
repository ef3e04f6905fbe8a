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

static void hear(SshAlive *alive, uint64_t n_received, int64_t now_ms)
{
        alive->n_received = n_received;
        alive->heard_at_ms = now_ms;
        alive->asked_at_ms = 0;
        alive->is_awake = false;
}

static bool was_suspended(SshAlive *alive, const SshAliveTime *now)
{
        int64_t before_ms = alive->ahead_ms;

        alive->ahead_ms = now->boot_ms - now->mono_ms;
        return alive->ahead_ms - before_ms > SSH_ALIVE_SUSPEND_MS;
}

static SshAliveSays ask(SshAlive *alive, bool is_awake, int64_t now_ms, int64_t *ret_next_ms)
{
        alive->asked_at_ms = now_ms;
        alive->is_awake = is_awake;
        *ret_next_ms = now_ms + (is_awake ? SSH_ALIVE_WAKE_MS : alive->answer_ms);
        return SSH_ALIVE_ASK;
}

SshAliveSays ssh_alive_judge(SshAlive *alive, uint64_t n_received, const SshAliveTime *now,
                             int64_t *ret_next_ms)
{
        bool is_awake = was_suspended(alive, now);
        int64_t limit_ms;

        if (n_received != alive->n_received)
                hear(alive, n_received, now->boot_ms);
        else if (is_awake)
                return ask(alive, true, now->boot_ms, ret_next_ms);

        if (!alive->asked_at_ms) {
                *ret_next_ms = alive->heard_at_ms + alive->interval_ms;
                if (now->boot_ms >= *ret_next_ms)
                        return ask(alive, false, now->boot_ms, ret_next_ms);
                return SSH_ALIVE_WELL;
        }
        limit_ms = alive->is_awake ? SSH_ALIVE_WAKE_MS : alive->answer_ms;
        *ret_next_ms = alive->asked_at_ms + limit_ms;
        return now->boot_ms >= *ret_next_ms ? SSH_ALIVE_LOST : SSH_ALIVE_WELL;
}
