/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"

#include "base/text.h"

const CodecForm codec_forms[256] = {
        [0x00 ... 0x7f] = { PYROPE_INT, 1, 0, 0, 0 },
        [0x80 ... 0x8f] = { PYROPE_MAP, 1, 0, 0, 0x0f },
        [0x90 ... 0x9f] = { PYROPE_LIST, 1, 0, 0, 0x0f },
        [0xa0 ... 0xbf] = { PYROPE_STR, 1, 0, 0, 0x1f },
        [0xc0] = { PYROPE_NIL, 1, 0, 0, 0 },
        [0xc1] = { PYROPE_ABSENT, 1, 0, 0, 0 },
        [0xc2 ... 0xc3] = { PYROPE_BOOL, 1, 0, 0, 0 },
        [0xc4] = { PYROPE_BYTES, 2, 1, 0, 0 },
        [0xc5] = { PYROPE_BYTES, 3, 2, 0, 0 },
        [0xc6] = { PYROPE_BYTES, 5, 4, 0, 0 },
        [0xc7] = { PYROPE_EXT, 3, 1, 0, 0 },
        [0xc8] = { PYROPE_EXT, 4, 2, 0, 0 },
        [0xc9] = { PYROPE_EXT, 6, 4, 0, 0 },
        [0xca] = { PYROPE_FLOAT, 1, 0, 4, 0 },
        [0xcb] = { PYROPE_FLOAT, 1, 0, 8, 0 },
        [0xcc] = { PYROPE_INT, 1, 0, 1, 0 },
        [0xcd] = { PYROPE_INT, 1, 0, 2, 0 },
        [0xce] = { PYROPE_INT, 1, 0, 4, 0 },
        [0xcf] = { PYROPE_INT, 1, 0, 8, 0 },
        [0xd0] = { PYROPE_INT, 1, 0, 1, 0 },
        [0xd1] = { PYROPE_INT, 1, 0, 2, 0 },
        [0xd2] = { PYROPE_INT, 1, 0, 4, 0 },
        [0xd3] = { PYROPE_INT, 1, 0, 8, 0 },
        [0xd4] = { PYROPE_EXT, 2, 0, 1, 0 },
        [0xd5] = { PYROPE_EXT, 2, 0, 2, 0 },
        [0xd6] = { PYROPE_EXT, 2, 0, 4, 0 },
        [0xd7] = { PYROPE_EXT, 2, 0, 8, 0 },
        [0xd8] = { PYROPE_EXT, 2, 0, 16, 0 },
        [0xd9] = { PYROPE_STR, 2, 1, 0, 0 },
        [0xda] = { PYROPE_STR, 3, 2, 0, 0 },
        [0xdb] = { PYROPE_STR, 5, 4, 0, 0 },
        [0xdc] = { PYROPE_LIST, 3, 2, 0, 0 },
        [0xdd] = { PYROPE_LIST, 5, 4, 0, 0 },
        [0xde] = { PYROPE_MAP, 3, 2, 0, 0 },
        [0xdf] = { PYROPE_MAP, 5, 4, 0, 0 },
        [0xe0 ... 0xff] = { PYROPE_INT, 1, 0, 0, 0 },
};

const char *codec_strerror(int r)
{
        static const char *const texts[] = {
                [CODEC_E_SUCCESS] = "success",
                [CODEC_E_INCOMPLETE] = "the data end inside a value",
                [CODEC_E_TRAILING] = "more data follow the value",
                [CODEC_E_DEPTH] = "nested deeper than " STRINGIFY(CODEC_DEPTH_MAX) " levels",
                [CODEC_E_FORMAT] = "a byte that msgpack does not know",
                [CODEC_E_UTF8] = "a str that is not UTF-8",
                [CODEC_E_KEY] = "a map key that is neither str nor bytes",
        };

        if (r < 0 || (size_t)r >= ARRAY_SIZE(texts))
                return "unknown error";
        return texts[r];
}

/* In one piece with codec_check(), which spends its time here. @n_claimable: bytes that counts may
 * speak of, from @at on. */
static inline __attribute__((always_inline)) int parse_head(const uint8_t *at, size_t n_bytes,
                                                            size_t n_claimable, CodecHead *ret)
{
        const CodecForm *form;
        size_t n_left;
        size_t n;

        if (n_bytes == 0)
                return CODEC_E_INCOMPLETE;
        form = &codec_forms[at[0]];
        if (form->type == PYROPE_ABSENT)
                return CODEC_E_FORMAT;
        if (form->n_head > n_bytes)
                return CODEC_E_INCOMPLETE;
        n = form->n | (at[0] & form->in_tag);
        if (form->n_length > 0)
                n = codec_big_endian(at + 1, form->n_length);

        /* Every element takes a byte at least, every pair two: so no count can claim more. */
        n_left = n_claimable - form->n_head;
        if (form->type == PYROPE_MAP)
                n_left /= 2;
        if (n > n_left)
                return CODEC_E_INCOMPLETE;

        *ret = (CodecHead){ .type = form->type, .n_head = form->n_head, .n = n };
        return 0;
}

static bool is_container(pyrope_type type)
{
        return type == PYROPE_LIST || type == PYROPE_MAP;
}

/* Items still to come in a container, twice, and 1 more if it is a map. */
typedef uint64_t Pending;

static Pending pending_of(const CodecHead *head)
{
        return head->type == PYROPE_MAP ? (Pending)head->n << 2 | 1 : (Pending)head->n << 1;
}

/* In a map with an even number of items to come, the next one is a key. */
static bool is_key_next(Pending pending)
{
        return (pending & 3) == 1;
}

/* Whether the bytes end before the item whose turn it is has told what it is. */
static bool ends_in_head(const uint8_t *at, const uint8_t *end)
{
        return at == end || codec_forms[at[0]].n_head > (size_t)(end - at);
}

/* Walks over one item; over its beginning alone, if more bytes than those here may follow. Returns
 * 0 or CODEC_E_*. */
static inline __attribute__((always_inline)) int walk(const uint8_t *bytes, size_t n_bytes,
                                                      size_t n_claimable, bool is_beginning)
{
        const uint8_t *const end = bytes + n_bytes;
        const size_t n_more = n_claimable - n_bytes;
        const uint8_t *at = bytes;
        Pending open[CODEC_DEPTH_MAX];
        size_t depth = 0;
        CodecHead head;
        int r;

        do {
                if (is_beginning && ends_in_head(at, end))
                        return 0;
                r = parse_head(at, (size_t)(end - at), (size_t)(end - at) + n_more, &head);
                if (r)
                        return r;
                at += head.n_head;

                if (depth > 0) {
                        if (is_key_next(open[depth - 1]) && head.type != PYROPE_STR &&
                            head.type != PYROPE_BYTES)
                                return CODEC_E_KEY;
                        open[depth - 1] -= 2;
                }
                if (is_container(head.type)) {
                        if (depth == CODEC_DEPTH_MAX)
                                return CODEC_E_DEPTH;
                        open[depth++] = pending_of(&head);
                } else {
                        if (is_beginning && head.n > (size_t)(end - at))
                                return 0;
                        if (head.type == PYROPE_STR && !text_is_utf8(at, head.n))
                                return CODEC_E_UTF8;
                        at += head.n;
                }
                while (depth > 0 && open[depth - 1] < 2)
                        depth--;
        } while (depth > 0);

        return at == end ? 0 : CODEC_E_TRAILING;
}

int codec_check(const uint8_t *bytes, size_t n_bytes, pyrope_view *ret)
{
        int r;

        r = walk(bytes, n_bytes, n_bytes, /* is_beginning= */ false);
        if (r == 0)
                *ret = (pyrope_view){ bytes, bytes + n_bytes };
        return r;
}

int codec_check_beginning(const uint8_t *bytes, size_t n_bytes, size_t n_max)
{
        return walk(bytes, n_bytes, n_max, /* is_beginning= */ true);
}

const uint8_t *codec_skip(pyrope_view item)
{
        const uint8_t *at = item.at;
        size_t n_items = 1;
        CodecHead head;

        for (; n_items > 0; n_items--) {
                head = codec_head(at);
                at += head.n_head;
                if (is_container(head.type))
                        n_items += head.type == PYROPE_MAP ? 2 * head.n : head.n;
                else
                        at += head.n;
        }
        return at;
}

size_t codec_view_bytes(pyrope_view item, const uint8_t **ret)
{
        *ret = item.at;
        return (size_t)(codec_skip(item) - item.at);
}
