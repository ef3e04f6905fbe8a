#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Peak of the heap
 *
 * A program that is linked with this has its allocations counted, those of libraries too, and with
 * -Wl,--wrap=pages_new,--wrap=pages_resize,--wrap=pages_free those of base/pages.h. Under a
 * sanitizer, which has a heap of its own, nothing is known.
 */

#include <stddef.h>

/* From now on, of all threads. */
void heap_peak_begin(void);

/** heap_peak() - the most bytes that were in use at once, beyond those in use at the beginning. */
size_t heap_peak(void);
