/* SPDX-License-Identifier: MIT */

/*
 * What inflates stays within the limit, is what zlib itself makes of it in one go, and comes back
 * when it is compressed again; the buffer never holds more than its limit.
 */

#include "proto/inflate.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <zlib.h>

#define LIMIT (256u * 1024u)

static void check_against_zlib(const uint8_t *data, size_t size, const Buffer *plain)
{
        uLongf n_again = plain->n + 1;
        uint8_t *again = malloc(n_again);

        if (!again)
                abort();
        PROPERTY(uncompress(again, &n_again, data, size) == Z_OK);
        PROPERTY(n_again == plain->n);
        PROPERTY(n_again == 0 || memcmp(again, plain->data, n_again) == 0);
        free(again);
}

static void check_round_trip(const Buffer *plain)
{
        CLEANUP(buffer_deinit) Buffer again = BUFFER_INIT(LIMIT);
        uLongf n_compressed = compressBound(plain->n);
        uint8_t *compressed = malloc(n_compressed);

        if (!compressed)
                abort();
        PROPERTY(compress2(compressed, &n_compressed, plain->data, plain->n, 1) == Z_OK);
        PROPERTY(inflate_payload(compressed, n_compressed, &again) == 0);
        PROPERTY(again.n == plain->n);
        PROPERTY(again.n == 0 || memcmp(again.data, plain->data, again.n) == 0);
        free(compressed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(LIMIT);
        int r;

        r = inflate_payload(data, size, &plain);
        PROPERTY(plain.n_allocated <= LIMIT);
        if (r) {
                PROPERTY(r > 0 && plain.n == 0);
                return 0;
        }
        check_against_zlib(data, size, &plain);
        check_round_trip(&plain);
        return 0;
}
