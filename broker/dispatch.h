#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Dispatch
 *
 * From a frame to its answer: handshake, ping, and calls with all that Pyro5 means by them (names,
 * arguments, attributes, batches, exceptions). No I/O and no waiting but for the methods
 * themselves. Who may run when is the schedule's business, which is why a call comes in three
 * steps: read it, find its object, run it.
 */

#include "base/buffer.h"
#include "broker/call.h"
#include "broker/registry.h"
#include "broker/session.h"

enum {
        DISPATCH_E_SUCCESS,

        DISPATCH_E_RAISED, /* the answer is an exception, which is set in the call */
        DISPATCH_E_CLOSE,  /* hang up without an answer */
        DISPATCH_E_WAIT,   /* no answer yet: run it again when the bell in the call is rung */
};

typedef struct Answer Answer;
typedef struct Invocation Invocation;

/* A frame to be sent; annotations and payload belong to others, and the header has their sizes. */
struct Answer {
        FrameHeader header;
        const uint8_t *annotations;
        const uint8_t *payload; /* NULL if some of it is lent: it is in the writer of the call */
};

/* A call that was read. */
struct Invocation {
        MessageInvoke message; /* points into the frame, or into inflated */
        uint16_t flags;        /* FRAME_* of the request */
        Buffer inflated;
};

void invocation_deinit(Invocation *invocation);

/**
 * dispatch_connect() - the answer to a CONNECT
 * @call:       reset; its writer holds the payload of the answer
 * @ret:        CONNECTOK, or CONNECTFAIL for DISPATCH_E_RAISED: then hang up after it is sent
 *
 * Return: 0, DISPATCH_E_RAISED, DISPATCH_E_CLOSE if memory is out.
 */
NODISCARD int dispatch_connect(Registry *registry, const Frame *frame, Call *call, Answer *ret);

/* Whether the client of a CONNECT bounds what is sent to it at once, proto/credit.h. */
bool dispatch_is_paced(const Frame *frame);

/* The answer to one who is turned away. Return: 0, DISPATCH_E_CLOSE if memory is out. */
NODISCARD int dispatch_reject(const SessionReject *reject, Call *call, Answer *ret);

/* The answer to a PING. */
void dispatch_ping(const Frame *frame, Answer *ret);

/**
 * dispatch_read() - decode the payload of an INVOKE
 * @call:       reset; gets the exception
 * @n_max:      bytes a compressed payload may inflate to
 * @ret:        to be given to invocation_deinit(), whatever the outcome
 *
 * Return: 0, DISPATCH_E_RAISED, DISPATCH_E_CLOSE.
 */
NODISCARD int dispatch_read(const Frame *frame, uint64_t n_max, Call *call, Invocation *ret);

/**
 * dispatch_find() - the object that is called, or whose stream is asked for an item
 * @call:       with its caller set
 * @ret:        a reference, owned by the caller
 *
 * Return: 0, DISPATCH_E_RAISED.
 */
NODISCARD int dispatch_find(Registry *registry, const Invocation *invocation, Call *call,
                            Object **ret);

/* Whether what was called is PYROPE_WAITS; a batch is, if some method of the object is. */
bool dispatch_waits(const Invocation *invocation, const Object *object);

/**
 * dispatch_run() - run what was called; this may take hours
 * @call:       with its object and caller set
 *
 * The outcome is in the call. Return: 0, DISPATCH_E_RAISED, DISPATCH_E_WAIT.
 */
NODISCARD int dispatch_run(const Invocation *invocation, Call *call);

/* What became of a call, for the log. Return: constant, or borrowed from the call. */
const char *dispatch_outcome(int outcome, const Call *call);

/**
 * dispatch_answer() - the RESULT of a call
 * @outcome:    0 or DISPATCH_E_RAISED, of whichever of the steps came last
 * @request:    header of the INVOKE
 *
 * Return: 0, DISPATCH_E_CLOSE if memory is out even for the exception.
 */
NODISCARD int dispatch_answer(int outcome, const FrameHeader *request, Call *call, Answer *ret);
