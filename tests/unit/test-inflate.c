/* SPDX-License-Identifier: MIT */

#include "proto/inflate.h"

#include "tests/unit/unit.h"

#include <string.h>
#include <zlib.h>

static uint8_t *compressed;
static size_t n_compressed;

/* @n zero bytes, as small as zlib makes them. */
static void compress_zeros(size_t n)
{
        uLongf n_bound = compressBound(n);
        uint8_t *zeros = calloc(1, n);

        compressed = malloc(n_bound);
        ck_assert_int_eq(compress2(compressed, &n_bound, zeros, n, 9), Z_OK);
        n_compressed = n_bound;
        free(zeros);
}

static void tear_down(void)
{
        free(compressed);
        compressed = NULL;
}

static const size_t sizes[] = {
        0, 1, 100, INFLATE_STEP_BYTES - 1, INFLATE_STEP_BYTES, INFLATE_STEP_BYTES + 1, 1000000
};

START_TEST(a_payload_inflates_up_to_the_limit_and_no_further)
{
        const size_t n = sizes[_i];
        Buffer buffer;

        compress_zeros(n);
        buffer_init(&buffer, n);
        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), 0);
        ck_assert_uint_eq(buffer.n, n);
        buffer_deinit(&buffer);

        if (n == 0)
                return;
        buffer_init(&buffer, n - 1);
        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), INFLATE_E_TOO_LARGE);
        ck_assert_uint_eq(buffer.n, 0);
        buffer_deinit(&buffer);
}
END_TEST

START_TEST(what_was_in_the_buffer_stays)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(10);

        compress_zeros(4);
        ck_assert_int_eq(buffer_append(&buffer, "head", 4), 0);

        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), 0);
        ck_assert_uint_eq(buffer.n, 8);
        ck_assert_mem_eq(buffer.data, "head\0\0\0\0", 8);
        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), INFLATE_E_TOO_LARGE);
        ck_assert_uint_eq(buffer.n, 8);
}
END_TEST

/* A gigabyte of zeros in a megabyte: one block of a megabyte, over and over. */
static void compress_bomb(void)
{
        const size_t n_block = 1u << 20, n_blocks = 1024;
        uint8_t *zeros = calloc(1, n_block);
        z_stream stream = { .next_in = zeros, .avail_in = (uInt)n_block };
        uint8_t block[4096];
        size_t n;

        ck_assert_int_eq(deflateInit(&stream, 9), Z_OK);
        stream.next_out = block;
        stream.avail_out = sizeof(block);
        ck_assert_int_eq(deflate(&stream, Z_FULL_FLUSH), Z_OK);
        n = sizeof(block) - stream.avail_out;
        (void)deflateEnd(&stream);
        free(zeros);

        n_compressed = 2 + n_blocks * (n - 2); /* the stream begins with two bytes of its own */
        compressed = malloc(n_compressed);
        memcpy(compressed, block, 2);
        for (size_t i = 0; i < n_blocks; i++)
                memcpy(compressed + 2 + i * (n - 2), block + 2, n - 2);
}

START_TEST(a_bomb_costs_no_more_than_the_limit)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1u << 20);
        CLEANUP(buffer_deinit) Buffer large = BUFFER_INIT(100u << 20);

        compress_bomb();
        ck_assert_uint_lt(n_compressed, 2u << 20);

        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), INFLATE_E_TOO_LARGE);
        ck_assert_uint_le(buffer.n_allocated, 1u << 20);
        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &large), INFLATE_E_TOO_LARGE);
        ck_assert_uint_le(large.n_allocated, 100u << 20);
}
END_TEST

START_TEST(every_beginning_is_refused)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1000);
        uint8_t *exact;

        compress_zeros(500);
        for (size_t n = 0; n < n_compressed; n++) {
                exact = malloc(n ? n : 1);
                memcpy(exact, compressed, n);
                ck_assert_int_eq(inflate_payload(exact, n, &buffer), INFLATE_E_CORRUPT);
                free(exact);
        }
}
END_TEST

START_TEST(bytes_behind_the_stream_are_refused)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1000);

        compress_zeros(500);
        compressed = realloc(compressed, n_compressed + 1);
        compressed[n_compressed] = 0;

        ck_assert_int_eq(inflate_payload(compressed, n_compressed + 1, &buffer), INFLATE_E_CORRUPT);
}
END_TEST

START_TEST(a_changed_byte_is_noticed)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1000);

        compress_zeros(500);
        compressed[n_compressed - 1] ^= 1; /* the checksum */

        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), INFLATE_E_CORRUPT);
        ck_assert_int_eq(inflate_payload((const uint8_t *)"no zlib", 7, &buffer),
                         INFLATE_E_CORRUPT);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("inflate");
        TCase *tcase = tcase_create("inflate");

        tcase_add_checked_fixture(tcase, NULL, tear_down);
        tcase_add_loop_test(tcase, a_payload_inflates_up_to_the_limit_and_no_further, 0,
                            ARRAY_SIZE(sizes));
        tcase_add_test(tcase, what_was_in_the_buffer_stays);
        tcase_add_test(tcase, a_bomb_costs_no_more_than_the_limit);
        tcase_add_test(tcase, every_beginning_is_refused);
        tcase_add_test(tcase, bytes_behind_the_stream_are_refused);
        tcase_add_test(tcase, a_changed_byte_is_noticed);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
