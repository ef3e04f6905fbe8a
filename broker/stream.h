#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Streams
 *
 * The item streams that methods gave and that clients have not yet read to the end. Each is known
 * by an id that cannot be guessed, belongs to a user, and to the connection that asked for it last;
 * when that ends, the stream lingers for the next who asks. Any thread; nothing of a program is
 * called with the lock held.
 */

#include "base/random.h"
#include "broker/object.h"
#include "broker/request.h"

#include <pthread.h>

#define STREAM_LINGER_MS   30000 /* without a connection, as Pyro5's ITER_STREAM_LINGER */
#define STREAM_PER_UID_MAX 1024u

typedef struct Stream Stream;
typedef struct StreamTable StreamTable;

struct Stream {
        char id[RANDOM_UUID_SIZE];
        const pyrope_stream_class *class_; /* borrowed from the program */
        void *state;                       /* the program's */
        const char *method;                /* that gave it; borrowed from the object's class */
        Object *object;                    /* whose method that was; a reference */
        uid_t uid;
        uint64_t connection; /* number of the one that asked last */
        int64_t deadline;    /* on clock_boottime_ms(); INT64_MAX while the connection is there */
        bool is_busy;        /* its next item is being made */
        bool is_closed;      /* meanwhile: to be given up after that */
        Stream *link;        /* among those that are over */
        UT_hash_handle hh;   /* table */
};

struct StreamTable {
        pthread_mutex_t lock;
        Stream *streams; /* uthash by id; owned */
};

enum {
        STREAM_E_SUCCESS,

        STREAM_E_NONE, /* no such stream, or not this user's */
        STREAM_E_BUSY, /* its next item is being made already */
        STREAM_E_FULL, /* the user has STREAM_PER_UID_MAX */
};

void stream_table_init(StreamTable *table);

/* Closes what is left; none may be busy. */
void stream_table_deinit(StreamTable *table);

/**
 * stream_table_add() - a stream that a method gave
 * @object:     gets a reference
 * @method:     for messages; as long-lived as @object
 * @state:      taken on success
 * @ret_id:     receives its id
 *
 * Return: 0, STREAM_E_FULL, -ENOMEM.
 */
NODISCARD int stream_table_add(StreamTable *table, Object *object, const char *method,
                               const Caller *caller, const pyrope_stream_class *class_, void *state,
                               char ret_id[static RANDOM_UUID_SIZE]);

/* Return: a reference to the object whose turn the next item is; NULL if there is no stream. */
Object *stream_table_object(StreamTable *table, const char *id, size_t n_id, uid_t uid);

/**
 * stream_table_take() - a stream, to make its next item
 * @caller:     adopts it, if @is_adopted
 * @ret:        the caller's until stream_table_give()
 *
 * Return: 0, STREAM_E_NONE, STREAM_E_BUSY.
 */
NODISCARD int stream_table_take(StreamTable *table, const char *id, size_t n_id,
                                const Caller *caller, bool is_adopted, Stream **ret);

/* Gives it back. What is over, or was closed meanwhile, is closed now. */
void stream_table_give(StreamTable *table, Stream *stream, bool is_over);

/* Gives up a stream; does nothing if there is none. */
void stream_table_close(StreamTable *table, const char *id, size_t n_id, uid_t uid);

/**
 * stream_table_disconnect() - a connection is gone; its streams linger from @now_ms on
 *
 * Return: whether it had any.
 */
bool stream_table_disconnect(StreamTable *table, uint64_t connection, int64_t now_ms);

/**
 * stream_table_expire() - close those that lingered too long
 *
 * Return: whether others linger.
 */
bool stream_table_expire(StreamTable *table, int64_t now_ms);
