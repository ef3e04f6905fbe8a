/* SPDX-License-Identifier: MIT */

#include "base/base64.h"
#include "client/cli/json-value.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

/* JSON text as a value; the test fails if it is none. */
static pyrope_value *value_of(const char *text)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;
        JsonProblem problem;

        if (json_value_parse(writer, text, &problem))
                ck_abort_msg("%s: %s", text, problem.text);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        return value;
}

static char *text_of(pyrope_view item)
{
        json_auto_t *json = json_value_from(item);
        char *text = json_value_text(json);

        ck_assert_ptr_nonnull(text);
        return text;
}

static void check_text(pyrope_view item, const char *expected)
{
        CLEANUP(freep) char *text = text_of(item);

        ck_assert_str_eq(text, expected);
}

/* What was written so far, as text. */
static void check_written(pyrope_writer *writer, const char *expected)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;

        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        check_text(pyrope_value_view(value), expected);
}

static const char *const same[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "{\"$int\": \"9223372036854775808\"}",
        "{\"$int\": \"18446744073709551615\"}",
        "0.0",
        "-0.0",
        "0.1",
        "[0.10000000000000001, 0.30000000000000004]",
        "1e300",
        "4.94065645841247e-324",
        "{\"$float\": \"nan\"}",
        "{\"$float\": \"inf\"}",
        "{\"$float\": \"-inf\"}",
        "\"\"",
        "\"text with \\\" and \\u0000 and \\n\"",
        "\"z\xc3\xbcrich\"",
        "{\"$bytes\": \"\"}",
        "{\"$bytes\": \"AA==\"}",
        "{\"$bytes\": \"AAEC/w==\"}",
        "[]",
        "[1, [2, [3, []]], {}]",
        "{}",
        "{\"a\": 1, \"b\": {\"c\": [null]}}",
        "{\"$map\": [[{\"$bytes\": \"AAEC\"}, 1], [\"a\", 2]]}",
        "{\"$map\": [[\"$int\", \"no number\"]]}",
        "{\"$a\": 1, \"$b\": 2}",
};

START_TEST(json_goes_through_a_value_unchanged)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = value_of(same[_i]);

        check_text(pyrope_value_view(value), same[_i]);
}
END_TEST

static const struct {
        const char *text;
        const char *problem; /* its beginning; the rest may be jansson's words */
} refused[] = {
        { "", "line 1 column 0: " },
        { "text", "line 1 column 4: " },
        { "[1, 2", "line 1 column 5: " },
        { "1 2", "line 1 column 3: " },
        { "NaN", "line 1 column 3: " },
        { "18446744073709551616", "line 1 column 20: " },
        { "{\"$int\": 5}", "$int wants a string of digits" },
        { "{\"$int\": \"-5\"}", "$int wants a string of digits" },
        { "{\"$int\": \"18446744073709551616\"}",
          "$int: '18446744073709551616' is no number up to 2^64 - 1" },
        { "{\"$float\": \"none\"}", "$float is one of \"nan\", \"inf\", \"-inf\"" },
        { "{\"$bytes\": 1}", "$bytes wants a string of base64" },
        { "{\"$bytes\": \"AAE\"}", "$bytes: not base64 (RFC 4648, padded)" },
        { "{\"$bytes\": \"AAF=\"}", "$bytes: not base64 (RFC 4648, padded)" },
        { "{\"$bytes\": \"A?==\"}", "$bytes: not base64 (RFC 4648, padded)" },
        { "[{\"$map\": {}}]", "$map wants a list of pairs" },
        { "{\"$map\": [[1]]}", "$map wants a list of pairs" },
        { "{\"$other\": 1}", "{\"$other\": ...} has no meaning here" },
};

START_TEST(text_that_is_no_value_is_refused_with_its_place)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        JsonProblem problem = { "" };

        ck_assert_int_eq(json_value_parse(writer, refused[_i].text, &problem),
                         JSON_VALUE_E_INVALID);
        ck_assert_msg(strncmp(problem.text, refused[_i].problem, strlen(refused[_i].problem)) == 0,
                      "%s", problem.text);
}
END_TEST

START_TEST(numeric_arrays_become_nested_lists)
{
        static const int32_t numbers[] = { 1, -2, 3, 4, 5, -6 };
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_array array = { .dtype = "<i4",
                               .n_dimensions = 2,
                               .shape = { 2, 3 },
                               .data = numbers,
                               .n_bytes = sizeof(numbers) };

        pyrope_write_array(writer, &array);
        check_written(writer, "[[1, -2, 3], [4, 5, -6]]");
}
END_TEST

static const struct {
        const char *dtype;
        uint8_t bytes[16]; /* two elements */
        size_t n_bytes;
        const char *expected;
} dtypes[] = {
        { "|b1", { 1, 0 }, 2, "[true, false]" },
        { "|i1", { 0xff, 0x80 }, 2, "[-1, -128]" },
        { "|u1", { 0xff, 0x80 }, 2, "[255, 128]" },
        { "<u2", { 1, 2, 0, 1 }, 4, "[513, 256]" },
        { ">u2", { 1, 2, 0, 1 }, 4, "[258, 1]" },
        { ">i4", { 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1 }, 8, "[-2, 1]" },
        { "<f4", { 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f }, 8, "[1.0, {\"$float\": \"inf\"}]" },
        { ">f8", { 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x7f, 0xf8 }, 16, "[1.5, {\"$float\": \"nan\"}]" },
        { "<u8",
          { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7 },
          16,
          "[{\"$int\": \"18446744073709551615\"}, 7]" },
};

START_TEST(elements_are_read_by_their_dtype)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_array array = { .n_dimensions = 1,
                               .shape = { 2 },
                               .data = dtypes[_i].bytes,
                               .n_bytes = dtypes[_i].n_bytes };

        strcpy(array.dtype, dtypes[_i].dtype);
        pyrope_write_array(writer, &array);
        check_written(writer, dtypes[_i].expected);
}
END_TEST

START_TEST(an_array_of_another_dtype_stays_a_map)
{
        static const float halves[] = { 1, 2 };
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_array array = { .dtype = "<c8",
                               .n_dimensions = 1,
                               .shape = { 1 },
                               .data = halves,
                               .n_bytes = sizeof(halves) };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(freep) char *text = NULL;

        pyrope_write_array(writer, &array);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        text = text_of(pyrope_value_view(value));
        ck_assert_msg(strncmp(text, "{\"$map\": [[{\"$bytes\": ", 22) == 0, "%s", text);
}
END_TEST

START_TEST(deep_nesting_survives_up_to_the_limit)
{
        enum { DEPTH = 512 };
        char text[2 * DEPTH + 1];
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;

        memset(text, '[', DEPTH);
        memset(text + DEPTH, ']', DEPTH);
        text[2 * DEPTH] = '\0';
        value = value_of(text);
        check_text(pyrope_value_view(value), text);
}
END_TEST

START_TEST(nesting_beyond_the_limit_is_refused)
{
        enum { DEPTH = 513 };
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        char text[2 * DEPTH + 1];
        JsonProblem problem;
        pyrope_value *value;

        memset(text, '[', DEPTH);
        memset(text + DEPTH, ']', DEPTH);
        text[2 * DEPTH] = '\0';
        ck_assert_int_eq(json_value_parse(writer, text, &problem), 0);
        ck_assert_int_ne(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
}
END_TEST

/* RFC 4648, section 10 */
static const char *const base64[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
};

START_TEST(base64_is_as_the_rfc_has_it)
{
        const char *plain = base64[_i][0], *coded = base64[_i][1];
        CLEANUP(freep) char *text = base64_encode(plain, strlen(plain));
        CLEANUP(freep) void *bytes = NULL;
        size_t n;

        ck_assert_str_eq(text, coded);
        ck_assert_int_eq(base64_decode(coded, strlen(coded), &bytes, &n), 0);
        ck_assert_uint_eq(n, strlen(plain));
        ck_assert(memcmp(bytes, plain, n) == 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("json-value");
        TCase *tcase = tcase_create("json-value");

        tcase_add_loop_test(tcase, json_goes_through_a_value_unchanged, 0, ARRAY_SIZE(same));
        tcase_add_loop_test(tcase, text_that_is_no_value_is_refused_with_its_place, 0,
                            ARRAY_SIZE(refused));
        tcase_add_test(tcase, numeric_arrays_become_nested_lists);
        tcase_add_loop_test(tcase, elements_are_read_by_their_dtype, 0, ARRAY_SIZE(dtypes));
        tcase_add_test(tcase, an_array_of_another_dtype_stays_a_map);
        tcase_add_test(tcase, deep_nesting_survives_up_to_the_limit);
        tcase_add_test(tcase, nesting_beyond_the_limit_is_refused);
        tcase_add_loop_test(tcase, base64_is_as_the_rfc_has_it, 0, ARRAY_SIZE(base64));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
