/* SPDX-License-Identifier: MIT */

/* What is lent to writers: that it is written right, and released once, as soon as it may be. */

#include "proto/array.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LEAST WRITER_LEND_MIN_BYTES

static uint8_t data[4 * LEAST];
static pyrope_writer *writer;
static unsigned n_released;

static void on_released(void *userdata)
{
        ck_assert_ptr_eq(userdata, &n_released);
        n_released++;
}

static void set_up(void)
{
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t)(i * 7 + i / 256);
        writer = pyrope_writer_new();
        n_released = 0;
}

static void tear_down(void)
{
        writer = pyrope_writer_free(writer);
}

static void lend(size_t n)
{
        pyrope_write_bytes_lent(writer, data, n, on_released, &n_released);
}

START_TEST(few_bytes_are_copied_and_released_at_once)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;

        lend(LEAST - 1);
        ck_assert_uint_eq(n_released, 1);
        data[0]++; /* they may change now */
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        ck_assert_ptr_null(value_parcel(value));
        ck_assert_uint_eq(pyrope_value_view(value).at[3], 0);
}
END_TEST

START_TEST(many_bytes_are_lent_until_the_value_is_given_up)
{
        pyrope_value *value = NULL;

        lend(LEAST);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        ck_assert_ptr_nonnull(value_parcel(value));
        ck_assert_ptr_eq(value_parcel(value)->pieces[0].data, data);
        ck_assert_int_eq(value_type(value), PYROPE_BYTES);
        pyrope_value_ref(value);
        pyrope_value_free(value);
        ck_assert_uint_eq(n_released, 0);
        pyrope_value_free(value);
        ck_assert_uint_eq(n_released, 1);
}
END_TEST

/* Everything that ends what was written, but for taking it. */
START_TEST(what_is_not_taken_is_released)
{
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_write_list(writer, 2);
        lend(LEAST);
        lend(LEAST + 1);
        ck_assert_uint_eq(n_released, 0);
        if (_i == 0)
                writer_reset(writer, LEAST);
        if (_i == 1)
                writer_reset(writer, 0);
        if (_i == 2)
                ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_OK);
        if (_i == 3)
                writer = pyrope_writer_free(writer);
        ck_assert_uint_eq(n_released, 2);
}
END_TEST

START_TEST(what_cannot_be_written_is_released)
{
        const uint8_t *bytes;
        size_t n_bytes;
        const pyrope_array wrong = {
                .dtype = "<f8", .n_dimensions = 1, .shape = { 1 }, .data = data, .n_bytes = LEAST
        };

        switch (_i) {
        case 0: /* after another failure */
                pyrope_write_str(writer, "\xff");
                lend(LEAST);
                break;
        case 1: /* beyond the whole */
                pyrope_write_nil(writer);
                lend(LEAST);
                break;
        case 2:
                lend(FRAME_MESSAGE_MAX_BYTES);
                break;
        case 3:
                pyrope_write_array_lent(writer, &wrong, on_released, &n_released);
                break;
        case 4: /* few bytes, not copied either */
                pyrope_write_nil(writer);
                lend(1);
                break;
        default:
                break;
        }
        ck_assert_uint_eq(n_released, 1);
        ck_assert_int_ne(writer_finish(writer, &bytes, &n_bytes), PYROPE_OK);
}
END_TEST

/* The list of items of these sizes, written twice. */
static const size_t mixes[][4] = {
        { LEAST, 1, LEAST, 2 },
        { 1, LEAST, LEAST, 3 * LEAST },
        { 0, 70000, 0, LEAST - 1 },
        { 1, 2, 3, LEAST },
};

START_TEST(lent_or_copied_it_is_the_same_value)
{
        CLEANUP(pyrope_value_freep) pyrope_value *copied = NULL, *lent = NULL;
        pyrope_view one, other, again;

        for (int is_lent = 0; is_lent < 2; is_lent++) {
                pyrope_write_list(writer, ARRAY_SIZE(mixes[_i]));
                for (size_t i = 0; i < ARRAY_SIZE(mixes[_i]); i++)
                        if (is_lent)
                                lend(mixes[_i][i]);
                        else
                                pyrope_write_bytes(writer, data, mixes[_i][i]);
                ck_assert_int_eq(pyrope_writer_take(writer, is_lent ? &lent : &copied, NULL),
                                 PYROPE_OK);
        }
        ck_assert_int_eq(value_type(lent), PYROPE_LIST);
        one = pyrope_value_view(copied);
        other = pyrope_value_view(lent);
        again = pyrope_value_view(lent);

        ck_assert_uint_eq((size_t)(one.end - one.at), (size_t)(other.end - other.at));
        ck_assert_uint_eq(parcel_size(value_parcel(lent)), (size_t)(one.end - one.at));
        ck_assert(memcmp(one.at, other.at, (size_t)(one.end - one.at)) == 0);
        ck_assert_int_eq(codec_check(other.at, (size_t)(other.end - other.at), &one), 0);
        ck_assert_ptr_eq(other.at, again.at); /* joined once */
}
END_TEST

static void *view_main(void *userdata)
{
        return (void *)(uintptr_t)pyrope_value_view(userdata).at;
}

START_TEST(threads_that_view_it_at_once_see_one_copy)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pthread_t threads[4];
        void *first, *seen;

        lend(4 * LEAST);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, view_main, value), 0);
        pthread_join(threads[0], &first);
        for (size_t i = 1; i < ARRAY_SIZE(threads); i++) {
                pthread_join(threads[i], &seen);
                ck_assert_ptr_eq(seen, first);
        }
        ck_assert_ptr_nonnull(first);
}
END_TEST

/* Behind lent bytes of any length, too. */
START_TEST(data_of_lent_arrays_stand_aligned_in_the_whole)
{
        const pyrope_array array = { .dtype = "<f8",
                                     .n_dimensions = 1,
                                     .shape = { LEAST / 8 },
                                     .data = data,
                                     .n_bytes = LEAST };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        const ParcelPiece *piece;
        pyrope_array got;

        pyrope_write_list(writer, 2);
        lend(LEAST + (size_t)_i);
        pyrope_write_array_lent(writer, &array, on_released, &n_released);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        piece = &value_parcel(value)->pieces[1];
        ck_assert_ptr_eq(piece->data, data);
        ck_assert_uint_eq(piece->at % 8, 0);
        ck_assert_int_eq(pyrope_get_array(pyrope_at(pyrope_value_view(value), 1), "<f8", &got),
                         PYROPE_OK);
        ck_assert(array_is_aligned(&got));
        ck_assert_uint_eq(got.n_bytes, LEAST);
}
END_TEST

START_TEST(one_who_borrows_refers_to_all_that_is_large)
{
        const pyrope_array array = { .dtype = "|u1",
                                     .n_dimensions = 1,
                                     .shape = { LEAST },
                                     .data = data,
                                     .n_bytes = LEAST };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view view;

        pyrope_write_bytes(writer, data, LEAST);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        ck_assert_ptr_null(value_parcel(value));
        view = pyrope_value_view(value);

        writer_borrow(writer);
        pyrope_pack(writer, "[yyav]", data, (size_t)LEAST, data, (size_t)LEAST - 1, &array, view);
        const Parcel *parcel;
        ck_assert_int_eq(writer_finish_parcel(writer, &parcel), PYROPE_OK);
        ck_assert_uint_eq(parcel->n_pieces, 3);
        ck_assert_ptr_eq(parcel->pieces[0].data, data);
        ck_assert_ptr_eq(parcel->pieces[1].data, data);
        ck_assert_ptr_eq(parcel->pieces[2].data, view.at);

        writer_reset(writer, LEAST);
        pyrope_write_bytes(writer, data, LEAST);
        ck_assert_int_eq(writer_finish_parcel(writer, &parcel), PYROPE_OK);
        ck_assert_uint_eq(parcel->n_pieces, 0);
}
END_TEST

START_TEST(letters_for_what_is_lent)
{
        const pyrope_array array = { .dtype = "|u1",
                                     .n_dimensions = 1,
                                     .shape = { LEAST },
                                     .data = data,
                                     .n_bytes = LEAST };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        const void *bytes;
        pyrope_array got;
        size_t n_bytes;
        int number;

        pyrope_pack(writer, "[YiA]", data, (size_t)LEAST, on_released, &n_released, 7, &array, NULL,
                    NULL);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        ck_assert_uint_eq(value_parcel(value)->n_pieces, 2);
        ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), NULL, "[yiv]", &bytes, &n_bytes,
                                       &number, &(pyrope_view){ NULL, NULL }),
                         PYROPE_OK);
        ck_assert_int_eq(number, 7);
        ck_assert_uint_eq(n_bytes, LEAST);
        ck_assert(memcmp(bytes, data, LEAST) == 0);
        ck_assert_int_eq(pyrope_get_array(pyrope_at(pyrope_value_view(value), 2), "|u1", &got),
                         PYROPE_OK);
        value = pyrope_value_free(value);
        ck_assert_uint_eq(n_released, 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("lent");
        TCase *tcase = tcase_create("lent");

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, few_bytes_are_copied_and_released_at_once);
        tcase_add_test(tcase, many_bytes_are_lent_until_the_value_is_given_up);
        tcase_add_loop_test(tcase, what_is_not_taken_is_released, 0, 4);
        tcase_add_loop_test(tcase, what_cannot_be_written_is_released, 0, 5);
        tcase_add_loop_test(tcase, lent_or_copied_it_is_the_same_value, 0, ARRAY_SIZE(mixes));
        tcase_add_test(tcase, threads_that_view_it_at_once_see_one_copy);
        tcase_add_loop_test(tcase, data_of_lent_arrays_stand_aligned_in_the_whole, 0, 8);
        tcase_add_test(tcase, one_who_borrows_refers_to_all_that_is_large);
        tcase_add_test(tcase, letters_for_what_is_lent);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
