#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Compressed payloads
 *
 * The payload of a frame with FRAME_COMPRESSED is one zlib stream of a msgpack item. A kilobyte may
 * be a gigabyte: it is inflated step by step, no further than the limit of the buffer, nor if
 * its beginning is not that of an item.
 */

#include "base/buffer.h"
#include "base/defs.h"

#define INFLATE_STEP_BYTES   (16u * 1024u) /* by which the output grows at first */
#define INFLATE_JUDGED_BYTES (1u << 20)    /* a beginning that is looked at before it is whole */

enum {
        INFLATE_E_SUCCESS,

        INFLATE_E_CORRUPT,   /* no zlib stream, cut off, or with bytes behind it */
        INFLATE_E_TOO_LARGE, /* inflates to more than the buffer may hold, or says it will */
        INFLATE_E_NO_ITEM,   /* begins as no msgpack item does, and was inflated no further */
};

/**
 * inflate_payload() - append the inflated payload to a buffer
 * @bytes, @n_bytes: the payload
 * @buffer:          its n_max is the limit; unchanged unless 0 is returned
 *
 * Return: 0, INFLATE_E_*, -ENOMEM.
 */
NODISCARD int inflate_payload(const uint8_t *bytes, size_t n_bytes, Buffer *buffer);
