#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share Call
 *
 * A connection to an agent, from the side of a command.
 */

#include "base/clock.h"
#include "client/ssh/share-message.h"

typedef struct SshShareCall SshShareCall;

enum {
        SSH_SHARE_CALL_E_SUCCESS,

        SSH_SHARE_CALL_E_NOBODY, /* no agent listens there */
        SSH_SHARE_CALL_E_LOST,   /* it has hung up, or said what makes no sense */
        SSH_SHARE_CALL_E_LATE,   /* it does not answer in time */
        SSH_SHARE_CALL_E_OTHER,  /* it is not for us: version or key */
};

struct SshShareCall {
        int fd;    /* -1: none */
        pid_t pid; /* of the agent, as the kernel says; 0: unknown */
};

/* CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT; */
#define SSH_SHARE_CALL_INIT                                                                        \
        {                                                                                          \
                .fd = -1                                                                           \
        }

/**
 * ssh_share_call_open() - connect
 * @path:       of the socket
 * @ret:        closed before
 *
 * A socket of another user is nobody's. Return: 0, SSH_SHARE_CALL_E_NOBODY, SSH_SHARE_CALL_E_LATE.
 */
NODISCARD int ssh_share_call_open(const char *path, Deadline deadline, SshShareCall *ret);

/**
 * ssh_share_call_greet() - hear whether it is for us
 * @key:        of ssh/share-place.h; "": only to look
 *
 * Return: 0, SSH_SHARE_CALL_E_LOST, SSH_SHARE_CALL_E_LATE, SSH_SHARE_CALL_E_OTHER.
 */
NODISCARD int ssh_share_call_greet(const SshShareCall *call, const char *key, Deadline deadline);

/** ssh_share_call_say() - @passed_fd: borrowed; -1: none. Return: as the next. */
NODISCARD int ssh_share_call_say(const SshShareCall *call, const SshShareMessage *message,
                                 int passed_fd, Deadline deadline);

/**
 * ssh_share_call_hear() - the next message
 * @ret:        owned by the caller
 * @ret_fd:     -1: none came; NULL: none is wanted
 *
 * Return: 0, SSH_SHARE_CALL_E_LOST, SSH_SHARE_CALL_E_LATE.
 */
NODISCARD int ssh_share_call_hear(const SshShareCall *call, Deadline deadline, SshShareMessage *ret,
                                  int *ret_fd);

void ssh_share_call_close(SshShareCall *call);
