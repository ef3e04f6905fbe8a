/* SPDX-License-Identifier: MIT */

/*
 * What inflates is what zlib itself makes of it in one go. An item comes back when it is compressed
 * again, and needs just the limit that it fills; what is given up by its beginning is none. The
 * buffer never holds more than its limit.
 */

#include "proto/inflate.h"

#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <zlib.h>

#define LIMIT       (256u * 1024u) /* takes several steps */
#define SMALL_LIMIT 4096u          /* of most inputs, for bombs take time */

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

/* With the smallest window, for that is allocated anew each time. */
static size_t deflate_small(const Buffer *plain, uint8_t *ret, size_t n_ret)
{
        z_stream stream = { .next_in = plain->data, .avail_in = (uInt)plain->n };
        size_t n;

        PROPERTY(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, /* windowBits= */ 9,
                              /* memLevel= */ 1, Z_DEFAULT_STRATEGY) == Z_OK);
        stream.next_out = ret;
        stream.avail_out = (uInt)n_ret;
        PROPERTY(deflate(&stream, Z_FINISH) == Z_STREAM_END);
        n = stream.total_out;
        PROPERTY(deflateEnd(&stream) == Z_OK);
        return n;
}

static void check_round_trip(const Buffer *plain, bool is_item)
{
        CLEANUP(buffer_deinit) Buffer again = BUFFER_INIT(LIMIT);
        size_t n_compressed = 2 * plain->n + 64;
        uint8_t *compressed = malloc(n_compressed);

        if (!compressed)
                abort();
        n_compressed = deflate_small(plain, compressed, n_compressed);
        if (inflate_payload(compressed, n_compressed, &again))
                PROPERTY(!is_item && again.n == 0);
        else
                PROPERTY(again.n == plain->n &&
                         (again.n == 0 || memcmp(again.data, plain->data, again.n) == 0));
        free(compressed);
}

static void check_limit(const uint8_t *data, size_t size, size_t n_plain)
{
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(n_plain);

        PROPERTY(inflate_payload(data, size, &plain) == 0 && plain.n == n_plain);
        buffer_deinit(&plain);
        buffer_init(&plain, n_plain - 1);
        PROPERTY(inflate_payload(data, size, &plain) == INFLATE_E_TOO_LARGE && plain.n == 0);
}

/* What was given up is no item indeed. */
static void check_no_item(const uint8_t *data, size_t size)
{
        uLongf n_whole = LIMIT;
        uint8_t *whole = malloc(n_whole);
        pyrope_view view;

        if (!whole)
                abort();
        if (uncompress(whole, &n_whole, data, size) == Z_OK)
                PROPERTY(codec_check(whole, n_whole, &view) != 0);
        free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const size_t limit = size % 16 == 0 ? LIMIT : SMALL_LIMIT;
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(limit);
        pyrope_view view;
        bool is_item;
        int r;

        r = inflate_payload(data, size, &plain);
        PROPERTY(plain.n_allocated <= limit);
        if (r == INFLATE_E_NO_ITEM)
                check_no_item(data, size);
        if (r) {
                PROPERTY(r > 0 && plain.n == 0);
                return 0;
        }
        is_item = codec_check(plain.data, plain.n, &view) == 0;
        check_against_zlib(data, size, &plain);
        check_round_trip(&plain, is_item);
        if (is_item)
                check_limit(data, size, plain.n);
        return 0;
}
