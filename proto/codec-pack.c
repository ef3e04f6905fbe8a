/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"

#include <errno.h>
#include <msgpack.h>
#include <string.h>

/* Of this the compiler makes plain stores. */
static inline int append(void *userdata, const char *bytes, size_t n_bytes)
{
        return buffer_append(userdata, bytes, n_bytes);
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

/* Heads by the bytes that tell the length; a tag of 0: there is none. */
typedef struct HeadForms HeadForms;

struct HeadForms {
        size_t n_fix_max; /* length that the tag itself can hold, if it can */
        uint8_t tags[5];
};

static const HeadForms str_forms = { 31, { 0xa0, 0xd9, 0xda, 0, 0xdb } };
static const HeadForms bytes_forms = { 0, { 0, 0xc4, 0xc5, 0, 0xc6 } };
static const HeadForms list_forms = { 15, { 0x90, 0, 0xdc, 0, 0xdd } };

static size_t shortest_length(const HeadForms *forms, size_t n)
{
        if (forms->tags[0] && n <= forms->n_fix_max)
                return 0;
        if (forms->tags[1] && n <= UINT8_MAX)
                return 1;
        return n <= UINT16_MAX ? 2 : 4;
}

int codec_pack_padded_head(Buffer *buffer, pyrope_type type, size_t n, size_t n_pad)
{
        const HeadForms *forms = type == PYROPE_STR     ? &str_forms
                                 : type == PYROPE_BYTES ? &bytes_forms
                                                        : &list_forms;
        size_t n_length = shortest_length(forms, n);
        uint8_t head[5];

        if (n > CODEC_COUNT_MAX)
                return -EMSGSIZE;
        if (n_length + n_pad < ARRAY_SIZE(forms->tags) && forms->tags[n_length + n_pad])
                n_length += n_pad;

        head[0] = forms->tags[n_length] | (n_length == 0 ? (uint8_t)n : 0);
        for (size_t i = 0; i < n_length; i++)
                head[1 + i] = (uint8_t)(n >> 8 * (n_length - 1 - i));
        return append(buffer, (const char *)head, 1 + n_length);
}

size_t codec_str_bytes(size_t n)
{
        return 1 + shortest_length(&str_forms, n) + n;
}
