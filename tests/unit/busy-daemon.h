#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Busy Daemon
 *
 * A daemon that runs in the test's own process, with objects whose calls the test can hold inside:
 * "a" to "h" are serial, "all" is concurrent; all have the methods
 *
 *      echo(x)   x
 *      hold(x)   x, once busy.released is posted; posts busy.entered before
 *      note(i)   appends to busy.notes, posts busy.noted
 *      fill(n)   n bytes 0, 1, .. 255, 0, ..
 *      lend(n)   the same lent, with busy.given posted when they are released
 *      size(x)   how many elements x has
 *      stop()    "stopping", and stops the daemon
 *
 * Use busy_setup() and busy_teardown() as a checked fixture.
 */

#include "tests/unit/wire-client.h"

#include <limits.h>
#include <pyrope/daemon.h>
#include <semaphore.h>
#include <stdatomic.h>

#define BUSY_WORKERS_MAX 4u         /* calls that run at once */
#define BUSY_MESSAGE_MAX (8u << 20) /* bytes of a message */
#define BUSY_NOTES_MAX   4096

typedef struct Busy Busy;

struct Busy {
        pyrope_daemon *daemon;
        char path[PATH_MAX]; /* of its socket */
        sem_t entered;
        sem_t released;
        sem_t noted;
        sem_t given;
        atomic_int n_inside;      /* calls in hold() */
        atomic_int n_inside_most; /* the most that ever were there at once */
        atomic_int n_noted;
        int notes[BUSY_NOTES_MAX];
};

extern Busy busy;

void busy_setup(void);
void busy_teardown(void);

/* Waits for a semaphore, but not for ever. */
void busy_wait(sem_t *sem);

/* A connection that has shaken hands for @object. */
WireClient busy_open(const char *object);

/* Calls echo() and checks the answer. */
void busy_expect_echo(WireClient *client, const char *object, int value);
