#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Arena
 *
 * Memory that lives as long as one call: taken piece by piece, given back all at once. The first
 * chunk is kept from call to call, so that an ordinary call never asks malloc(). Not for several
 * threads at once.
 */

#include "base/defs.h"

#include <stdarg.h>

#define ARENA_CHUNK_BYTES 4096u /* kept between calls */

typedef struct Arena Arena;
typedef struct ArenaChunk ArenaChunk;

struct Arena {
        ArenaChunk *first;  /* kept by arena_reset(); NULL if nothing was ever asked for */
        ArenaChunk *larger; /* what did not fit, newest first */
};

#define ARENA_INIT                                                                                 \
        {                                                                                          \
                .first = NULL                                                                      \
        }

/* Everything given out is gone; the first chunk stays. */
void arena_reset(Arena *arena);

/* Frees the first chunk too; the arena is empty and usable again. */
void arena_deinit(Arena *arena);

/**
 * arena_alloc() - memory aligned for any type of C
 *
 * Return: borrowed until arena_reset(), not cleared; NULL if memory is out.
 */
void *arena_alloc(Arena *arena, size_t n_bytes);

/* The text with a NUL behind it. Return: as arena_alloc(). */
char *arena_strndup(Arena *arena, const char *text, size_t n_text);

/* Return: as arena_alloc(); NULL also if the format fails. */
char *arena_vprintf(Arena *arena, const char *format, va_list arguments) PRINTF(2, 0);
char *arena_printf(Arena *arena, const char *format, ...) PRINTF(2, 3);
