/* SPDX-License-Identifier: MIT */

#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n_bytes)
{
        uint8_t *next = out;
        ssize_t n;

        while (n_bytes > 0) {
                n = getrandom(next, n_bytes, 0);
                if (n < 0 && errno != EINTR)
                        abort();
                if (n < 0)
                        continue;
                next += n;
                n_bytes -= (size_t)n;
        }
}

void random_id(char *out, size_t n_chars)
{
        static const char alphabet[] = "23456789abcdefghjkmnpqrstuvwxyz";
        const unsigned n_alphabet = sizeof(alphabet) - 1;
        uint8_t byte;

        for (size_t i = 0; i < n_chars; i++) {
                /* Bytes of the incomplete last round would make the first letters likelier. */
                do
                        random_bytes(&byte, 1);
                while (byte >= 256 / n_alphabet * n_alphabet);
                out[i] = alphabet[byte % n_alphabet];
        }
        out[n_chars] = '\0';
}

static void hex(const uint8_t *bytes, size_t n_bytes, char *out)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n_bytes; i++) {
                out[2 * i] = digits[bytes[i] >> 4];
                out[2 * i + 1] = digits[bytes[i] & 15];
        }
        out[2 * n_bytes] = '\0';
}

void random_hex(char *out, size_t n_bytes)
{
        /* The bytes lie in the second half, where each is read before its place is written. */
        uint8_t *bytes = (uint8_t *)out + n_bytes;

        random_bytes(bytes, n_bytes);
        hex(bytes, n_bytes, out);
}

void random_uuid(char out[static RANDOM_UUID_SIZE])
{
        static const uint8_t n_groups[] = { 4, 2, 2, 2, 6 };
        uint8_t bytes[16];
        const uint8_t *next = bytes;

        random_bytes(bytes, sizeof(bytes));
        bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
        bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */

        for (size_t i = 0; i < ARRAY_SIZE(n_groups); i++) {
                hex(next, n_groups[i], out);
                next += n_groups[i];
                out += 2 * n_groups[i];
                if (i + 1 < ARRAY_SIZE(n_groups))
                        *out++ = '-';
        }
}
