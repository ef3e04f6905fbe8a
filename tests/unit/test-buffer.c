/* SPDX-License-Identifier: MIT */

#include "base/buffer.h"

#include "base/pages.h"
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

/* From the heap to pages and back, at and around the size where they take over. */
START_TEST(many_bytes_survive_every_change_of_their_memory)
{
        static const size_t sizes[] = { PAGES_MIN_BYTES - 1, PAGES_MIN_BYTES, PAGES_MIN_BYTES + 1,
                                        3 * PAGES_MIN_BYTES };
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(SIZE_MAX);
        CLEANUP(buffer_deinit) Buffer moved = BUFFER_INIT(1);
        unsigned n_wrong = 0;

        ck_assert_int_ge(fill(&buffer, (unsigned)sizes[_i]), 0);
        ck_assert_int_eq(buffer_reserve(&buffer, 4 * buffer.n), 0);
        buffer_shrink(&buffer);
        ck_assert_uint_lt(buffer.n_allocated, sizes[_i] + 4096);
        buffer_consume(&buffer, sizes[_i] / 2);
        buffer_shrink(&buffer);
        buffer_move(&buffer, &moved);

        ck_assert_ptr_null(buffer.data);
        ck_assert_uint_eq(moved.n, sizes[_i] - sizes[_i] / 2);
        for (size_t i = 0; i < moved.n; i++)
                n_wrong += moved.data[i] != (uint8_t)((i + sizes[_i] / 2) * 7);
        ck_assert_uint_eq(n_wrong, 0);
}
END_TEST

/* Announced bytes are no reason to ask for memory, but to take what is there. */
START_TEST(an_announcement_costs_nothing)
{
        const size_t n_whole = (size_t)1 << 30;
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(n_whole);
        size_t n_kept = 0;
        void *kept;

        pages_trim();
        ck_assert_int_eq(buffer_reserve_of(&buffer, 1000, n_whole), 0);
        ck_assert_uint_le(buffer.n_allocated, 2000);
        buffer.n = 1000;
        ck_assert_int_eq(buffer_reserve_of(&buffer, PAGES_MIN_BYTES, n_whole), 0);
        ck_assert_uint_le(buffer.n_allocated, 2 * (1000 + PAGES_MIN_BYTES));
        buffer_deinit(&buffer);

        pages_trim();
        kept = pages_new(16 * PAGES_MIN_BYTES, 0, &n_kept);
        pages_free(kept, n_kept);
        ck_assert_int_eq(buffer_reserve_of(&buffer, PAGES_MIN_BYTES, n_whole), 0);
        ck_assert_uint_eq(buffer.n_allocated, n_kept);
        ck_assert_ptr_eq(buffer.data, kept);
}
END_TEST

START_TEST(kept_memory_does_not_raise_the_limit)
{
        const size_t n_max = PAGES_MIN_BYTES + 1;
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(n_max);
        size_t n_kept = 0;
        void *kept;

        pages_trim();
        kept = pages_new(2 * PAGES_MIN_BYTES, 0, &n_kept);
        pages_free(kept, n_kept);
        ck_assert_int_ge(fill(&buffer, (unsigned)n_max), 0);
        ck_assert_ptr_eq(buffer.data, kept);

        ck_assert_uint_eq(buffer.n_allocated, n_max);
        ck_assert_int_eq(buffer_append(&buffer, "x", 1), -EMSGSIZE);
        ck_assert_uint_eq(pages_kept_bytes(), 0);
        buffer_deinit(&buffer);
        ck_assert_uint_eq(pages_kept_bytes(), n_kept); /* all of it is back */
        pages_trim();
}
END_TEST

START_TEST(announced_bytes_get_no_more_than_that)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1000);

        ck_assert_int_eq(buffer_reserve_of(&buffer, 200, 300), 0);
        buffer.n = 200;
        ck_assert_int_eq(buffer_reserve_of(&buffer, 100, 300), 0);
        ck_assert_uint_eq(buffer.n_allocated, 300);
        buffer.n = 300;
        ck_assert_int_eq(buffer_reserve_of(&buffer, 1, 300), 0); /* one that does not keep to it */
        ck_assert_uint_ge(buffer.n_allocated, 301);
        ck_assert_int_eq(buffer_reserve_of(&buffer, 701, 300), -EMSGSIZE);
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
        tcase_add_loop_test(tcase, many_bytes_survive_every_change_of_their_memory, 0, 4);
        tcase_add_test(tcase, an_announcement_costs_nothing);
        tcase_add_test(tcase, kept_memory_does_not_raise_the_limit);
        tcase_add_test(tcase, announced_bytes_get_no_more_than_that);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
