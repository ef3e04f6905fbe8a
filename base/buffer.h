#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Buffer
 *
 * Bytes that grow at the end and are taken from the front, up to a limit given at its birth. Where
 * they are many the memory is of base/pages.h, so only buffer_deinit() may free it. Not for several
 * threads at once.
 */

#include "base/defs.h"

#include <stdarg.h>
#include <string.h>

typedef struct Buffer Buffer;

struct Buffer {
        uint8_t *data;      /* the bytes; NULL if nothing was ever reserved; owned. For free() only
                               if n_max is below PAGES_MIN_BYTES */
        size_t n_pages;     /* bytes of memory there, if it is of base/pages.h; else 0 */
        size_t n;           /* bytes in use */
        size_t n_allocated; /* bytes there is room for */
        size_t n_max;       /* most bytes it may ever hold */
};

/* An empty buffer: CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(limit); */
#define BUFFER_INIT(limit)                                                                         \
        {                                                                                          \
                .n_max = (limit)                                                                   \
        }

void buffer_init(Buffer *buffer, size_t n_max);

/* Frees the bytes; the buffer is empty and usable again. */
void buffer_deinit(Buffer *buffer);

/**
 * buffer_reserve() - make room for @n_more bytes at data + n
 *
 * Grows by doubling. The caller may then write there and add what it wrote to buffer->n. Pointers
 * into the buffer are no longer good.
 *
 * Return: 0, -EMSGSIZE if the buffer would hold more than n_max, -ENOMEM; unchanged if not 0.
 */
NODISCARD int buffer_reserve(Buffer *buffer, size_t n_more);

/**
 * buffer_reserve_of() - the same for bytes whose number is announced
 * @n_whole:    what the buffer will hold in the end, if all comes
 *
 * Never grows beyond @n_whole, nor more than buffer_reserve() does; but if so much is kept from an
 * earlier buffer, that is used, and it need not grow again.
 *
 * Return: as buffer_reserve().
 */
NODISCARD int buffer_reserve_of(Buffer *buffer, size_t n_more, size_t n_whole);

/* Moves all to @to, which must be empty; @from is then empty. */
void buffer_move(Buffer *from, Buffer *to);

/* Gives back memory that is not in use; it cannot fail, but it may do nothing. */
void buffer_shrink(Buffer *buffer);

/**
 * buffer_append() - copy @n_bytes bytes to the end
 * @bytes:      borrowed; not part of the same buffer; may be NULL if @n_bytes is 0
 *
 * Return: as buffer_reserve().
 */
NODISCARD static inline int buffer_append(Buffer *buffer, const void *bytes, size_t n_bytes)
{
        /* Nearly always there is room. */
        if (n_bytes > buffer->n_allocated - buffer->n) {
                int r = buffer_reserve(buffer, n_bytes);

                if (r)
                        return r;
        }
        if (n_bytes > 0)
                memcpy(buffer->data + buffer->n, bytes, n_bytes);
        buffer->n += n_bytes;
        return 0;
}

/**
 * buffer_append_printf() - append formatted text
 *
 * A NUL follows the text but is not counted in n, so data is a string as long as nothing else is
 * appended; it needs room for one byte within n_max.
 *
 * Return: as buffer_reserve(); -EINVAL if the format fails.
 */
NODISCARD int buffer_append_printf(Buffer *buffer, const char *format, ...) PRINTF(2, 3);

/* The same with a va_list. */
NODISCARD int buffer_append_vprintf(Buffer *buffer, const char *format, va_list arguments)
        PRINTF(2, 0);

/* Drops the first @n_bytes bytes, which must be there; moves the rest to the front. */
void buffer_consume(Buffer *buffer, size_t n_bytes);

/* Drops all bytes and keeps the memory. */
void buffer_clear(Buffer *buffer);
