/* SPDX-License-Identifier: MIT */

#include "broker/signature.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
        const char *declaration;
        const char *words; /* of the complaint */
} wrong[] = {
        { "a a", "twice" },
        { "a b [b]", "twice" },
        { "1a", "unexpected '1'" },
        { "a, b", "unexpected ','" },
        { "a [b", "no closing bracket" },
        { "a b]", "unexpected ']'" },
        { "[a] b", "unexpected 'b'" },
        { "[a] [b]", "unexpected '['" },
        { "[[a]]", "unexpected '['" },
        { "a\tb", "unexpected" },
        { "caf\xc3\xa9", "unexpected" },
        { "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 "
          "c9 "
          "d0 d1 d2",
          "more than 32" },
};

START_TEST(a_wrong_declaration_is_refused_with_the_reason)
{
        Signature signature = { .n_names = 99 };
        ErrorText error = { "" };

        ck_assert_int_eq(signature_init(&signature, wrong[_i].declaration, &error),
                         SIGNATURE_E_INVALID);
        ck_assert_msg(strstr(error.text, wrong[_i].words), "'%s'", error.text);
        ck_assert_uint_eq(signature.n_names, 99);
}
END_TEST

START_TEST(as_many_parameters_as_the_limit_are_taken)
{
        Signature signature;

        ck_assert_int_eq(
                signature_init(&signature,
                               "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 "
                               "c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 d0 d1",
                               NULL),
                0);
        ck_assert_uint_eq(signature.n_names, SIGNATURE_PARAMETERS_MAX);
        ck_assert_str_eq(signature.names[31], "d1");
        signature_deinit(&signature);
}
END_TEST

START_TEST(a_method_without_parameters_needs_no_declaration)
{
        Signature signature;

        ck_assert_int_eq(signature_init(&signature, NULL, NULL), 0);
        ck_assert_uint_eq(signature.n_names, 0);
        signature_deinit(&signature);
}
END_TEST

/* A call is [args, kwargs], as pyrope_pack() reads it; all of its ints in their order. */
static pyrope_value *pack_call(const char *format)
{
        pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;

        /* Every letter of the formats below takes what it needs from here. */
        if (strstr(format, "s:"))
                pyrope_pack(writer, format, "b", 20, "c", 30);
        else
                pyrope_pack(writer, format, 1, 2, 3, 4, 5);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        pyrope_writer_free(writer);
        return value;
}

/* What each of a, b, c got; 0: nothing. */
static const struct {
        const char *declaration;
        const char *call;
        int expected[3];
} fits[] = {
        { "a b c", "[[iii],n]", { 1, 2, 3 } },
        { "a [b c]", "[[i],n]", { 1, 0, 0 } },
        { "a [b c]", "[[ii],{}]", { 1, 2, 0 } },
        { "[a b c]", "[[],n]", { 0, 0, 0 } },
        { "[a b c]", "[n,n]", { 0, 0, 0 } },
        { "[a b c]", "[[],{s:i}]", { 0, 20, 0 } },
        { "[a b c]", "[[],{s:i,s:i}]", { 0, 20, 30 } },
        { "[a] ", "[n,n]", { 0, 0, 0 } },
};

START_TEST(arguments_find_their_parameters)
{
        pyrope_value *call = pack_call(fits[_i].call);
        pyrope_view bound[SIGNATURE_PARAMETERS_MAX];
        pyrope_view view = pyrope_value_view(call);
        ErrorText error = { "" };
        Signature signature;

        ck_assert_int_eq(signature_init(&signature, fits[_i].declaration, NULL), 0);
        ck_assert_msg(signature_bind(&signature, "C", "m", pyrope_at(view, 0), pyrope_at(view, 1),
                                     bound, &error) == 0,
                      "%s", error.text);
        for (size_t i = 0; i < signature.n_names; i++) {
                int64_t got = 0;

                if (bound[i].at)
                        ck_assert_int_eq(pyrope_get_int(bound[i], &got), PYROPE_OK);
                ck_assert_int_eq(got, fits[_i].expected[i]);
        }
        signature_deinit(&signature);
        pyrope_value_free(call);
}
END_TEST

/* The texts are those of CPython 3.11 for `class Target: def add(self, ...)`. */
static const struct {
        const char *declaration;
        const char *call;
        const char *text;
} misfits[] = {
        { "a b", "[[],n]", "Target.add() missing 2 required positional arguments: 'a' and 'b'" },
        { "a b", "[[i],n]", "Target.add() missing 1 required positional argument: 'b'" },
        { "a b c", "[n,n]",
          "Target.add() missing 3 required positional arguments: 'a', 'b', and 'c'" },
        { "a b c", "[[],{s:i}]",
          "Target.add() missing 2 required positional arguments: 'a' and 'c'" },
        { "a b", "[[iii],n]", "Target.add() takes 3 positional arguments but 4 were given" },
        { NULL, "[[i],n]", "Target.add() takes 1 positional argument but 2 were given" },
        { "a [x]", "[[iii],n]",
          "Target.add() takes from 2 to 3 positional arguments but 4 were given" },
        { "[x]", "[[ii],n]",
          "Target.add() takes from 1 to 2 positional arguments but 3 were given" },
        { "a c", "[[],{s:i}]", "Target.add() got an unexpected keyword argument 'b'" },
        { "b c", "[[n],{s:i}]", "Target.add() got multiple values for argument 'b'" },
};

START_TEST(what_does_not_fit_is_told_in_pythons_words)
{
        pyrope_value *call = pack_call(misfits[_i].call);
        pyrope_view bound[SIGNATURE_PARAMETERS_MAX];
        pyrope_view view = pyrope_value_view(call);
        ErrorText error = { "" };
        Signature signature;

        ck_assert_int_eq(signature_init(&signature, misfits[_i].declaration, NULL), 0);
        ck_assert_int_eq(signature_bind(&signature, "Target", "add", pyrope_at(view, 0),
                                        pyrope_at(view, 1), bound, &error),
                         SIGNATURE_E_MISMATCH);
        ck_assert_str_eq(error.text, misfits[_i].text);
        signature_deinit(&signature);
        pyrope_value_free(call);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("signature");
        TCase *declaration = tcase_create("declaration");
        TCase *binding = tcase_create("binding");

        tcase_add_loop_test(declaration, a_wrong_declaration_is_refused_with_the_reason, 0,
                            ARRAY_SIZE(wrong));
        tcase_add_test(declaration, as_many_parameters_as_the_limit_are_taken);
        tcase_add_test(declaration, a_method_without_parameters_needs_no_declaration);
        tcase_add_loop_test(binding, arguments_find_their_parameters, 0, ARRAY_SIZE(fits));
        tcase_add_loop_test(binding, what_does_not_fit_is_told_in_pythons_words, 0,
                            ARRAY_SIZE(misfits));
        suite_add_tcase(suite, declaration);
        suite_add_tcase(suite, binding);
        return unit_run(suite);
}
