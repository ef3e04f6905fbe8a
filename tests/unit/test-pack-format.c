/* SPDX-License-Identifier: MIT */

#include "proto/pack-format.h"

#include "proto/codec.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

static pyrope_writer *writer;
static pyrope_error *error;

static void set_up(void)
{
        writer = pyrope_writer_new();
        error = NULL;
}

static void tear_down(void)
{
        writer = pyrope_writer_free(writer);
        error = pyrope_error_free(error);
}

static pyrope_value *taken(void)
{
        pyrope_value *value = NULL;

        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        return value;
}

START_TEST(pack_writes_every_letter)
{
        static const uint8_t expected[] = "\x98\xc0\xc3\xfe\xcf\0\0\0\1\0\0\0\0\xcb\x3f\xe0\0\0\0"
                                          "\0\0\0\xa2hi\xc4\2\xff\0\x91\1";
        static const uint8_t inner[] = { 0x91, 1 };
        const pyrope_view view = { inner, inner + sizeof(inner) };
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_pack(writer, "[n b, i I f s y v]", 5, -2, INT64_C(1) << 32, 0.5, "hi", "\xff\0",
                    (size_t)2, view);

        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_OK);
        ck_assert_uint_eq(n_bytes, sizeof(expected) - 1);
        ck_assert_mem_eq(bytes, expected, n_bytes);
}
END_TEST

START_TEST(pack_writes_nested_lists_and_maps)
{
        static const uint8_t expected[] = "\x82\xa1"
                                          "a\x92\1\x90\xa1"
                                          "b\x81\xa1"
                                          "c\xc0";
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_pack(writer, "{s:[i,[]] s:{s:s}}", "a", 1, "b", "c", NULL);

        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_OK);
        ck_assert_uint_eq(n_bytes, sizeof(expected) - 1);
        ck_assert_mem_eq(bytes, expected, n_bytes);
}
END_TEST

START_TEST(pack_goes_on_with_what_was_begun)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;

        pyrope_write_list(writer, 3);
        pyrope_pack(writer, "is", 1, "x");
        pyrope_pack(writer, "f", 2.0);
        value = taken();

        ck_assert_uint_eq(pyrope_count(pyrope_value_view(value)), 3);
}
END_TEST

static const char *const bad_pack_formats[] = {
        "x",
        "[",
        "]",
        "[}",
        "{]",
        "{i:n}",
        "{s}",
        "{s:}",
        "{sn}",
        "{s:n",
        "[n",
        "n]",
        ":n",
        "?",
        "n?",
        "[*]",
        "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
};

START_TEST(pack_refuses_a_wrong_format)
{
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_pack(writer, bad_pack_formats[_i], "k", "k", "k");

        ck_assert_msg(writer_finish(writer, &bytes, &n_bytes) == PYROPE_E_INVALID, "took %s",
                      bad_pack_formats[_i]);
}
END_TEST

START_TEST(unpack_reads_what_pack_wrote)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        bool b = false;
        int i = 0;
        int64_t wide = 0;
        double f = 0;
        const char *text = NULL;
        const void *data = NULL;
        size_t n_text = 0, n_data = 0;
        pyrope_view view = { NULL, NULL };

        pyrope_pack(writer, "[n b i I f s y {s:i s:[i]}]", 1, -5, INT64_MIN, 1.5, "hi", "\0",
                    (size_t)1, "one", 1, "list", 7);
        value = taken();
        ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), &error, "[n b i I f s y {s:[v]}]",
                                       &b, &i, &wide, &f, &text, &n_text, &data, &n_data, "list",
                                       &view),
                         PYROPE_OK);

        ck_assert(b);
        ck_assert_int_eq(i, -5);
        ck_assert_int_eq(wide, INT64_MIN);
        ck_assert_double_eq(f, 1.5);
        ck_assert_uint_eq(n_text, 2);
        ck_assert_mem_eq(text, "hi", 2);
        ck_assert_uint_eq(n_data, 1);
        ck_assert_int_eq(pyrope_get_int(view, &wide), PYROPE_OK);
        ck_assert_int_eq(wide, 7);
}
END_TEST

START_TEST(unpack_leaves_the_targets_of_what_is_not_there)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        int first = 1, second = 2, inner = 3, last = 4;
        const char *text = "kept";
        size_t n_text = 4;

        pyrope_pack(writer, "[n, {s:n s:i}]", "inner", "last", 9);
        value = taken();
        ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), &error,
                                       "[i? {s:[i s {s:i?}]? s:i s:i?} s?]", &first, "inner",
                                       &inner, &text, &n_text, "deep", &second, "last", &last,
                                       "none", &first, &text, &n_text),
                         PYROPE_OK);

        ck_assert_int_eq(first, 1);
        ck_assert_int_eq(second, 2);
        ck_assert_int_eq(inner, 3);
        ck_assert_int_eq(last, 9);
        ck_assert_str_eq(text, "kept");
}
END_TEST

START_TEST(unpack_takes_a_longer_list_where_told)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        int i = 0;

        pyrope_pack(writer, "[iii]", 1, 2, 3);
        value = taken();

        ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), NULL, "[i *]", &i), PYROPE_OK);
        ck_assert_int_eq(i, 1);
        ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), NULL, "[*]"), PYROPE_OK);
        ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), &error, "[i]", &i), PYROPE_E_TYPE);
        ck_assert_str_eq(pyrope_error_text(error), "the list has more elements than expected");
}
END_TEST

/* Each format is wrong for [1, {"shape": "x"}, 2**40]. */
static const struct {
        const char *format;
        pyrope_status status;
        const char *text;
} mismatches[] = {
        { "s", PYROPE_E_TYPE, "expected str, got list" },
        { "{}", PYROPE_E_TYPE, "expected dict, got list" },
        { "[s*]", PYROPE_E_TYPE, "at [0]: expected str, got int" },
        { "[n*]", PYROPE_E_TYPE, "at [0]: expected None, got int" },
        { "[v{s:[v]}*]", PYROPE_E_TYPE, "at [1].shape: expected list, got str" },
        { "[v{s:y}*]", PYROPE_E_TYPE, "at [1].shape: expected bytes, got str" },
        { "[vvi]", PYROPE_E_RANGE, "at [2]: the int does not fit" },
        { "[vvvi]", PYROPE_E_TYPE, "at [3]: expected int, got nothing" },
        { "[vvvv]", PYROPE_E_TYPE, "at [3]: expected a value, got nothing" },
        { "[vvvb]", PYROPE_E_TYPE, "at [3]: expected bool, got nothing" },
        { "[vvv[v]]", PYROPE_E_TYPE, "at [3]: expected list, got nothing" },
};

START_TEST(unpack_tells_where_the_value_differs)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view first, third;
        char other[64];
        bool is_map_key = strstr(mismatches[_i].format, "s:") != NULL;

        pyrope_pack(writer, "[i {s:s} I]", 1, "shape", "x", INT64_C(1) << 40);
        value = taken();
        memset(other, 0, sizeof(other));
        if (is_map_key)
                ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), &error,
                                               mismatches[_i].format, &first, "shape", other,
                                               other),
                                 mismatches[_i].status);
        else
                ck_assert_int_eq(pyrope_unpack(pyrope_value_view(value), &error,
                                               mismatches[_i].format, &first, &third, other, other,
                                               other),
                                 mismatches[_i].status);

        ck_assert_int_eq(pyrope_error_status(error), mismatches[_i].status);
        ck_assert_str_eq(pyrope_error_text(error), mismatches[_i].text);
}
END_TEST

static const char *const bad_unpack_formats[] = {
        "",      "x",    "a",   "[v", "[v}", "[[v]",  "{s", "{s:",
        "{v:v}", "{sv}", "v v", "?",  "]",   "[v*v]", "v]",
};

START_TEST(unpack_refuses_a_wrong_format)
{
        static const uint8_t one_in_one[] = { 0x91, 0x91, 1 };
        pyrope_view list = { one_in_one, one_in_one + sizeof(one_in_one) };
        static const uint8_t empty_map[] = { 0x80 };
        pyrope_view map = { empty_map, empty_map + 1 };
        pyrope_view item = bad_unpack_formats[_i][0] == '{' ? map : list;
        pyrope_view one, two;

        ck_assert_msg(pyrope_unpack(item, &error, bad_unpack_formats[_i], &one, &two) ==
                              PYROPE_E_INVALID,
                      "took %s", bad_unpack_formats[_i]);
}
END_TEST

/* Lists of one, nested as deep as a format may be, and one deeper. */
START_TEST(unpack_limits_the_depth_of_a_format)
{
        uint8_t bytes[PACK_FORMAT_DEPTH_MAX + 2];
        char format[2 * PACK_FORMAT_DEPTH_MAX + 3] = "";
        pyrope_view view;

        memset(bytes, 0x91, sizeof(bytes));
        bytes[PACK_FORMAT_DEPTH_MAX - 1] = 0x90;
        memset(format, '[', PACK_FORMAT_DEPTH_MAX);
        memset(format + PACK_FORMAT_DEPTH_MAX, ']', PACK_FORMAT_DEPTH_MAX);
        ck_assert_int_eq(codec_check(bytes, PACK_FORMAT_DEPTH_MAX, &view), 0);
        ck_assert_int_eq(pyrope_unpack(view, NULL, format), PYROPE_OK);

        bytes[PACK_FORMAT_DEPTH_MAX - 1] = 0x91;
        bytes[PACK_FORMAT_DEPTH_MAX] = 0x90;
        memset(format, '[', PACK_FORMAT_DEPTH_MAX + 1);
        memset(format + PACK_FORMAT_DEPTH_MAX + 1, ']', PACK_FORMAT_DEPTH_MAX + 1);
        ck_assert_int_eq(codec_check(bytes, PACK_FORMAT_DEPTH_MAX + 1, &view), 0);
        ck_assert_int_eq(pyrope_unpack(view, NULL, format), PYROPE_E_INVALID);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("pack-format");
        TCase *tcase = tcase_create("pack-format");

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, pack_writes_every_letter);
        tcase_add_test(tcase, pack_writes_nested_lists_and_maps);
        tcase_add_test(tcase, pack_goes_on_with_what_was_begun);
        tcase_add_loop_test(tcase, pack_refuses_a_wrong_format, 0, ARRAY_SIZE(bad_pack_formats));
        tcase_add_test(tcase, unpack_reads_what_pack_wrote);
        tcase_add_test(tcase, unpack_leaves_the_targets_of_what_is_not_there);
        tcase_add_test(tcase, unpack_takes_a_longer_list_where_told);
        tcase_add_loop_test(tcase, unpack_tells_where_the_value_differs, 0, ARRAY_SIZE(mismatches));
        tcase_add_loop_test(tcase, unpack_refuses_a_wrong_format, 0,
                            ARRAY_SIZE(bad_unpack_formats));
        tcase_add_test(tcase, unpack_limits_the_depth_of_a_format);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
