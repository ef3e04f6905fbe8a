/* SPDX-License-Identifier: MIT */

#include "base/thread.h"

#include "base/error.h"

#include <signal.h>

int thread_start(pthread_t *ret, void *(*fn)(void *userdata), void *userdata)
{
        sigset_t all;
        sigset_t before;
        int r;

        sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* a thread is born with its maker's */
        r = pthread_create(ret, NULL, fn, userdata);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r ? error_origin(-r) : 0;
}
