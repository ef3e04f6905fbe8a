/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * Versions follow each other, so a change stands in the ring at its version modulo the size, and a
 * place is a number. Where one is missing (a commit of which the disk did not say whether it
 * happened) the log begins anew behind it.
 */

#include "nameserver/watch-log.h"

#include "base/error.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

struct WatchLog {
        pthread_mutex_t lock;
        WatchChange *ring[WATCH_LOG_MAX];
        int64_t first; /* version of the oldest change in the ring; last + 1: it is empty */
        int64_t last;
        size_t n_bytes;
        Watcher *watchers;
};

WatchLog *watch_log_new(int64_t version)
{
        WatchLog *log = calloc(1, sizeof(*log));

        if (!log)
                return NULL;
        pthread_mutex_init(&log->lock, NULL);
        log->first = version + 1;
        log->last = version;
        return log;
}

void watch_change_unref(WatchChange *change)
{
        if (--change->n_refs == 0)
                free(change);
}

static WatchChange **slot(WatchLog *log, int64_t version)
{
        return &log->ring[(uint64_t)version % WATCH_LOG_MAX];
}

static void drop_first(WatchLog *log)
{
        WatchChange **change = slot(log, log->first++);

        log->n_bytes -= (*change)->n_bytes;
        watch_change_unref(*change);
        *change = NULL;
}

static void begin_anew(WatchLog *log, int64_t version)
{
        while (log->first <= log->last)
                drop_first(log);
        log->first = version + 1;
        log->last = version;
}

WatchLog *watch_log_free(WatchLog *log)
{
        if (!log)
                return NULL;
        assert(!log->watchers);
        begin_anew(log, 0);
        pthread_mutex_destroy(&log->lock);
        free(log);
        return NULL;
}

/* Copies bytes behind what is there. Return: where they are. */
static void *put(char **at, const void *bytes, size_t n)
{
        void *copy = *at;

        if (n > 0)
                memcpy(copy, bytes, n);
        *at += n;
        return copy;
}

WatchChange *watch_change_new(const StoreNews *news)
{
        size_t n_tags = news->n_tags * sizeof(uint64_t);
        size_t n_old_tags = news->n_old_tags * sizeof(uint64_t);
        size_t n_uri = news->uri ? strlen(news->uri) + 1 : 0;
        size_t n = sizeof(WatchChange) + n_tags + n_old_tags + n_uri + news->name.n;
        WatchChange *change = malloc(n);
        char *at;

        if (!change)
                return NULL;
        *change = (WatchChange){
                .event = news->event,
                .version = news->version,
                .n_tags = news->n_tags,
                .n_old_tags = news->n_old_tags,
                .n_bytes = n,
                .n_refs = 1,
        };
        at = change->memory;
        change->tags = put(&at, news->tags, n_tags);
        change->old_tags = put(&at, news->old_tags, n_old_tags);
        change->uri = news->uri ? put(&at, news->uri, n_uri) : NULL;
        change->name = (StoreText){ put(&at, news->name.at, news->name.n), news->name.n };
        return change;
}

/* -- filters ---------------------------------------------------------------------------------- */

static bool has_tag(const uint64_t *tags, size_t n_tags, uint64_t tag)
{
        for (size_t i = 0; i < n_tags; i++)
                if (tags[i] == tag)
                        return true;
        return false;
}

bool watch_filter_has_prefix(const WatchFilter *filter, StoreText name)
{
        size_t n = filter->prefix.n;

        return n == 0 || (name.n >= n && memcmp(name.at, filter->prefix.at, n) == 0);
}

static bool has_tags(const WatchFilter *filter, const uint64_t *tags, size_t n_tags)
{
        for (size_t i = 0; i < filter->n_tags; i++)
                if (has_tag(tags, n_tags, filter->tags[i]) == filter->is_any)
                        return filter->is_any;
        return filter->n_tags == 0 || !filter->is_any;
}

bool watch_filter_passes(const WatchFilter *filter, StoreText name, const uint64_t *tags,
                         size_t n_tags)
{
        return watch_filter_has_prefix(filter, name) && has_tags(filter, tags, n_tags);
}

static WatchEvent event_of(const WatchChange *change, bool is_there, bool was_there)
{
        if (is_there)
                return was_there ? WATCH_REPLACED : WATCH_REGISTERED;
        return change->event == STORE_EXPIRED ? WATCH_EXPIRED : WATCH_REMOVED;
}

/* Return: whether it concerns the filter; @ret: how it looks from there. */
static bool judge(const WatchFilter *filter, const WatchChange *change, WatchEvent *ret)
{
        bool is_there = change->uri && has_tags(filter, change->tags, change->n_tags);
        bool was_there = change->event != STORE_REGISTERED &&
                         has_tags(filter, change->old_tags, change->n_old_tags);

        if (!watch_filter_has_prefix(filter, change->name) || (!is_there && !was_there))
                return false;
        *ret = event_of(change, is_there, was_there);
        return true;
}

/* -- writing and reading ---------------------------------------------------------------------- */

static void wake(WatchLog *log, const WatchChange *change)
{
        WatchEvent event;

        for (Watcher *watcher = log->watchers; watcher; watcher = watcher->next)
                if (!change || judge(&watcher->filter, change, &event))
                        watcher->wake(watcher->userdata);
}

void watch_log_append(WatchLog *log, const StoreNews *news)
{
        WatchChange *change = watch_change_new(news);

        pthread_mutex_lock(&log->lock);
        if (!change || news->version != log->last + 1)
                begin_anew(log, change ? news->version - 1 : news->version);
        if (change) {
                while (log->first <= log->last &&
                       (log->last - log->first + 1 >= WATCH_LOG_MAX ||
                        log->n_bytes + change->n_bytes > WATCH_LOG_MAX_BYTES))
                        drop_first(log);
                log->last = change->version;
                log->n_bytes += change->n_bytes;
                *slot(log, change->version) = change;
        }
        wake(log, change);
        pthread_mutex_unlock(&log->lock);
}

int64_t watch_log_version(WatchLog *log)
{
        int64_t version;

        pthread_mutex_lock(&log->lock);
        version = log->last;
        pthread_mutex_unlock(&log->lock);
        return version;
}

static size_t collect(WatchLog *log, const WatchFilter *filter, int64_t *at, WatchItem *ret)
{
        size_t n = 0;

        for (unsigned n_seen = 0; *at < log->last && n < WATCH_TAKE_MAX && n_seen < WATCH_LOOK_MAX;
             n_seen++) {
                WatchChange *change = *slot(log, ++*at);

                if (!judge(filter, change, &ret[n].event))
                        continue;
                change->n_refs++;
                ret[n++].change = change;
        }
        return n;
}

int watch_log_take(WatchLog *log, const WatchFilter *filter, int64_t *at,
                   WatchItem ret[static WATCH_TAKE_MAX], size_t *ret_n)
{
        int r = 0;

        pthread_mutex_lock(&log->lock);
        if (*at < log->first - 1 || *at > log->last)
                r = WATCH_E_LOST;
        else
                *ret_n = collect(log, filter, at, ret);
        pthread_mutex_unlock(&log->lock);
        return r;
}

/* -- watchers --------------------------------------------------------------------------------- */

void watch_log_add(WatchLog *log, Watcher *watcher)
{
        pthread_mutex_lock(&log->lock);
        watcher->next = log->watchers;
        log->watchers = watcher;
        pthread_mutex_unlock(&log->lock);
}

void watch_log_remove(WatchLog *log, Watcher *watcher)
{
        pthread_mutex_lock(&log->lock);
        for (Watcher **at = &log->watchers; *at; at = &(*at)->next)
                if (*at == watcher) {
                        *at = watcher->next;
                        break;
                }
        pthread_mutex_unlock(&log->lock);
}

void watch_log_wake_all(WatchLog *log)
{
        pthread_mutex_lock(&log->lock);
        wake(log, /* change= */ NULL);
        pthread_mutex_unlock(&log->lock);
}
