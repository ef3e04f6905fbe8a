/* SPDX-License-Identifier: MIT */

#include "broker/stream.h"

#include <assert.h>
#include <errno.h>

static void stream_free(Stream *stream)
{
        assert(!stream->is_busy);
        if (stream->class_->close)
                stream->class_->close(stream->state);
        object_unref(stream->object);
        free(stream);
}

static void free_all(Stream *streams)
{
        Stream *next;

        for (; streams; streams = next) {
                next = streams->link;
                stream_free(streams);
        }
}

void stream_table_init(StreamTable *table)
{
        *table = (StreamTable){ .streams = NULL };
        pthread_mutex_init(&table->lock, NULL);
}

void stream_table_deinit(StreamTable *table)
{
        Stream *stream;
        Stream *next;

        HASH_ITER (hh, table->streams, stream, next) {
                HASH_DEL(table->streams, stream);
                stream_free(stream);
        }
        pthread_mutex_destroy(&table->lock);
}

static size_t count_of(const StreamTable *table, uid_t uid)
{
        size_t n = 0;

        for (const Stream *stream = table->streams; stream; stream = stream->hh.next)
                n += stream->uid == uid;
        return n;
}

static int insert(StreamTable *table, Stream *stream)
{
        if (count_of(table, stream->uid) >= STREAM_PER_UID_MAX)
                return STREAM_E_FULL;
        HASH_ADD_STR(table->streams, id, stream);
        return stream->hh.tbl ? 0 : -ENOMEM;
}

int stream_table_add(StreamTable *table, Object *object, const char *method, const Caller *caller,
                     const pyrope_stream_class *class_, void *state,
                     char ret_id[static RANDOM_UUID_SIZE])
{
        Stream *stream = calloc(1, sizeof(*stream));
        int r;

        if (!stream)
                return -ENOMEM;
        stream->class_ = class_;
        stream->state = state;
        stream->method = method;
        stream->object = object;
        stream->uid = caller->uid;
        stream->connection = caller->number;
        stream->deadline = INT64_MAX;
        random_uuid(stream->id);
        memcpy(ret_id, stream->id, sizeof(stream->id));

        pthread_mutex_lock(&table->lock);
        r = insert(table, stream);
        if (r == 0)
                object_ref(object);
        pthread_mutex_unlock(&table->lock);
        if (r)
                free(stream);
        return r;
}

/* With the lock held. */
static Stream *find(const StreamTable *table, const char *id, size_t n_id, uid_t uid)
{
        Stream *stream;

        HASH_FIND(hh, table->streams, id, n_id, stream);
        if (!stream || stream->uid != uid || stream->is_closed)
                return NULL;
        return stream;
}

Object *stream_table_object(StreamTable *table, const char *id, size_t n_id, uid_t uid)
{
        Object *object = NULL;
        Stream *stream;

        pthread_mutex_lock(&table->lock);
        stream = find(table, id, n_id, uid);
        if (stream)
                object = object_ref(stream->object);
        pthread_mutex_unlock(&table->lock);
        return object;
}

int stream_table_take(StreamTable *table, const char *id, size_t n_id, const Caller *caller,
                      bool is_adopted, Stream **ret)
{
        Stream *stream;
        int r = 0;

        pthread_mutex_lock(&table->lock);
        stream = find(table, id, n_id, caller->uid);
        if (!stream) {
                r = STREAM_E_NONE;
        } else if (stream->is_busy) {
                r = STREAM_E_BUSY;
        } else {
                stream->is_busy = true;
                if (is_adopted) {
                        stream->connection = caller->number;
                        stream->deadline = INT64_MAX;
                }
                *ret = stream;
        }
        pthread_mutex_unlock(&table->lock);
        return r;
}

void stream_table_give(StreamTable *table, Stream *stream, bool is_over)
{
        pthread_mutex_lock(&table->lock);
        stream->is_busy = false;
        is_over = is_over || stream->is_closed;
        if (is_over)
                HASH_DEL(table->streams, stream);
        pthread_mutex_unlock(&table->lock);
        if (is_over)
                stream_free(stream);
}

void stream_table_close(StreamTable *table, const char *id, size_t n_id, uid_t uid)
{
        Stream *stream;

        pthread_mutex_lock(&table->lock);
        stream = find(table, id, n_id, uid);
        if (stream && stream->is_busy) {
                stream->is_closed = true;
                stream = NULL;
        } else if (stream) {
                HASH_DEL(table->streams, stream);
        }
        pthread_mutex_unlock(&table->lock);
        if (stream)
                stream_free(stream);
}

bool stream_table_disconnect(StreamTable *table, uint64_t connection, int64_t now_ms)
{
        bool has_any = false;

        pthread_mutex_lock(&table->lock);
        for (Stream *stream = table->streams; stream; stream = stream->hh.next) {
                if (stream->connection != connection)
                        continue;
                stream->deadline = now_ms + STREAM_LINGER_MS;
                has_any = true;
        }
        pthread_mutex_unlock(&table->lock);
        return has_any;
}

bool stream_table_expire(StreamTable *table, int64_t now_ms)
{
        bool has_lingering = false;
        Stream *expired = NULL;
        Stream *stream;
        Stream *next;

        pthread_mutex_lock(&table->lock);
        HASH_ITER (hh, table->streams, stream, next) {
                if (stream->deadline == INT64_MAX)
                        continue;
                if (stream->is_busy || stream->deadline > now_ms) {
                        has_lingering = true;
                        continue;
                }
                HASH_DEL(table->streams, stream);
                stream->link = expired;
                expired = stream;
        }
        pthread_mutex_unlock(&table->lock);
        free_all(expired);
        return has_lingering;
}
