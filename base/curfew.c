/* SPDX-License-Identifier: MIT */

#include "base/curfew.h"

#include "base/error.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#define LOOK_MS     50 /* while somebody waits, so that few who come must wake the thread ... */
#define N_QUIET_MAX 20 /* ... and for so many looks after that */
#define NS_PER_S    1000000000L

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* somebody waits for less than the thread sleeps */
static LIST_HEAD(, Curfew) watched = LIST_HEAD_INITIALIZER(watched);
static bool is_running;

_Atomic int64_t curfew_look_ms_;

/* Cuts those whose time is over. Returns when the next one's will be; CURFEW_NEVER: nobody waits.
 */
static int64_t look(int64_t now_ms)
{
        int64_t next_ms = CURFEW_NEVER;
        Curfew *curfew;

        LIST_FOREACH(curfew, &watched, link)
        {
                int64_t at_ms = atomic_load(&curfew->at_ms);

                if (at_ms == CURFEW_CUT)
                        continue;
                if (at_ms > now_ms)
                        next_ms = at_ms < next_ms ? at_ms : next_ms;
                else if (atomic_compare_exchange_strong(&curfew->at_ms, &at_ms, CURFEW_CUT))
                        (void)shutdown(curfew->fd, SHUT_RDWR); /* or it is cut already */
        }
        return next_ms;
}

/* Until then, or until it is roused. */
static void sleep_ms(int64_t ms)
{
        struct timespec at;

        (void)clock_gettime(CLOCK_MONOTONIC, &at); /* the condition's: it has no CLOCK_BOOTTIME */
        at.tv_nsec += ms * 1000000L;
        if (at.tv_nsec >= NS_PER_S) {
                at.tv_sec++;
                at.tv_nsec -= NS_PER_S;
        }
        (void)pthread_cond_timedwait(&changed, &lock, &at);
}

static void *curfew_main(UNUSED void *userdata)
{
        unsigned n_quiet = 0;

        (void)pthread_setname_np(pthread_self(), "pyrope-curfew"); /* only debuggers read it */
        pthread_mutex_lock(&lock);
        for (;;) {
                int64_t now_ms = clock_boottime_ms();
                int64_t look_ms = now_ms + LOOK_MS;
                int64_t next_ms;

                /* Whoever begins from here on rouses, unless he is seen. */
                atomic_store(&curfew_look_ms_, CURFEW_NEVER);
                next_ms = look(now_ms);
                n_quiet = next_ms == CURFEW_NEVER ? n_quiet + 1 : 0;
                if (n_quiet > N_QUIET_MAX) {
                        (void)pthread_cond_wait(&changed, &lock);
                        continue;
                }
                look_ms = next_ms < look_ms ? next_ms : look_ms;
                atomic_store(&curfew_look_ms_, look_ms);
                sleep_ms(look_ms - now_ms);
        }
        return NULL;
}

static void init_condition(void)
{
        pthread_condattr_t attributes;

        /* None of these can fail with these arguments. */
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
}

/* The child of a fork has no thread but the one that forked. */
static void forget_thread(void)
{
        (void)pthread_mutex_init(&lock, NULL);
        init_condition();
        is_running = false;
}

static void init_once(void)
{
        init_condition();
        (void)pthread_atfork(NULL, NULL, forget_thread); /* fails for want of memory only */
}

/* With the lock held. */
static int start(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        pthread_attr_t attributes;
        sigset_t all, before;
        pthread_t thread;
        int r;

        (void)pthread_once(&once, init_once);
        (void)pthread_attr_init(&attributes);
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&thread, &attributes, curfew_main, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attributes);
        if (r)
                return error_origin(-r);
        is_running = true;
        return 0;
}

void curfew_init(Curfew *curfew)
{
        *curfew = (Curfew){ .fd = -1 };
        atomic_init(&curfew->at_ms, CURFEW_NEVER);
}

int curfew_join(Curfew *curfew, int fd)
{
        int r = 0;

        if (curfew->fd >= 0)
                return 0;
        pthread_mutex_lock(&lock);
        if (!is_running)
                r = start();
        if (r == 0) {
                curfew->fd = fd;
                LIST_INSERT_HEAD(&watched, curfew, link);
        }
        pthread_mutex_unlock(&lock);
        return r;
}

void curfew_leave(Curfew *curfew)
{
        if (curfew->fd < 0)
                return;
        pthread_mutex_lock(&lock);
        LIST_REMOVE(curfew, link);
        pthread_mutex_unlock(&lock);
        curfew->fd = -1;
}

void curfew_rouse_(void)
{
        pthread_mutex_lock(&lock);
        (void)pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
}
