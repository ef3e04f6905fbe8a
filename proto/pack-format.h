#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Formats of pyrope_pack() and pyrope_unpack(), for the layers of libpyrope
 *
 * A format comes from a program, not from a peer; a wrong one is still refused, never followed.
 */

#include "base/defs.h"

#define PACK_FORMAT_DEPTH_MAX 16 /* brackets inside each other */

enum {
        PACK_FORMAT_E_SUCCESS,

        PACK_FORMAT_E_INVALID, /* no format */
};

/**
 * pack_format_count() - how many values a format describes, one after another
 * @at:  where to begin; up to the end of the text or an unmatched bracket
 *
 * Return: 0, PACK_FORMAT_E_INVALID if brackets are not closed.
 */
NODISCARD int pack_format_count(const char *at, size_t *ret);

/** pack_format_skip() - first byte behind the blanks and commas that mean nothing. */
const char *pack_format_skip(const char *at);
