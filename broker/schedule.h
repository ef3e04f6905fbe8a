#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Schedule
 *
 * Decides which call runs, which waits, and when all are done. One call at a time runs on a serial
 * object and at most n_running_max in the whole daemon, so that a thread is always left for the
 * connections. A call that may not run waits behind its object, or, if only the daemon is full, in
 * the line of those that are ready. It costs memory, no thread. Of calls that mostly wait
 * themselves (PYROPE_WAITS) only half as many run, so that others find a thread.
 *
 * Any thread. The one that ends a call must look for a ready one afterwards (schedule_take()), for
 * it may have made it so; then no ready call is ever forgotten.
 */

#include "broker/request.h"

#include <pthread.h>

#define SCHEDULE_ONEWAY_MAX       1024u               /* oneway calls that wait for nobody ... */
#define SCHEDULE_ONEWAY_MAX_BYTES (64u * 1024 * 1024) /* ... and their bytes */

typedef struct Schedule Schedule;
typedef struct pyrope_bell pyrope_bell; /* bell.h */

struct Schedule {
        pthread_mutex_t lock;
        RequestQueue ready; /* their objects are theirs already */
        unsigned n_running;
        unsigned n_running_max;
        unsigned n_extra;      /* beyond that, since nothing else went on */
        uint64_t n_ended;      /* calls */
        uint64_t n_ended_then; /* when schedule_relieve() looked last */
        RequestQueue waits;    /* calls that are PYROPE_WAITS, while too many of them run */
        unsigned n_waits;      /* of those, how many run or are ready */
        unsigned n_waits_max;
        size_t n_open;         /* calls accepted and not yet answered, waiting ones included */
        size_t n_oneway;       /* of them, those submitted without a peer */
        size_t n_oneway_bytes; /* of their frames */
        LIST_HEAD(, pyrope_bell) bells;
        atomic_bool is_stopping; /* set once, under the lock */
        int ready_fd;    /* eventfd (semaphore): one token for each call some thread must fetch */
        int finished_fd; /* eventfd: readable for ever once it is stopping and nothing is open */
};

enum {
        SCHEDULE_E_SUCCESS,

        SCHEDULE_E_WAIT,     /* must wait: submit it as a request */
        SCHEDULE_E_FULL,     /* too many oneway calls wait: submit it with its peer */
        SCHEDULE_E_STOPPING, /* no new calls */
        SCHEDULE_E_EMPTY,    /* nothing may run now */
};

/* Return: 0, -errno. */
NODISCARD int schedule_init(Schedule *schedule, unsigned n_running_max);
void schedule_deinit(Schedule *schedule);

/**
 * schedule_begin() - a call wants to run in the thread that received it
 * @waits:      it is PYROPE_WAITS, and its object concurrent
 *
 * For 0 the object is the call's, until schedule_end(), and the call counts as open until
 * schedule_done().
 *
 * Return: 0, SCHEDULE_E_WAIT, SCHEDULE_E_STOPPING.
 */
NODISCARD int schedule_begin(Schedule *schedule, Object *object, bool waits);

/**
 * schedule_submit() - a call that runs later, in whichever thread takes it
 * @request:    taken, for 0 only; it may be running before this returns
 *
 * With a peer: the caller must not touch the peer any more and must call schedule_take() soon.
 * Without: another thread is woken where one is needed.
 *
 * Return: 0, SCHEDULE_E_FULL, SCHEDULE_E_STOPPING.
 */
NODISCARD int schedule_submit(Schedule *schedule, Request *request);

/* A call is over: its object is the next one's. It is still open. */
void schedule_end(Schedule *schedule, Object *object, bool waits);

/**
 * schedule_take() - the next call to run
 * @ret:        owned by the caller; it runs as after schedule_begin()
 *
 * Return: 0, SCHEDULE_E_EMPTY.
 */
NODISCARD int schedule_take(Schedule *schedule, Request **ret);

/* A bell is there, and gone: who waits for it runs again. */
void schedule_add_bell(Schedule *schedule, pyrope_bell *bell);
void schedule_remove_bell(Schedule *schedule, pyrope_bell *bell);

/**
 * schedule_sleep() - a call that ran has nothing to say: it runs again when a bell is rung
 * @request:    taken, for 0 only, with its peer; it may be running before this returns
 * @n_rings:    schedule_rings() before the call looked; if the bell was rung since, it is ready
 *
 * The call is still open. The caller must not touch the peer any more and must call
 * schedule_take() soon.
 *
 * Return: 0, SCHEDULE_E_STOPPING.
 */
NODISCARD int schedule_sleep(Schedule *schedule, Request *request, pyrope_bell *bell,
                             uint64_t n_rings);

/* Who waits for the bell is ready. */
void schedule_ring(Schedule *schedule, pyrope_bell *bell);
uint64_t schedule_rings(Schedule *schedule, pyrope_bell *bell);

/* Let another thread look for a ready call. */
void schedule_wake(Schedule *schedule);

/**
 * schedule_relieve() - where as many calls run as may, and none of them has ended since this was
 * asked last, one that is ready may run all the same: what runs may be waiting for it
 * @ret_n_extra: how many may run beyond the limit now, at most as many again
 *
 * Return: whether calls are ready that may not run: ask again, after a while.
 */
bool schedule_relieve(Schedule *schedule, unsigned *ret_n_extra);

/**
 * schedule_done() - a call was answered, or will never be
 * @n_oneway_bytes: size of its frame if it was submitted without a peer, else 0
 *
 * Return: whether a call is ready: the thread should come to schedule_take().
 */
bool schedule_done(Schedule *schedule, size_t n_oneway_bytes);

/* No new calls, and every bell is rung; finished_fd becomes readable when the open ones are done.
 * Idempotent. */
void schedule_stop(Schedule *schedule);
bool schedule_is_stopping(const Schedule *schedule);
