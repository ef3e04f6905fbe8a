#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Alive
 *
 * Whether a session that says nothing is still there. Only bytes received prove it: what the kernel
 * acknowledges proves the kernel, and behind a jump host or a program in between not even that. So
 * a host that was silent for SSH_ALIVE_INTERVAL_MS is asked, and one that is still silent
 * SSH_ALIVE_ANSWER_MS later is lost; both as ServerAliveInterval and ServerAliveCountMax say, where
 * the interval is set.
 *
 * While the computer was suspended, hosts and gateways may have given the session up, and nobody
 * tells. So after it, which shows by CLOCK_BOOTTIME running ahead of CLOCK_MONOTONIC, the host is
 * asked at once, and has SSH_ALIVE_WAKE_MS.
 *
 * Pure: the clocks and the asking are the caller's.
 */

#include "base/defs.h"

#include <stdbool.h>

#define SSH_ALIVE_INTERVAL_MS 5000
#define SSH_ALIVE_ANSWER_MS   8000
#define SSH_ALIVE_WAKE_MS     3000
#define SSH_ALIVE_SUSPEND_MS  2000 /* one clock ahead of the other by so much more than before */

typedef struct SshAlive SshAlive;
typedef struct SshAliveTime SshAliveTime;

/* One moment on both clocks, in milliseconds. */
struct SshAliveTime {
        int64_t boot_ms; /* goes on during a suspend ... */
        int64_t mono_ms; /* ... and this does not */
};

struct SshAlive {
        int64_t interval_ms;
        int64_t answer_ms;
        int64_t heard_at_ms; /* on the clock that goes on */
        int64_t asked_at_ms; /* the same; 0: nothing is asked */
        uint64_t n_heard;    /* bytes that had been received then */
        int64_t ahead_ms;    /* one clock of the other */
        bool is_awake;       /* asked because of a suspend */
};

typedef enum SshAliveSays {
        SSH_ALIVE_WELL,
        SSH_ALIVE_ASK,  /* the host, something that it must answer */
        SSH_ALIVE_LOST, /* it did not answer */
} SshAliveSays;

/**
 * ssh_alive_begin() - a session is up
 * @interval_s: ServerAliveInterval; 0: not set
 * @n_asked_max: ServerAliveCountMax; counts with an interval only; 0: the host is never lost
 */
void ssh_alive_begin(SshAlive *alive, unsigned interval_s, unsigned n_asked_max,
                     const SshAliveTime *now);

/**
 * ssh_alive_judge() - what is to be done
 * @n_heard:    bytes since the session began, what lay in the socket included
 * @heard_at_ms: when the last of them was read
 * @ret_next_ms: look again then, on the clock that goes on
 */
SshAliveSays ssh_alive_judge(SshAlive *alive, uint64_t n_heard, int64_t heard_at_ms,
                             const SshAliveTime *now, int64_t *ret_next_ms);
