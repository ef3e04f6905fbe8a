#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Helm
 *
 * Who moves the bytes of a session that is up: one at a time, its thread or a caller who waits for
 * something of it. A hand-over between threads costs more than all else in a small call, so a
 * caller who is alone steers himself; once he has what he waited for he just goes. Is he back
 * within a moment, he steers again; if not, or if others wait as well, the thread does.
 *
 * Design notes. The lock guards everything of libssh, and all that is not guarded by the pool's
 * lock; it comes before that one. Who steers lets it go only in poll(), so others may write to
 * their channels meanwhile: whatever they leave for him wakes him. Between two rounds of callers
 * nobody polls; that lasts REST_MS of the .c file at most, and less if a descriptor had something
 * to do lately.
 *
 * While a host sends without end, poll() takes no time, and who steers has the lock again before
 * anybody else woke up. So whoever did not get it in a while has the others queue behind him.
 */

#include "base/clock.h"

#include <pyrope/error.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SshHelm SshHelm;
typedef struct SshHelmWait SshHelmWait;
typedef struct SshHelmWaiter SshHelmWaiter;

struct SshLink;

/* A caller who may wait; his own. All but the semaphore is used with the lock held. */
struct SshHelmWaiter {
        sem_t woken;         /* for each wait that another one ends */
        bool is_waiting;     /* and nobody has ended it yet */
        SshHelmWaiter *next; /* to be woken */
};

/* Part of a link. */
struct SshHelm {
        pthread_mutex_t lock;
        pthread_mutex_t turnstile; /* before the lock, for everybody while somebody starves */
        atomic_uint n_starving;    /* who waited for the lock in vain for a while */
        pthread_cond_t rest;       /* of the thread */
        bool is_taken;             /* somebody steers */
        bool is_hot;    /* a caller steered, or got what he waited for, since the thread looked */
        bool is_asleep; /* the thread rests until it is told */
        bool is_idle;   /* nobody waits for this round: what is not urgent may be done in it */
        unsigned n_waiting;  /* callers who do not steer */
        SshHelmWaiter *over; /* those who need not wait any more: woken once the lock is free */
        SshHelmWaiter **over_end;
        unsigned n_over;      /* so many */
        unsigned n_woken;     /* so many were, for the present round */
        unsigned n_steered;   /* by callers, so far; wraps */
        pyrope_status status; /* of the round that ended the session; PYROPE_OK: none did */
        pyrope_error *error;  /* of it */
};

/* What a caller waits for. All of it is used with the lock held. */
struct SshHelmWait {
        bool (*is_ready)(const void *userdata);
        const void *userdata;
        SshHelmWaiter *waiter; /* who finds that it is ready ends the wait: ssh_helm_wait_over() */
        Deadline deadline;
};

void ssh_helm_init(SshHelm *helm);
void ssh_helm_deinit(SshHelm *helm);

void ssh_helm_waiter_init(SshHelmWaiter *waiter);
void ssh_helm_waiter_deinit(SshHelmWaiter *waiter);

void ssh_helm_lock(struct SshLink *link);

/** ssh_helm_unlock() - and wake whose wait is over: not before, or they would run into the lock. */
void ssh_helm_unlock(struct SshLink *link);

/**
 * ssh_helm_await() - until it is ready, steering if nobody does; with the lock held
 *
 * Return: true if it is ready, or the session has ended; false if the deadline passed first.
 */
NODISCARD bool ssh_helm_await(struct SshLink *link, const SshHelmWait *wait);

/** ssh_helm_help() - a round, if nobody steers and there is a session; without the lock. Return:
 * whether there was one; ssh_helm_go() then follows the last of them. */
bool ssh_helm_help(struct SshLink *link, Deadline until);
void ssh_helm_go(struct SshLink *link);

/** ssh_helm_wake() - have who steers, or rests, look at what was left for him; with any lock or
 * none. */
void ssh_helm_wake(struct SshLink *link);

/** ssh_helm_show() - the same for who steers alone; a thread that rests sees it in a moment. */
void ssh_helm_show(struct SshLink *link);

/** ssh_helm_defer() - a stream is over: have it closed when nobody misses the time; with the lock
 * held. */
void ssh_helm_defer(struct SshLink *link);

/** ssh_helm_wait_over() - who waited is woken when the lock is free; nothing if he does not wait.
 */
void ssh_helm_wait_over(SshHelm *helm, SshHelmWaiter *waiter);

/** ssh_helm_is_full() - whether libssh has more for the socket than it takes. */
bool ssh_helm_is_full(const struct SshLink *link);

/** ssh_helm_crowd() - a packet is about to be written: in a crowd it leaves with others, when who
 * steers has his next round. */
void ssh_helm_crowd(struct SshLink *link);

/** ssh_helm_sent() - a packet was written: it leaves now, unless who steers sees to that. */
void ssh_helm_sent(struct SshLink *link);

/** ssh_helm_note() - libssh was used: see to it that what it read meanwhile is looked at, and that
 * somebody waits until the socket takes what it holds. */
void ssh_helm_note(struct SshLink *link);

/**
 * ssh_helm_round() - of the thread: a round, or a rest; without the lock
 *
 * Return: as ssh_round(); what a caller's round returned as well.
 */
NODISCARD pyrope_status ssh_helm_round(struct SshLink *link, pyrope_error **error);
