/* SPDX-License-Identifier: MIT */

#include "base/pages.h"

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#define MIB ((size_t)1024 * 1024)

static void tear_down(void)
{
        pages_trim();
}

START_TEST(new_memory_has_what_was_asked_for_and_can_be_written)
{
        static const size_t sizes[] = { PAGES_MIN_BYTES, PAGES_MIN_BYTES + 1, 3 * MIB,
                                        5 * MIB + 7 };
        size_t n = 0;
        uint8_t *data = pages_new(sizes[_i], 0, &n);

        ck_assert_ptr_nonnull(data);
        ck_assert_uint_ge(n, sizes[_i]);
        ck_assert_uint_lt(n, sizes[_i] + 4096);
        memset(data, 0xa5, n);
        pages_free(data, n);
}
END_TEST

START_TEST(resize_keeps_the_bytes)
{
        size_t n = 0;
        uint8_t *data = pages_new(PAGES_MIN_BYTES, 0, &n);
        size_t n_wrong = 0;

        memset(data, 1, n);
        data = pages_resize(data, n, 5 * MIB, &n);
        ck_assert_ptr_nonnull(data);
        ck_assert_uint_ge(n, 5 * MIB);
        memset(data + PAGES_MIN_BYTES, 2, n - PAGES_MIN_BYTES);
        data = pages_resize(data, n, 9 * MIB, &n);
        data = pages_resize(data, n, MIB, &n);

        ck_assert_uint_eq(n, MIB);
        for (size_t i = 0; i < n; i++)
                n_wrong += data[i] != (i < PAGES_MIN_BYTES ? 1 : 2);
        ck_assert_uint_eq(n_wrong, 0);
        pages_free(data, n);
}
END_TEST

START_TEST(what_no_memory_could_hold_is_refused_and_nothing_changes)
{
        size_t n = 0, n_none = 0;
        uint8_t *data = pages_new(PAGES_MIN_BYTES, 0, &n);

        ck_assert_ptr_null(pages_new(SIZE_MAX, 0, &n_none));
        ck_assert_ptr_null(pages_new(SIZE_MAX / 2, 0, &n_none));
        ck_assert_ptr_null(pages_resize(data, n, SIZE_MAX, &n_none));
        ck_assert_ptr_null(pages_resize(data, n, SIZE_MAX / 2, &n_none));

        ck_assert_uint_eq(n_none, 0);
        memset(data, 1, n);
        pages_free(data, n);
}
END_TEST

/* One piece of 4 MiB is kept; which request gets it. */
static const struct {
        size_t n_bytes, n_expected;
        bool is_given;
} requests[] = {
        { 4 * MIB, 0, true },
        { 4 * MIB + 1, 0, false }, /* too small */
        { 4 * MIB + 1, 64 * MIB, false },
        { PAGES_MIN_BYTES, 4 * MIB, true },
        { PAGES_MIN_BYTES, 64 * MIB, true }, /* it can grow */
        { 2 * MIB, 0, true },                /* twice as large will do */
        { 2 * MIB - 4096, 0, false },
        { PAGES_MIN_BYTES, 0, false },
};

START_TEST(what_is_kept_is_given_where_it_fits)
{
        size_t n = 0, n_again = 0;
        void *first = pages_new(4 * MIB, 0, &n);
        void *again;

        pages_free(first, n);
        ck_assert_uint_eq(pages_kept_bytes(), n);
        again = pages_new(requests[_i].n_bytes, requests[_i].n_expected, &n_again);

        ck_assert_uint_eq(pages_kept_bytes(), requests[_i].is_given ? 0 : n);
        if (requests[_i].is_given) {
                ck_assert_ptr_eq(again, first);
                ck_assert_uint_eq(n_again, n);
        }
        pages_free(again, n_again);
}
END_TEST

START_TEST(the_piece_that_fits_best_is_given)
{
        static const size_t sizes[] = { 8 * MIB, 3 * MIB, 5 * MIB, 4 * MIB };
        void *pieces[ARRAY_SIZE(sizes)];
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                pieces[i] = pages_new(sizes[i], 0, &n);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                pages_free(pieces[i], sizes[i]);

        ck_assert_ptr_eq(pages_new(PAGES_MIN_BYTES, 4 * MIB, &n), pieces[3]);
        ck_assert_uint_eq(n, 4 * MIB);
        ck_assert_ptr_eq(pages_new(PAGES_MIN_BYTES, 4 * MIB, &n), pieces[2]);
        pages_free(pieces[3], 4 * MIB);
        pages_free(pieces[2], 5 * MIB);
}
END_TEST

START_TEST(not_more_pieces_are_kept_than_the_limit)
{
        void *pieces[PAGES_KEPT_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
                pieces[i] = pages_new(MIB, 0, &n);
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
                pages_free(pieces[i], n);

        ck_assert_uint_eq(pages_kept_bytes(), PAGES_KEPT_MAX * n);
}
END_TEST

START_TEST(not_more_bytes_are_kept_than_the_limit)
{
        size_t n_max = 0, n_above = 0, n_small = 0;
        void *max = pages_new(PAGES_KEPT_MAX_BYTES, 0, &n_max);
        void *above = pages_new(PAGES_KEPT_MAX_BYTES + 1, 0, &n_above);
        void *small = pages_new(PAGES_MIN_BYTES, 0, &n_small);

        pages_free(above, n_above);
        ck_assert_uint_eq(pages_kept_bytes(), 0);
        pages_free(max, n_max);
        ck_assert_uint_eq(pages_kept_bytes(), PAGES_KEPT_MAX_BYTES);
        pages_free(small, n_small);
        ck_assert_uint_eq(pages_kept_bytes(), PAGES_KEPT_MAX_BYTES);
        pages_trim();
        ck_assert_uint_eq(pages_kept_bytes(), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("pages");
        TCase *tcase = tcase_create("pages");

        tcase_add_checked_fixture(tcase, NULL, tear_down);
        tcase_add_loop_test(tcase, new_memory_has_what_was_asked_for_and_can_be_written, 0, 4);
        tcase_add_test(tcase, resize_keeps_the_bytes);
        tcase_add_test(tcase, what_no_memory_could_hold_is_refused_and_nothing_changes);
        tcase_add_loop_test(tcase, what_is_kept_is_given_where_it_fits, 0, ARRAY_SIZE(requests));
        tcase_add_test(tcase, the_piece_that_fits_best_is_given);
        tcase_add_test(tcase, not_more_pieces_are_kept_than_the_limit);
        tcase_add_test(tcase, not_more_bytes_are_kept_than_the_limit);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
