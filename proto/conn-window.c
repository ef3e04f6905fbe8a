/* SPDX-License-Identifier: MIT */

#include "proto/conn-window.h"

#include <math.h>

#define RATE_KEPT    0.875 /* of the best rate, in each round that is slower */
#define ROUND_MIN_MS 0.01  /* no clock tells less */

/* Of the window; there is a credit when it would be less. */
#define KEPT_UNDER_WAY 0.75

void conn_window_init(ConnWindow *window)
{
        *window = (ConnWindow){ .n = CONN_WINDOW_FIRST_BYTES,
                                .trip_ms = INFINITY,
                                .n_allowed = UINT64_MAX };
}

void conn_window_trip(ConnWindow *window, double ms)
{
        if (ms >= 0 && ms < window->trip_ms)
                window->trip_ms = ms;
}

void conn_window_open(ConnWindow *window)
{
        window->n_end = 0;
        window->n_first = 0;
        window->n_allowed = UINT64_MAX;
}

uint64_t conn_window_begin(ConnWindow *window)
{
        conn_window_open(window);
        window->n_allowed = window->n;
        return window->n_allowed;
}

/* @n_bytes came in @ms; a round tells whether they waited on the way, what is no round does not. */
static void judge(ConnWindow *window, uint64_t n_bytes, double ms, bool is_round)
{
        const double most = (is_round ? 2.0 : 1.0) * (double)window->n;
        double rate, wanted;

        rate = (double)n_bytes / (ms > ROUND_MIN_MS ? ms : ROUND_MIN_MS);
        window->rate = rate > window->rate * RATE_KEPT ? rate : window->rate * RATE_KEPT;
        wanted = window->rate * (window->trip_ms + CONN_WINDOW_QUEUE_MS) / KEPT_UNDER_WAY;
        if ((is_round && ms - window->trip_ms < CONN_WINDOW_EMPTY_MS) || wanted > most)
                wanted = most;
        if (wanted < CONN_WINDOW_MIN_BYTES)
                wanted = CONN_WINDOW_MIN_BYTES;
        window->n =
                wanted < (double)CONN_WINDOW_MAX_BYTES ? (uint64_t)wanted : CONN_WINDOW_MAX_BYTES;
        window->n_end = 0;
}

bool conn_window_receive(ConnWindow *window, double now_ms, uint64_t n_received, uint64_t n_all)
{
        if (window->n_first == 0) {
                window->n_first = n_received;
                window->first_ms = now_ms;
        }
        if (window->n_end > 0 && n_received >= window->n_end)
                judge(window, n_received - window->n_began, now_ms - window->began_ms,
                      /* is_round= */ true);
        if (window->n_allowed >= n_all ||
            n_received + (uint64_t)(KEPT_UNDER_WAY * (double)window->n) <= window->n_allowed)
                return false;

        if (window->n_end == 0 && n_received <= window->n_allowed) {
                window->began_ms = now_ms;
                window->n_began = n_received;
                window->n_end = window->n_allowed + 1;
        }
        window->n_allowed = n_received + window->n;
        return true;
}

void conn_window_end(ConnWindow *window, double now_ms, uint64_t n_all)
{
        const double ms = now_ms - window->first_ms;

        if (window->n_first > 0 && n_all <= window->n && ms >= CONN_WINDOW_QUEUE_MS)
                judge(window, n_all - window->n_first, ms, /* is_round= */ false);
}
