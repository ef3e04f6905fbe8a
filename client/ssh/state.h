#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH State
 *
 * What a session to a host can be doing, and which event leads from where to where. Pure: the link
 * (ssh/link.h) has the thread, the socket and the log.
 *
 *                 RESOLVED            CONNECTED                LOGGED_IN
 *      resolving ----------> connecting -------> authenticating -------> up
 *       ^  ^  |                   |                    |                 |
 *       |  |  `--------- FAILED --+--------------------'                 | BROKEN
 *       |  |               v                                             v
 *       |  `- ASKED - backing off -------------- RESTED --------------> lost
 *       |                  ^                                             | |
 *       |                  `------------------ DELAYED ------------------' |
 *       `------------------------------ ASKED -----------------------------'
 *
 * and ENDED leads from each of them to closed, from where nothing leads.
 */

#include "base/defs.h"

typedef enum SshState {
        SSH_STATE_RESOLVING,      /* reads the SSH configuration */
        SSH_STATE_CONNECTING,     /* host name, addresses, or the program in between */
        SSH_STATE_AUTHENTICATING, /* keys are exchanged, the host is checked, we log in */
        SSH_STATE_UP,
        SSH_STATE_LOST,        /* no session; whoever wants one has a new one made */
        SSH_STATE_BACKING_OFF, /* the same, but not before a certain moment */
        SSH_STATE_CLOSED,      /* and never used again */
        SSH_STATE_N,
} SshState;

typedef enum SshEvent {
        SSH_EVENT_RESOLVED,
        SSH_EVENT_CONNECTED,
        SSH_EVENT_LOGGED_IN,
        SSH_EVENT_FAILED, /* the attempt */
        SSH_EVENT_BROKEN,
        SSH_EVENT_DELAYED, /* it was up too shortly for another attempt at once */
        SSH_EVENT_RESTED,  /* the moment has come, and nobody wants a session */
        SSH_EVENT_ASKED,
        SSH_EVENT_ENDED,
        SSH_EVENT_N,
} SshEvent;

enum {
        SSH_STATE_E_SUCCESS,

        SSH_STATE_E_ILLEGAL, /* the event cannot come in that state */
};

/** ssh_state_next() - Return: 0 with @ret set, SSH_STATE_E_ILLEGAL. */
NODISCARD int ssh_state_next(SshState from, SshEvent event, SshState *ret);

/** ssh_state_name() - "backing off"; never NULL. */
const char *ssh_state_name(SshState state);
