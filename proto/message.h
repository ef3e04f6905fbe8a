#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Payloads of the messages of a conversation (docs/protocol.md, sections 2 to 4)
 *
 * CONNECT, CONNECTOK, CONNECTFAIL, INVOKE, batch, and exceptions in RESULT. Pure: a validated view
 * in, a structure of views out; a structure in, a writer filled. Whoever calls has validated the
 * payload by codec_check().
 */

#include "base/buffer.h"
#include "base/defs.h"

#include <pyrope/value.h>
#include <stdint.h>

/* The object that every daemon has, and how item streams are asked for there. */
#define MESSAGE_DAEMON_OBJECT    "Pyro.Daemon"
#define MESSAGE_STREAM_NEXT      "get_next_stream_item"
#define MESSAGE_STREAM_CLOSE     "close_stream"
#define MESSAGE_STREAM_END_CLASS "builtins.StopIteration"

#define MESSAGE_TRACEBACK_MAX_BYTES (64u * 1024u) /* of a received traceback; more is cut */

enum {
        MESSAGE_E_SUCCESS,

        MESSAGE_E_SHAPE, /* well-formed msgpack, but not this message */
};

typedef struct MessageConnect MessageConnect;
typedef struct MessageInvoke MessageInvoke;
typedef struct MessageException MessageException;

struct MessageConnect {
        pyrope_view handshake; /* anything; absent if not given */
        pyrope_view object;    /* str; absent if not given */
};

struct MessageInvoke {
        pyrope_view object; /* str; absent in a call of a batch */
        pyrope_view method; /* str */
        pyrope_view args;   /* list; absent where the peer sent nil */
        pyrope_view kwargs; /* map with str keys; absent where the peer sent nil */
};

/* An exception as it travels; texts are borrowed. */
struct MessageException {
        const char *class_;    /* full name, "builtins.ValueError", or a bare one */
        const char *text;      /* the one argument; NULL: no argument */
        const char *traceback; /* several lines, or NULL */
};

/** message_connect_unpack() - a map. Return: 0, MESSAGE_E_SHAPE. */
NODISCARD int message_connect_unpack(pyrope_view payload, MessageConnect *ret);
/** message_connect_pack() - handshake "hello" and the object's id. */
void message_connect_pack(pyrope_writer *writer, const char *object);

/**
 * message_connectok_unpack() - the metadata of the object
 * @ret_meta: map with the lists methods, oneway, attrs, all of str
 *
 * Return: 0, MESSAGE_E_SHAPE.
 */
NODISCARD int message_connectok_unpack(pyrope_view payload, pyrope_view *ret_meta);

/**
 * message_connectfail_text() - the reason a peer gives, made fit for a person
 * @serializer: of the frame; msgpack, or marshal as old and confused Pyro5 servers send it
 * @payload, @n_payload: raw bytes of the payload
 * @ret, @n_ret: receives text with control bytes escaped, always NUL-terminated; at least
 *               TEXT_ESCAPE_MIN bytes
 */
void message_connectfail_text(uint8_t serializer, const uint8_t *payload, size_t n_payload,
                              char *ret, size_t n_ret);

/** message_invoke_unpack() - array of exactly four. Return: 0, MESSAGE_E_SHAPE. */
NODISCARD int message_invoke_unpack(pyrope_view payload, MessageInvoke *ret);

/**
 * message_invoke_begin() - the payload of an INVOKE up to the arguments
 * @buffer: empty or what goes before the payload; a list of arguments and a map of keywords are to
 *          follow, from wherever they lie
 *
 * The arguments begin at a multiple of 8 bytes of the payload, so that arrays in them, which are
 * aligned within their value, still are in the frame.
 *
 * Return: 0, -ENOMEM, -EMSGSIZE.
 */
NODISCARD int message_invoke_begin(Buffer *buffer, const char *object, const char *method);

/** message_batch_unpack() - one [method, args, kwargs] of a batch. Return: 0, MESSAGE_E_SHAPE. */
NODISCARD int message_batch_unpack(pyrope_view call, MessageInvoke *ret);

/**
 * message_batch_failure() - whether a result of a batch stands for a call that failed
 * @ret: the map of its exception
 */
bool message_batch_failure(pyrope_view result, pyrope_view *ret);

/**
 * message_batch_results_check() - whether @results answer a batch of @n_calls
 *
 * A list of as many, or of fewer whose last one is a failure: the calls behind it did not run.
 * Return: 0, MESSAGE_E_SHAPE.
 */
NODISCARD int message_batch_results_check(pyrope_view results, size_t n_calls);

/** message_batch_failure_begin() - such a result, whose exception is to be packed next. */
void message_batch_failure_begin(pyrope_writer *writer);

/**
 * message_exception_pack() - the map that stock Python rebuilds
 *
 * A bare name gets the module it belongs to ("ValueError" -> "builtins.ValueError"); a class that
 * Python's Pyro5 cannot rebuild becomes Pyro5.errors.PyroError, with the original class in its
 * attribute `_pyroClass`. Text that is not UTF-8 is escaped.
 */
void message_exception_pack(pyrope_writer *writer, const MessageException *exception);

/**
 * message_exception_error() - a received exception as an error of status PYROPE_E_REMOTE
 * @payload: the map; a strange one gives an error that says so
 *
 * Return: owned; NULL if memory is out.
 */
NODISCARD pyrope_error *message_exception_error(pyrope_view payload);
