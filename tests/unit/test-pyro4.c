/* SPDX-License-Identifier: MIT */

#include "proto/pyro4.h"

#include "tests/unit/unit.h"

#include <string.h>

START_TEST(a_refusal_has_the_bytes_of_pyro4)
{
        /* Pyro4.message.Message(MSG_CONNECTFAIL, b'"no"', 2, 0, 0).to_bytes() */
        static const char expected[] = "PYRO\0\x30\0\3\0\0\0\0\0\0\0\4\0\2\0\0\0\0\x35\"\"no\"";
        uint8_t bytes[PYRO4_REFUSAL_BYTES];

        ck_assert_uint_eq(pyro4_refusal_write(48, "no", bytes), sizeof(expected) - 1);
        ck_assert_mem_eq(bytes, expected, sizeof(expected) - 1);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
        char text[PYRO4_TEXT_MAX + 2];
        uint8_t bytes[PYRO4_REFUSAL_BYTES];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        ck_assert_uint_eq(pyro4_refusal_write(48, text, bytes), PYRO4_REFUSAL_BYTES);
        ck_assert_uint_eq(bytes[PYRO4_REFUSAL_BYTES - 1], '"');
        text[PYRO4_TEXT_MAX - 1] = '\0';
        ck_assert_uint_eq(pyro4_refusal_write(48, text, bytes), PYRO4_REFUSAL_BYTES - 1);
}
END_TEST

START_TEST(versions_of_two_digits_are_pyro4s)
{
        ck_assert(!pyro4_is_version(PYRO4_VERSION_MIN - 1));
        ck_assert(pyro4_is_version(PYRO4_VERSION_MIN));
        ck_assert(pyro4_is_version(48));
        ck_assert(pyro4_is_version(PYRO4_VERSION_MAX));
        ck_assert(!pyro4_is_version(PYRO4_VERSION_MAX + 1));
        ck_assert(!pyro4_is_version(502));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("pyro4");
        TCase *tcase = tcase_create("pyro4");

        tcase_add_test(tcase, a_refusal_has_the_bytes_of_pyro4);
        tcase_add_test(tcase, a_long_text_is_cut);
        tcase_add_test(tcase, versions_of_two_digits_are_pyro4s);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
