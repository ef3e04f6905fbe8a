/* SPDX-License-Identifier: MIT */

#include "client/ssh-thread.h"

#include <signal.h>

int ssh_thread_start(SshThreadFn fn, void *userdata, pthread_t *ret)
{
        sigset_t all, before;
        pthread_t thread;
        int r;

        sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* a thread is born with its maker's */
        r = pthread_create(&thread, NULL, fn, userdata);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r)
                return -r;
        if (ret)
                *ret = thread;
        else
                (void)pthread_detach(thread);
        return 0;
}
