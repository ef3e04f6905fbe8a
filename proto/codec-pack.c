/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"

#include <assert.h>
#include <errno.h>
#include <msgpack.h>

static int append(void *buffer, const char *bytes, size_t n_bytes)
{
        return buffer_append(buffer, bytes, n_bytes);
}

static msgpack_packer packer_for(Buffer *buffer)
{
        return (msgpack_packer){ .data = buffer, .callback = append };
}

int codec_pack_nil(Buffer *buffer)
{
        msgpack_packer packer = packer_for(buffer);

        return msgpack_pack_nil(&packer);
}

int codec_pack_bool(Buffer *buffer, bool value)
{
        msgpack_packer packer = packer_for(buffer);

        return value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
}

int codec_pack_int(Buffer *buffer, int64_t value)
{
        msgpack_packer packer = packer_for(buffer);

        return msgpack_pack_int64(&packer, value);
}

int codec_pack_uint(Buffer *buffer, uint64_t value)
{
        msgpack_packer packer = packer_for(buffer);

        return msgpack_pack_uint64(&packer, value);
}

int codec_pack_double(Buffer *buffer, double value)
{
        msgpack_packer packer = packer_for(buffer);

        return msgpack_pack_double(&packer, value);
}

int codec_pack_str(Buffer *buffer, const char *text, size_t n)
{
        msgpack_packer packer = packer_for(buffer);
        int r;

        if (n > CODEC_COUNT_MAX)
                return -EMSGSIZE;
        r = msgpack_pack_str(&packer, n);
        return r ? r : msgpack_pack_str_body(&packer, text, n);
}

int codec_pack_bytes(Buffer *buffer, const void *data, size_t n)
{
        msgpack_packer packer = packer_for(buffer);
        int r;

        if (n > CODEC_COUNT_MAX)
                return -EMSGSIZE;
        r = msgpack_pack_bin(&packer, n);
        return r ? r : msgpack_pack_bin_body(&packer, data, n);
}

int codec_pack_list(Buffer *buffer, size_t n)
{
        msgpack_packer packer = packer_for(buffer);

        return n > CODEC_COUNT_MAX ? -EMSGSIZE : msgpack_pack_array(&packer, n);
}

int codec_pack_map(Buffer *buffer, size_t n)
{
        msgpack_packer packer = packer_for(buffer);

        return n > CODEC_COUNT_MAX ? -EMSGSIZE : msgpack_pack_map(&packer, n);
}

int codec_pack_padded_bytes(Buffer *buffer, const void *data, size_t n, size_t n_pad)
{
        static const uint8_t tags[] = { 0xc4, 0xc5, 0, 0xc6 }; /* by n_pad */
        uint8_t head[2 + 3] = { 0 };
        int r;

        assert(n <= UINT8_MAX && n_pad < ARRAY_SIZE(tags) && tags[n_pad]);
        head[0] = tags[n_pad];
        head[1 + n_pad] = (uint8_t)n;
        r = buffer_append(buffer, head, 2 + n_pad);
        return r ? r : buffer_append(buffer, data, n);
}
