/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"

#include "base/text.h"

#include <assert.h>

typedef struct Form Form;

/* What a tag of 0xc0..0xdf means. */
struct Form {
        uint8_t type;     /* pyrope_type; PYROPE_ABSENT: no such tag */
        uint8_t n_length; /* bytes that tell the length; 0: it is @n */
        uint8_t n;        /* bytes of data */
};

static const Form forms[32] = {
        { PYROPE_NIL, 0, 0 },   { PYROPE_ABSENT, 0, 0 }, { PYROPE_BOOL, 0, 0 },
        { PYROPE_BOOL, 0, 0 },  { PYROPE_BYTES, 1, 0 },  { PYROPE_BYTES, 2, 0 },
        { PYROPE_BYTES, 4, 0 }, { PYROPE_EXT, 1, 0 },    { PYROPE_EXT, 2, 0 },
        { PYROPE_EXT, 4, 0 },   { PYROPE_FLOAT, 0, 4 },  { PYROPE_FLOAT, 0, 8 },
        { PYROPE_INT, 0, 1 },   { PYROPE_INT, 0, 2 },    { PYROPE_INT, 0, 4 },
        { PYROPE_INT, 0, 8 },   { PYROPE_INT, 0, 1 },    { PYROPE_INT, 0, 2 },
        { PYROPE_INT, 0, 4 },   { PYROPE_INT, 0, 8 },    { PYROPE_EXT, 0, 1 },
        { PYROPE_EXT, 0, 2 },   { PYROPE_EXT, 0, 4 },    { PYROPE_EXT, 0, 8 },
        { PYROPE_EXT, 0, 16 },  { PYROPE_STR, 1, 0 },    { PYROPE_STR, 2, 0 },
        { PYROPE_STR, 4, 0 },   { PYROPE_LIST, 2, 0 },   { PYROPE_LIST, 4, 0 },
        { PYROPE_MAP, 2, 0 },   { PYROPE_MAP, 4, 0 },
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

static CodecHead head_of_fix_tag(uint8_t tag)
{
        if (tag < 0x80 || tag >= 0xe0)
                return (CodecHead){ PYROPE_INT, 1, 0 };
        if (tag < 0x90)
                return (CodecHead){ PYROPE_MAP, 1, tag & 0x0f };
        if (tag < 0xa0)
                return (CodecHead){ PYROPE_LIST, 1, tag & 0x0f };
        return (CodecHead){ PYROPE_STR, 1, tag & 0x1f };
}

/* The caller has seen that the tag is there. */
static int head_of_form(const uint8_t *at, size_t n_bytes, CodecHead *ret)
{
        const Form *form = &forms[at[0] - 0xc0];
        size_t n = form->n;

        if (form->type == PYROPE_ABSENT)
                return CODEC_E_FORMAT;
        if (form->n_length >= n_bytes)
                return CODEC_E_INCOMPLETE;
        for (size_t i = 1; i <= form->n_length; i++)
                n = n << 8 | at[i];

        *ret = (CodecHead){
                .type = form->type,
                .n_head = 1u + form->n_length + (form->type == PYROPE_EXT),
                .n = n,
        };
        return 0;
}

int codec_head_parse(const uint8_t *at, size_t n_bytes, CodecHead *ret)
{
        CodecHead head;
        size_t n_left;
        int r;

        if (n_bytes == 0)
                return CODEC_E_INCOMPLETE;
        if (at[0] < 0xc0 || at[0] >= 0xe0) {
                head = head_of_fix_tag(at[0]);
        } else {
                r = head_of_form(at, n_bytes, &head);
                if (r)
                        return r;
        }

        /* Every element takes a byte at least, every pair two: so no count can claim more. */
        if (head.n_head > n_bytes)
                return CODEC_E_INCOMPLETE;
        n_left = n_bytes - head.n_head;
        if (head.type == PYROPE_MAP)
                n_left /= 2;
        if (head.n > n_left)
                return CODEC_E_INCOMPLETE;

        *ret = head;
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

int codec_check(const uint8_t *bytes, size_t n_bytes, pyrope_view *ret)
{
        const uint8_t *const end = bytes + n_bytes;
        const uint8_t *at = bytes;
        Pending open[CODEC_DEPTH_MAX];
        size_t depth = 0;
        CodecHead head;
        int r;

        do {
                r = codec_head_parse(at, (size_t)(end - at), &head);
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
                        if (head.type == PYROPE_STR && !text_is_utf8(at, head.n))
                                return CODEC_E_UTF8;
                        at += head.n;
                }
                while (depth > 0 && open[depth - 1] < 2)
                        depth--;
        } while (depth > 0);

        if (at != end)
                return CODEC_E_TRAILING;
        *ret = (pyrope_view){ bytes, end };
        return 0;
}

const uint8_t *codec_skip(pyrope_view item)
{
        const uint8_t *at = item.at;
        size_t n_items = 1;
        CodecHead head;
        int r;

        for (; n_items > 0; n_items--) {
                r = codec_head_parse(at, (size_t)(item.end - at), &head);
                assert(r == 0); /* the item was validated */
                (void)r;
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
