/* SPDX-License-Identifier: MIT */

#include "proto/inflate.h"

#include "proto/codec.h"
#include "tests/support/zlib-bomb.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <zlib.h>

static uint8_t *compressed;
static size_t n_compressed;

#define BIN8_HEAD  2u
#define BIN32_HEAD 5u

/* A value of @n bytes in all, as small as zlib makes it: zeros in a bin, if there is room for its
 * head. */
static void compress_value(size_t n)
{
        uLongf n_bound = compressBound(n);
        uint8_t *value = calloc(1, n ? n : 1);

        if (n >= BIN32_HEAD) {
                value[0] = 0xc6;
                for (size_t i = 0; i < 4; i++)
                        value[1 + i] = (uint8_t)((n - BIN32_HEAD) >> (24 - 8 * i));
        } else if (n >= BIN8_HEAD) {
                value[0] = 0xc4;
                value[1] = (uint8_t)(n - BIN8_HEAD);
        }
        compressed = malloc(n_bound);
        ck_assert_int_eq(compress2(compressed, &n_bound, value, n, 9), Z_OK);
        n_compressed = n_bound;
        free(value);
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

        compress_value(n);
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

        compress_value(4);
        ck_assert_int_eq(buffer_append(&buffer, "head", 4), 0);

        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), 0);
        ck_assert_uint_eq(buffer.n, 8);
        ck_assert_mem_eq(buffer.data, "head\xc4\2\0\0", 8);
        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), INFLATE_E_TOO_LARGE);
        ck_assert_uint_eq(buffer.n, 8);
}
END_TEST

/* A list of ints that fills the limit, and then goes on: nothing is wrong with it before that. */
START_TEST(a_bomb_costs_no_more_than_the_limit)
{
        const uint32_t n_max = 1u << (20 + 3 * _i), n = n_max - BIN32_HEAD;
        const uint8_t head[BIN32_HEAD] = { 0xdd, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
                                           (uint8_t)(n >> 8), (uint8_t)n };
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(n_max);

        compressed = zlib_bomb(head, sizeof(head), 1024, &n_compressed);
        ck_assert_uint_lt(n_compressed, 2u << 20);

        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer), INFLATE_E_TOO_LARGE);
        ck_assert_uint_eq(buffer.n, 0);
        ck_assert_uint_eq(buffer.n_allocated, n_max);
}
END_TEST

static const struct {
        const char *what;
        const void *head;
        size_t n_head;
        int r;
} hopeless[] = {
        { "an int, and more", "", 0, INFLATE_E_NO_ITEM },
        { "an unknown byte in a list", "\xdd\0\xff\xff\xff\xc1", 6, INFLATE_E_NO_ITEM },
        { "an int as key", "\xdf\0\xff\xff\xff", 5, INFLATE_E_NO_ITEM },
        { "bytes above the limit", "\xc6\x40\0\0\0", 5, INFLATE_E_TOO_LARGE },
        { "a list that cannot fit", "\x92\xdd\x3f\xff\xff\xff", 6, INFLATE_E_TOO_LARGE },
};

START_TEST(what_can_be_no_item_is_inflated_no_further)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1u << 30);

        compressed = zlib_bomb(hopeless[_i].head, hopeless[_i].n_head, 1024, &n_compressed);

        ck_assert_msg(inflate_payload(compressed, n_compressed, &buffer) == hopeless[_i].r,
                      "%s: inflated", hopeless[_i].what);
        ck_assert_uint_eq(buffer.n, 0);
        ck_assert_uint_le(buffer.n_allocated, INFLATE_STEP_BYTES);
}
END_TEST

/* A list of ints that is over at the last byte that is looked at, and one byte before. */
START_TEST(a_long_beginning_is_not_looked_at)
{
        const uint32_t n = INFLATE_JUDGED_BYTES - BIN32_HEAD - (uint32_t)_i;
        const uint8_t head[] = { 0xdd, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                                 (uint8_t)n };
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(4 * INFLATE_JUDGED_BYTES);

        compressed = zlib_bomb(head, sizeof(head), 10, &n_compressed);

        ck_assert_int_eq(inflate_payload(compressed, n_compressed, &buffer),
                         _i ? INFLATE_E_NO_ITEM : INFLATE_E_TOO_LARGE);
}
END_TEST

START_TEST(every_beginning_is_refused)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1000);
        uint8_t *exact;

        compress_value(500);
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

        compress_value(500);
        compressed = realloc(compressed, n_compressed + 1);
        compressed[n_compressed] = 0;

        ck_assert_int_eq(inflate_payload(compressed, n_compressed + 1, &buffer), INFLATE_E_CORRUPT);
}
END_TEST

START_TEST(a_changed_byte_is_noticed)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1000);

        compress_value(500);
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
        tcase_add_loop_test(tcase, a_bomb_costs_no_more_than_the_limit, 0, 3);
        tcase_add_loop_test(tcase, what_can_be_no_item_is_inflated_no_further, 0,
                            ARRAY_SIZE(hopeless));
        tcase_add_loop_test(tcase, a_long_beginning_is_not_looked_at, 0, 2);
        tcase_add_test(tcase, every_beginning_is_refused);
        tcase_add_test(tcase, bytes_behind_the_stream_are_refused);
        tcase_add_test(tcase, a_changed_byte_is_noticed);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
