/* SPDX-License-Identifier: MIT */

#include "proto/inflate.h"

#include "proto/codec.h"

#include <errno.h>
#include <limits.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>

/* Room for the next step: what is left of the memory there is, else as much again, within the
 * limit. */
static size_t next_step(const Buffer *buffer)
{
        size_t n_left = buffer->n_max - buffer->n;
        size_t n = buffer->n_allocated - buffer->n;

        if (n == 0)
                n = buffer->n < INFLATE_STEP_BYTES ? INFLATE_STEP_BYTES : buffer->n;
        return n < n_left ? n : n_left;
}

/* Inflates as much as the next step has room for. Returns 0 with what zlib said in @ret_zlib,
 * INFLATE_E_TOO_LARGE, -ENOMEM. */
static int step(z_stream *stream, Buffer *buffer, int *ret_zlib)
{
        size_t n = next_step(buffer);
        uint8_t beyond;
        int r;

        r = buffer_reserve(buffer, n);
        if (r)
                return r;

        /* At the limit a last byte is asked for, elsewhere: if it comes, there is too much. */
        stream->next_out = n > 0 ? buffer->data + buffer->n : &beyond;
        stream->avail_out = n > 0 ? (uInt)(n < INT_MAX ? n : INT_MAX) : 1;
        n = stream->avail_out;
        *ret_zlib = inflate(stream, Z_NO_FLUSH);
        n -= stream->avail_out;
        if (stream->next_out == &beyond + 1)
                return INFLATE_E_TOO_LARGE;
        buffer->n += n;
        return 0;
}

/* Whether it is worth going on. The steps double, so looking at all there is after each of them
 * takes twice the time of the last look; which is not for the many items of a large message.
 * Returns 0, INFLATE_E_*. */
static int judge_beginning(const Buffer *buffer, size_t n_before)
{
        const size_t n = buffer->n - n_before;
        int r;

        if (n > INFLATE_JUDGED_BYTES)
                return 0;
        r = codec_check_beginning(buffer->data + n_before, n, buffer->n_max - n_before);
        if (r == CODEC_E_INCOMPLETE)
                return INFLATE_E_TOO_LARGE;
        return r ? INFLATE_E_NO_ITEM : 0;
}

static int run(z_stream *stream, Buffer *buffer)
{
        const size_t n_before = buffer->n;
        int zlib = Z_OK;
        int r;

        while (zlib == Z_OK) {
                r = step(stream, buffer, &zlib);
                if (r == 0 && zlib == Z_OK)
                        r = judge_beginning(buffer, n_before);
                if (r)
                        return r;
        }
        if (zlib == Z_MEM_ERROR)
                return -ENOMEM;
        return zlib == Z_STREAM_END && stream->avail_in == 0 ? 0 : INFLATE_E_CORRUPT;
}

int inflate_payload(const uint8_t *bytes, size_t n_bytes, Buffer *buffer)
{
        z_stream stream = { .next_in = bytes, .avail_in = (uInt)n_bytes };
        const size_t n_before = buffer->n;
        int r;

        if (n_bytes > UINT_MAX)
                return INFLATE_E_TOO_LARGE;
        if (inflateInit(&stream) != Z_OK)
                return -ENOMEM;
        r = run(&stream, buffer);
        (void)inflateEnd(&stream); /* it was initialised, so this cannot fail */
        if (r)
                buffer->n = n_before;
        return r;
}
