/* SPDX-License-Identifier: MIT */

#include "base/text.h"

#include "tests/unit/unit.h"

#include <string.h>

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
        const char *bytes;
        size_t n;
        bool is_utf8;
} utf8[] = {
        { BYTES(""), true },
        { BYTES("plain ASCII that is longer than a machine word"), true },
        { BYTES("\0"), true },
        { BYTES("\xc2\x80"), true },         /* first of two bytes */
        { BYTES("\xdf\xbf"), true },         /* last of two bytes */
        { BYTES("\xe0\xa0\x80"), true },     /* first of three */
        { BYTES("\xed\x9f\xbf"), true },     /* last before the surrogates */
        { BYTES("\xee\x80\x80"), true },     /* first after them */
        { BYTES("\xef\xbf\xbf"), true },     /* last of three */
        { BYTES("\xf0\x90\x80\x80"), true }, /* first of four */
        { BYTES("\xf4\x8f\xbf\xbf"), true }, /* U+10FFFF */
        { BYTES("12345678\xc3\xa9"
                "12345678"),
          true },
        { BYTES("\x80"), false },                 /* continuation alone */
        { BYTES("\xc3"), false },                 /* cut */
        { BYTES("\xe2\x80"), false },             /* cut */
        { BYTES("\xf0\x9f\x98"), false },         /* cut */
        { BYTES("\xc3("), false },                /* no continuation */
        { BYTES("\xc0\x80"), false },             /* overlong NUL */
        { BYTES("\xc1\xbf"), false },             /* overlong DEL */
        { BYTES("\xe0\x9f\xbf"), false },         /* overlong U+07FF */
        { BYTES("\xf0\x8f\xbf\xbf"), false },     /* overlong U+FFFF */
        { BYTES("\xed\xa0\x80"), false },         /* U+D800 */
        { BYTES("\xed\xbf\xbf"), false },         /* U+DFFF */
        { BYTES("\xf4\x90\x80\x80"), false },     /* U+110000 */
        { BYTES("\xf8\x88\x80\x80\x80"), false }, /* five bytes */
        { BYTES("\xfe"), false },
        { BYTES("\xff"), false },
        { BYTES("12345678\xff"), false },
        { BYTES("1234567\xff"
                "12345678"),
          false },
};

START_TEST(utf8_is_told_from_other_bytes)
{
        ck_assert_msg(text_is_utf8(utf8[_i].bytes, utf8[_i].n) == utf8[_i].is_utf8, "row %d", _i);
}
END_TEST

static const struct {
        const char *bytes;
        size_t n;
        const char *shown;
} shown[] = {
        { BYTES(""), "" },
        { BYTES("caf\xc3\xa9 \\ \"q\""), "caf\xc3\xa9 \\ \"q\"" },
        { BYTES("a\nb\tc\rd"), "a\\x0ab\\x09c\\x0dd" },
        { BYTES("\0"), "\\x00" },
        { BYTES("\x1b]52;c;x\x07"), "\\x1b]52;c;x\\x07" },
        { BYTES("\x7f"), "\\x7f" },
        { BYTES("\xc2\x9b"
                "31m"),
          "\\xc2\\x9b31m" },                          /* C1: CSI */
        { BYTES("\xe2\x80\xa8"), "\\xe2\\x80\\xa8" }, /* line separator */
        { BYTES("\xe2\x80\xae"
                "txt"),
          "\\xe2\\x80\\xaetxt" },                     /* right to left */
        { BYTES("\xe2\x81\xa6"), "\\xe2\\x81\\xa6" }, /* isolate */
        { BYTES("\xff\xc3"), "\\xff\\xc3" },
        { BYTES("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80" },
        { BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
};

START_TEST(escape_shows_harmless_text_and_bytes_of_the_rest)
{
        char out[64];
        size_t n = text_escape(shown[_i].bytes, shown[_i].n, out, sizeof(out));

        ck_assert_str_eq(out, shown[_i].shown);
        ck_assert_uint_eq(n, strlen(out));
}
END_TEST

static const struct {
        const char *bytes;
        size_t n_out;
        const char *shown;
} cut[] = {
        { "1234567", 8, "1234567" }, /* fits exactly, without a mark */
        { "12345678", 8, "1234\xe2\x80\xa6" },
        { "123456789", 8, "1234\xe2\x80\xa6" },
        { "123\xc3\xa9"
          "78",
          8,
          "123\xc3\xa9"
          "78" },
        { "123\xc3\xa9"
          "789",
          8, "123\xe2\x80\xa6" }, /* no half character */
        { "\n\n", 8, "\\x0a\xe2\x80\xa6" },
        { "12\n\n", 8, "12\xe2\x80\xa6" }, /* no half escape */
        { "\xe2\x80\xae!", 16, "\\xe2\\x80\\xae!" },
        { "\xe2\x80\xae!", 12, "\xe2\x80\xa6" },
};

START_TEST(escape_cuts_at_a_whole_character_and_marks_it)
{
        char out[17] = "################";

        text_escape(cut[_i].bytes, strlen(cut[_i].bytes), out, cut[_i].n_out);

        ck_assert_str_eq(out, cut[_i].shown);
        ck_assert_int_eq(out[16], '\0');
        if (cut[_i].n_out < 16)
                ck_assert_int_eq(out[cut[_i].n_out], '#'); /* nothing beyond its room */
}
END_TEST

static const struct {
        const char *text;
        int r;
        int64_t number;
} numbers[] = {
        { "0", 0, 0 },
        { "-0", 0, 0 },
        { "007", 0, 7 },
        { "9223372036854775807", 0, INT64_MAX },
        { "-9223372036854775808", 0, INT64_MIN },
        { "9223372036854775808", TEXT_E_RANGE, 0 },
        { "-9223372036854775809", TEXT_E_RANGE, 0 },
        { "99999999999999999999999999", TEXT_E_RANGE, 0 },
        { "99999999999999999999999999x", TEXT_E_INVALID, 0 },
        { "", TEXT_E_INVALID, 0 },
        { "-", TEXT_E_INVALID, 0 },
        { "+1", TEXT_E_INVALID, 0 },
        { "--1", TEXT_E_INVALID, 0 },
        { " 1", TEXT_E_INVALID, 0 },
        { "1 ", TEXT_E_INVALID, 0 },
        { "1.0", TEXT_E_INVALID, 0 },
        { "0x10", TEXT_E_INVALID, 0 },
        { "1e3", TEXT_E_INVALID, 0 },
};

START_TEST(int64_takes_the_whole_range_and_nothing_else)
{
        int64_t number = 99;

        ck_assert_int_eq(text_parse_int64(numbers[_i].text, INT64_MIN, INT64_MAX, &number),
                         numbers[_i].r);
        ck_assert_int_eq(number, numbers[_i].r ? 99 : numbers[_i].number);
}
END_TEST

START_TEST(int64_keeps_to_the_limits)
{
        int64_t number = 99;

        ck_assert_int_eq(text_parse_int64("-1", 0, 10, &number), TEXT_E_RANGE);
        ck_assert_int_eq(text_parse_int64("11", 0, 10, &number), TEXT_E_RANGE);
        ck_assert_int_eq(number, 99);
        ck_assert_int_eq(text_parse_int64("0", 0, 10, &number), 0);
        ck_assert_int_eq(text_parse_int64("10", 0, 10, &number), 0);
        ck_assert_int_eq(number, 10);
}
END_TEST

static const struct {
        const char *text;
        int r;
        int64_t bytes;
} sizes[] = {
        { "0", 0, 0 },
        { "512", 0, 512 },
        { "64K", 0, 65536 },
        { "3M", 0, 3 * 1048576 },
        { "1G", 0, 1073741824 },
        { "2T", 0, INT64_C(2199023255552) },
        { "8388607T", 0, INT64_C(8388607) << 40 },
        { "8388608T", TEXT_E_RANGE, 0 },
        { "99999999999999999999", TEXT_E_RANGE, 0 },
        { "", TEXT_E_INVALID, 0 },
        { "K", TEXT_E_INVALID, 0 },
        { "-1K", TEXT_E_INVALID, 0 },
        { "1k", TEXT_E_INVALID, 0 },
        { "1KB", TEXT_E_INVALID, 0 },
        { "1.5M", TEXT_E_INVALID, 0 },
        { "1 M", TEXT_E_INVALID, 0 },
};

START_TEST(size_takes_bytes_and_powers_of_1024)
{
        int64_t bytes = 99;

        ck_assert_int_eq(text_parse_size(sizes[_i].text, &bytes), sizes[_i].r);
        ck_assert_int_eq(bytes, sizes[_i].r ? 99 : sizes[_i].bytes);
}
END_TEST

static const struct {
        const char *text;
        int r;
        int64_t ms;
} durations[] = {
        { "0", 0, 0 },
        { "0s", 0, 0 },
        { "500ms", 0, 500 },
        { "30s", 0, 30000 },
        { "2m", 0, 120000 },
        { "1h", 0, 3600000 },
        { "7d", 0, 604800000 },
        { "9223372036854775807ms", 0, INT64_MAX },
        { "9223372036854775808ms", TEXT_E_RANGE, 0 },
        { "9223372036854776s", TEXT_E_RANGE, 0 },
        { "30", TEXT_E_INVALID, 0 }, /* thirty what? */
        { "s", TEXT_E_INVALID, 0 },
        { "-1s", TEXT_E_INVALID, 0 },
        { "1 s", TEXT_E_INVALID, 0 },
        { "1S", TEXT_E_INVALID, 0 },
        { "1m30s", TEXT_E_INVALID, 0 },
        { "", TEXT_E_INVALID, 0 },
};

START_TEST(duration_takes_a_number_with_its_unit)
{
        int64_t ms = 99;

        ck_assert_int_eq(text_parse_duration(durations[_i].text, &ms), durations[_i].r);
        ck_assert_int_eq(ms, durations[_i].r ? 99 : durations[_i].ms);
}
END_TEST

static const struct {
        const char *text;
        int r;
        bool value;
} bools[] = {
        { "yes", 0, true },
        { "true", 0, true },
        { "on", 0, true },
        { "1", 0, true },
        { "no", 0, false },
        { "false", 0, false },
        { "off", 0, false },
        { "0", 0, false },
        { "Yes", TEXT_E_INVALID, false },
        { "2", TEXT_E_INVALID, false },
        { "", TEXT_E_INVALID, false },
        { "y", TEXT_E_INVALID, false },
};

START_TEST(bool_takes_its_eight_words)
{
        bool value = !bools[_i].value;

        ck_assert_int_eq(text_parse_bool(bools[_i].text, &value), bools[_i].r);
        ck_assert_int_eq(value, bools[_i].r ? !bools[_i].value : bools[_i].value);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("text");
        TCase *bytes = tcase_create("bytes");
        TCase *values = tcase_create("values");

        tcase_add_loop_test(bytes, utf8_is_told_from_other_bytes, 0, ARRAY_SIZE(utf8));
        tcase_add_loop_test(bytes, escape_shows_harmless_text_and_bytes_of_the_rest, 0,
                            ARRAY_SIZE(shown));
        tcase_add_loop_test(bytes, escape_cuts_at_a_whole_character_and_marks_it, 0,
                            ARRAY_SIZE(cut));
        tcase_add_loop_test(values, int64_takes_the_whole_range_and_nothing_else, 0,
                            ARRAY_SIZE(numbers));
        tcase_add_test(values, int64_keeps_to_the_limits);
        tcase_add_loop_test(values, size_takes_bytes_and_powers_of_1024, 0, ARRAY_SIZE(sizes));
        tcase_add_loop_test(values, duration_takes_a_number_with_its_unit, 0,
                            ARRAY_SIZE(durations));
        tcase_add_loop_test(values, bool_takes_its_eight_words, 0, ARRAY_SIZE(bools));
        suite_add_tcase(suite, bytes);
        suite_add_tcase(suite, values);
        return unit_run(suite);
}
