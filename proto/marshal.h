#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Python's marshal, as far as Pyro5 lets it out
 *
 * Some reasons of a refused handshake are a marshalled str, and a call with FRAME_KEEP_SERIALIZED
 * has its object and method in a marshalled tuple. Strangers send both: nothing is allocated,
 * nothing recurses, and what is found lies within the bytes given.
 */

#include "base/defs.h"

#include <stdint.h>

#define MARSHAL_DEPTH_MAX 16u /* containers inside each other in the info of a blob */
#define MARSHAL_REFS_MAX  64u /* places that a later one may refer to */

enum {
        MARSHAL_E_SUCCESS,

        MARSHAL_E_SHAPE, /* something else, or cut off, or beyond a limit */
};

typedef struct MarshalText MarshalText;
typedef struct MarshalBlob MarshalBlob;

/* Without NUL behind it; may be anything unless it is said to be UTF-8. */
struct MarshalText {
        const char *text; /* NULL: no str */
        size_t n;
};

struct MarshalBlob {
        MarshalText info;   /* UTF-8; of any other value: no str */
        MarshalText object; /* UTF-8 */
        MarshalText method; /* UTF-8 */
};

/** marshal_text_parse() - one str; what follows it is passed over. Return: 0, MARSHAL_E_SHAPE. */
NODISCARD int marshal_text_parse(const uint8_t *bytes, size_t n_bytes, MarshalText *ret);

/**
 * marshal_blob_parse() - the tuple (info, object, method), and nothing behind it
 *
 * The info may be any value that marshal knows but code. Return: 0, MARSHAL_E_SHAPE.
 */
NODISCARD int marshal_blob_parse(const uint8_t *bytes, size_t n_bytes, MarshalBlob *ret);
