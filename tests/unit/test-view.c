/* SPDX-License-Identifier: MIT */

#include "base/defs.h"
#include "proto/codec.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <pyrope/value.h>
#include <string.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define VIEW(text)  view_of(BYTES(text))

static const pyrope_view absent;

static pyrope_view view_of(const uint8_t *bytes, size_t n_bytes)
{
        pyrope_view view = absent;

        ck_assert_int_eq(codec_check(bytes, n_bytes, &view), 0);
        return view;
}

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
        pyrope_type type;
        const char *name;
        size_t count;
        bool truth;
} items[] = {
        { BYTES("\xc0"), PYROPE_NIL, "None", 0, false },
        { BYTES("\xc2"), PYROPE_BOOL, "bool", 0, false },
        { BYTES("\xc3"), PYROPE_BOOL, "bool", 0, true },
        { BYTES("\0"), PYROPE_INT, "int", 0, false },
        { BYTES("\xff"), PYROPE_INT, "int", 0, true },
        { BYTES("\xcf\0\0\0\0\0\0\0\0"), PYROPE_INT, "int", 0, false },
        { BYTES("\xcf\xff\0\0\0\0\0\0\0"), PYROPE_INT, "int", 0, true },
        { BYTES("\xca\0\0\0\0"), PYROPE_FLOAT, "float", 0, false },
        { BYTES("\xcb\0\0\0\0\0\0\0\0"), PYROPE_FLOAT, "float", 0, false },
        { BYTES("\xcb\x80\0\0\0\0\0\0\0"), PYROPE_FLOAT, "float", 0, false },  /* -0.0 */
        { BYTES("\xcb\x7f\xf8\0\0\0\0\0\0"), PYROPE_FLOAT, "float", 0, true }, /* NaN */
        { BYTES("\xa0"), PYROPE_STR, "str", 0, false },
        { BYTES("\xa1"
                "0"),
          PYROPE_STR, "str", 1, true },
        { BYTES("\xc4\0"), PYROPE_BYTES, "bytes", 0, false },
        { BYTES("\xc4\1\0"), PYROPE_BYTES, "bytes", 1, true },
        { BYTES("\x90"), PYROPE_LIST, "list", 0, false },
        { BYTES("\x91\xc0"), PYROPE_LIST, "list", 1, true },
        { BYTES("\x80"), PYROPE_MAP, "dict", 0, false },
        { BYTES("\x81\xa0\xc0"), PYROPE_MAP, "dict", 1, true },
        { BYTES("\xd4\x55\0"), PYROPE_EXT, "ExtType", 0, true },
        { BYTES("\xd4\x31"
                "0"),
          PYROPE_EXT, "ExtType", 0, false }, /* numpy's int 0 */
};

START_TEST(type_count_and_truth_are_as_in_python)
{
        pyrope_view item = view_of(items[_i].bytes, items[_i].n_bytes);

        ck_assert_int_eq(pyrope_type_of(item), items[_i].type);
        ck_assert_str_eq(pyrope_type_name(items[_i].type), items[_i].name);
        ck_assert_uint_eq(pyrope_count(item), items[_i].count);
        ck_assert_int_eq(pyrope_truth(item), items[_i].truth);
}
END_TEST

START_TEST(the_absent_item_is_nothing_to_every_reader)
{
        pyrope_view value = absent;
        pyrope_iter iter = pyrope_each(absent);
        const char *text;
        size_t n;
        int64_t number;

        ck_assert_int_eq(pyrope_type_of(absent), PYROPE_ABSENT);
        ck_assert(!pyrope_truth(absent));
        ck_assert_uint_eq(pyrope_count(absent), 0);
        ck_assert_int_eq(pyrope_get_int(absent, &number), PYROPE_E_TYPE);
        ck_assert_int_eq(pyrope_get_str(absent, &text, &n), PYROPE_E_TYPE);
        ck_assert(!pyrope_str_equals(absent, ""));
        ck_assert_ptr_null(pyrope_at(absent, 0).at);
        ck_assert_ptr_null(pyrope_find(absent, "").at);
        ck_assert(!pyrope_next(&iter, NULL, &value));
        ck_assert_ptr_null(pyrope_value_view(NULL).at);
}
END_TEST

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
        pyrope_status as_int;
        int64_t i;
        pyrope_status as_uint;
        uint64_t u;
        pyrope_status as_double;
        double f;
} numbers[] = {
        { BYTES("\5"), PYROPE_OK, 5, PYROPE_OK, 5, PYROPE_OK, 5 },
        { BYTES("\xff"), PYROPE_OK, -1, PYROPE_E_RANGE, 0, PYROPE_OK, -1 },
        { BYTES("\xd0\5"), PYROPE_OK, 5, PYROPE_OK, 5, PYROPE_OK, 5 },
        { BYTES("\xd1\xff\xfe"), PYROPE_OK, -2, PYROPE_E_RANGE, 0, PYROPE_OK, -2 },
        { BYTES("\xd2\x80\0\0\0"), PYROPE_OK, INT32_MIN, PYROPE_E_RANGE, 0, PYROPE_OK, INT32_MIN },
        { BYTES("\xd3\x80\0\0\0\0\0\0\0"), PYROPE_OK, INT64_MIN, PYROPE_E_RANGE, 0, PYROPE_OK,
          -9223372036854775808.0 },
        { BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), PYROPE_OK, INT64_MAX, PYROPE_OK, INT64_MAX,
          PYROPE_OK, 9223372036854775808.0 },
        { BYTES("\xcf\x80\0\0\0\0\0\0\0"), PYROPE_E_RANGE, 0, PYROPE_OK, UINT64_C(1) << 63,
          PYROPE_OK, 9223372036854775808.0 },
        { BYTES("\xca\x3f\xc0\0\0"), PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_OK, 1.5 },
        { BYTES("\xcb\xbf\xf8\0\0\0\0\0\0"), PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_OK, -1.5 },
        { BYTES("\xc7\2\x31"
                "42"),
          PYROPE_OK, 42, PYROPE_OK, 42, PYROPE_OK, 42 },
        { BYTES("\xc7\3\x31"
                "-42"),
          PYROPE_OK, -42, PYROPE_E_RANGE, 0, PYROPE_OK, -42 },
        { BYTES("\xc7\x13\x31"
                "9223372036854775807"),
          PYROPE_OK, INT64_MAX, PYROPE_OK, INT64_MAX, PYROPE_OK, 9223372036854775808.0 },
        { BYTES("\xc7\x14\x31"
                "-9223372036854775809"),
          PYROPE_E_RANGE, 0, PYROPE_E_RANGE, 0, PYROPE_OK, -9223372036854775808.0 },
        { BYTES("\xc7\x14\x31"
                "18446744073709551616"),
          PYROPE_E_RANGE, 0, PYROPE_E_RANGE, 0, PYROPE_OK, 18446744073709551616.0 },
        { BYTES("\xc7\x15\x31"
                "100000000000000000000"),
          PYROPE_E_RANGE, 0, PYROPE_E_RANGE, 0, PYROPE_OK, 1e20 },
        { BYTES("\xc7\0\x31"), PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0 },
        { BYTES("\xd4\x31-"), PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0 },
        { BYTES("\xc7\3\x31"
                "1.5"),
          PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0 },
        { BYTES("\xc3"), PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0 },
        { BYTES("\xc0"), PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0 },
        { BYTES("\xa1"
                "1"),
          PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0, PYROPE_E_TYPE, 0 },
};

START_TEST(numbers_are_read_where_they_fit)
{
        pyrope_view item = view_of(numbers[_i].bytes, numbers[_i].n_bytes);
        int64_t i = 0;
        uint64_t u = 0;
        double f = 0;

        ck_assert_int_eq(pyrope_get_int(item, &i), numbers[_i].as_int);
        ck_assert_int_eq(i, numbers[_i].i);
        ck_assert_int_eq(pyrope_get_uint(item, &u), numbers[_i].as_uint);
        ck_assert_uint_eq(u, numbers[_i].u);
        ck_assert_int_eq(pyrope_get_double(item, &f), numbers[_i].as_double);
        ck_assert_double_eq(f, numbers[_i].f);
}
END_TEST

/* A long int of @n digits 9. */
static pyrope_view nines(uint8_t *bytes, size_t n)
{
        memcpy(bytes, "\xc8\0\0\x31", 4);
        bytes[1] = (uint8_t)(n >> 8);
        bytes[2] = (uint8_t)n;
        memset(bytes + 4, '9', n);
        return view_of(bytes, n + 4);
}

START_TEST(a_long_int_beyond_every_double_is_out_of_range)
{
        uint8_t bytes[4 + 400];
        double f = 0;

        ck_assert_int_eq(pyrope_get_double(nines(bytes, 308), &f), PYROPE_OK);
        ck_assert_double_eq(f, 1e308);
        ck_assert_int_eq(pyrope_get_double(nines(bytes, 309), &f), PYROPE_E_RANGE);
        ck_assert_int_eq(pyrope_get_double(nines(bytes, 310), &f), PYROPE_E_RANGE);
        ck_assert_int_eq(pyrope_get_double(nines(bytes, 311), &f), PYROPE_E_RANGE);
        ck_assert_int_eq(pyrope_get_double(nines(bytes, 400), &f), PYROPE_E_RANGE);
}
END_TEST

START_TEST(str_bytes_and_ext_lend_their_bytes)
{
        const char *text;
        const void *data;
        size_t n;
        int type;

        ck_assert_int_eq(pyrope_get_str(VIEW("\xa3"
                                             "a\0b"),
                                        &text, &n),
                         PYROPE_OK);
        ck_assert_uint_eq(n, 3);
        ck_assert_mem_eq(text, "a\0b", 3);
        ck_assert_int_eq(pyrope_get_bytes(VIEW("\xc5\0\2\xff\xfe"), &data, &n), PYROPE_OK);
        ck_assert_uint_eq(n, 2);
        ck_assert_mem_eq(data, "\xff\xfe", 2);
        ck_assert_int_eq(pyrope_get_ext(VIEW("\xd5\xffhi"), &type, &data, &n), PYROPE_OK);
        ck_assert_int_eq(type, -1);
        ck_assert_uint_eq(n, 2);
        ck_assert_mem_eq(data, "hi", 2);
        ck_assert_int_eq(pyrope_get_ext(VIEW("\xc8\0\2\5hi"), &type, &data, &n), PYROPE_OK);
        ck_assert_int_eq(type, 5);
        ck_assert_mem_eq(data, "hi", 2);
        ck_assert_int_eq(pyrope_get_str(VIEW("\xc4\0"), &text, &n), PYROPE_E_TYPE);
        ck_assert_int_eq(pyrope_get_bytes(VIEW("\xa0"), &data, &n), PYROPE_E_TYPE);
        ck_assert_int_eq(pyrope_get_ext(VIEW("\xa0"), &type, &data, &n), PYROPE_E_TYPE);
}
END_TEST

START_TEST(str_equals_compares_all_bytes)
{
        ck_assert(pyrope_str_equals(VIEW("\xa3"
                                         "abc"),
                                    "abc"));
        ck_assert(!pyrope_str_equals(VIEW("\xa3"
                                          "abc"),
                                     "ab"));
        ck_assert(!pyrope_str_equals(VIEW("\xa3"
                                          "ab\0"),
                                     "ab"));
        ck_assert(!pyrope_str_equals(VIEW("\xc4\3"
                                          "abc"),
                                     "abc"));
}
END_TEST

START_TEST(bool_is_read_from_bools_only)
{
        bool b = false;

        ck_assert_int_eq(pyrope_get_bool(VIEW("\xc3"), &b), PYROPE_OK);
        ck_assert(b);
        ck_assert_int_eq(pyrope_get_bool(VIEW("\xc2"), &b), PYROPE_OK);
        ck_assert(!b);
        ck_assert_int_eq(pyrope_get_bool(VIEW("\1"), &b), PYROPE_E_TYPE);
}
END_TEST

START_TEST(at_finds_elements_behind_nested_ones)
{
        pyrope_view list = VIEW("\x94\1\x92\x91\2\x81\xa1k\3\xa1x\4");
        int64_t number;

        ck_assert_int_eq(pyrope_get_int(pyrope_at(list, 0), &number), PYROPE_OK);
        ck_assert_int_eq(number, 1);
        ck_assert_int_eq(pyrope_type_of(pyrope_at(list, 1)), PYROPE_LIST);
        ck_assert(pyrope_str_equals(pyrope_at(list, 2), "x"));
        ck_assert_int_eq(pyrope_get_int(pyrope_at(list, 3), &number), PYROPE_OK);
        ck_assert_int_eq(number, 4);
        ck_assert_ptr_null(pyrope_at(list, 4).at);
        ck_assert_ptr_null(pyrope_at(list, SIZE_MAX).at);
        ck_assert_ptr_null(pyrope_at(VIEW("\x81\xa1k\1"), 0).at);
}
END_TEST

START_TEST(find_takes_str_keys_and_the_last_of_two)
{
        pyrope_view map = VIEW("\x85\xa1"
                               "a\1\xc4\1b\2\xa1"
                               "a\3\xa1"
                               "c\x91\xa1"
                               "d\xa0\4");
        int64_t number = 0;

        ck_assert_int_eq(pyrope_get_int(pyrope_find(map, "a"), &number), PYROPE_OK);
        ck_assert_int_eq(number, 3);
        ck_assert_ptr_null(pyrope_find(map, "b").at);
        ck_assert_ptr_null(pyrope_find(map, "d").at);
        ck_assert_int_eq(pyrope_get_int(pyrope_find(map, ""), &number), PYROPE_OK);
        ck_assert_int_eq(number, 4);
        ck_assert_ptr_null(pyrope_find(VIEW("\x91\xa1"
                                            "a"),
                                       "a")
                                   .at);
}
END_TEST

START_TEST(each_walks_over_lists_and_maps)
{
        pyrope_view list = VIEW("\x93\1\x90\3");
        pyrope_view map = VIEW("\x82\xa1"
                               "a\1\xa1"
                               "b\x91\2");
        pyrope_iter iter;
        pyrope_view key, value;
        int n = 0;

        for (iter = pyrope_each(list); pyrope_next(&iter, &key, &value); n++)
                ck_assert_ptr_null(key.at);
        ck_assert_int_eq(n, 3);
        for (iter = pyrope_each(map); pyrope_next(&iter, &key, &value); n++)
                ck_assert(pyrope_str_equals(key, n == 3 ? "a" : "b"));
        ck_assert_int_eq(n, 5);
        ck_assert_int_eq(pyrope_count(value), 1);
        for (iter = pyrope_each(map); pyrope_next(&iter, NULL, &value);)
                n++;
        ck_assert_int_eq(n, 7);
        for (iter = pyrope_each(VIEW("\xa1x")); pyrope_next(&iter, NULL, &value);)
                n++;
        ck_assert_int_eq(n, 7);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("view");
        TCase *tcase = tcase_create("view");

        tcase_add_loop_test(tcase, type_count_and_truth_are_as_in_python, 0, ARRAY_SIZE(items));
        tcase_add_test(tcase, the_absent_item_is_nothing_to_every_reader);
        tcase_add_loop_test(tcase, numbers_are_read_where_they_fit, 0, ARRAY_SIZE(numbers));
        tcase_add_test(tcase, a_long_int_beyond_every_double_is_out_of_range);
        tcase_add_test(tcase, str_bytes_and_ext_lend_their_bytes);
        tcase_add_test(tcase, str_equals_compares_all_bytes);
        tcase_add_test(tcase, bool_is_read_from_bools_only);
        tcase_add_test(tcase, at_finds_elements_behind_nested_ones);
        tcase_add_test(tcase, find_takes_str_keys_and_the_last_of_two);
        tcase_add_test(tcase, each_walks_over_lists_and_maps);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
