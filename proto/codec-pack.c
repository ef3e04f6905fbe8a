/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"

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
