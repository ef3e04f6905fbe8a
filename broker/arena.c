/* SPDX-License-Identifier: MIT */

#include "broker/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define ALIGNMENT alignof(max_align_t)

struct ArenaChunk {
        ArenaChunk *next; /* older one; NULL at the end */
        size_t n_used;
        alignas(max_align_t) unsigned char bytes[];
};

/* Returns the older chunk. */
static ArenaChunk *chunk_free(ArenaChunk *chunk)
{
        ArenaChunk *next = chunk->next;

        free(chunk);
        return next;
}

void arena_reset(Arena *arena)
{
        while (arena->larger)
                arena->larger = chunk_free(arena->larger);
        if (arena->first)
                arena->first->n_used = 0;
}

void arena_deinit(Arena *arena)
{
        arena_reset(arena);
        free(arena->first);
        arena->first = NULL;
}

static ArenaChunk *chunk_new(size_t n_bytes)
{
        ArenaChunk *chunk;

        if (n_bytes > SIZE_MAX - sizeof(*chunk))
                return NULL;
        chunk = malloc(sizeof(*chunk) + n_bytes);
        if (chunk)
                *chunk = (ArenaChunk){ .n_used = 0 };
        return chunk;
}

/* What does not fit the first chunk gets one of its own: calls that need much are rare. */
static void *alloc_larger(Arena *arena, size_t n_bytes)
{
        ArenaChunk *chunk = chunk_new(n_bytes);

        if (!chunk)
                return NULL;
        chunk->next = arena->larger;
        arena->larger = chunk;
        return chunk->bytes;
}

void *arena_alloc(Arena *arena, size_t n_bytes)
{
        size_t n_rounded;
        void *memory;

        if (n_bytes > ARENA_CHUNK_BYTES)
                return alloc_larger(arena, n_bytes);
        if (!arena->first)
                arena->first = chunk_new(ARENA_CHUNK_BYTES);
        if (!arena->first)
                return NULL;

        n_rounded = (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (n_rounded > ARENA_CHUNK_BYTES - arena->first->n_used)
                return alloc_larger(arena, n_bytes);
        memory = arena->first->bytes + arena->first->n_used;
        arena->first->n_used += n_rounded;
        return memory;
}

char *arena_strndup(Arena *arena, const char *text, size_t n_text)
{
        char *copy = n_text < SIZE_MAX ? arena_alloc(arena, n_text + 1) : NULL;

        if (!copy)
                return NULL;
        memcpy(copy, text, n_text);
        copy[n_text] = '\0';
        return copy;
}

char *arena_vprintf(Arena *arena, const char *format, va_list arguments)
{
        va_list again;
        char *text;
        int n;

        va_copy(again, arguments);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (n < 0)
                return NULL;

        text = arena_alloc(arena, (size_t)n + 1);
        if (text)
                vsnprintf(text, (size_t)n + 1, format, arguments);
        return text;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
        va_list arguments;
        char *text;

        va_start(arguments, format);
        text = arena_vprintf(arena, format, arguments);
        va_end(arguments);
        return text;
}
