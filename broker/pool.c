/* SPDX-License-Identifier: MIT */

#include "broker/pool.h"

#include "base/log.h"
#include "broker/patrol.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define N_WAITING_MIN 2 /* so that one busy connection does not start a thread for each call */

void pool_init(Pool *pool, unsigned n_threads_max, void (*run)(void *userdata), void *userdata)
{
        *pool = (Pool){ .n_threads_max = n_threads_max, .run = run, .userdata = userdata };
        pthread_mutex_init(&pool->lock, NULL);
        pthread_cond_init(&pool->changed, NULL);
        atomic_init(&pool->n_waiting, 0);
}

void pool_deinit(Pool *pool)
{
        pthread_cond_destroy(&pool->changed);
        pthread_mutex_destroy(&pool->lock);
}

static void *thread_main(void *userdata)
{
        Pool *pool = userdata;
        char name[16];

        snprintf(name, sizeof(name), "pyrope-%u", atomic_fetch_add(&pool->n_ever, 1) % 100000);
        (void)pthread_setname_np(pthread_self(), name); /* only debuggers read it */

        pool->run(pool->userdata);

        pthread_mutex_lock(&pool->lock);
        pool->n_threads--;
        if (pool->n_threads == 0)
                pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
        return NULL;
}

/* Signals are for the program's own threads; only those that a fault raises here, and that of the
 * patrol, stay open. */
static void mask_signals(sigset_t *ret_old)
{
        static const int open[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                    SIGABRT, SIGTRAP, SIGSYS, PATROL_SIGNAL };
        sigset_t signals;

        sigfillset(&signals);
        for (size_t i = 0; i < ARRAY_SIZE(open); i++)
                sigdelset(&signals, open[i]);
        pthread_sigmask(SIG_SETMASK, &signals, ret_old);
}

/* With the lock held. */
static int start_thread(Pool *pool)
{
        pthread_attr_t attributes;
        pthread_t thread;
        sigset_t signals;
        int r;

        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        mask_signals(&signals);
        r = pthread_create(&thread, &attributes, thread_main, pool);
        pthread_sigmask(SIG_SETMASK, &signals, NULL);
        pthread_attr_destroy(&attributes);
        if (r)
                return -r;
        pool->n_threads++;
        atomic_fetch_add(&pool->n_waiting, 1);
        return 0;
}

int pool_start(Pool *pool)
{
        int r = 0;

        pthread_mutex_lock(&pool->lock);
        for (int i = 0; r == 0 && i < N_WAITING_MIN; i++)
                r = start_thread(pool);
        if (pool->n_threads > 0)
                r = 0; /* one is enough to begin with */
        pthread_mutex_unlock(&pool->lock);
        return r;
}

void pool_join(Pool *pool)
{
        pthread_mutex_lock(&pool->lock);
        while (pool->n_threads > 0)
                pthread_cond_wait(&pool->changed, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
}

void pool_wait_begin(Pool *pool)
{
        atomic_fetch_add(&pool->n_waiting, 1);
}

/* With the lock held. */
static void start_if_none_waits(Pool *pool)
{
        int r = 0;

        if (pool->n_threads < pool->n_threads_max && atomic_load(&pool->n_waiting) == 0)
                r = start_thread(pool);
        if (r)
                log_debug("no further thread: %s", strerror(-r));
}

void pool_limit(Pool *pool, unsigned n_threads_max)
{
        pthread_mutex_lock(&pool->lock);
        pool->n_threads_max = n_threads_max;
        start_if_none_waits(pool);
        pthread_mutex_unlock(&pool->lock);
}

void pool_wait_end(Pool *pool)
{
        if (atomic_fetch_sub(&pool->n_waiting, 1) > 1)
                return;
        pthread_mutex_lock(&pool->lock);
        start_if_none_waits(pool);
        pthread_mutex_unlock(&pool->lock);
}

bool pool_wait_vain(Pool *pool)
{
        if (atomic_fetch_sub(&pool->n_waiting, 1) > N_WAITING_MIN)
                return true;
        atomic_fetch_add(&pool->n_waiting, 1);
        return false;
}

void pool_leave(Pool *pool)
{
        atomic_fetch_sub(&pool->n_waiting, 1);
}

bool pool_has_waiting(const Pool *pool)
{
        return atomic_load_explicit(&pool->n_waiting, memory_order_relaxed) > 0;
}
