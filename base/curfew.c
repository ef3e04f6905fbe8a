/* SPDX-License-Identifier: MIT */

#include "base/curfew.h"

#include "base/thread.h"

#include <pthread.h>
#include <sys/socket.h>

#define LOOK_MS     50 /* while somebody waits, so that few who come must wake the thread ... */
#define N_QUIET_MAX 20 /* ... and for so many looks after that */

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
                (void)thread_cond_wait(&changed, &lock, (int)(look_ms - now_ms));
        }
        return NULL;
}

/* The child of a fork has no thread but the one that forked. */
static void forget_thread(void)
{
        (void)pthread_mutex_init(&lock, NULL);
        thread_cond_init(&changed);
        is_running = false;
}

static void init_once(void)
{
        thread_cond_init(&changed);
        (void)pthread_atfork(NULL, NULL, forget_thread); /* fails for want of memory only */
}

/* With the lock held. */
static int start(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        int r;

        (void)pthread_once(&once, init_once);
        r = thread_start(NULL, curfew_main, NULL);
        is_running = r == 0;
        return r;
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
