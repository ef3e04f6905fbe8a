/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * A watch is a place in the log of changes, or, as long as it tells what is there already, a place
 * in the order of the names; so it takes the same memory however slow its caller is. While it goes
 * through the names the log is not read; afterwards it begins where the log was at the beginning,
 * so a name may be told twice, and none is missed.
 */

#include "base/clock.h"
#include "nameserver/method.h"

#include <errno.h>
#include <string.h>

typedef struct Watch Watch;

struct Watch {
        NameServer *nameserver; /* borrowed */
        Watcher watcher;
        pyrope_bell *bell;
        int64_t at;       /* version of the last change that was seen, or that the names are of */
        int64_t alive_ms; /* when an item is due, whatever there is to say */
        bool is_live;     /* what is there has been told */
        bool is_lost;     /* to be told first */
        bool has_after;   /* names up to this one have been told */
        Buffer after;
        char *prefix;
        uint64_t *tags;
};

static void close_watch(void *state)
{
        Watch *watch = state;

        if (watch->bell)
                watch_log_remove(watch->nameserver->log, &watch->watcher);
        pyrope_bell_free(watch->bell);
        buffer_deinit(&watch->after);
        free(watch->prefix);
        free(watch->tags);
        free(watch);
}

static void watch_freep(Watch **watch)
{
        if (*watch)
                close_watch(*watch);
}

static void ring(void *userdata)
{
        pyrope_bell_ring(userdata);
}

/* -- items ------------------------------------------------------------------------------------ */

/* What one item tells, before it is written. */
typedef struct Batch Batch;

struct Batch {
        WatchItem items[WATCH_TAKE_MAX + 2]; /* and WATCH_LOST, and WATCH_CURRENT */
        size_t n;
};

static void batch_deinit(Batch *batch)
{
        for (size_t i = 0; i < batch->n; i++)
                if (batch->items[i].change)
                        watch_change_unref(batch->items[i].change);
        batch->n = 0;
}

static void add(Batch *batch, WatchEvent event, WatchChange *taken)
{
        batch->items[batch->n++] = (WatchItem){ .event = event, .change = taken };
}

static void write_text(pyrope_writer *writer, const char *key, const char *at, size_t n)
{
        pyrope_write_str(writer, key);
        if (at)
                pyrope_write_strn(writer, at, n);
        else
                pyrope_write_nil(writer);
}

static void write_change(pyrope_writer *writer, const WatchItem *item, int64_t version)
{
        static const char *const events[] = {
                [WATCH_LOST] = "lost",         [WATCH_PRESENT] = "present",
                [WATCH_CURRENT] = "current",   [WATCH_REGISTERED] = "registered",
                [WATCH_REPLACED] = "replaced", [WATCH_REMOVED] = "removed",
                [WATCH_EXPIRED] = "expired",
        };
        const WatchChange *change = item->change;
        bool is_gone = item->event == WATCH_REMOVED || item->event == WATCH_EXPIRED;
        const char *uri = change && !is_gone ? change->uri : NULL;

        pyrope_write_map(writer, 4);
        write_text(writer, "event", events[item->event], strlen(events[item->event]));
        write_text(writer, "name", change ? change->name.at : NULL, change ? change->name.n : 0);
        write_text(writer, "uri", uri, uri ? strlen(uri) : 0);
        pyrope_write_str(writer, "version");
        pyrope_write_int(writer, change ? change->version : version);
}

/* {"version": ..., "changes": [...]}; without changes it says that we are there. */
static void write_item(pyrope_call *call, Watch *watch, const Batch *batch)
{
        pyrope_writer *writer = pyrope_result(call);

        watch->alive_ms = clock_boottime_ms() + NAMESERVER_ALIVE_MS;
        pyrope_write_map(writer, 2);
        pyrope_write_str(writer, "version");
        pyrope_write_int(writer, watch->at);
        pyrope_write_str(writer, "changes");
        pyrope_write_list(writer, batch->n);
        for (size_t i = 0; i < batch->n; i++)
                write_change(writer, &batch->items[i], watch->at);
}

/* -- what is there already -------------------------------------------------------------------- */

static void begin_names(Watch *watch)
{
        watch->is_live = false;
        watch->has_after = false;
        /* Before the first name is read: what is changed from here on is in the log. */
        watch->at = watch_log_version(watch->nameserver->log);
}

static int hash_tags(const StoreObject *object, Buffer *ret)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < object->n_tags; i++) {
                uint64_t hash = store_tag_hash(object->tags[i]);

                r = buffer_append(ret, &hash, sizeof(hash));
        }
        return r;
}

/* Adds a name if it passes. */
static int look_at(Watch *watch, const StoreObject *object, Batch *batch)
{
        CLEANUP(buffer_deinit) Buffer tags = BUFFER_INIT(STORE_TAGS_MAX * sizeof(uint64_t));
        const StoreNews news = { .name = object->name,
                                 .uri = object->uri,
                                 .version = object->version };
        WatchChange *change;
        int r;

        buffer_clear(&watch->after);
        watch->has_after = true;
        r = buffer_append(&watch->after, object->name.at, object->name.n);
        if (r == 0)
                r = hash_tags(object, &tags);
        if (r || !watch_filter_passes(&watch->watcher.filter, object->name,
                                      (const uint64_t *)(const void *)tags.data,
                                      tags.n / sizeof(uint64_t)))
                return r;
        change = watch_change_new(&news);
        if (!change)
                return error_origin(-ENOMEM);
        add(batch, WATCH_PRESENT, change);
        return 0;
}

/* Return: 0 if there may be more, STORE_E_NOT_FOUND behind the last name, STORE_E_*, -errno. */
static int find_names(Watch *watch, StoreReader *reader, Batch *batch, ErrorText *error)
{
        const WatchFilter *filter = &watch->watcher.filter;
        StoreText from = { (const char *)watch->after.data, watch->after.n };
        const StoreObject *object;
        int r;

        r = store_reader_from(reader, watch->has_after ? from : filter->prefix, watch->has_after,
                              filter->n_tags ? STORE_WITH_TAGS : 0, error);
        for (unsigned n = 0; r == 0 && n < WATCH_LOOK_MAX && batch->n <= WATCH_TAKE_MAX; n++) {
                r = store_reader_next(reader, &object, error);
                if (r == 0 && !watch_filter_has_prefix(filter, object->name))
                        r = STORE_E_NOT_FOUND;
                if (r == 0)
                        r = look_at(watch, object, batch);
        }
        return r;
}

static int next_names(pyrope_call *call, Watch *watch)
{
        CLEANUP(reading_deinit) Reading reading = { 0 };
        CLEANUP(batch_deinit) Batch batch = { .n = 0 };
        NameServer *nameserver = watch->nameserver;
        ErrorText error = { "" };
        int r;

        if (method_read(call, nameserver, &reading))
                return PYROPE_RAISED;
        if (watch->is_lost)
                add(&batch, WATCH_LOST, NULL);
        r = find_names(watch, reading.reader, &batch, &error);
        if (r && r != STORE_E_NOT_FOUND)
                return method_check_store(call, &nameserver->cannot_read, r, &error);
        if (r)
                add(&batch, WATCH_CURRENT, NULL);
        watch->is_live = r != 0;
        watch->is_lost = false;
        write_item(call, watch, &batch);
        return 0;
}

/* -- changes ---------------------------------------------------------------------------------- */

static int next(pyrope_call *call, void *state)
{
        Watch *watch = state;
        /* Before the log is looked at. */
        const uint64_t n_rings = pyrope_bell_rings(watch->bell);
        WatchLog *log = watch->nameserver->log;
        CLEANUP(batch_deinit) Batch batch = { .n = 0 };
        int r = 0;

        while (watch->is_live && r == 0 && batch.n == 0 && watch->at != watch_log_version(log))
                r = watch_log_take(log, &watch->watcher.filter, &watch->at, batch.items, &batch.n);
        if (r) {
                begin_names(watch);
                watch->is_lost = true;
        }
        if (!watch->is_live)
                return next_names(call, watch);
        if (batch.n == 0 && clock_boottime_ms() < watch->alive_ms)
                return pyrope_wait_bell(call, watch->bell, n_rings);
        write_item(call, watch, &batch);
        return 0;
}

/* -- the method ------------------------------------------------------------------------------- */

static const pyrope_stream_class changes = { .next = next, .close = close_watch };

static int set_prefix(pyrope_call *call, Watch *watch)
{
        pyrope_view prefix = pyrope_argument(call, 0);
        StoreText text;
        int r;

        if (!pyrope_truth(prefix))
                return 0;
        r = method_name(call, 0, &text);
        if (r)
                return r;
        watch->prefix = malloc(text.n);
        if (!watch->prefix)
                return method_raise_argument(call, -ENOMEM, NULL);
        memcpy(watch->prefix, text.at, text.n);
        watch->watcher.filter.prefix = (StoreText){ watch->prefix, text.n };
        return 0;
}

static int set_tags(pyrope_call *call, Watch *watch)
{
        CLEANUP(argument_tags_deinit) ArgumentTags tags = { 0 };
        bool all = pyrope_truth(pyrope_argument(call, 1));
        bool any = pyrope_truth(pyrope_argument(call, 2));
        int r;

        if (all && any)
                return pyrope_raise(call, "ValueError",
                                    "you can't use meta_all or meta_any at the same time");
        if (!all && !any)
                return 0;
        r = method_tags(call, all ? 1 : 2, all ? "metadata_all" : "metadata_any", &tags);
        if (r)
                return r;
        watch->tags = calloc(tags.n + 1, sizeof(*watch->tags));
        if (!watch->tags)
                return method_raise_argument(call, -ENOMEM, NULL);
        for (size_t i = 0; i < tags.n; i++)
                watch->tags[i] = store_tag_hash(tags.items[i]);
        watch->watcher.filter.tags = watch->tags;
        watch->watcher.filter.n_tags = tags.n;
        watch->watcher.filter.is_any = any;
        return 0;
}

/* Without a version it begins with what is there. */
static int set_place(pyrope_call *call, Watch *watch)
{
        ErrorText error = { "" };
        int64_t since = 0;
        int r;

        r = argument_version(pyrope_argument(call, 3), "since", &since, &error);
        if (r)
                return method_raise_argument(call, r, &error);
        if (since == 0) {
                begin_names(watch);
                return 0;
        }
        watch->at = since;
        watch->is_live = true;
        return 0;
}

static int start_watching(pyrope_call *call, Watch *watch)
{
        watch->bell = pyrope_bell_new(pyrope_call_daemon(call));
        if (!watch->bell)
                return method_raise_argument(call, -ENOMEM, NULL);
        watch->watcher.wake = ring;
        watch->watcher.userdata = watch->bell;
        watch->alive_ms = clock_boottime_ms() + NAMESERVER_ALIVE_MS;
        watch_log_add(watch->nameserver->log, &watch->watcher);
        return 0;
}

int method_watch(pyrope_call *call, void *self)
{
        CLEANUP(watch_freep) Watch *watch = calloc(1, sizeof(*watch));
        int r;

        if (!watch)
                return method_raise_argument(call, -ENOMEM, NULL);
        watch->nameserver = self;
        buffer_init(&watch->after, STORE_NAME_MAX_BYTES);
        r = set_prefix(call, watch);
        if (r == 0)
                r = set_tags(call, watch);
        if (r == 0)
                r = set_place(call, watch);
        if (r == 0)
                r = start_watching(call, watch);
        return r ? r : pyrope_reply_stream(call, &changes, TAKE(watch));
}
