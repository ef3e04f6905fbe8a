/* SPDX-License-Identifier: MIT */

#include "client/ssh/alive.h"

static int64_t least(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

void ssh_alive_begin(SshAlive *alive, unsigned interval_s, unsigned n_asked_max,
                     const SshAliveTime *now)
{
        *alive = (SshAlive){
                .interval_ms = SSH_ALIVE_INTERVAL_MS,
                .owed_ms = SSH_ALIVE_OWED_MS,
                .answer_ms = SSH_ALIVE_ANSWER_MS,
                .heard_at_ms = now->boot_ms,
                .ahead_ms = now->boot_ms - now->mono_ms,
        };
        if (interval_s) {
                alive->interval_ms = alive->owed_ms = (int64_t)interval_s * 1000;
                alive->answer_ms = n_asked_max ? alive->interval_ms * n_asked_max : INT32_MAX;
                alive->is_never_lost = !n_asked_max;
        }
}

int64_t ssh_alive_slow_until(int64_t until_ms, uint64_t n_bytes, int64_t now_ms)
{
        uint64_t ms = n_bytes / SSH_ALIVE_SLOWEST;

        if (ms > SSH_ALIVE_SLOW_MS)
                ms = SSH_ALIVE_SLOW_MS;
        return least(most(until_ms, now_ms) + (int64_t)ms, now_ms + SSH_ALIVE_SLOW_MS);
}

static bool was_suspended(SshAlive *alive, const SshAliveTime *now)
{
        int64_t before_ms = alive->ahead_ms;

        alive->ahead_ms = now->boot_ms - now->mono_ms;
        return alive->ahead_ms - before_ms > SSH_ALIVE_SUSPEND_MS;
}

static int64_t lost_at(const SshAlive *alive)
{
        if (alive->is_awake)
                return alive->asked_at_ms + SSH_ALIVE_WAKE_MS;
        return most(alive->asked_at_ms, alive->heard_at_ms + alive->interval_ms) + alive->answer_ms;
}

/* While an answer is out one looks as often as before: the host may give it and fall silent. */
static int64_t next_look(const SshAlive *alive, int64_t now_ms)
{
        return least(now_ms + alive->owed_ms, lost_at(alive));
}

static void forget_probes(SshAlive *alive)
{
        alive->n_probes = 0;
        alive->probed_at_ms = alive->moved_at_ms = alive->resent_at_ms = 0;
}

static SshAliveSays ask(SshAlive *alive, bool is_awake, int64_t now_ms, int64_t *ret_next_ms)
{
        forget_probes(alive);
        alive->asked_at_ms = now_ms;
        alive->is_awake = is_awake;
        *ret_next_ms = least(next_look(alive, now_ms), now_ms + SSH_ALIVE_DOUBT_MS);
        return SSH_ALIVE_ASK;
}

/* -- the second connection --------------------------------------------------------------------- */

/* When the answer is due to what the kernel sends once more, the first time since the second
 * connection was answered; 0: that is not waited for. */
static int64_t resend_over_at(SshAlive *alive, const SshAliveSeen *seen)
{
        int64_t answer_ms = most(SSH_ALIVE_RESENT_MS, SSH_ALIVE_GRACE_TRIPS * seen->trip_ms);

        if (!alive->resent_at_ms && seen->sent_at_ms >= seen->answered_at_ms)
                alive->resent_at_ms = seen->sent_at_ms;
        if (alive->resent_at_ms)
                return alive->resent_at_ms + answer_ms;
        if (seen->resend_at_ms && seen->resend_at_ms <= seen->answered_at_ms + SSH_ALIVE_RESEND_MS)
                return seen->resend_at_ms + answer_ms;
        return 0;
}

/* The second connection was answered. */
static SshAliveSays compare(SshAlive *alive, const SshAliveSeen *seen, int64_t now_ms,
                            int64_t *ret_next_ms)
{
        int64_t least_ms = seen->is_hidden ? SSH_ALIVE_GRACE_HIDDEN_MS : SSH_ALIVE_GRACE_MS;
        int64_t grace_ms = most(least_ms, SSH_ALIVE_GRACE_TRIPS * seen->trip_ms);
        int64_t resend_ms = resend_over_at(alive, seen), beaten_ms;

        if (seen->is_moving)
                alive->moved_at_ms = now_ms;
        beaten_ms = most(seen->answered_at_ms, alive->moved_at_ms) + grace_ms;
        beaten_ms = least(most(beaten_ms, seen->slow_until_ms), lost_at(alive));
        beaten_ms = most(beaten_ms, resend_ms);
        *ret_next_ms = least(now_ms + SSH_ALIVE_LOOK_MS, beaten_ms);
        if (now_ms < beaten_ms)
                return SSH_ALIVE_WELL;
        alive->is_beaten = true;
        alive->beaten_in_ms = seen->took_ms;
        return SSH_ALIVE_LOST;
}

static SshAliveSays probe(SshAlive *alive, int64_t now_ms, int64_t *ret_next_ms)
{
        alive->n_probes++;
        alive->probed_at_ms = now_ms;
        *ret_next_ms = least(now_ms + SSH_ALIVE_LOOK_MS, lost_at(alive));
        return SSH_ALIVE_PROBE;
}

/* -- what is to be done ------------------------------------------------------------------------ */

/* It was asked, and has said nothing since. */
static SshAliveSays doubt(SshAlive *alive, const SshAliveSeen *seen, int64_t now_ms,
                          int64_t *ret_next_ms)
{
        int64_t probe_at_ms = alive->n_probes ? alive->probed_at_ms + SSH_ALIVE_PROBE_MS
                                              : alive->asked_at_ms + SSH_ALIVE_DOUBT_MS;

        *ret_next_ms = next_look(alive, now_ms);
        if (seen->answered_at_ms)
                return compare(alive, seen, now_ms, ret_next_ms);
        if (now_ms >= lost_at(alive))
                return SSH_ALIVE_LOST;
        if (seen->is_probing) {
                *ret_next_ms = least(now_ms + SSH_ALIVE_LOOK_MS, lost_at(alive));
                return SSH_ALIVE_WELL;
        }
        if (!seen->may_probe || alive->is_never_lost || alive->n_probes == SSH_ALIVE_PROBES_MAX)
                return SSH_ALIVE_WELL;
        if (now_ms >= probe_at_ms)
                return probe(alive, now_ms, ret_next_ms);
        *ret_next_ms = least(*ret_next_ms, probe_at_ms);
        return SSH_ALIVE_WELL;
}

SshAliveSays ssh_alive_judge(SshAlive *alive, const SshAliveSeen *seen, const SshAliveTime *now,
                             int64_t *ret_next_ms)
{
        bool is_answered = seen->n_heard != alive->n_heard;
        int64_t ask_at_ms;

        alive->n_heard = seen->n_heard;
        alive->heard_at_ms = seen->heard_at_ms;
        /* What is read now may have lain there since before. */
        if (was_suspended(alive, now))
                return ask(alive, /* is_awake= */ true, now->boot_ms, ret_next_ms);
        if (alive->asked_at_ms && !is_answered)
                return doubt(alive, seen, now->boot_ms, ret_next_ms);

        forget_probes(alive);
        alive->asked_at_ms = 0;
        ask_at_ms = seen->heard_at_ms + (seen->is_owed ? alive->owed_ms : alive->interval_ms);
        *ret_next_ms = least(ask_at_ms, now->boot_ms + alive->owed_ms);
        if (now->boot_ms < ask_at_ms)
                return SSH_ALIVE_WELL;
        return ask(alive, /* is_awake= */ false, now->boot_ms, ret_next_ms);
}
