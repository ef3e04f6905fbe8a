#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Connection's Window
 *
 * How much of a large answer may be under way at once, where others share the way. What is under
 * way beyond what the way itself holds waits somewhere in between, and a small call waits behind
 * it. So it is what the way takes in a round trip and CONN_WINDOW_QUEUE_MS; a credit is given as
 * soon as it would be less, and allows a third more, so that not every byte needs one.
 *
 * A round lasts from a credit until the first byte comes that it allowed. As long as that is hardly
 * later than the shortest round trip, the way is not full, and the window doubles. Else the speed
 * counts, the best of the last rounds: so one that was late for another reason does not close the
 * window of a way whose delay wavers. An answer that fits into the window has no round; its speed
 * is that of its bytes behind the first, and can only close the window.
 *
 * The shortest round trip is that of the connection's small answers, the handshake the first of
 * them. Pure: times are given, of clock_fine_ms().
 */

#include "base/defs.h"

#include <stdbool.h>
#include <stdint.h>

#define CONN_WINDOW_FIRST_BYTES (256u * 1024u)
#define CONN_WINDOW_MIN_BYTES   (64u * 1024u)
#define CONN_WINDOW_MAX_BYTES   (UINT64_C(1) << 31) /* above any message */
#define CONN_WINDOW_QUEUE_MS    12.0                /* may wait on the way */
#define CONN_WINDOW_EMPTY_MS    6.0                 /* as long as less waits, the window doubles */

typedef struct ConnWindow ConnWindow;

struct ConnWindow {
        uint64_t n;         /* bytes */
        double trip_ms;     /* the shortest round trip; INFINITY: not known yet */
        double rate;        /* bytes in a millisecond, the best of the last rounds */
        double began_ms;    /* when the credit of the present round was given ... */
        uint64_t n_began;   /* ... and how much of the answer was there */
        uint64_t n_end;     /* so much of it ends the round; 0: there is none */
        uint64_t n_first;   /* bytes of the present answer that came first; 0: none did */
        double first_ms;    /* when they did */
        uint64_t n_allowed; /* of the present answer; UINT64_MAX: all */
};

void conn_window_init(ConnWindow *window);

/** conn_window_trip() - a small answer was there after @ms. */
void conn_window_trip(ConnWindow *window, double ms);

/** conn_window_begin() - a request goes out. Return: how much of its answer is allowed. */
uint64_t conn_window_begin(ConnWindow *window);

/** conn_window_open() - the same, with an answer that nothing bounds. */
void conn_window_open(ConnWindow *window);

/**
 * conn_window_receive() - some of an answer came
 * @n_received: bytes that are there
 * @n_all:      bytes of the answer
 *
 * Return: whether window->n_allowed is more than before, which the daemon is to be told.
 */
bool conn_window_receive(ConnWindow *window, double now_ms, uint64_t n_received, uint64_t n_all);

/** conn_window_end() - an answer of @n_all bytes is there as a whole. */
void conn_window_end(ConnWindow *window, double now_ms, uint64_t n_all);
