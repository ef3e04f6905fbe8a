/* SPDX-License-Identifier: MIT */

#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three bytes as four characters. */
static void encode_group(const uint8_t *bytes, size_t n_bytes, char *out)
{
        uint32_t bits = (uint32_t)bytes[0] << 16;

        if (n_bytes > 1)
                bits |= (uint32_t)bytes[1] << 8;
        if (n_bytes > 2)
                bits |= bytes[2];

        for (size_t i = 0; i < 4; i++)
                out[i] = i <= n_bytes ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
}

char *base64_encode(const void *bytes, size_t n_bytes)
{
        const uint8_t *from = bytes;
        char *text, *to;

        if (n_bytes > SIZE_MAX / 4 * 3 - 4)
                return NULL;
        text = to = malloc((n_bytes + 2) / 3 * 4 + 1);
        if (!text)
                return NULL;

        for (; n_bytes; to += 4) {
                size_t n = n_bytes < 3 ? n_bytes : 3;

                encode_group(from, n, to);
                from += n;
                n_bytes -= n;
        }
        *to = '\0';
        return text;
}

/* Four characters, of which the last @n_pad are '='; writes 3 - @n_pad bytes. */
static int decode_group(const char *text, size_t n_pad, uint8_t *out)
{
        uint32_t bits = 0;

        for (size_t i = 0; i < 4 - n_pad; i++) {
                const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;

                if (!at)
                        return BASE64_E_INVALID;
                bits |= (uint32_t)(at - alphabet) << (18 - 6 * i);
        }
        /* Bits that no byte uses must be zero, so that each text has one meaning. */
        if (n_pad && bits & ((1u << 8 * n_pad) - 1))
                return BASE64_E_INVALID;

        for (size_t i = 0; i < 3 - n_pad; i++)
                out[i] = (uint8_t)(bits >> (16 - 8 * i));
        return 0;
}

int base64_decode(const char *text, size_t n_text, void **ret, size_t *ret_n)
{
        size_t n_groups = n_text / 4, n_pad = 0;
        uint8_t *bytes;
        int r = 0;

        if (n_text % 4)
                return BASE64_E_INVALID;
        if (n_text)
                n_pad = text[n_text - 1] != '=' ? 0 : text[n_text - 2] != '=' ? 1 : 2;

        bytes = malloc(n_groups * 3 + 1);
        if (!bytes)
                return -ENOMEM;
        for (size_t i = 0; !r && i < n_groups; i++)
                r = decode_group(text + 4 * i, i + 1 == n_groups ? n_pad : 0, bytes + 3 * i);
        if (r) {
                free(bytes);
                return r;
        }

        *ret = bytes;
        *ret_n = n_groups * 3 - n_pad;
        return 0;
}
