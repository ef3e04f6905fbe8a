#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Forward
 *
 * A place on this machine through which other programs of this user reach something elsewhere: a
 * Unix socket, 0600 in a private directory, or a NAT port, which is a port of the loopback
 * interface. Each connection made to it gets a way of its own. The place stays the same whatever
 * becomes of SSH sessions meanwhile: the next connection makes a new one.
 *
 * A peer of another uid is hung up on. Of a port's peers the kernel is asked whose they are; and a
 * port is held on 127.0.0.1 and on [::1], so that no other user stands behind the same number where
 * a program looks for "localhost".
 *
 * A thread of its own accepts; the bytes are moved by the SSH session, or by a pump where there is
 * none.
 */

#include "client/ssh/pool.h"

typedef struct Forward Forward;
typedef struct ForwardPlace ForwardPlace;
typedef struct ForwardWay ForwardWay;

/* Where to listen: one of the two. */
struct ForwardPlace {
        const char *path; /* absolute, of a socket in a private directory; NULL: a port */
        uint16_t port;    /* 0: any that is free */
};

/* Where to: what is asked for each connection, in the forward's thread. */
struct ForwardWay {
        /**
         * find() - where the connection that has come now shall go
         * @ret:    owned by the caller
         *
         * Who comes meanwhile waits. Return: PYROPE_OK, or why it goes nowhere.
         */
        pyrope_status (*find)(void *userdata, Location *ret, pyrope_error **error);

        /* Connects to what is no socket or port behind SSH; as context_open(). NULL: there are none
         * of those. */
        pyrope_status (*open)(void *userdata, const Location *at, Deadline deadline, int *ret_fd,
                              pyrope_error **error);

        /* NULL, or told that somebody was hung up on, and why; also in threads of the pool. */
        SshRefused on_refused;
        void *userdata;
};

/**
 * forward_new() - listen and accept from now on
 * @pool:   must outlive the forward
 * @place:  copied
 * @way:    copied; its userdata must outlive the forward
 * @ret:    owned by the caller, forward_free()
 *
 * Nothing is opened before somebody connects; if that fails he is hung up on.
 *
 * Return: PYROPE_OK; PYROPE_E_DENIED (the directory is not private), PYROPE_E_EXISTS (somebody
 * listens there), PYROPE_E_INVALID (the path is too long), PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status forward_new(SshPool *pool, const ForwardPlace *place, const ForwardWay *way,
                                    Forward **ret, pyrope_error **error);

/** forward_free() - stop listening, remove the socket, end its connections. Return: NULL. */
Forward *forward_free(Forward *forward);
DEFINE_CLEANUP(Forward, forward_free);

/** forward_place() - where it listens: the path, or 127.0.0.1 and its port. Return: borrowed from
 * @forward. */
const Location *forward_place(const Forward *forward);
