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

#include <pyrope/value.h>
#include <stdint.h>

#define CODEC_DEPTH_MAX 512u /* lists and maps inside each other */

enum {
        CODEC_E_SUCCESS,

        CODEC_E_INCOMPLETE, /* the bytes end inside an item, or a count exceeds them */
        CODEC_E_TRAILING,   /* bytes left over behind the item */
        CODEC_E_DEPTH,      /* nested deeper than CODEC_DEPTH_MAX */
        CODEC_E_FORMAT,     /* a byte that msgpack does not know (0xc1) */
        CODEC_E_UTF8,       /* a str that is not UTF-8 */
        CODEC_E_KEY,        /* a map key that is neither str nor bin */
};

/** codec_strerror() - one of the above in words. Return: static text. */
const char *codec_strerror(int r);

/**
 * codec_check() - validate exactly one item that fills the bytes
 * @bytes, @n_bytes: as received; must outlive the view
 * @ret:             the item
 *
 * Return: 0, CODEC_E_*.
 */
NODISCARD int codec_check(const uint8_t *bytes, size_t n_bytes, pyrope_view *ret);

/** codec_skip() - first byte behind a validated item. */
const uint8_t *codec_skip(pyrope_view item);

/** codec_view_bytes() - the encoded bytes of a validated item. Return: their count. */
size_t codec_view_bytes(pyrope_view item, const uint8_t **ret);
