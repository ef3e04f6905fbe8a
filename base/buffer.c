/* SPDX-License-Identifier: MIT */

#include "base/buffer.h"

#include "base/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define GROWTH_MIN 64u /* smallest piece of memory worth asking for */

void buffer_init(Buffer *buffer, size_t n_max)
{
        *buffer = (Buffer)BUFFER_INIT(n_max);
}

static void free_memory(Buffer *buffer)
{
        if (buffer->n_pages > 0)
                pages_free(buffer->data, buffer->n_pages);
        else
                free(buffer->data);
}

void buffer_deinit(Buffer *buffer)
{
        free_memory(buffer);
        buffer_init(buffer, buffer->n_max);
}

void buffer_move(Buffer *from, Buffer *to)
{
        assert(!to->data);
        *to = *from;
        buffer_init(from, from->n_max);
}

/* Twice what there is, so that appending stays linear, but never above the limit. */
static size_t grown(const Buffer *buffer, size_t n_needed, size_t n_max)
{
        size_t n = buffer->n_allocated < GROWTH_MIN ? GROWTH_MIN : buffer->n_allocated;

        while (n < n_needed && n <= n_max / 2)
                n *= 2;
        if (n < n_needed)
                n = n_max;
        return n < n_max ? n : n_max;
}

/* From the heap, or out of pages that become fewer, to the heap. */
static uint8_t *to_heap(Buffer *buffer, size_t n)
{
        uint8_t *data;

        if (buffer->n_pages == 0)
                return realloc(buffer->data, n);
        data = malloc(n);
        if (!data)
                return NULL;
        memcpy(data, buffer->data, buffer->n);
        free_memory(buffer);
        return data;
}

static uint8_t *to_pages(Buffer *buffer, size_t n, size_t n_expected, size_t *ret_n)
{
        uint8_t *data;

        if (buffer->n_pages > 0)
                return pages_resize(buffer->data, buffer->n_pages, n, ret_n);
        data = pages_new(n, n_expected, ret_n);
        if (!data)
                return NULL;
        if (buffer->n > 0)
                memcpy(data, buffer->data, buffer->n);
        free_memory(buffer);
        return data;
}

/* Memory of @n bytes or more, for what is in use. */
static int reallocate(Buffer *buffer, size_t n, size_t n_expected)
{
        size_t n_pages = 0;
        uint8_t *data;

        if (n < PAGES_MIN_BYTES)
                data = to_heap(buffer, n);
        else
                data = to_pages(buffer, n, n_expected, &n_pages);
        if (!data)
                return -ENOMEM;
        if (n < n_pages)
                n = n_pages < buffer->n_max ? n_pages : buffer->n_max;
        buffer->data = data;
        buffer->n_pages = n_pages;
        buffer->n_allocated = n;
        return 0;
}

/* Return: as buffer_reserve(). */
static int grow(Buffer *buffer, size_t n_more, size_t n_max, size_t n_expected)
{
        if (n_more > buffer->n_max - buffer->n)
                return -EMSGSIZE;
        if (n_more <= buffer->n_allocated - buffer->n)
                return 0;
        return reallocate(buffer, grown(buffer, buffer->n + n_more, n_max), n_expected);
}

int buffer_reserve(Buffer *buffer, size_t n_more)
{
        return grow(buffer, n_more, buffer->n_max, 0);
}

int buffer_reserve_of(Buffer *buffer, size_t n_more, size_t n_whole)
{
        size_t n_max = n_whole < buffer->n_max ? n_whole : buffer->n_max;

        if (n_max < buffer->n || n_more > n_max - buffer->n)
                n_max = buffer->n_max; /* more than what was announced */
        return grow(buffer, n_more, n_max, n_whole);
}

void buffer_shrink(Buffer *buffer)
{
        if (buffer->n > 0 && buffer->n < buffer->n_allocated)
                (void)reallocate(buffer, buffer->n, 0);
}

int buffer_append_vprintf(Buffer *buffer, const char *format, va_list arguments)
{
        va_list again;
        size_t n_room;
        int n;
        int r;

        va_copy(again, arguments);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (n < 0)
                return -EINVAL;

        n_room = (size_t)n + 1;
        r = buffer_reserve(buffer, n_room);
        if (r)
                return r;

        vsnprintf((char *)buffer->data + buffer->n, n_room, format, arguments);
        buffer->n += (size_t)n;
        return 0;
}

int buffer_append_printf(Buffer *buffer, const char *format, ...)
{
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = buffer_append_vprintf(buffer, format, arguments);
        va_end(arguments);
        return r;
}

void buffer_consume(Buffer *buffer, size_t n_bytes)
{
        assert(n_bytes <= buffer->n);

        buffer->n -= n_bytes;
        if (buffer->n && n_bytes)
                memmove(buffer->data, buffer->data + n_bytes, buffer->n);
}

void buffer_clear(Buffer *buffer)
{
        buffer->n = 0;
}
