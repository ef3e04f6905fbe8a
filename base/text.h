#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Text
 *
 * What untrusted bytes are, how they are shown, and the numbers people type. Pure functions.
 */

#include "base/defs.h"

#include <stdbool.h>

enum {
        TEXT_E_SUCCESS,

        TEXT_E_INVALID, /* not of the asked form */
        TEXT_E_RANGE,   /* of the form, but outside the limits */
};

/* Whether the bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. NUL is. */
bool text_is_utf8(const void *bytes, size_t n_bytes);

/**
 * text_escape() - make untrusted bytes fit to be shown on a terminal or in a log
 * @bytes:      any bytes, borrowed
 * @out:        receives one line of UTF-8, always terminated
 * @n_out:      room in @out, at least TEXT_ESCAPE_MIN
 *
 * Controls (C0, DEL, C1), line separators (U+2028, U+2029), characters that turn the direction of
 * writing and bytes that are not UTF-8 become \xNN, byte by byte. What does not fit is cut at a
 * whole character and ends in "…". A backslash stays as it is: this is for eyes, not to be undone.
 *
 * Return: the length of the text in @out.
 */
size_t text_escape(const void *bytes, size_t n_bytes, char *out, size_t n_out);

#define TEXT_ESCAPE_MIN 8u /* one escape, the mark of a cut and the terminator */

/**
 * text_parse_int64() - a decimal number: an optional minus, then digits, nothing else
 *
 * Return: 0, TEXT_E_INVALID, TEXT_E_RANGE if outside @min..@max.
 */
NODISCARD int text_parse_int64(const char *text, int64_t min, int64_t max, int64_t *ret);

/**
 * text_parse_size() - bytes: digits, then nothing, K, M, G or T (of 1024)
 *
 * Return: 0, TEXT_E_INVALID, TEXT_E_RANGE if above INT64_MAX.
 */
NODISCARD int text_parse_size(const char *text, int64_t *ret_bytes);

/**
 * text_parse_duration() - "500ms", "30s", "2m", "1h", "7d", or "0"
 *
 * A number without unit is refused, since people do not agree on what it means.
 *
 * Return: 0, TEXT_E_INVALID, TEXT_E_RANGE if above INT64_MAX milliseconds.
 */
NODISCARD int text_parse_duration(const char *text, int64_t *ret_ms);

/**
 * text_parse_bool() - yes, true, on, 1 or no, false, off, 0
 *
 * Return: 0, TEXT_E_INVALID.
 */
NODISCARD int text_parse_bool(const char *text, bool *ret);
