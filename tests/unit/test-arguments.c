/* SPDX-License-Identifier: MIT */

#include "broker/call.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <limits.h>
#include <string.h>

/* -- a call of one method, made by hand -------------------------------------------------------- */

static int run(UNUSED pyrope_call *unused, UNUSED void *self)
{
        return 0;
}

static const pyrope_method methods[] = { { "m", "a b [c]", run, 0, NULL }, { 0 } };
static const pyrope_class class_of_m = { .name = "C", .methods = methods };

static Call call;
static Object *object;
static pyrope_value *list; /* the arguments */

static void setup(void)
{
        ck_assert_int_eq(object_new("o", &class_of_m, NULL, &object, NULL), 0);
        ck_assert_int_eq(call_init(&call, NULL, NULL, 1000), 0);
}

static void teardown(void)
{
        pyrope_value_free(list);
        list = NULL;
        call_deinit(&call);
        object_unref(object);
}

/* Gives the call the arguments that the writer has. */
static void give_written(pyrope_writer *writer)
{
        pyrope_view item;

        pyrope_value_free(list);
        ck_assert_int_eq(pyrope_writer_take(writer, &list, NULL), PYROPE_OK);
        pyrope_writer_free(writer);

        call_reset(&call);
        call.object = object;
        call.name = "m";
        call.signature = &object->interface->methods[0].signature;
        memset(call.arguments, 0, sizeof(call.arguments));
        call.n_arguments = 3;
        for (size_t i = 0; i < 3; i++) {
                item = pyrope_at(pyrope_value_view(list), i);
                call.arguments[i] = item;
        }
}

static void give(const char *format, ...)
{
        pyrope_writer *writer = pyrope_writer_new();
        va_list arguments;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        give_written(writer);
}

static void expect_raised(const char *class_, const char *text)
{
        ck_assert(call.is_raised);
        ck_assert_str_eq(call.exception.class_, class_);
        ck_assert_msg(strstr(call.exception.text, text), "'%s'", call.exception.text);
}

/* -- reading them ------------------------------------------------------------------------------ */

START_TEST(numbers_and_truth_are_read)
{
        bool truth = false;
        double number = 0;
        int64_t large = 0;
        int small = 0;

        give("[fiI]", 0.5, -7, (int64_t)1 << 40);
        ck_assert_int_eq(pyrope_arguments(&call, "biI", &truth, &small, &large), 0);
        ck_assert(truth);
        ck_assert_int_eq(small, -7);
        ck_assert_int_eq(large, (int64_t)1 << 40);
        give("[iib]", 3, 0, 1);
        ck_assert_int_eq(pyrope_arguments(&call, "fbb", &number, &truth, &truth), 0);
        ck_assert_double_eq(number, 3);
}
END_TEST

START_TEST(texts_bytes_and_views_are_read)
{
        const void *bytes = NULL;
        const char *text = NULL;
        pyrope_view view = { NULL, NULL };
        size_t n_bytes = 0;

        give("[sy[ii]]", "caf\xc3\xa9", "\0\1", (size_t)2, 1, 2);
        ck_assert_int_eq(pyrope_arguments(&call, "syv", &text, &bytes, &n_bytes, &view), 0);
        ck_assert_str_eq(text, "caf\xc3\xa9");
        ck_assert_uint_eq(n_bytes, 2);
        ck_assert_mem_eq(bytes, "\0\1", 2);
        ck_assert_uint_eq(pyrope_count(view), 2);
}
END_TEST

START_TEST(an_optional_argument_that_is_nil_or_absent_leaves_its_target)
{
        const char *text = "default";
        int a = 0;
        int b = 0;

        give("[ii]", 1, 2);
        ck_assert_int_eq(pyrope_arguments(&call, "iis", &a, &b, &text), 0);
        ck_assert_str_eq(text, "default");
        give("[iin]", 1, 2);
        ck_assert_int_eq(pyrope_arguments(&call, "iis", &a, &b, &text), 0);
        ck_assert_str_eq(text, "default");
        give("[iis]", 1, 2, "given");
        ck_assert_int_eq(pyrope_arguments(&call, "iis", &a, &b, &text), 0);
        ck_assert_str_eq(text, "given");
}
END_TEST

/* What argument b is, by which letter it is read, and what is said about it. */
static const struct {
        const char *packed;
        char letter;
        const char *text;
} misfits[] = {
        { "[isi]", 'i', "C.m() argument 'b' must be int of 32 bits, not str" },
        { "[isi]", 'f', "C.m() argument 'b' must be float, not str" },
        { "[isi]", 'y', "C.m() argument 'b' must be bytes, not str" },
        { "[isi]", 'a', "C.m() argument 'b' must be array of float64, not str" },
        { "[ini]", 'I', "C.m() argument 'b' must be int of 64 bits, not None" },
        { "[i[]i]", 's', "C.m() argument 'b' must be str without NUL, not list" },
};

START_TEST(an_argument_of_another_type_is_named)
{
        const char format[] = { 'v', misfits[_i].letter, 'v', '\0' };
        pyrope_view view;
        uint64_t target[32];
        size_t n;

        if (strchr(misfits[_i].packed, 's'))
                give(misfits[_i].packed, 1, "text", 3);
        else
                give(misfits[_i].packed, 1, 3);
        if (misfits[_i].letter == 'y')
                ck_assert_int_eq(pyrope_arguments(&call, format, &view, target, &n, &view),
                                 PYROPE_RAISED);
        else
                ck_assert_int_eq(pyrope_arguments(&call, format, &view, target, &view),
                                 PYROPE_RAISED);
        expect_raised("TypeError", misfits[_i].text);
}
END_TEST

START_TEST(an_int_that_does_not_fit_is_refused)
{
        int64_t large = 0;
        int small = 5;
        int b = 0;

        give("[Iii]", (int64_t)INT_MAX, 0, 0);
        ck_assert_int_eq(pyrope_arguments(&call, "iii", &small, &b, &b), 0);
        ck_assert_int_eq(small, INT_MAX);
        give("[Iii]", (int64_t)INT_MAX + 1, 0, 0);
        ck_assert_int_eq(pyrope_arguments(&call, "iii", &small, &b, &b), PYROPE_RAISED);
        expect_raised("TypeError", "C.m() argument 'a' does not fit int of 32 bits");
        ck_assert_int_eq(pyrope_arguments(&call, "Iii", &large, &b, &b), 0);
        ck_assert_int_eq(large, (int64_t)INT_MAX + 1);
}
END_TEST

START_TEST(a_text_with_nul_is_refused)
{
        pyrope_writer *writer = pyrope_writer_new();
        const char *text = NULL;
        pyrope_view view;

        pyrope_write_list(writer, 2);
        pyrope_write_strn(writer, "a\0b", 3);
        pyrope_write_nil(writer);
        give_written(writer);
        ck_assert_int_eq(pyrope_arguments(&call, "svv", &text, &view, &view), PYROPE_RAISED);
        expect_raised("TypeError", "C.m() argument 'a' does not fit str without NUL");
        ck_assert_ptr_null(text);
}
END_TEST

START_TEST(a_format_that_is_not_the_parameters_is_the_programs_fault)
{
        int a;

        give("[ii]", 1, 2);
        ck_assert_int_eq(pyrope_arguments(&call, "i", &a), PYROPE_RAISED);
        expect_raised("RuntimeError", "C.m() has 3 parameters, but reads \"i\"");
        ck_assert_int_eq(pyrope_arguments(&call, "xii", &a, &a, &a), PYROPE_RAISED);
        expect_raised("RuntimeError", "'x' is no format");
}
END_TEST

START_TEST(arguments_are_found_by_their_place)
{
        int64_t value = 0;

        give("[ii]", 1, 2);
        ck_assert_int_eq(pyrope_get_int(pyrope_argument(&call, 1), &value), PYROPE_OK);
        ck_assert_int_eq(value, 2);
        ck_assert_int_eq(pyrope_type_of(pyrope_argument(&call, 2)), PYROPE_ABSENT);
        ck_assert_int_eq(pyrope_type_of(pyrope_argument(&call, 3)), PYROPE_ABSENT);
        ck_assert_int_eq(pyrope_type_of(pyrope_argument(&call, SIZE_MAX)), PYROPE_ABSENT);
}
END_TEST

/* An array behind a str of each length, so that its data come to lie at every address. */
START_TEST(arrays_are_aligned_wherever_they_came)
{
        static const double numbers[] = { 1.5, 2.5, 3.5 };
        const pyrope_array sent = {
                .dtype = "<f8",
                .n_dimensions = 1,
                .shape = { 3 },
                .data = numbers,
                .n_bytes = sizeof(numbers),
        };
        char text[16] = "";
        pyrope_array array;
        pyrope_view view;

        for (size_t n = 0; n < sizeof(text) - 1; n++) {
                memset(text, 'x', n);
                give("[sa]", text, &sent);
                ck_assert_int_eq(pyrope_arguments(&call, "vav", &view, &array, &view), 0);
                ck_assert_uint_eq((uintptr_t)array.data % sizeof(double), 0);
                ck_assert_uint_eq(array.shape[0], 3);
                ck_assert_mem_eq(array.data, numbers, sizeof(numbers));
        }
}
END_TEST

START_TEST(memory_of_an_arena_is_apart_and_aligned)
{
        Arena arena = ARENA_INIT;
        uint8_t *pieces[64];
        size_t n;

        for (int round = 0; round < 3; round++) {
                for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                        n = i == 40 ? ARENA_CHUNK_BYTES + 1 : 7 * i;
                        pieces[i] = arena_alloc(&arena, n);
                        ck_assert_ptr_nonnull(pieces[i]);
                        ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
                        memset(pieces[i], (int)i, n);
                }
                for (size_t i = 1; i < ARRAY_SIZE(pieces); i++)
                        ck_assert_uint_eq(pieces[i][0], i);
                arena_reset(&arena);
        }
        ck_assert_str_eq(arena_printf(&arena, "%s-%d", "x", 7), "x-7");
        ck_assert_str_eq(arena_strndup(&arena, "abc", 2), "ab");
        arena_deinit(&arena);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("arguments");
        TCase *tcase = tcase_create("arguments");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, numbers_and_truth_are_read);
        tcase_add_test(tcase, texts_bytes_and_views_are_read);
        tcase_add_test(tcase, an_optional_argument_that_is_nil_or_absent_leaves_its_target);
        tcase_add_loop_test(tcase, an_argument_of_another_type_is_named, 0, ARRAY_SIZE(misfits));
        tcase_add_test(tcase, an_int_that_does_not_fit_is_refused);
        tcase_add_test(tcase, a_text_with_nul_is_refused);
        tcase_add_test(tcase, a_format_that_is_not_the_parameters_is_the_programs_fault);
        tcase_add_test(tcase, arguments_are_found_by_their_place);
        tcase_add_test(tcase, arrays_are_aligned_wherever_they_came);
        tcase_add_test(tcase, memory_of_an_arena_is_apart_and_aligned);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
