#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Alive
 *
 * Whether a session that says nothing is still there. Only bytes received prove it: what the kernel
 * acknowledges proves the kernel, and behind a jump host or a program in between not even that. So
 * a host that was silent for SSH_ALIVE_INTERVAL_MS, or for SSH_ALIVE_OWED_MS where it is likely
 * that somebody waits for it, is asked. If the last byte is then SSH_ALIVE_INTERVAL_MS +
 * SSH_ALIVE_ANSWER_MS old, the session is lost; both as ServerAliveInterval and ServerAliveCountMax
 * say, where the interval is set.
 *
 * That is for ways that are down, and may be up again. Where only this connection is dead, a second
 * one (ssh/probe.h) tells: it is begun when a host that was asked is silent for SSH_ALIVE_DOUBT_MS.
 * If sshd answers there, and for a grace from then on this session is as silent as before, it is
 * lost. The grace is several times the way there and back, and outlasts the kernel's next attempt
 * to send what is under way, even that of all silence, unless the attempt is far off. The question
 * may not have got there: so the grace begins anew as long as what we sent is still being taken,
 * and after much was sent it lasts as long as a slow way would take for that
 * (ssh_alive_slow_until()).
 *
 * While the computer was suspended, hosts and gateways may have given the session up, and nobody
 * tells. So after it, which shows by CLOCK_BOOTTIME running ahead of CLOCK_MONOTONIC, the host is
 * asked at once, and has SSH_ALIVE_WAKE_MS.
 *
 * Pure: the clocks, the asking and the second connection are the caller's.
 */

#include "base/defs.h"

#include <stdbool.h>

#define SSH_ALIVE_INTERVAL_MS 5000
#define SSH_ALIVE_ANSWER_MS   8000
#define SSH_ALIVE_OWED_MS     1500
#define SSH_ALIVE_WAKE_MS     3000
#define SSH_ALIVE_SUSPEND_MS  2000 /* one clock ahead of the other by so much more than before */

#define SSH_ALIVE_DOUBT_MS        1000
#define SSH_ALIVE_PROBE_MS        3000 /* for a second connection, and from one to the next */
#define SSH_ALIVE_PROBES_MAX      3u   /* of one silence */
#define SSH_ALIVE_GRACE_MS        1000
#define SSH_ALIVE_GRACE_HIDDEN_MS 2000 /* where another host's kernel repeats things */
#define SSH_ALIVE_GRACE_TRIPS     5    /* there and back, if that is more */
#define SSH_ALIVE_RESEND_MS       6000 /* the kernel's next attempt is waited for so long */
#define SSH_ALIVE_RESENT_MS       250  /* for the answer to it */
#define SSH_ALIVE_SLOWEST         20   /* bytes a millisecond: what was sent may take so long ... */
#define SSH_ALIVE_SLOW_MS         8000 /* ... and at most this */
#define SSH_ALIVE_LOOK_MS         50   /* how often one looks while there is a second connection */

typedef struct SshAlive SshAlive;
typedef struct SshAliveSeen SshAliveSeen;
typedef struct SshAliveTime SshAliveTime;

/* One moment on both clocks, in milliseconds. */
struct SshAliveTime {
        int64_t boot_ms; /* goes on during a suspend ... */
        int64_t mono_ms; /* ... and this does not */
};

/* What is known at a moment; times are those of the clock that goes on. */
struct SshAliveSeen {
        uint64_t n_heard;    /* bytes since the session began, what lay in the socket included */
        int64_t heard_at_ms; /* when the last of them was read */
        bool is_owed;        /* more is to be expected: something was sent since, say */
        bool may_probe;      /* somebody has a stream, and a second connection can be made */

        /* Of the second connection. */
        bool is_probing;        /* it is there, and was not answered so far */
        int64_t answered_at_ms; /* 0: it was not */
        int64_t took_ms;        /* from its beginning until then, an outage included */
        int64_t trip_ms;        /* there and back, as its kernel measured it; 0: not known */

        int64_t slow_until_ms; /* until then what was sent may be on a slow way */

        /* Of this one's socket; all 0 if nothing of the kind is known. */
        bool is_hidden;       /* the way has another kernel's connection in it */
        bool is_moving;       /* more of what we sent was taken since the last look, and there is
                               * more of it */
        int64_t sent_at_ms;   /* when the kernel last sent data, also for the second time */
        int64_t resend_at_ms; /* when it does so if nothing comes; 0: all was acknowledged */
};

struct SshAlive {
        int64_t interval_ms;
        int64_t owed_ms;
        int64_t answer_ms;
        int64_t heard_at_ms; /* on the clock that goes on */
        int64_t asked_at_ms; /* the same; 0: nothing is asked */
        uint64_t n_heard;    /* bytes that had been received then */
        int64_t ahead_ms;    /* one clock of the other */
        bool is_awake;       /* asked because of a suspend */
        bool is_never_lost;  /* as the user wants it */

        /* Since it was asked. */
        unsigned n_probes;    /* begun */
        int64_t probed_at_ms; /* when the last was; 0: a second connection is of no use now */
        int64_t moved_at_ms;  /* when what we sent was last taken, once a probe was answered */
        int64_t resent_at_ms; /* when the kernel first sent data since then; 0: not yet */
        bool is_beaten;       /* lost because the second connection was answered ... */
        int64_t beaten_in_ms; /* ... so fast */
};

typedef enum SshAliveSays {
        SSH_ALIVE_WELL,
        SSH_ALIVE_ASK,   /* the host, something that it must answer */
        SSH_ALIVE_PROBE, /* begin a second connection; SSH_ALIVE_PROBE_MS are for it */
        SSH_ALIVE_LOST,  /* it did not answer */
} SshAliveSays;

/**
 * ssh_alive_begin() - a session is up
 * @interval_s: ServerAliveInterval; 0: not set; else nothing is asked sooner
 * @n_asked_max: ServerAliveCountMax; counts with an interval only; 0: the host is never lost, and
 *              there is no second connection
 */
void ssh_alive_begin(SshAlive *alive, unsigned interval_s, unsigned n_asked_max,
                     const SshAliveTime *now);

/**
 * ssh_alive_slow_until() - so much was sent, more than a small message has
 * @until_ms:   what it was before
 *
 * Return: slow_until_ms of what is seen from now on.
 */
int64_t ssh_alive_slow_until(int64_t until_ms, uint64_t n_bytes, int64_t now_ms);

/**
 * ssh_alive_judge() - what is to be done
 * @ret_next_ms: look again then, on the clock that goes on
 *
 * With probed_at_ms 0 the caller ends the second connection, if there is one.
 */
SshAliveSays ssh_alive_judge(SshAlive *alive, const SshAliveSeen *seen, const SshAliveTime *now,
                             int64_t *ret_next_ms);
