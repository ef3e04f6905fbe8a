/* SPDX-License-Identifier: MIT */

#include "proto/value.h"

#include "proto/codec.h"
#include "tests/unit/unit.h"

#include <string.h>

START_TEST(a_value_takes_the_memory_it_is_made_from)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(64);
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        const uint8_t *memory;

        ck_assert_int_eq(buffer_append(&buffer, "head\xa2hi", 7), 0);
        buffer_shrink(&buffer); /* else it would be when it is taken, and may move */
        memory = buffer.data;

        ck_assert_int_eq(value_new_take(&buffer, 4, &value), 0);

        ck_assert_ptr_null(buffer.data);
        ck_assert_uint_eq(buffer.n_max, 64);
        ck_assert_ptr_eq(pyrope_value_view(value).at, memory + 4);
        ck_assert(pyrope_str_equals(pyrope_value_view(value), "hi"));
}
END_TEST

START_TEST(bytes_that_are_no_item_stay_with_the_caller)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(64);
        pyrope_value *value = NULL;

        ck_assert_int_eq(value_new_take(&buffer, 0, &value), CODEC_E_INCOMPLETE);
        ck_assert_int_eq(buffer_append(&buffer, "\xa2h", 2), 0);
        ck_assert_int_eq(value_new_take(&buffer, 0, &value), CODEC_E_INCOMPLETE);
        ck_assert_int_eq(value_new_take(&buffer, 2, &value), CODEC_E_INCOMPLETE);
        ck_assert_uint_eq(buffer.n, 2);
        ck_assert_ptr_null(value);
}
END_TEST

START_TEST(a_value_lives_until_its_last_owner_gives_it_up)
{
        pyrope_value *value = NULL;

        ck_assert_int_eq(value_new_copy((const uint8_t *)"\xa2hi", 3, &value), 0);
        ck_assert_ptr_eq(pyrope_value_ref(value), value);

        ck_assert_ptr_null(pyrope_value_free(value));
        ck_assert(pyrope_str_equals(pyrope_value_view(value), "hi"));
        ck_assert_ptr_null(pyrope_value_free(value));
        ck_assert_ptr_null(pyrope_value_free(NULL));
        ck_assert_ptr_null(pyrope_value_ref(NULL));
}
END_TEST

START_TEST(an_aligned_copy_is_made_once_and_kept)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        const void *first, *second, *again;
        const uint8_t *at;

        ck_assert_int_eq(value_new_copy((const uint8_t *)"\xc4\5abcde", 7, &value), 0);
        at = pyrope_value_view(value).at;

        first = value_aligned_copy(value, at + 3, 4);
        second = value_aligned_copy(value, at + 2, 5);
        again = value_aligned_copy(value, at + 3, 4);

        ck_assert_uint_eq((uintptr_t)first % _Alignof(max_align_t), 0);
        ck_assert_uint_eq((uintptr_t)second % _Alignof(max_align_t), 0);
        ck_assert_mem_eq(first, "bcde", 4);
        ck_assert_mem_eq(second, "abcde", 5);
        ck_assert_ptr_eq(first, again);
}
END_TEST

START_TEST(every_status_has_a_name_and_words)
{
        for (int i = PYROPE_OK; i <= PYROPE_E_IO; i++) {
                ck_assert_str_ne(pyrope_strerror(i), pyrope_strerror(PYROPE_E_IO + 1));
                ck_assert_str_ne(pyrope_status_name(i), pyrope_status_name(PYROPE_E_IO + 1));
        }
        ck_assert_str_eq(pyrope_status_name(PYROPE_E_TIMEOUT), "E_TIMEOUT");
        ck_assert_str_eq(pyrope_strerror((pyrope_status)-1), "unknown status");
}
END_TEST

START_TEST(an_error_carries_its_status_and_one_line)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        ck_assert_int_eq(error_set(&error, PYROPE_E_IO, "cannot open %s: %d", "a\nb\x1b", 5),
                         PYROPE_E_IO);

        ck_assert_int_eq(pyrope_error_status(error), PYROPE_E_IO);
        ck_assert_str_eq(pyrope_error_text(error), "cannot open a\\x0ab\\x1b: 5");
        ck_assert_ptr_null(pyrope_error_class(error));
        ck_assert_ptr_null(pyrope_error_traceback(error));
}
END_TEST

START_TEST(an_error_is_bounded)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        static char text[4 * ERROR_TEXT_MAX_BYTES];

        memset(text, 'x', sizeof(text) - 1);

        error_set(&error, PYROPE_E_IO, "%s", text);

        ck_assert_uint_lt(strlen(pyrope_error_text(error)), ERROR_TEXT_MAX_BYTES);
        ck_assert_uint_gt(strlen(pyrope_error_text(error)), ERROR_TEXT_MAX_BYTES - 8);
}
END_TEST

START_TEST(an_error_may_be_unwanted)
{
        ck_assert_int_eq(error_set(NULL, PYROPE_E_IO, "x"), PYROPE_E_IO);
        ck_assert_int_eq(error_set_remote(NULL, "builtins.ValueError", "x", NULL), PYROPE_E_REMOTE);
        ck_assert_int_eq(error_prefix(NULL, PYROPE_E_IO, "x"), PYROPE_E_IO);
        ck_assert_ptr_null(pyrope_error_free(NULL));
}
END_TEST

START_TEST(a_remote_error_has_class_and_traceback)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        ck_assert_int_eq(error_set_remote(&error, "builtins.ValueError", "no", "one\ntwo\n"),
                         PYROPE_E_REMOTE);

        ck_assert_str_eq(pyrope_error_class(error), "builtins.ValueError");
        ck_assert_str_eq(pyrope_error_text(error), "no");
        ck_assert_str_eq(pyrope_error_traceback(error), "one\ntwo\n");
}
END_TEST

START_TEST(a_prefix_says_where_it_went_wrong)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_error *none = NULL;
        pyrope_status status = error_set(&error, PYROPE_E_TIMEOUT, "no answer in 5 s");

        ck_assert_int_eq(error_prefix(&error, status, "host %s", "a"), PYROPE_E_TIMEOUT);
        ck_assert_int_eq(error_prefix(&none, PYROPE_E_NOMEM, "host"), PYROPE_E_NOMEM);

        ck_assert_str_eq(pyrope_error_text(error), "host a: no answer in 5 s");
        ck_assert_ptr_null(none);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("value");
        TCase *tcase = tcase_create("value");
        TCase *errors = tcase_create("error");

        tcase_add_test(tcase, a_value_takes_the_memory_it_is_made_from);
        tcase_add_test(tcase, bytes_that_are_no_item_stay_with_the_caller);
        tcase_add_test(tcase, a_value_lives_until_its_last_owner_gives_it_up);
        tcase_add_test(tcase, an_aligned_copy_is_made_once_and_kept);
        suite_add_tcase(suite, tcase);
        tcase_add_test(errors, every_status_has_a_name_and_words);
        tcase_add_test(errors, an_error_carries_its_status_and_one_line);
        tcase_add_test(errors, an_error_is_bounded);
        tcase_add_test(errors, an_error_may_be_unwanted);
        tcase_add_test(errors, a_remote_error_has_class_and_traceback);
        tcase_add_test(errors, a_prefix_says_where_it_went_wrong);
        suite_add_tcase(suite, errors);
        return unit_run(suite);
}
