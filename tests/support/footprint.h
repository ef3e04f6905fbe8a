#pragma once

/* SPDX-License-Identifier: MIT */

/* What a process of the tests holds of the system, before and after what must leave nothing. */

#include <stdbool.h>
#include <stddef.h>

typedef struct Footprint {
        size_t n_fds, n_threads;
        double rss_mib;
} Footprint;

Footprint footprint_now(void);

/**
 * footprint_figures() - print "NAME-fds-left value limit PASS|FAIL" and the like
 *
 * A thread that was joined is gone a moment later, so what is left has a second to go.
 * @grow_max_mib: for caches of the heap, of which each thread has one. Memory does not count under
 *                a sanitizer, which keeps what was freed.
 *
 * Return: whether all passed.
 */
bool footprint_figures(const char *name, Footprint before, double grow_max_mib);
