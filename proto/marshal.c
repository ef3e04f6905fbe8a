/* SPDX-License-Identifier: MIT */

#include "proto/marshal.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define FLAG_REF 0x80u /* of a type: it gets a number, by which it can be referred to */

typedef enum Kind {
        KIND_PLAIN, /* a fixed number of bytes */
        KIND_LONG,  /* as many digits of two bytes as it says, or minus as many */
        KIND_BYTES, /* as many bytes as it says */
        KIND_TEXT,  /* likewise */
        KIND_LIST,  /* as many items as it says */
        KIND_DICT,  /* items up to a null */
        KIND_NULL,
        KIND_REF, /* the number of an earlier item */
} Kind;

typedef struct Type {
        char letter;
        uint8_t kind;
        uint8_t n_length; /* bytes of the length or number, or of all that is plain */
} Type;

static const Type types[] = {
        { '0', KIND_NULL, 0 },  { 'N', KIND_PLAIN, 0 }, { 'F', KIND_PLAIN, 0 },
        { 'T', KIND_PLAIN, 0 }, { '.', KIND_PLAIN, 0 }, { 'S', KIND_PLAIN, 0 },
        { 'i', KIND_PLAIN, 4 }, { 'g', KIND_PLAIN, 8 }, { 'y', KIND_PLAIN, 16 },
        { 'l', KIND_LONG, 4 },  { 's', KIND_BYTES, 4 }, { 'z', KIND_TEXT, 1 },
        { 'Z', KIND_TEXT, 1 },  { 'a', KIND_TEXT, 4 },  { 'A', KIND_TEXT, 4 },
        { 'u', KIND_TEXT, 4 },  { 't', KIND_TEXT, 4 },  { ')', KIND_LIST, 1 },
        { '(', KIND_LIST, 4 },  { '[', KIND_LIST, 4 },  { '<', KIND_LIST, 4 },
        { '>', KIND_LIST, 4 },  { '{', KIND_DICT, 0 },  { 'r', KIND_REF, 4 },
};

typedef struct Cursor {
        const uint8_t *at;
        size_t n_left;

        MarshalText refs[MARSHAL_REFS_MAX]; /* in the order of their beginnings */
        size_t n_refs;                      /* of all that were met, also beyond the array */
} Cursor;

typedef struct Item {
        Kind kind;
        uint32_t n;       /* items of a list */
        MarshalText text; /* of a str, also one that is referred to */
} Item;

static const Type *find_type(uint8_t letter)
{
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if ((uint8_t)types[i].letter == letter)
                        return &types[i];
        return NULL;
}

static uint32_t little_endian(const uint8_t *at, size_t n_bytes)
{
        uint32_t number = 0;

        for (size_t i = n_bytes; i > 0; i--)
                number = number << 8 | at[i - 1];
        return number;
}

/* How many bytes follow the length @n. */
static uint64_t body_bytes(Kind kind, uint32_t n)
{
        switch (kind) {
        case KIND_LONG:
                return 2 * (uint64_t)(n > INT32_MAX ? UINT32_MAX - n + UINT64_C(1) : n);
        case KIND_BYTES:
        case KIND_TEXT:
                return n;
        default:
                return 0;
        }
}

static int resolve(const Cursor *cursor, uint32_t number, MarshalText *ret)
{
        if (number >= cursor->n_refs || number >= MARSHAL_REFS_MAX)
                return MARSHAL_E_SHAPE;
        *ret = cursor->refs[number];
        return 0;
}

/* One item; of a container its head. */
static int read_item(Cursor *cursor, Item *ret)
{
        const Type *type = cursor->n_left ? find_type(cursor->at[0] & ~FLAG_REF) : NULL;
        bool is_ref = type && cursor->at[0] & FLAG_REF;
        uint64_t n_body;
        uint32_t n = 0;

        if (!type || cursor->n_left - 1 < type->n_length)
                return MARSHAL_E_SHAPE;
        if (type->kind != KIND_PLAIN)
                n = little_endian(cursor->at + 1, type->n_length);
        cursor->at += 1 + type->n_length;
        cursor->n_left -= 1 + type->n_length;
        n_body = body_bytes(type->kind, n);
        if (n_body > cursor->n_left || (type->kind == KIND_LIST && n > cursor->n_left))
                return MARSHAL_E_SHAPE;

        *ret = (Item){ .kind = type->kind, .n = n };
        if (type->kind == KIND_TEXT)
                ret->text = (MarshalText){ (const char *)cursor->at, n };
        cursor->at += n_body;
        cursor->n_left -= n_body;
        if (is_ref && cursor->n_refs++ < MARSHAL_REFS_MAX)
                cursor->refs[cursor->n_refs - 1] = ret->text;
        return type->kind == KIND_REF ? resolve(cursor, n, &ret->text) : 0;
}

/* A whole item; its text if it is a str. */
static int read_whole(Cursor *cursor, MarshalText *ret)
{
        uint64_t pending[MARSHAL_DEPTH_MAX + 1]; /* items of each open container; of a dict: all */
        size_t depth = 0;
        Item item;
        int r;

        *ret = (MarshalText){ NULL, 0 };
        pending[0] = 1;
        for (;;) {
                while (pending[depth] == 0) {
                        if (depth == 0)
                                return 0;
                        depth--;
                }
                r = read_item(cursor, &item);
                if (r)
                        return r;
                if (item.kind == KIND_NULL) {
                        if (pending[depth] < UINT32_MAX)
                                return MARSHAL_E_SHAPE;
                        pending[depth] = 0;
                        continue;
                }
                pending[depth]--;
                if (depth == 0)
                        *ret = item.text;
                if (item.kind != KIND_LIST && item.kind != KIND_DICT)
                        continue;
                if (depth == MARSHAL_DEPTH_MAX)
                        return MARSHAL_E_SHAPE;
                pending[++depth] = item.kind == KIND_DICT ? UINT64_MAX : item.n;
        }
}

static bool is_text(const MarshalText *text)
{
        return text->text && text_is_utf8(text->text, text->n);
}

int marshal_text_parse(const uint8_t *bytes, size_t n_bytes, MarshalText *ret)
{
        Cursor cursor = { .at = bytes, .n_left = n_bytes };
        Item item;

        if (read_item(&cursor, &item) || item.kind != KIND_TEXT)
                return MARSHAL_E_SHAPE;
        *ret = item.text;
        return 0;
}

int marshal_blob_parse(const uint8_t *bytes, size_t n_bytes, MarshalBlob *ret)
{
        Cursor cursor = { .at = bytes, .n_left = n_bytes };
        MarshalBlob blob;
        Item tuple;

        if (read_item(&cursor, &tuple) || tuple.kind != KIND_LIST || tuple.n != 3)
                return MARSHAL_E_SHAPE;
        if (read_whole(&cursor, &blob.info) || read_whole(&cursor, &blob.object) ||
            read_whole(&cursor, &blob.method) || cursor.n_left > 0)
                return MARSHAL_E_SHAPE;
        if (!is_text(&blob.object) || !is_text(&blob.method))
                return MARSHAL_E_SHAPE;
        if (!is_text(&blob.info))
                blob.info = (MarshalText){ NULL, 0 };
        *ret = blob;
        return 0;
}
