#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * A value as Python would print it, for messages to people
 */

#include "base/defs.h"

#include <pyrope/value.h>

#define REPR_DEPTH_MAX 8u /* lists and dicts inside each other; deeper ones are [...] and {...} */

/**
 * repr_format() - as Python's repr()
 * @ret, @n_ret: receives the text, terminated and cut where it does not fit; control characters are
 *               escaped as in Python
 *
 * Return: length of the text in @ret.
 */
size_t repr_format(pyrope_view item, char *ret, size_t n_ret);

/** repr_format_str() - the same as Python's str(): a str is itself, as it is. */
size_t repr_format_str(pyrope_view item, char *ret, size_t n_ret);
