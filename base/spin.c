/* SPDX-License-Identifier: MIT */

#include "base/spin.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

static int64_t now_ns(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

ssize_t spin_receive(Spin *spin, int fd, void *ret, size_t n_room)
{
        int64_t until_ns;
        ssize_t n;

        if (spin->n_omit > 0) {
                spin->n_omit--;
                errno = EAGAIN;
                return -1;
        }
        until_ns = now_ns() + 1000 * (int64_t)spin->max_us;
        do {
                n = recv(fd, ret, n_room, MSG_DONTWAIT);
                if (n >= 0 || errno != EAGAIN) {
                        spin->n_vain = 0;
                        return n;
                }
                (void)sched_yield(); /* the peer may be waiting for this very core */
        } while (now_ns() < until_ns);
        if (spin->n_vain < SPIN_VAIN_MAX)
                spin->n_vain++;
        spin->n_omit = (1u << spin->n_vain) - 1;
        errno = EAGAIN;
        return -1;
}
