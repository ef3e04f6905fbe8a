#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share Peer
 *
 * One connection to the agent, and the thread that does what is asked there. Design notes in
 * ssh/share-server.h.
 */

#include "client/ssh/share-message.h"
#include "client/ssh/share-server.h"

typedef struct SshSharePeer SshSharePeer;

struct SshSharePeer {
        SshShareServer *server;
        int fd;
        uint64_t id; /* its group in the pool */
        pthread_t thread;

        /* Under the server's lock. */
        SshSharePeer *next;
        const SshShareMessage *order; /* what is being done for it, of its thread; NULL: nothing */
        bool is_joining;              /* it has streams joined, and nothing else from then on */
        bool is_asked;                /* another thread asks it, and has its socket meanwhile */
        bool is_gone;                 /* it has hung up, or gave no answer that is one */
        bool is_over;                 /* its thread has ended, or will at once */
};

/**
 * ssh_share_peer_start() - serve a connection of our own user
 * @fd:         taken, unless NULL is returned
 *
 * Return: NULL: out of memory, or no thread.
 */
NODISCARD SshSharePeer *ssh_share_peer_start(SshShareServer *server, int fd, uint64_t id);

/** ssh_share_peer_end() - have its thread end soon; with the server's lock held. */
void ssh_share_peer_end(SshSharePeer *peer);

/** ssh_share_peer_join() - wait for its thread, and free it; without the lock. Return: NULL. */
SshSharePeer *ssh_share_peer_join(SshSharePeer *peer);

/**
 * ssh_share_peer_ask() - as pyrope_ask_fn: of all who wait one that can ask a person
 * @userdata:   the server
 *
 * One question at a time. Who hangs up meanwhile is passed over, and the next one is asked; first
 * those who want the host that the question is about.
 */
pyrope_status ssh_share_peer_ask(void *userdata, const pyrope_question *question, char *answer);

/** ssh_share_peer_can_ask() - whether anybody waits who can ask a person. */
bool ssh_share_peer_can_ask(void *userdata);
