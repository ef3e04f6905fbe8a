#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Call
 *
 * What a method gets as pyrope_call: the arguments, bound to the parameters, and the place for its
 * result or exception. Each thread of the daemon has one and uses it for call after call; texts and
 * copies lie in an arena that is emptied between them.
 */

#include "broker/arena.h"
#include "broker/object.h"
#include "broker/request.h"
#include "broker/stream.h"
#include "proto/marshal.h"
#include "proto/message.h"

typedef struct pyrope_call Call;

struct pyrope_call {
        pyrope_daemon *daemon; /* borrowed */
        StreamTable *streams;  /* borrowed */
        pyrope_writer *writer; /* the result; owned */
        Arena arena;
        uint64_t n_result_max; /* bytes an answer may have */
        Buffer annotations;    /* of the answer, encoded */
        size_t n_annotated;    /* how many they are */

        const Frame *frame;         /* the request; borrowed */
        Object *object;             /* of the running call; borrowed */
        Caller caller;              /* who calls */
        const char *name;           /* of the method or attribute; borrowed */
        const Signature *signature; /* of the method; NULL for an attribute */
        pyrope_view arguments[SIGNATURE_PARAMETERS_MAX];
        size_t n_arguments;

        pyrope_view blob;      /* content of the blob that is the argument; absent: it is none */
        MarshalText blob_info; /* what was told with it */

        const pyrope_stream_class *stream_class; /* the result is a stream; else NULL */
        void *stream_state;                      /* owned; nothing without a class */

        pyrope_bell *bell; /* the function waits for it; a reference; else NULL */
        uint64_t n_rings;  /* of the bell, when it looked */

        bool is_raised;             /* the exception below counts */
        MessageException exception; /* texts in the arena, or static */
};

#define CALL_KEEP_BYTES     (64u * 1024) /* memory that stays with a thread between calls */
#define CALL_STREAM_ID_ROOM 64u          /* beyond these, for the id of a stream */

/* Return: 0, -ENOMEM. */
NODISCARD int call_init(Call *call, pyrope_daemon *daemon, StreamTable *streams,
                        uint64_t n_result_max);
void call_deinit(Call *call);

/* Ready for the next call: no arguments, no annotations, no result, no exception; the arena is
 * empty. */
void call_reset(Call *call);

/**
 * call_raise() - an exception of the broker itself
 *
 * Like pyrope_raise(), without a place in a traceback. Return: PYROPE_RAISED.
 */
int call_raise(Call *call, const char *class_, const char *format, ...) PRINTF(3, 4);

/**
 * call_run() - run a function of the program, with the arguments that are bound
 * @name, @signature: kept for messages; borrowed
 *
 * Return: 0, PYROPE_RAISED with an exception set.
 */
int call_run(Call *call, pyrope_method_fn fn, const char *name, const Signature *signature);

/* Makes the next item of a stream. Return: as call_run(); PYROPE_RAISED also for its end;
 * PYROPE_STREAM_WAIT with a bell set. */
int call_run_stream(Call *call, const Stream *stream);

/* The call does not wait for a bell, or not any more. */
void call_leave_bell(Call *call);

/* The result is no stream after all: closes it. */
void call_drop_stream(Call *call);

/* Tells the id of a stream in the annotations of the answer. Return: 0, -ENOMEM. */
NODISCARD int call_announce_stream(Call *call, const char *id);

/* Keeps the result that is a stream, and tells its id in the annotations. Return: 0, PYROPE_RAISED.
 */
int call_keep_stream(Call *call);

/**
 * call_result() - the encoded result of a function that returned 0
 * @ret:        borrowed until the writer is used again; NULL if some of it is lent: then it is to
 * be taken as a parcel
 *
 * Return: 0; PYROPE_RAISED if there is no sendable result.
 */
int call_result(Call *call, const uint8_t **ret, size_t *ret_n);

/**
 * call_exception() - the encoded exception
 *
 * Whatever was written as a result is gone. Return: 0, -ENOMEM.
 */
NODISCARD int call_exception(Call *call, const uint8_t **ret, size_t *ret_n);
