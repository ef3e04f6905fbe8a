#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Base64
 *
 * Bytes as text, RFC 4648 section 4: the usual alphabet, padded, no line breaks. Pure functions.
 */

#include <stddef.h>

enum {
        BASE64_E_SUCCESS,

        BASE64_E_INVALID, /* not of that form */
};

/** base64_encode() - Return: owned by the caller, free(); NULL: out of memory. */
char *base64_encode(const void *bytes, size_t n_bytes);

/**
 * base64_decode() - the inverse
 * @text: @n_text characters
 * @ret:  owned by the caller, free(); never NULL, not even for no bytes
 *
 * Return: 0, BASE64_E_INVALID, -ENOMEM.
 */
int base64_decode(const char *text, size_t n_text, void **ret, size_t *ret_n);
