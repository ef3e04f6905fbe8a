/* SPDX-License-Identifier: MIT */

#include "nameserver/watch-ticker.h"

#include "base/error.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

struct WatchTicker {
        WatchLog *log;
        pthread_t thread;
        int stop_fd; /* eventfd: readable once it shall end */
};

static void *tick(void *userdata)
{
        WatchTicker *ticker = userdata;
        struct pollfd stop = { .fd = ticker->stop_fd, .events = POLLIN };

        while (poll(&stop, 1, WATCH_TICK_MS) <= 0)
                watch_log_wake_all(ticker->log);
        return NULL;
}

int watch_ticker_new(WatchLog *log, WatchTicker **ret)
{
        CLEANUP(freep) WatchTicker *ticker = calloc(1, sizeof(*ticker));
        int r;

        if (!ticker)
                return error_origin(-ENOMEM);
        ticker->log = log;
        ticker->stop_fd = eventfd(0, EFD_CLOEXEC);
        if (ticker->stop_fd < 0)
                return error_origin(-errno);
        r = thread_start(&ticker->thread, tick, ticker);
        if (r) {
                closep(&ticker->stop_fd);
                return r;
        }
        *ret = TAKE(ticker);
        return 0;
}

WatchTicker *watch_ticker_free(WatchTicker *ticker)
{
        if (!ticker)
                return NULL;
        (void)eventfd_write(ticker->stop_fd, 1);  /* refused only at 2^64 - 1 */
        (void)pthread_join(ticker->thread, NULL); /* it is joinable, and not this one */
        closep(&ticker->stop_fd);
        free(ticker);
        return NULL;
}
