#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Connection: the client's end of one conversation
 *
 * Requests over a connected stream socket, each followed by its answer, each before a deadline. It
 * neither connects sockets nor tries anything twice: after a deadline, a hang-up or an answer that
 * breaks the protocol it is closed, and whoever owns it connects anew. Not for several threads at
 * once.
 *
 * What the peer sends is hostile until proven: memory grows with the bytes that came, never with
 * those that were announced.
 *
 * Errors tell what happened, not where: the caller puts the object and its place in front.
 */

#include "base/buffer.h"
#include "base/clock.h"
#include "base/curfew.h"
#include "base/defs.h"
#include "base/spin.h"
#include "proto/conn-answer.h"
#include "proto/conn-window.h"
#include "proto/parcel.h"

#include <pyrope/value.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Conn Conn;
typedef struct ConnCall ConnCall;
typedef struct ConnCarrier ConnCarrier;

/* Who carries the bytes where the descriptor does not: it then only tells of a hang-up. */
struct ConnCarrier {
        /* As sendmsg() and recv(), but wait for room or bytes until the deadline: ETIMEDOUT. All
         * else that fails is the end of the stream: EPIPE, ECONNRESET, ENOMEM, or no bytes at all.
         */
        ssize_t (*send)(void *userdata, const struct iovec *parts, size_t n_parts,
                        Deadline deadline);
        ssize_t (*receive)(void *userdata, void *ret, size_t n_room, Deadline deadline);
        void (*close)(void *userdata); /* the last that is heard of */
        void *userdata;
};

struct Conn {
        int fd;                 /* owned; -1 once the connection is closed */
        ConnCarrier carrier;    /* all NULL: none */
        uint16_t seq;           /* of the latest request */
        uint32_t n_message_max; /* bytes of annotations and payload, either way */
        bool may_block;         /* its socket waits in recv() */
        bool is_late;           /* the deadline passed in recv() */
        unsigned n_receives;    /* so far, up to those that make it worth watching */
        Curfew curfew;          /* ends a recv() at the deadline */
        Spin spin;              /* off, unless the owner says otherwise */
        size_t n_stream;        /* moved at once of a large message; 0: not known yet */
        bool is_cut;            /* the daemon takes no more; what it said can still be read */
        int64_t heard_ms;       /* when the latest answer came, on clock_coarse_ms(); 0: none did */
        bool may_pace;          /* asks the daemon for the pace of the window ... */
        bool is_paced;          /* ... and it agreed */
        double sent_ms;         /* when the latest request was out, on clock_fine_ms() */
        ConnWindow window;      /* of large answers */
        Buffer in;              /* what came of the answer */
        Buffer out;             /* header and beginning of a request */
};

/* What is called; members are borrowed. */
struct ConnCall {
        const char *object;
        const char *method;
        pyrope_view args;   /* a list; absent: none */
        pyrope_view kwargs; /* a map or nil; absent: an empty map */
        /* The same, as they were written; the view is absent then. */
        const Parcel *args_parcel, *kwargs_parcel;
        uint16_t flags;             /* FRAME_ONEWAY, FRAME_BATCH */
        const uint8_t *correlation; /* 16 bytes, or NULL */
        const Buffer *annotations;  /* whole chunks, or NULL */
        ConnAnswer *answer;         /* NULL, or receives what is there beside the result */
};

/**
 * conn_init() - begin with a connected stream socket
 * @fd:            taken
 * @n_message_max: see FRAME_MESSAGE_MAX_BYTES
 */
void conn_init(Conn *conn, int fd, uint32_t n_message_max);

/** conn_carry() - bytes go by @carrier from now on; before anything was sent. */
void conn_carry(Conn *conn, const ConnCarrier *carrier);

/**
 * conn_pace() - others share the way: answers come in its pace, if the daemon knows how; before the
 * handshake
 */
void conn_pace(Conn *conn);

/** conn_deinit() - hang up. */
void conn_deinit(Conn *conn);

/** conn_hang_up() - as the daemon does: calls then say that it is closed. */
void conn_hang_up(Conn *conn);

/** conn_is_open() - whether a call may still be made. */
static inline bool conn_is_open(const Conn *conn)
{
        return conn->fd >= 0;
}

/**
 * conn_connect() - the handshake, once
 * @object:       whose metadata are asked for; calls may be to others
 * @ret_metadata: a map with the lists methods, oneway, attrs; owned by the caller
 *
 * Return: PYROPE_OK; PYROPE_E_NOT_FOUND (the daemon has no such object), PYROPE_E_DENIED (it
 * refuses, for a reason in the text), PYROPE_E_TIMEOUT, PYROPE_E_UNREACHABLE (it hung up),
 * PYROPE_E_PROTOCOL, PYROPE_E_NOMEM. Whatever fails closes the connection.
 */
NODISCARD pyrope_status conn_connect(Conn *conn, const char *object, Deadline deadline,
                                     pyrope_value **ret_metadata, pyrope_error **error);

/**
 * conn_invoke() - call and wait for the answer
 * @ret: NULL, or receives the result, owned by the caller; untouched for a oneway call, which is
 *       only sent, and for an item stream
 *
 * An item stream belongs to a caller with call->answer, where its id is; otherwise it is closed.
 * What call->answer has counts for PYROPE_E_REMOTE too.
 *
 * A daemon that hangs up while the arguments are sent, such as when they are too many for it, may
 * have answered before: then that is the outcome.
 *
 * Return: PYROPE_OK; PYROPE_E_REMOTE (the method raised an exception: the connection stays open
 * unless the daemon closed it);
 * PYROPE_E_TOO_LARGE and PYROPE_E_INVALID (nothing was sent, it stays open); PYROPE_E_TYPE for an
 * item stream that nobody wants (it stays open); else closed: PYROPE_E_TIMEOUT,
 * PYROPE_E_UNREACHABLE, PYROPE_E_PROTOCOL, PYROPE_E_TOO_LARGE (the answer), PYROPE_E_NOMEM,
 * PYROPE_E_CLOSED if it was closed before, by the peer too: nothing was sent.
 */
NODISCARD pyrope_status conn_invoke(Conn *conn, const ConnCall *call, Deadline deadline,
                                    pyrope_value **ret, pyrope_error **error);

/** conn_ping() - one round trip without a method. Return: as conn_invoke(). */
NODISCARD pyrope_status conn_ping(Conn *conn, Deadline deadline, pyrope_error **error);
