/* SPDX-License-Identifier: MIT */

#include "base/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GROWTH_MIN 64u /* smallest piece of memory worth asking for */

void buffer_init(Buffer *buffer, size_t n_max)
{
        *buffer = (Buffer)BUFFER_INIT(n_max);
}

void buffer_deinit(Buffer *buffer)
{
        free(buffer->data);
        buffer_init(buffer, buffer->n_max);
}

/* Twice what there is, so that appending stays linear, but never above the limit. */
static size_t grown(const Buffer *buffer, size_t n_needed)
{
        size_t n = buffer->n_allocated < GROWTH_MIN ? GROWTH_MIN : buffer->n_allocated;

        while (n < n_needed && n <= buffer->n_max / 2)
                n *= 2;
        if (n < n_needed)
                n = buffer->n_max;
        return n < buffer->n_max ? n : buffer->n_max;
}

int buffer_reserve(Buffer *buffer, size_t n_more)
{
        size_t n_allocated;
        uint8_t *data;

        if (n_more > buffer->n_max - buffer->n)
                return -EMSGSIZE;
        if (n_more <= buffer->n_allocated - buffer->n)
                return 0;

        n_allocated = grown(buffer, buffer->n + n_more);
        data = realloc(buffer->data, n_allocated);
        if (!data)
                return -ENOMEM;

        buffer->data = data;
        buffer->n_allocated = n_allocated;
        return 0;
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
