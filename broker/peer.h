#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Peer
 *
 * One connection: its socket, what came in and is not yet a whole frame, and what could not be sent
 * yet. It belongs to one thread at a time: to the worker that serves it, to the request that it
 * waits for, or to the epoll set, which hands it to one worker. Only shutdown() may be called on
 * its socket from elsewhere.
 */

#include "base/buffer.h"
#include "base/spin.h"
#include "broker/dispatch.h"

#include <stdatomic.h>

typedef struct Outgoing Outgoing;

struct Peer {
        int fd;              /* blocking; owned */
        uint32_t generation; /* tells it from an earlier one with the same descriptor */
        Caller caller;
        Session session;
        Buffer in;          /* bytes of frames not yet handled; NULL memory while there are none */
        bool is_inet;       /* its socket is of a port */
        bool is_wide;       /* its socket was prepared for large messages */
        bool is_flowing;    /* much went through at once, of the frame in in or the answer in out */
        Outgoing *out;      /* the rest of an answer that the socket did not take; owned, or NULL */
        uint64_t n_held_in; /* bytes that count for the user's quota: the memory of in ... */
        uint64_t n_held_out;      /* ... and an answer */
        bool is_out;              /* not in the epoll set at all, as long as a worker has it */
        bool owes_done;           /* the answer in out is that of a call which is still open */
        int64_t last_call_ms;     /* when it was armed after its last call */
        atomic_bool is_armed;     /* in the epoll set: the next event may take it */
        _Atomic int64_t deadline; /* on clock_boottime_ms(); INT64_MAX: none */
};

#define PEER_HANDSHAKE_MS  10000 /* from accept to CONNECTOK */
#define PEER_SEND_STAY_MS  4     /* a patient send gives up after so long */
#define PEER_STALL_MS      60000 /* a frame or an answer that makes no progress */
#define PEER_RECEIVE_BYTES (64u * 1024)
#define PEER_STREAM_BYTES  (1024u * 1024) /* moved at once of a large message */
#define PEER_FLOW_BYTES    (16u * 1024)   /* so many at once are worth waiting for more */
#define PEER_COPY_BYTES    (64u * 1024)   /* what is larger is sent from where it lies */

enum {
        PEER_E_SUCCESS,

        PEER_E_AGAIN,  /* the socket has nothing, or takes nothing, now */
        PEER_E_CLOSED, /* the other end hung up, or the connection broke */
        PEER_E_FULL,   /* the user of the peer has as many bytes under way as he may */
        PEER_E_HELD,   /* all of the answer is sent that the peer allowed so far */
};

/**
 * peer_new() - a connection that was accepted
 * @fd:         taken on success
 * @user:       with the connection, given back at the end; taken on success
 * @n_max:      bytes of annotations and payload of one message
 *
 * Return: owned by the caller; NULL if memory is out.
 */
NODISCARD Peer *peer_new(int fd, QuotaUser *user, uint64_t n_max);

/* Closes the socket. Return: NULL. */
Peer *peer_free(Peer *peer);
DEFINE_CLEANUP(Peer, peer_free);

/**
 * peer_receive() - some bytes
 * @is_patient: wait for them, until a signal comes
 *
 * Return: 0 with at least one byte, PEER_E_AGAIN, PEER_E_CLOSED.
 */
NODISCARD int peer_receive(Peer *peer, uint8_t *ret, size_t n_room, bool is_patient, size_t *ret_n);

/** peer_spin() - some bytes that come while @spin lasts. Return: as peer_receive(). */
NODISCARD int peer_spin(Peer *peer, Spin *spin, uint8_t *ret, size_t n_room, size_t *ret_n);

/**
 * peer_receive_more() - go on with the frame that in begins with
 * @n_needed:   its size
 * @is_patient: wait for it, as above, if the last time brought PEER_FLOW_BYTES: one who drips
 *              does not hold a thread
 *
 * Memory grows with the bytes that came, not with what was announced.
 *
 * Return: 0, PEER_E_AGAIN, PEER_E_CLOSED, PEER_E_FULL.
 */
NODISCARD int peer_receive_more(Peer *peer, size_t n_needed, bool is_patient);

/* What is in in stays: counts it. Return: 0, PEER_E_FULL. */
static inline int peer_hold_in(Peer *peer)
{
        if (peer->in.n_allocated == peer->n_held_in)
                return 0; /* mostly nothing, before as after */
        return quota_hold(peer->caller.user, QUOTA_BYTES, &peer->n_held_in, peer->in.n_allocated)
                       ? PEER_E_FULL
                       : 0;
}

/* Counts an answer until it is sent; peer_send() counts a small one itself, if it stays. Return: 0,
 * PEER_E_FULL. */
NODISCARD int peer_hold_answer(Peer *peer, const Answer *answer);

/**
 * peer_send() - send an answer, without waiting
 * @n_allowed:  bytes of it, unless it is small; UINT64_MAX: all
 * @answer:     its payload is of @writer, unless it is small (PEER_COPY_BYTES)
 * @writer:     emptied if it is not small: what is lent is released once it is sent
 *
 * Return: 0; PEER_E_AGAIN, PEER_E_HELD if a rest is in peer->out; PEER_E_CLOSED.
 */
NODISCARD int peer_send(Peer *peer, const Answer *answer, pyrope_writer *writer,
                        uint64_t n_allowed);

/* So much of peer->out may be sent, if it answers request @seq; less than before counts for
 * nothing. */
void peer_allow(Peer *peer, uint16_t seq, uint64_t n_allowed);

/* All of peer->out may be sent. */
void peer_allow_all(Peer *peer);

/* Says to one who speaks Pyro4 why he is not let in, if his socket takes it. */
void peer_refuse_pyro4(const Peer *peer, const SessionReject *reject);

/* Sends an answer to one who is not let in, if his socket takes it. */
void peer_refuse(int fd, const Answer *answer);

/**
 * peer_flush() - go on sending peer->out
 * @is_patient: send at most PEER_STREAM_BYTES, and wait PEER_SEND_STAY_MS where the socket is full
 *
 * Afterwards is_flowing says whether patience was, or would be, of use.
 *
 * Return: 0 if nothing is left, PEER_E_AGAIN, PEER_E_HELD, PEER_E_CLOSED.
 */
NODISCARD int peer_flush(Peer *peer, bool is_patient);
