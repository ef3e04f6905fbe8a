#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Random
 *
 * Unguessable bytes and names from the kernel. There is no failure to handle: where the kernel has
 * none the program aborts, since to go on would be worse. Any thread.
 */

#include "base/defs.h"

#define RANDOM_UUID_SIZE 37u /* 36 characters and the terminator */

void random_bytes(void *out, size_t n_bytes);

/* A name that people read to each other: @n_chars of 2-9 and a-z without i, l and o, then NUL, so
 * @out has room for @n_chars + 1. One character is worth 4.95 bits. */
void random_id(char *out, size_t n_chars);

/* 2 * @n_bytes characters 0-9a-f, then NUL. */
void random_hex(char *out, size_t n_bytes);

/* A version 4 UUID in its usual form, small letters. */
void random_uuid(char out[static RANDOM_UUID_SIZE]);
