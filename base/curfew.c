/* SPDX-License-Identifier: MIT */

#include "base/curfew.h"

#include "base/error.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#define N_QUIET_MAX 20 /* looks that found nobody, then it sleeps */
#define NS_PER_S    1000000000L

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* somebody waits, for longer than a look */
static LIST_HEAD(, Curfew) watched = LIST_HEAD_INITIALIZER(watched);
static bool is_running;

atomic_bool curfew_is_asleep_;

/* Cuts those whose time is over. Returns the moment for the next look; CURFEW_NOBODY: nobody waits.
 */
static int64_t look(void)
{
        int64_t now_ms = clock_boottime_ms();
        int64_t next_ms = CURFEW_NOBODY;
        Curfew *curfew;

        LIST_FOREACH(curfew, &watched, link)
        {
                int64_t at_ms = atomic_load(&curfew->at_ms);

                if (at_ms == CURFEW_NOBODY || at_ms == CURFEW_CUT)
                        continue;
                if (at_ms <= now_ms) {
                        if (atomic_compare_exchange_strong(&curfew->at_ms, &at_ms, CURFEW_CUT))
                                (void)shutdown(curfew->fd, SHUT_RDWR); /* or it is cut already */
                        continue;
                }
                if (next_ms > now_ms + CURFEW_MS)
                        next_ms = now_ms + CURFEW_MS;
                if (next_ms > at_ms)
                        next_ms = at_ms;
        }
        return next_ms;
}

static void pause_until(int64_t next_ms)
{
        int64_t left_ms = next_ms - clock_boottime_ms();
        struct timespec at;

        if (left_ms > CURFEW_MS)
                left_ms = CURFEW_MS;
        (void)clock_gettime(CLOCK_MONOTONIC, &at); /* the condition's: it has no CLOCK_BOOTTIME */
        at.tv_nsec += (left_ms > 0 ? left_ms : 0) * 1000000L;
        if (at.tv_nsec >= NS_PER_S) {
                at.tv_sec++;
                at.tv_nsec -= NS_PER_S;
        }
        (void)pthread_cond_timedwait(&changed, &lock, &at);
}

/* Says that it sleeps before it looks for the last time. Returns the moment for the next look. */
static int64_t sleep_until_roused(void)
{
        int64_t next_ms;

        atomic_store(&curfew_is_asleep_, true);
        while ((next_ms = look()) == CURFEW_NOBODY && curfew_is_asleep_)
                (void)pthread_cond_wait(&changed, &lock);
        atomic_store(&curfew_is_asleep_, false);
        return next_ms;
}

static void *curfew_main(UNUSED void *userdata)
{
        unsigned n_quiet = N_QUIET_MAX;
        int64_t next_ms;

        (void)pthread_setname_np(pthread_self(), "pyrope-curfew"); /* only debuggers read it */
        pthread_mutex_lock(&lock);
        for (;;) {
                next_ms = n_quiet < N_QUIET_MAX ? look() : sleep_until_roused();
                n_quiet = next_ms == CURFEW_NOBODY ? n_quiet + 1 : 0;
                pause_until(next_ms);
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
        atomic_store(&curfew_is_asleep_, false);
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
        atomic_init(&curfew->at_ms, CURFEW_NOBODY);
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
        atomic_store(&curfew_is_asleep_, false);
        (void)pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
}
