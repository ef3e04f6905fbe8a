#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pages
 *
 * Memory for what is large. A fresh page costs more than copying the bytes that go into it, so
 * what is given back is kept for the next one, within bounds; the kernel may take it meanwhile if
 * memory runs short (MADV_FREE), and pages_trim() gives it all back. Growing moves page tables
 * instead of bytes. Huge pages are asked for where they fit. Any thread may call any of these.
 */

#include "base/defs.h"

#include <stddef.h>
#include <stdint.h>

#define PAGES_MIN_BYTES      (512u * 1024)        /* less is the heap's business */
#define PAGES_KEPT_MAX       8                    /* pieces kept */
#define PAGES_KEPT_MAX_BYTES (256u * 1024 * 1024) /* all of them together */

/**
 * pages_new() - memory, not cleared
 * @n_bytes:    needed now; at least PAGES_MIN_BYTES
 * @n_expected: what it may grow to: a kept piece up to that size and twice is given rather than a
 *              new one; nothing is asked of the system for a promise
 * @ret_n:      bytes it has, at least @n_bytes
 *
 * Return: owned, pages_free(); NULL if memory is out.
 */
NODISCARD void *pages_new(size_t n_bytes, size_t n_expected, size_t *ret_n);

/**
 * pages_resize() - more or fewer bytes, moved if need be
 * @data, @n_old: as given by pages_new() or pages_resize()
 * @n_bytes:      at least PAGES_MIN_BYTES
 *
 * Return: the memory; NULL if memory is out, with @data unchanged.
 */
NODISCARD void *pages_resize(void *data, size_t n_old, size_t n_bytes, size_t *ret_n);

/* Gives back; NULL is fine. */
void pages_free(void *data, size_t n_bytes);

/** pages_trim() - gives what is kept to the system. */
void pages_trim(void);

/** pages_kept_bytes() - how much is kept. */
size_t pages_kept_bytes(void);
