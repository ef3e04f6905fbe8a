/* SPDX-License-Identifier: MIT */

#include "base/error.h"

#include "base/log.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

START_TEST(origin_and_trace_give_the_code_back)
{
        ck_assert_int_eq(error_origin(-ENOMEM), -ENOMEM);
        ck_assert_int_eq(error_trace(-EIO), -EIO);
        ck_assert_int_eq(error_trace(0), 0);
}
END_TEST

START_TEST(fold_lets_no_outcome_of_another_module_pass)
{
        ck_assert_int_eq(error_fold(0), 0);
        ck_assert_int_eq(error_fold(-EIO), -EIO);
        ck_assert_int_eq(error_fold(1), -ENOTRECOVERABLE);
        ck_assert_int_eq(error_fold(4711), -ENOTRECOVERABLE);
}
END_TEST

START_TEST(each_argument_is_evaluated_once)
{
        int n = 0;

        ck_assert_int_eq(error_fold(--n), -1);
        ck_assert_int_eq(error_origin(--n), -2);
        ck_assert_int_eq(error_trace(--n), -3);
}
END_TEST

START_TEST(the_way_of_an_error_is_in_the_log_at_debug_level)
{
        char expected[128];
        int line;

        log_set_level(LOG_LEVEL_DEBUG);
        capture_start(STDERR_FILENO);
        line = __LINE__ + 1;
        ck_assert_int_eq(error_origin(-ENOENT), -ENOENT);
        snprintf(expected, sizeof(expected),
                 "error -2 (No such file or directory) from %s() at unit/test-error.c:%d\n",
                 __func__, line);
        ck_assert_ptr_nonnull(strstr(capture_end(), expected));

        capture_start(STDERR_FILENO);
        ck_assert_int_eq(error_trace(0), 0); /* no error, no record */
        log_set_level(LOG_LEVEL_INFO);
        ck_assert_int_eq(error_origin(-ENOENT), -ENOENT);
        ck_assert_str_eq(capture_end(), "");
}
END_TEST

START_TEST(text_is_one_line_whatever_it_is_made_of)
{
        ErrorText error;

        error_text_set(&error, "%s: %d", "a\nb\x1b[31m\xff", 5);
        ck_assert_str_eq(error.text, "a\\x0ab\\x1b[31m\\xff: 5");
        errno = EIO;
        error_text_set(NULL, "%s", "nobody listens");
        ck_assert_int_eq(errno, EIO);
}
END_TEST

START_TEST(text_is_cut_where_it_does_not_fit)
{
        static char longer[3 * ERROR_TEXT_SIZE];
        ErrorText error;

        memset(longer, 'x', sizeof(longer) - 1);
        error_text_set(&error, "%.*s", (int)ERROR_TEXT_SIZE - 1, longer);
        ck_assert_uint_eq(strlen(error.text), ERROR_TEXT_SIZE - 1);
        ck_assert_int_eq(error.text[ERROR_TEXT_SIZE - 2], 'x');

        error_text_set(&error, "%.*s", (int)ERROR_TEXT_SIZE, longer);
        ck_assert_uint_eq(strlen(error.text), ERROR_TEXT_SIZE - 1);
        ck_assert_str_eq(error.text + ERROR_TEXT_SIZE - 4, "\xe2\x80\xa6");

        error_text_set(&error, "%s", longer);
        ck_assert_str_eq(error.text + ERROR_TEXT_SIZE - 4, "\xe2\x80\xa6");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("error");
        TCase *tcase = tcase_create("error");

        tcase_add_test(tcase, origin_and_trace_give_the_code_back);
        tcase_add_test(tcase, fold_lets_no_outcome_of_another_module_pass);
        tcase_add_test(tcase, each_argument_is_evaluated_once);
        tcase_add_test(tcase, the_way_of_an_error_is_in_the_log_at_debug_level);
        tcase_add_test(tcase, text_is_one_line_whatever_it_is_made_of);
        tcase_add_test(tcase, text_is_cut_where_it_does_not_fit);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
