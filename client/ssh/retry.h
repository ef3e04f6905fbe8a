#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Retry
 *
 * When a host that could not be reached, refused us, or was lost may be tried again. Pure: time and
 * chance come from the caller.
 *
 * A session that has been up for a while is made anew at once. After a failure of the network the
 * next attempt waits SSH_RETRY_FIRST_MS, then twice as long, up to SSH_RETRY_MOST_MS, less a random
 * part of up to a half, so that many clients of one host do not come at once. That is often: an
 * attempt is made only while somebody waits for it, and he shall not wait long once the network is
 * there again.
 *
 * A refusal (host key, login) is remembered, and told to whoever asks within that time: hosts lock
 * out who is refused too often. The time of a refused login grows to SSH_RETRY_AUTH_MOST_MS. What
 * is wrong here, in the configuration, is looked at again each time.
 */

#include "base/defs.h"

#include <pyrope/error.h>
#include <stdbool.h>

#define SSH_RETRY_FIRST_MS       100
#define SSH_RETRY_MOST_MS        1000
#define SSH_RETRY_STABLE_MS      1000   /* up for so long, it was no failure */
#define SSH_RETRY_PATIENCE_MS    10000  /* of those who wait for a host that was lost */
#define SSH_RETRY_REFUSED_MS     3000   /* host key; a host that breaks the protocol */
#define SSH_RETRY_AUTH_FIRST_MS  10000  /* refused login; four times that for the next ... */
#define SSH_RETRY_AUTH_MOST_MS   300000 /* ... up to this */
#define SSH_RETRY_FORGET_MS      10000  /* a host is as new, after so long without an attempt ... */
#define SSH_RETRY_AUTH_FORGET_MS 600000 /* ... or after a refused login */

typedef struct SshRetry SshRetry;

/* {0} before the first attempt. Moments are those of clock_boottime_ms(). */
struct SshRetry {
        int64_t next_at_ms;       /* no attempt before that */
        int64_t failing_since_ms; /* 0: the last attempt succeeded */
        unsigned n_failures;      /* of the network, one after the other */
        unsigned n_refusals;      /* of logins, likewise */
        bool is_refused;          /* the last attempt: to be told from memory until next_at_ms */
};

/**
 * ssh_retry_failed() - an attempt ended in @status
 * @chance:     random, any number
 */
void ssh_retry_failed(SshRetry *retry, pyrope_status status, int64_t now_ms, uint32_t chance);

/** ssh_retry_up() - an attempt succeeded. */
void ssh_retry_up(SshRetry *retry);

/** ssh_retry_lost() - a session that had been up for so long was lost. */
void ssh_retry_lost(SshRetry *retry, int64_t up_ms, int64_t now_ms, uint32_t chance);

/**
 * ssh_retry_is_patient() - whether those who wait go on waiting, for the next attempt
 * @has_been_up: the host has let us in before: then it is more likely that the network fails for a
 *              moment than that there is no such host
 */
bool ssh_retry_is_patient(const SshRetry *retry, bool has_been_up, int64_t now_ms);

/** ssh_retry_forget_at_ms() - from when on all of this is of no use any more, if nothing happens.
 */
int64_t ssh_retry_forget_at_ms(const SshRetry *retry);
