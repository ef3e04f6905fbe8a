/* SPDX-License-Identifier: MIT */

#include "proto/pyro4.h"

#include <string.h>

#define CONNECTFAIL     3u
#define SERIALIZER_JSON 2u      /* every Pyro4 can read it */
#define CHECKSUM        0x34e9u /* and all fields of the header are added to it */

static uint8_t *put(uint8_t *at, size_t n_bytes, uint32_t number)
{
        for (size_t i = n_bytes; i > 0; i--)
                *at++ = (uint8_t)(number >> 8 * (i - 1));
        return at;
}

size_t pyro4_refusal_write(uint16_t version, const char *text,
                           uint8_t ret[static PYRO4_REFUSAL_BYTES])
{
        const uint32_t n_text = (uint32_t)strnlen(text, PYRO4_TEXT_MAX);
        const uint32_t n_payload = n_text + 2;
        uint8_t *at = ret;

        memcpy(at, "PYRO", 4);
        at = put(at + 4, 2, version);
        at = put(at, 2, CONNECTFAIL);
        at = put(at, 2, 0); /* flags */
        at = put(at, 2, 0); /* sequence: it is not looked at */
        at = put(at, 4, n_payload);
        at = put(at, 2, SERIALIZER_JSON);
        at = put(at, 2, 0); /* bytes of annotations */
        at = put(at, 2, 0); /* reserved */
        at = put(at, 2, CONNECTFAIL + version + n_payload + SERIALIZER_JSON + CHECKSUM);
        *at++ = '"';
        memcpy(at, text, n_text);
        at[n_text] = '"';
        return PYRO4_HEADER_SIZE + n_payload;
}
