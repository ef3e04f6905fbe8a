#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Intake
 *
 * What a worker receives of the peer that it serves. Bytes are received greedily into the worker's
 * own buffer and handled in place; only what is left when the worker turns away goes to the peer's
 * memory. The exception is a frame larger than the buffer, which is received into the peer's memory
 * at once. The window is whichever of the two is being read.
 *
 * Belongs to one thread.
 */

#include "base/spin.h"
#include "broker/daemon.h"

typedef struct Window Window;
typedef struct Intake Intake;

struct Window {
        const uint8_t *bytes; /* the intake's buffer, or the memory of a peer */
        size_t n;
        size_t at; /* bytes of them that were handled */
};

struct Intake {
        Daemon *daemon; /* borrowed */
        Window window;
        bool is_hot;      /* the peer calls again and again: worth waiting for */
        unsigned n_stays; /* how often it was waited for, since it is served */
        PatrolPost post;
        Spin spin;
        _Alignas(16) uint8_t bytes[PEER_RECEIVE_BYTES];
};

/* The thread that calls receives from now on, until intake_end(). */
void intake_begin(Intake *intake, Daemon *daemon);
void intake_end(Intake *intake);

/* Begins with a peer: what an earlier worker left over is handled first. */
void intake_open(Intake *intake, const Peer *peer);

/**
 * intake_keep_rest() - move what was not handled into the peer's memory, where it stays until the
 * peer is served again
 *
 * Return: 0, PEER_E_FULL, -errno.
 */
NODISCARD int intake_keep_rest(Intake *intake, Peer *peer);

/**
 * intake_receive() - go on with what was not handled, or receive what comes
 * @n_needed:   bytes of the frame that is not whole
 *
 * Waits a little for a peer that is_hot, and for the rest of a large frame.
 *
 * Return: 0, PEER_E_AGAIN, PEER_E_CLOSED, PEER_E_FULL, -errno.
 */
NODISCARD int intake_receive(Intake *intake, Peer *peer, size_t n_needed);
