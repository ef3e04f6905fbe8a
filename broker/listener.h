#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Listener
 *
 * The Unix socket of a daemon, or its port on the loopback interface, and who may come in: our own
 * user, those that were allowed by name, and a group, as the kernel tells them. Holds one
 * descriptor in reserve, so that even where none is left a peer can be told so instead of hanging.
 * Any thread.
 */

#include "base/error.h"
#include "broker/poller.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct Listener Listener;
typedef struct ListenerGuests ListenerGuests;

struct Listener {
        pthread_mutex_t lock;
        int fd;         /* -1: closed */
        char *path;     /* of a Unix socket, else NULL; owned */
        char *location; /* where it listens, as in URIs; owned */
        int diag_fd;    /* tells users at the other ends of TCP connections; -1 for a Unix socket */
        uint64_t key;   /* POLLER_LISTENER, POLLER_TCP */
        atomic_bool is_paused; /* no descriptors left: not accepting until the next tick */
        bool is_ours;          /* we made the socket file, so we remove it */
        Poller *poller;        /* borrowed; NULL before listener_start() */
        int spare_fd;          /* in reserve; -1 while a peer is turned away */
        uid_t *uids;           /* who may come in beside ourselves; owned; under the lock */
        size_t n_uids;
        bool has_group; /* by a Unix socket who is in this group may, too */
        gid_t group;
};

/* Who may come in beside ourselves; borrowed during a call. All zero: nobody. */
struct ListenerGuests {
        const uid_t *uids;
        size_t n_uids;
        const gid_t *group; /* by a Unix socket; one that we make is shared with it; NULL: none */
};

enum {
        LISTENER_E_SUCCESS,

        LISTENER_E_IN_USE,    /* a live daemon listens there */
        LISTENER_E_UNSAFE,    /* the directory is not private */
        LISTENER_E_INVALID,   /* no path for a socket, no port of the loopback interface; or what
                                 was inherited is no Unix socket */
        LISTENER_E_NONE,      /* nobody is waiting to come in */
        LISTENER_E_REFUSED,   /* somebody was, and was sent away */
        LISTENER_E_EXHAUSTED, /* somebody is, but there is no descriptor for him */
        LISTENER_E_CLOSED,
};

/* Closed. To be deinit'ed whatever becomes of it. */
void listener_init(Listener *listener, uint64_t key);

/* Whether somebody other than the program says where to listen: by an inherited socket, or
 * $PYROPE_SOCKET. */
bool listener_is_told(void);

/**
 * listener_open() - the socket at @path, or the one that <pyrope/daemon.h> names for no path
 * @path:       NULL: inherited, else $PYROPE_SOCKET, else one of its own
 * @error:      says for a non-zero return what failed and what to do
 *
 * Return: 0, LISTENER_E_IN_USE, LISTENER_E_UNSAFE, LISTENER_E_INVALID, -errno.
 */
NODISCARD int listener_open(Listener *listener, const char *path, const ListenerGuests *guests,
                            ErrorText *error);

/**
 * listener_open_tcp() - the port at @where, see loopback_listen()
 *
 * Return: as listener_open().
 */
NODISCARD int listener_open_tcp(Listener *listener, const char *where, const ListenerGuests *guests,
                                ErrorText *error);

/** listener_allow() - other users from now on; who is in stays. Return: 0, -ENOMEM. */
NODISCARD int listener_allow(Listener *listener, const uid_t *uids, size_t n_uids);

/* Has the poller watch for peers, one event of its key at a time; does nothing if it was closed.
 * Return: 0, -errno. */
NODISCARD int listener_start(Listener *listener, Poller *poller);

/* Watches again after such an event; does nothing once it is closed. */
void listener_arm(Listener *listener);

/* Closes; a socket file of ours is removed. Idempotent. The path stays known. */
void listener_close(Listener *listener);

/* Closes and frees. */
void listener_deinit(Listener *listener);

/**
 * listener_accept() - let one peer in
 * @ret_fd:     close-on-exec, blocking; owned by the caller
 *
 * Return: 0, LISTENER_E_NONE, LISTENER_E_REFUSED, LISTENER_E_EXHAUSTED, LISTENER_E_CLOSED.
 */
NODISCARD int listener_accept(Listener *listener, int *ret_fd, uid_t *ret_uid);

/**
 * listener_accept_spare() - let one in by the reserve, to be told that there is no room
 * @ret_fd:     to be given to listener_release_spare()
 *
 * Return: 0, LISTENER_E_NONE.
 */
NODISCARD int listener_accept_spare(Listener *listener, int *ret_fd);
void listener_release_spare(Listener *listener, int fd);
