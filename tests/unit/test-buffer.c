/* SPDX-License-Identifier: MIT */

#include "base/buffer.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

/* Fills the buffer byte by byte; returns how often it grew, or -1 if it would not. */
static int fill(Buffer *buffer, unsigned n)
{
        int n_grown = 0;

        for (unsigned i = 0; i < n; i++) {
                size_t n_before = buffer->n_allocated;
                uint8_t byte = (uint8_t)(i * 7);

                if (buffer_append(buffer, &byte, 1))
                        return -1;
                n_grown += buffer->n_allocated != n_before;
        }
        return n_grown;
}

START_TEST(append_keeps_the_bytes_in_order_and_grows_by_doubling)
{
        enum { N = 1 << 20 };
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(N);
        unsigned n_wrong = 0;
        int n_grown = fill(&buffer, N);

        ck_assert_int_ge(n_grown, 1);
        ck_assert_int_le(n_grown, 20);
        ck_assert_uint_eq(buffer.n, N);
        for (unsigned i = 0; i < N; i++)
                n_wrong += buffer.data[i] != (uint8_t)(i * 7);
        ck_assert_uint_eq(n_wrong, 0);
}
END_TEST

START_TEST(append_stops_at_the_limit_and_not_before)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(100);
        char bytes[100] = { 0 };

        ck_assert_int_eq(buffer_append(&buffer, bytes, 99), 0);
        ck_assert_int_eq(buffer_append(&buffer, bytes, 2), -EMSGSIZE);
        ck_assert_uint_eq(buffer.n, 99);
        ck_assert_int_eq(buffer_append(&buffer, bytes, 1), 0);
        ck_assert_int_eq(buffer_append(&buffer, bytes, 1), -EMSGSIZE);
        ck_assert_uint_eq(buffer.n, 100);
        ck_assert_uint_le(buffer.n_allocated, 100);
}
END_TEST

START_TEST(reserve_refuses_counts_that_would_wrap)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(SIZE_MAX);

        ck_assert_int_eq(buffer_append(&buffer, "x", 1), 0);
        ck_assert_int_eq(buffer_reserve(&buffer, SIZE_MAX), -EMSGSIZE);
        ck_assert_uint_eq(buffer.n, 1);
}
END_TEST

START_TEST(reserve_reports_lack_of_memory_and_changes_nothing)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(SIZE_MAX);

        ck_assert_int_eq(buffer_append(&buffer, "kept", 4), 0);
        ck_assert_int_eq(buffer_reserve(&buffer, SIZE_MAX / 2), -ENOMEM);
        ck_assert_mem_eq(buffer.data, "kept", 4);
        ck_assert_uint_eq(buffer.n, 4);
}
END_TEST

START_TEST(consume_moves_the_rest_to_the_front)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(64);

        ck_assert_int_eq(buffer_append(&buffer, "headtail", 8), 0);
        buffer_consume(&buffer, 0);
        buffer_consume(&buffer, 4);
        ck_assert_uint_eq(buffer.n, 4);
        ck_assert_mem_eq(buffer.data, "tail", 4);
        buffer_consume(&buffer, 4);
        ck_assert_uint_eq(buffer.n, 0);
        buffer_consume(&buffer, 0);
}
END_TEST

START_TEST(printf_appends_a_string)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(16);

        ck_assert_int_eq(buffer_append_printf(&buffer, "%s=%d", "key", 42), 0);
        ck_assert_str_eq((char *)buffer.data, "key=42");
        ck_assert_int_eq(buffer_append_printf(&buffer, ";%s", "12345678"), 0);
        ck_assert_str_eq((char *)buffer.data, "key=42;12345678");
        ck_assert_uint_eq(buffer.n, 15);

        /* Full: the terminator has the last byte. */
        ck_assert_int_eq(buffer_append_printf(&buffer, "x"), -EMSGSIZE);
        ck_assert_uint_eq(buffer.n, 15);
}
END_TEST

START_TEST(clear_keeps_the_memory_and_deinit_gives_it_back)
{
        Buffer buffer;

        buffer_init(&buffer, 1000);
        ck_assert_int_eq(buffer_append(&buffer, NULL, 0), 0);
        ck_assert_int_eq(buffer_reserve(&buffer, 1000), 0);
        buffer.n = 1000;
        buffer_clear(&buffer);
        ck_assert_uint_eq(buffer.n, 0);
        ck_assert_uint_eq(buffer.n_allocated, 1000);

        buffer_deinit(&buffer);
        ck_assert_ptr_null(buffer.data);
        ck_assert_int_eq(buffer_append(&buffer, "again", 5), 0);
        buffer_deinit(&buffer);
        buffer_deinit(&buffer);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("buffer");
        TCase *tcase = tcase_create("buffer");

        tcase_add_test(tcase, append_keeps_the_bytes_in_order_and_grows_by_doubling);
        tcase_add_test(tcase, append_stops_at_the_limit_and_not_before);
        tcase_add_test(tcase, reserve_refuses_counts_that_would_wrap);
        tcase_add_test(tcase, reserve_reports_lack_of_memory_and_changes_nothing);
        tcase_add_test(tcase, consume_moves_the_rest_to_the_front);
        tcase_add_test(tcase, printf_appends_a_string);
        tcase_add_test(tcase, clear_keeps_the_memory_and_deinit_gives_it_back);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
