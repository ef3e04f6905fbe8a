/* SPDX-License-Identifier: MIT */

#include "base/thread.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

#define NS_PER_US 1000
#define US_PER_MS 1000
#define US_PER_S  1000000
#define NS_PER_S  1000000000L

int thread_start(pthread_t *ret, void *(*fn)(void *userdata), void *userdata)
{
        sigset_t all, before;
        pthread_t thread;
        int r;

        sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* a thread is born with its maker's */
        r = pthread_create(&thread, NULL, fn, userdata);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r)
                return error_origin(-r);
        if (ret)
                *ret = thread;
        else
                (void)pthread_detach(thread);
        return 0;
}

void thread_cond_init(pthread_cond_t *ret)
{
        pthread_condattr_t attributes;

        /* None of these can fail with these arguments. */
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* no CLOCK_BOOTTIME here */
        (void)pthread_cond_init(ret, &attributes);
        (void)pthread_condattr_destroy(&attributes);
}

static struct timespec time_in_us(int64_t us)
{
        struct timespec until;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += us / US_PER_S;
        until.tv_nsec += us % US_PER_S * NS_PER_US;
        if (until.tv_nsec >= NS_PER_S) {
                until.tv_sec++;
                until.tv_nsec -= NS_PER_S;
        }
        return until;
}

static struct timespec time_in(int ms)
{
        return time_in_us((int64_t)ms * US_PER_MS);
}

bool thread_mutex_lock(pthread_mutex_t *lock, int ms)
{
        struct timespec until;
        bool is_locked;

        if (ms < 0)
                return pthread_mutex_lock(lock) == 0;
        until = time_in(ms);
#ifdef __SANITIZE_THREAD__ /* it does not know pthread_mutex_clocklock() */
        __tsan_mutex_pre_lock(lock, __tsan_mutex_try_lock);
#endif
        is_locked = pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &until) == 0;
#ifdef __SANITIZE_THREAD__
        __tsan_mutex_post_lock(lock,
                               is_locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock_failed, 0);
#endif
        return is_locked;
}

bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int ms)
{
        struct timespec until;

        if (ms < 0)
                return pthread_cond_wait(cond, lock) == 0;
        until = time_in(ms);
        return pthread_cond_timedwait(cond, lock, &until) == 0;
}

/* @until: NULL: no limit. */
static bool sem_wait_until(sem_t *sem, const struct timespec *until)
{
        int r;

        do
                r = until ? sem_clockwait(sem, CLOCK_MONOTONIC, until) : sem_wait(sem);
        while (r < 0 && errno == EINTR);
#ifdef __SANITIZE_THREAD__
        __tsan_acquire(sem); /* it knows sem_post(), and not sem_clockwait() */
#endif
        return r == 0;
}

bool thread_sem_wait(sem_t *sem, int ms)
{
        struct timespec until;

        if (ms < 0)
                return sem_wait_until(sem, NULL);
        until = time_in(ms);
        return sem_wait_until(sem, &until);
}

bool thread_sem_wait_us(sem_t *sem, unsigned us)
{
        struct timespec until = time_in_us(us);

        return sem_wait_until(sem, &until);
}
