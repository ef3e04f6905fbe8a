/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"
#include "proto/message.h"
#include "proto/repr.h"
#include "proto/value.h"
#include "tests/unit/unit.h"
#include "tests/unit/writer-fixture.h"

#include <math.h>
#include <string.h>

/* The name a method raises, and the class that travels. */
static const struct {
        const char *name, *class_, *original;
} classes[] = {
        { "ValueError", "builtins.ValueError", NULL },
        { "builtins.ValueError", "builtins.ValueError", NULL },
        { "ArithmeticError", "builtins.ArithmeticError", NULL },
        { "ZeroDivisionError", "builtins.ZeroDivisionError", NULL },
        { "TimeoutError", "builtins.TimeoutError", NULL },
        { "Pyro5.errors.TimeoutError", "Pyro5.errors.TimeoutError", NULL },
        { "NamingError", "Pyro5.errors.NamingError", NULL },
        { "Pyro5.errors.NamingError", "Pyro5.errors.NamingError", NULL },
        { "struct.error", "struct.error", NULL },
        { "sqlite3.OperationalError", "sqlite3.OperationalError", NULL },
        { "builtins.NamingError", "Pyro5.errors.PyroError", "builtins.NamingError" },
        { "Pyro5.errors.ValueError", "Pyro5.errors.PyroError", "Pyro5.errors.ValueError" },
        { "UnicodeDecodeError", "Pyro5.errors.PyroError", "UnicodeDecodeError" },
        { "SystemExit", "Pyro5.errors.PyroError", "SystemExit" },
        { "solver.Diverged", "Pyro5.errors.PyroError", "solver.Diverged" },
        { "a.__b", "Pyro5.errors.PyroError", "a.__b" },
        { "", "Pyro5.errors.PyroError", "" },
};

START_TEST(a_class_travels_as_one_that_python_rebuilds)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        MessageException exception = { .class_ = classes[_i].name, .text = "why" };
        pyrope_view map, original;

        message_exception_pack(writer, &exception);
        value = taken();
        map = pyrope_value_view(value);
        error = message_exception_error(map);

        ck_assert(pyrope_str_equals(pyrope_find(map, "__class__"), classes[_i].class_));
        ck_assert(pyrope_truth(pyrope_find(map, "__exception__")));
        original = pyrope_find(pyrope_find(map, "attributes"), "_pyroClass");
        if (classes[_i].original)
                ck_assert(pyrope_str_equals(original, classes[_i].original));
        else
                ck_assert_ptr_null(original.at);
        ck_assert_str_eq(pyrope_error_class(error),
                         classes[_i].original ? classes[_i].original : classes[_i].class_);
        ck_assert_str_eq(pyrope_error_text(error), "why");
        ck_assert_int_eq(pyrope_error_status(error), PYROPE_E_REMOTE);
}
END_TEST

START_TEST(a_traceback_travels_as_a_list_of_text)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        MessageException exception = { .class_ = "ValueError", .traceback = "one\ntwo\n" };
        pyrope_view map, pieces;

        message_exception_pack(writer, &exception);
        value = taken();
        map = pyrope_value_view(value);
        error = message_exception_error(map);

        pieces = pyrope_find(pyrope_find(map, "attributes"), "_pyroTraceback");
        ck_assert_int_eq(pyrope_type_of(pieces), PYROPE_LIST);
        ck_assert_uint_eq(pyrope_count(pyrope_find(map, "args")), 0);
        ck_assert_str_eq(pyrope_error_traceback(error), "one\ntwo\n");
        ck_assert_str_eq(pyrope_error_text(error), "builtins.ValueError");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_escaped)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        MessageException exception = { .class_ = "\xff", .text = "a\xff", .traceback = "\xfe" };

        message_exception_pack(writer, &exception);
        value = taken();
        error = message_exception_error(pyrope_value_view(value));

        ck_assert_str_eq(pyrope_error_text(error), "a\\xff");
        ck_assert_str_eq(pyrope_error_class(error), "\\xff");
}
END_TEST

/* Arguments as they come, and str() of the exception in Python. */
static const struct {
        const char *class_, *format, *text;
} arguments[] = {
        { "builtins.ValueError", "[s]", "text" },
        { "builtins.KeyError", "[s]", "'text'" },
        { "builtins.ValueError", "[]", "builtins.ValueError" },
        { "builtins.ValueError", "[n]", "None" },
        { "builtins.ValueError", "[[s]]", "['text']" },
        { "builtins.ValueError", "[s n]", "('text', None)" },
        { "builtins.FileNotFoundError", "[s s]", "('text', 'second')" },
        { "builtins.ValueError", "{s:n}", "{'text': None}" },
        { "builtins.ValueError", "s", "text" },
        { "builtins.ValueError", "n", "None" },
};

START_TEST(arguments_become_the_text_that_python_prints)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        pyrope_write_map(writer, 2);
        pyrope_pack(writer, "s s s", "__class__", arguments[_i].class_, "args");
        pyrope_pack(writer, arguments[_i].format, "text", "second");
        value = taken();
        error = message_exception_error(pyrope_value_view(value));

        ck_assert_str_eq(pyrope_error_text(error), arguments[_i].text);
        ck_assert_str_eq(pyrope_error_class(error), arguments[_i].class_);
        ck_assert_ptr_null(pyrope_error_traceback(error));
}
END_TEST

START_TEST(an_oserror_prints_as_in_python)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        pyrope_pack(writer, "{s:s s:[i s]}", "__class__", "builtins.FileNotFoundError", "args", 2,
                    "No such file or directory");
        value = taken();
        error = message_exception_error(pyrope_value_view(value));

        ck_assert_str_eq(pyrope_error_text(error), "[Errno 2] No such file or directory");
}
END_TEST

static const char *const strange[] = { "n", "[]", "{}", "{s:s}", "{s:i s:[]}", "{s:[] s:[]}" };

START_TEST(a_strange_exception_is_still_an_error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        if (strcmp(strange[_i], "{s:i s:[]}") == 0)
                pyrope_pack(writer, strange[_i], "__class__", 1, "args");
        else
                pyrope_pack(writer, strange[_i], "__class__", "args");
        value = taken();
        error = message_exception_error(pyrope_value_view(value));

        ck_assert_int_eq(pyrope_error_status(error), PYROPE_E_REMOTE);
        ck_assert_str_eq(pyrope_error_text(error), "an exception of no known form");
        ck_assert_str_eq(pyrope_error_class(error), "unknown");
}
END_TEST

START_TEST(a_traceback_is_joined_escaped_and_bounded)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const char *traceback;

        pyrope_write_map(writer, 3);
        pyrope_pack(writer, "s s s [s] s", "__class__", "builtins.ValueError", "args", "x",
                    "attributes");
        pyrope_write_map(writer, 1);
        pyrope_write_str(writer, "_pyroTraceback");
        pyrope_write_list(writer, 10003);
        pyrope_pack(writer, "s s i", "one\ntw", "o\x1b\n", 3);
        for (int i = 0; i < 10000; i++)
                pyrope_write_str(writer, "a line of sixteen\n");
        value = taken();
        error = message_exception_error(pyrope_value_view(value));
        traceback = pyrope_error_traceback(error);

        ck_assert_int_eq(strncmp(traceback, "one\ntwo\\x1b\na line", 17), 0);
        ck_assert_uint_lt(strlen(traceback), MESSAGE_TRACEBACK_MAX_BYTES);
        ck_assert_uint_gt(strlen(traceback), MESSAGE_TRACEBACK_MAX_BYTES - 64);
}
END_TEST

static const struct {
        double number;
        const char *text;
} doubles[] = {
        { 0, "0.0" },
        { -0.0, "-0.0" },
        { 1, "1.0" },
        { -1.5, "-1.5" },
        { 0.1, "0.1" },
        { 1.0 / 3, "0.3333333333333333" },
        { 100, "100.0" },
        { 123456, "123456.0" },
        { 1e15, "1000000000000000.0" },
        { 1e16, "1e+16" },
        { 123456789012345678.0, "1.2345678901234568e+17" },
        { 0.0001, "0.0001" },
        { 0.00001, "1e-05" },
        { 1.5e-7, "1.5e-07" },
        { 5e-324, "5e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { INFINITY, "inf" },
        { -INFINITY, "-inf" },
        { NAN, "nan" },
};

START_TEST(doubles_print_as_in_python)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        char text[64];

        pyrope_write_double(writer, doubles[_i].number);
        value = taken();

        repr_format(pyrope_value_view(value), text, sizeof(text));
        ck_assert_str_eq(text, doubles[_i].text);
}
END_TEST

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
        const char *text;
} reprs[] = {
        { BYTES("\xc0"), "None" },
        { BYTES("\xc3"), "True" },
        { BYTES("\xc2"), "False" },
        { BYTES("\xff"), "-1" },
        { BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615" },
        { BYTES("\xa2hi"), "'hi'" },
        { BYTES("\xa3it'"), "\"it'\"" },
        { BYTES("\xa4'\"\n\x01"), "'\\'\"\\n\\x01'" },
        { BYTES("\xa3\xc3\xa9\\"), "'\xc3\xa9\\\\'" },
        { BYTES("\xc4\3a\xff\0"), "b'a\\xff\\x00'" },
        { BYTES("\x90"), "[]" },
        { BYTES("\x80"), "{}" },
        { BYTES("\x93\1\x91\2\x80"), "[1, [2], {}]" },
        { BYTES("\x82\xa1"
                "a\x91\1\xc4\1b\xc0"),
          "{'a': [1], b'b': None}" },
        { BYTES("\xc7\3\x31"
                "123"),
          "123" },
        { BYTES("\xd4\x05\x01"), "ExtType(code=5, data=b'\\x01')" },
        { BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x91\1"), "[[[[[[[[[...]]]]]]]]]" },
        { BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x80"), "[[[[[[[[{...}]]]]]]]]" },
};

START_TEST(values_print_as_in_python)
{
        pyrope_view view;
        char text[64];

        ck_assert_int_eq(codec_check(reprs[_i].bytes, reprs[_i].n_bytes, &view), 0);

        ck_assert_uint_eq(repr_format(view, text, sizeof(text)), strlen(reprs[_i].text));
        ck_assert_str_eq(text, reprs[_i].text);
        for (size_t n = 1; n <= strlen(reprs[_i].text); n++) {
                ck_assert_uint_eq(repr_format(view, text, n), n - 1);
                ck_assert_int_eq(strncmp(text, reprs[_i].text, n - 1), 0);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("exception");
        TCase *tcase = tcase_create("exception");
        TCase *prints = tcase_create("repr");

        tcase_add_checked_fixture(tcase, writer_set_up, writer_tear_down);
        tcase_add_loop_test(tcase, a_class_travels_as_one_that_python_rebuilds, 0,
                            ARRAY_SIZE(classes));
        tcase_add_test(tcase, a_traceback_travels_as_a_list_of_text);
        tcase_add_test(tcase, text_that_is_not_utf8_is_escaped);
        tcase_add_loop_test(tcase, arguments_become_the_text_that_python_prints, 0,
                            ARRAY_SIZE(arguments));
        tcase_add_test(tcase, an_oserror_prints_as_in_python);
        tcase_add_loop_test(tcase, a_strange_exception_is_still_an_error, 0, ARRAY_SIZE(strange));
        tcase_add_test(tcase, a_traceback_is_joined_escaped_and_bounded);
        suite_add_tcase(suite, tcase);
        tcase_add_checked_fixture(prints, writer_set_up, writer_tear_down);
        tcase_add_loop_test(prints, doubles_print_as_in_python, 0, ARRAY_SIZE(doubles));
        tcase_add_loop_test(prints, values_print_as_in_python, 0, ARRAY_SIZE(reprs));
        suite_add_tcase(suite, prints);
        return unit_run(suite);
}
