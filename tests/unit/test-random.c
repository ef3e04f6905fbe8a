/* SPDX-License-Identifier: MIT */

#include "base/random.h"

#include "tests/unit/unit.h"

#include <string.h>

static const char id_alphabet[] = "23456789abcdefghjkmnpqrstuvwxyz";
static const char hex_alphabet[] = "0123456789abcdef";

START_TEST(bytes_fill_the_whole_room_and_no_more)
{
        /* More than getrandom() promises to give at once. */
        static uint8_t bytes[1 << 20];
        uint8_t all = 0;
        size_t last = sizeof(bytes) - 1;

        random_bytes(bytes, last);

        ck_assert_uint_eq(bytes[last], 0);
        for (size_t i = last - 64; i < last; i++)
                all |= bytes[i];
        ck_assert_uint_ne(all, 0); /* 64 zeros in a row: once in 2^512 */
        random_bytes(NULL, 0);
}
END_TEST

START_TEST(id_has_its_length_and_uses_its_alphabet_evenly)
{
        enum { N_CHARS = 31000 };
        static char id[N_CHARS + 2];
        unsigned counts[sizeof(id_alphabet)] = { 0 };

        id[N_CHARS + 1] = '#';
        random_id(id, N_CHARS);

        ck_assert_uint_eq(strlen(id), N_CHARS);
        ck_assert_int_eq(id[N_CHARS + 1], '#');
        for (size_t i = 0; i < N_CHARS; i++) {
                ck_assert_ptr_nonnull(strchr(id_alphabet, id[i]));
                counts[strchr(id_alphabet, id[i]) - id_alphabet]++;
        }
        /* 1000 expected of each, 31 the standard deviation: ten of them happen by chance never,
         * while a plain remainder would give the first eight letters 12 % more. */
        for (size_t i = 0; i + 1 < sizeof(id_alphabet); i++) {
                ck_assert_uint_gt(counts[i], 690);
                ck_assert_uint_lt(counts[i], 1310);
        }
}
END_TEST

START_TEST(hex_has_two_digits_for_each_byte)
{
        char text[2 * 500 + 2];
        unsigned n_seen = 0;

        text[1001] = '#';
        random_hex(text, 500);

        ck_assert_uint_eq(strlen(text), 1000);
        ck_assert_uint_eq(strspn(text, hex_alphabet), 1000);
        ck_assert_int_eq(text[1001], '#');
        for (const char *digit = hex_alphabet; *digit; digit++)
                n_seen += strchr(text, *digit) != NULL;
        ck_assert_uint_eq(n_seen, 16);
        random_hex(text, 0);
        ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(uuid_has_the_form_of_version_4)
{
        char uuid[RANDOM_UUID_SIZE + 1];
        char other[RANDOM_UUID_SIZE];

        uuid[RANDOM_UUID_SIZE] = '#';
        random_uuid(uuid);
        random_uuid(other);

        ck_assert_uint_eq(strlen(uuid), 36);
        ck_assert_int_eq(uuid[RANDOM_UUID_SIZE], '#');
        for (size_t i = 0; i < 36; i++)
                if (i == 8 || i == 13 || i == 18 || i == 23)
                        ck_assert_int_eq(uuid[i], '-');
                else
                        ck_assert_ptr_nonnull(strchr(hex_alphabet, uuid[i]));
        ck_assert_int_eq(uuid[14], '4');
        ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
        ck_assert_str_ne(uuid, other);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("random");
        TCase *tcase = tcase_create("random");

        tcase_add_test(tcase, bytes_fill_the_whole_room_and_no_more);
        tcase_add_test(tcase, id_has_its_length_and_uses_its_alphabet_evenly);
        tcase_add_test(tcase, hex_has_two_digits_for_each_byte);
        tcase_add_loop_test(tcase, uuid_has_the_form_of_version_4, 0, 64);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
