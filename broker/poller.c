/* SPDX-License-Identifier: MIT */

#include "broker/poller.h"

#include "base/error.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

int poller_init(Poller *poller)
{
        *poller = (Poller){ .timer_fd = -1 };
        poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (poller->epoll_fd < 0)
                return error_origin(-errno);
        poller->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (poller->timer_fd < 0)
                return error_origin(-errno);
        return poller_add(poller, poller->timer_fd, POLLER_TICK, EPOLLIN);
}

void poller_deinit(Poller *poller)
{
        closep(&poller->timer_fd);
        closep(&poller->epoll_fd);
}

static int control(Poller *poller, int operation, int fd, uint64_t key, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.u64 = key };

        return epoll_ctl(poller->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int poller_add(Poller *poller, int fd, uint64_t key, uint32_t events)
{
        return control(poller, EPOLL_CTL_ADD, fd, key, events | EPOLLONESHOT);
}

int poller_add_for_all(Poller *poller, int fd, uint64_t key)
{
        return control(poller, EPOLL_CTL_ADD, fd, key, EPOLLIN);
}

void poller_arm(Poller *poller, int fd, uint64_t key, uint32_t events)
{
        /* Fails only for what is not in the set, which is then nobody's any more. */
        (void)control(poller, EPOLL_CTL_MOD, fd, key, events | EPOLLONESHOT);
}

void poller_remove(Poller *poller, int fd)
{
        (void)control(poller, EPOLL_CTL_DEL, fd, 0, 0);
}

int poller_wait(Poller *poller, int timeout_ms, uint64_t *ret_key)
{
        struct epoll_event event;
        int n;

        do
                n = epoll_wait(poller->epoll_fd, &event, 1, timeout_ms);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return POLLER_E_TIMEOUT;
        *ret_key = event.data.u64;
        return 0;
}

void poller_need_tick(Poller *poller)
{
        const struct itimerspec tick = { .it_value.tv_nsec = POLLER_TICK_MS * 1000000L };

        if (!atomic_exchange(&poller->is_ticking, true))
                (void)timerfd_settime(poller->timer_fd, 0, &tick,
                                      NULL); /* its arguments are ours */
}

void poller_ticked(Poller *poller)
{
        uint64_t n;

        (void)!read(poller->timer_fd, &n, sizeof(n)); /* that it is readable is all it says */
        atomic_store(&poller->is_ticking, false);
        poller_arm(poller, poller->timer_fd, POLLER_TICK, EPOLLIN);
}
