#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Request
 *
 * A call that cannot run at once: its frame, kept, so that the thread that received it is free
 * for others. It belongs to a peer who waits for the answer, or to nobody (oneway).
 */

#include "base/buffer.h"
#include "broker/guest.h"
#include "broker/object.h"
#include "broker/quota.h"
#include "broker/session.h"

#include <sys/types.h>

typedef struct Peer Peer;

/* Who called, for the method and the log. */
typedef struct Caller Caller;

struct Caller {
        uid_t uid;
        unsigned listener; /* by which the connection came: DAEMON_UNIX, DAEMON_TCP */
        uint64_t number;   /* of the connection */
        Guest *guest;      /* what is kept for it; of the peer, in a request a reference */
        QuotaUser *user;   /* who holds what it has; borrowed from the daemon */
};

struct Request {
        STAILQ_ENTRY(Request) link;
        Object *object; /* a reference */
        bool waits;     /* its method is PYROPE_WAITS */
        Peer *peer;     /* who goes on when the call is over, owned until then; NULL: nobody */
        Caller caller;
        Frame frame; /* points into memory */
        Buffer memory;
        uint64_t n_held_calls; /* of the quota */
        uint64_t n_held_bytes;
};

enum {
        REQUEST_E_SUCCESS,

        REQUEST_E_CALLS, /* QUOTA_E_FULL of one kind ... */
        REQUEST_E_BYTES, /* ... or the other */
};

/**
 * request_new() - keep a frame
 * @object:     borrowed; gets a reference
 * @frame:      borrowed
 * @in:         if it holds just this frame, its memory is taken, else the frame is copied
 *
 * Return: owned by the caller, without a peer; NULL if memory is out.
 */
NODISCARD Request *request_new(Object *object, const Caller *caller, const Frame *frame,
                               Buffer *in);

/* Counts the call for its user's quota, until it is freed. Return: 0, REQUEST_E_CALLS,
 * REQUEST_E_BYTES. */
NODISCARD int request_hold(Request *request);

/* Its peer must have been taken out. Return: NULL. */
Request *request_free(Request *request);
DEFINE_CLEANUP(Request, request_free);
