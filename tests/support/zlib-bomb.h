#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Zlib bomb
 *
 * A zlib stream of a few bytes, then any number of MiB of zeros, at a kilobyte each. It has no
 * end: whoever inflates it must stop by himself.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * zlib_bomb() - such a stream, in a moment
 * @head, @n_head: what it inflates to first
 * @n_mib:         MiB of zeros behind that
 *
 * Return: owned by the caller, free(); aborts if memory is out.
 */
uint8_t *zlib_bomb(const void *head, size_t n_head, size_t n_mib, size_t *ret_n);
