#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Log of Changes
 *
 * The last changes of names, in memory, for those who watch: each reads from where it is, by a
 * filter. A watcher is a place in the log and a filter, whatever happens; one that is so slow that
 * its place has fallen out of the log is told so, and begins anew. Who changes names waits for
 * nobody here. Any thread.
 */

#include "nameserver/store.h"

#include <stdatomic.h>

#define WATCH_LOG_MAX       16384u              /* changes that are kept, */
#define WATCH_LOG_MAX_BYTES (16u * 1024 * 1024) /* and their bytes */
#define WATCH_TAKE_MAX      256u                /* changes that are given at once */
#define WATCH_LOOK_MAX      4096u               /* changes that are looked at for them */

enum {
        WATCH_E_SUCCESS,

        WATCH_E_LOST, /* the log does not reach back so far, or never was so far */
};

typedef struct WatchLog WatchLog;
typedef struct WatchChange WatchChange;
typedef struct WatchItem WatchItem;
typedef struct WatchFilter WatchFilter;
typedef struct Watcher Watcher;

/* Which names: those that begin with @prefix and have all, or any, of @tags. Borrowed. */
struct WatchFilter {
        StoreText prefix;     /* empty: all */
        const uint64_t *tags; /* store_tag_hash() of each */
        size_t n_tags;        /* 0: whatever tags */
        bool is_any;
};

/* What a watcher is told. */
typedef enum WatchEvent {
        WATCH_LOST,    /* what was told so far counts no more; all that is there follows */
        WATCH_PRESENT, /* a name that is there */
        WATCH_CURRENT, /* that was all; from here on there are changes */
        WATCH_REGISTERED,
        WATCH_REPLACED,
        WATCH_REMOVED,
        WATCH_EXPIRED,
} WatchEvent;

struct WatchChange {
        StoreEvent event;
        int64_t version;
        StoreText name;
        const char *uri; /* NULL: gone */
        const uint64_t *tags;
        size_t n_tags;
        const uint64_t *old_tags;
        size_t n_old_tags;
        size_t n_bytes; /* that it counts for */
        atomic_uint n_refs;
        _Alignas(uint64_t) char memory[]; /* what the rest points into, the tags first */
};

/* What a filter makes of a change: for who watches a tag, a name that gets it is registered. */
struct WatchItem {
        WatchEvent event;
        WatchChange *change; /* a reference; NULL where the event is of no name */
};

typedef void (*WatchWakeFn)(void *userdata);

/* One who waits for changes; in memory of the caller. */
struct Watcher {
        WatchFilter filter;
        WatchWakeFn wake; /* a change came that passes the filter; must not come back here */
        void *userdata;
        Watcher *next; /* of the log */
};

/**
 * watch_log_new() - an empty log
 * @version:    of the last change so far
 *
 * Return: owned by the caller, watch_log_free(); NULL: out of memory.
 */
WatchLog *watch_log_new(int64_t version);

/* Without watchers. Return: NULL. */
WatchLog *watch_log_free(WatchLog *log);
DEFINE_CLEANUP(WatchLog, watch_log_free);

/* Adds a change, and wakes whom it concerns. Without memory all who watch lose their place. */
void watch_log_append(WatchLog *log, const StoreNews *news);

/* The version of the last change. */
int64_t watch_log_version(WatchLog *log);

/**
 * watch_log_take() - changes that pass a filter
 * @at:         version of the last change that was seen; moved on
 * @ret:        room for WATCH_TAKE_MAX; each to be given to watch_change_unref()
 * @ret_n:      how many; 0 also where more has to be looked at, then @at is not the last version
 *
 * Return: 0, WATCH_E_LOST.
 */
NODISCARD int watch_log_take(WatchLog *log, const WatchFilter *filter, int64_t *at,
                             WatchItem ret[static WATCH_TAKE_MAX], size_t *ret_n);

/* Return: a copy, one reference; NULL: out of memory. */
WatchChange *watch_change_new(const StoreNews *news);
void watch_change_unref(WatchChange *change);

/* Whether a name, and a name with these tags, passes. */
bool watch_filter_has_prefix(const WatchFilter *filter, StoreText name);
bool watch_filter_passes(const WatchFilter *filter, StoreText name, const uint64_t *tags,
                         size_t n_tags);

/* From now on it is woken, and from now on not any more. */
void watch_log_add(WatchLog *log, Watcher *watcher);
void watch_log_remove(WatchLog *log, Watcher *watcher);

/* Wakes all, whether there is something or not. */
void watch_log_wake_all(WatchLog *log);
