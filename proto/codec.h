#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * msgpack: what strangers send is checked here, once; what we send is packed here
 *
 * codec_check() walks over the bytes with a cursor of our own: no allocation, no recursion, no
 * count believed beyond the bytes that are there. After it returned 0 the readers of
 * <pyrope/value.h> need no checks. msgpack-c only packs: its unpacker allocates what a header
 * claims, and stops at 32 levels where Python nests to 511.
 */

#include "base/buffer.h"
#include "base/defs.h"

#include <endian.h>
#include <pyrope/value.h>
#include <stdint.h>
#include <string.h>

#define CODEC_DEPTH_MAX 512        /* lists and maps inside each other */
#define CODEC_COUNT_MAX UINT32_MAX /* bytes of a str, elements of a list, pairs of a map */
#define CODEC_EXT_LONG  0x31       /* Pyro5: an int beyond 64 bits, as ASCII decimal */

enum {
        CODEC_E_SUCCESS,

        CODEC_E_INCOMPLETE, /* the bytes end inside an item, or a count exceeds them */
        CODEC_E_TRAILING,   /* bytes left over behind the item */
        CODEC_E_DEPTH,      /* nested deeper than CODEC_DEPTH_MAX */
        CODEC_E_FORMAT,     /* a byte that msgpack does not know (0xc1) */
        CODEC_E_UTF8,       /* a str that is not UTF-8 */
        CODEC_E_KEY,        /* a map key that is neither str nor bin */
};

typedef struct CodecHead CodecHead;

/* What the first byte of an item, its tag, means. */
typedef struct CodecForm CodecForm;

struct CodecForm {
        uint8_t type;     /* pyrope_type; PYROPE_ABSENT: no such tag */
        uint8_t n_head;   /* bytes of tag, length and ext type */
        uint8_t n_length; /* bytes that tell the length; 0: it is @n, or in the tag */
        uint8_t n;        /* bytes of data */
        uint8_t in_tag;   /* bits of the tag that are the length */
};

extern const CodecForm codec_forms[256];

/* How an item begins. */
struct CodecHead {
        pyrope_type type;
        size_t n_head; /* bytes of tag, length and ext type */
        size_t n;      /* bytes of data behind them; of a list its elements, of a map its pairs */
};

/** codec_big_endian() - a number of 1, 2, 4 or 8 bytes, which must be there. */
static inline uint64_t codec_big_endian(const uint8_t *at, size_t n)
{
        uint16_t n16;
        uint32_t n32;
        uint64_t n64;

        switch (n) {
        case 1:
                return at[0];
        case 2:
                memcpy(&n16, at, sizeof(n16));
                return be16toh(n16);
        case 4:
                memcpy(&n32, at, sizeof(n32));
                return be32toh(n32);
        default:
                memcpy(&n64, at, sizeof(n64));
                return be64toh(n64);
        }
}

/** codec_head() - the beginning of a validated item, the first byte of which is @at[0]. */
static inline CodecHead codec_head(const uint8_t *at)
{
        const CodecForm *form = &codec_forms[at[0]];
        size_t n = form->n | (at[0] & form->in_tag);

        if (form->n_length > 0)
                n = codec_big_endian(at + 1, form->n_length);
        return (CodecHead){ .type = (pyrope_type)form->type, .n_head = form->n_head, .n = n };
}

/** codec_str_is() - whether a validated item is this str; fast for a text that is constant. */
static inline bool codec_str_is(pyrope_view item, const char *text)
{
        CodecHead head = codec_head(item.at);

        return head.type == PYROPE_STR && head.n == strlen(text) &&
               memcmp(item.at + head.n_head, text, head.n) == 0;
}

/** codec_strerror() - one of the above in words. Return: static text. */
const char *codec_strerror(int r);

/** codec_type() - what an item is whose first byte is @tag. Return: PYROPE_ABSENT: no item. */
static inline pyrope_type codec_type(uint8_t tag)
{
        return (pyrope_type)codec_forms[tag].type;
}

/**
 * codec_check() - validate exactly one item that fills the bytes
 * @bytes, @n_bytes: as received; must outlive the view
 * @ret:             the item
 *
 * Return: 0, CODEC_E_*.
 */
NODISCARD int codec_check(const uint8_t *bytes, size_t n_bytes, pyrope_view *ret);

/**
 * codec_check_beginning() - whether what came so far can become an item at all
 * @bytes, @n_bytes: the first of them
 * @n_max:           how many they may be in all; no count is believed beyond that
 *
 * Return: 0; else CODEC_E_*, and then codec_check() refuses whatever begins with these bytes.
 */
NODISCARD int codec_check_beginning(const uint8_t *bytes, size_t n_bytes, size_t n_max);

/** codec_nil() - a nil that outlives everything. */
static inline pyrope_view codec_nil(void)
{
        static const uint8_t nil[] = { 0xc0 };

        return (pyrope_view){ nil, nil + sizeof(nil) };
}

/** codec_skip() - first byte behind a validated item. */
const uint8_t *codec_skip(pyrope_view item);

/** codec_view_bytes() - the encoded bytes of a validated item. Return: their count. */
size_t codec_view_bytes(pyrope_view item, const uint8_t **ret);

/*
 * Packing, each at the end of @buffer and in the shortest form. Text is not checked here, nor
 * whether as many elements follow as were announced; the writer of <pyrope/value.h> does that.
 * Return: 0, -ENOMEM, -EMSGSIZE above the limit of the buffer or CODEC_COUNT_MAX.
 */
NODISCARD int codec_pack_nil(Buffer *buffer);
NODISCARD int codec_pack_bool(Buffer *buffer, bool value);
NODISCARD int codec_pack_int(Buffer *buffer, int64_t value);
NODISCARD int codec_pack_uint(Buffer *buffer, uint64_t value);
NODISCARD int codec_pack_double(Buffer *buffer, double value);
NODISCARD int codec_pack_str(Buffer *buffer, const char *text, size_t n);
NODISCARD int codec_pack_bytes(Buffer *buffer, const void *data, size_t n);
NODISCARD int codec_pack_list(Buffer *buffer, size_t n);
NODISCARD int codec_pack_map(Buffer *buffer, size_t n);

/**
 * codec_pack_padded_head() - tag and length, the length told in more bytes than it needs
 * @type:  PYROPE_STR, PYROPE_BYTES or PYROPE_LIST
 * @n:     bytes or elements, which are to follow
 * @n_pad: by how many bytes the head is to be longer; where msgpack has no such head it is not
 *
 * Every decoder takes such heads; what comes behind can be aligned by them.
 */
NODISCARD int codec_pack_padded_head(Buffer *buffer, pyrope_type type, size_t n, size_t n_pad);

/** codec_str_bytes() - what codec_pack_str() takes for @n bytes of text. */
size_t codec_str_bytes(size_t n);
