/* SPDX-License-Identifier: MIT */

#include "broker/interface.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

static int run(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

static const pyrope_method methods[] = {
        { "b", "x", run, 0, NULL },
        { "a", NULL, run, PYROPE_ONEWAY, NULL },
        { "__len__", NULL, run, 0, NULL },
        { "ab", "x [y]", run, 0, NULL },
        { 0 },
};

static const pyrope_attribute attributes[] = { { "level", run, run },
                                               { "name", run, NULL },
                                               { 0 } };

static const pyrope_class sample = {
        .name = "Sample",
        .methods = methods,
        .attributes = attributes,
};

static Interface *compile(const pyrope_class *class_)
{
        Interface *interface = NULL;
        ErrorText error = { "" };

        ck_assert_msg(interface_new(class_, &interface, &error) == 0, "%s", error.text);
        return interface;
}

START_TEST(methods_and_attributes_are_found_by_their_whole_names)
{
        Interface *interface = compile(&sample);

        for (size_t i = 0; methods[i].name; i++) {
                const InterfaceMethod *found =
                        interface_find_method(interface, methods[i].name, strlen(methods[i].name));

                ck_assert_ptr_nonnull(found);
                ck_assert_ptr_eq(found->method, &methods[i]);
        }
        ck_assert_ptr_eq(interface_find_attribute(interface, "name", 4), &attributes[1]);
        ck_assert_ptr_null(interface_find_method(interface, "", 0));
        ck_assert_ptr_null(interface_find_method(interface, "a\0", 2));
        ck_assert_ptr_null(interface_find_method(interface, "abc", 3));
        ck_assert_ptr_null(interface_find_method(interface, "level", 5));
        ck_assert_ptr_null(interface_find_attribute(interface, "name\0", 5));
        ck_assert_ptr_null(interface_find_attribute(interface, "a", 1));
        interface_free(interface);
}
END_TEST

static bool has_str(pyrope_view list, const char *text)
{
        pyrope_view item;

        for (pyrope_iter it = pyrope_each(list); pyrope_next(&it, NULL, &item);)
                if (pyrope_str_equals(item, text))
                        return true;
        return false;
}

START_TEST(metadata_name_everything_that_can_be_called)
{
        Interface *interface = compile(&sample);
        pyrope_view metadata = pyrope_value_view(interface->metadata);
        pyrope_view list = pyrope_find(metadata, "methods");

        ck_assert_uint_eq(pyrope_count(list), 4);
        for (size_t i = 0; methods[i].name; i++)
                ck_assert(has_str(list, methods[i].name));
        list = pyrope_find(metadata, "oneway");
        ck_assert_uint_eq(pyrope_count(list), 1);
        ck_assert(has_str(list, "a"));
        list = pyrope_find(metadata, "attrs");
        ck_assert_uint_eq(pyrope_count(list), 2);
        ck_assert(has_str(list, "level") && has_str(list, "name"));
        interface_free(interface);
}
END_TEST

START_TEST(attributes_alone_are_enough)
{
        const pyrope_class class_ = { .name = "A", .attributes = attributes };
        Interface *interface = compile(&class_);

        ck_assert_uint_eq(interface->n_methods, 0);
        ck_assert_ptr_null(interface_find_method(interface, "level", 5));
        interface_free(interface);
}
END_TEST

/* One wrong entry beside what else a class has. */
static const struct {
        pyrope_method method;
        pyrope_attribute attribute;
        const char *class_name;
        const char *words;
} wrong[] = {
        { { "m", NULL, NULL, 0, NULL }, { 0 }, "C", "m has no function" },
        { { "_m", NULL, run, 0, NULL }, { 0 }, "C", "private" },
        { { "__init__", NULL, run, 0, NULL }, { 0 }, "C", "private" },
        { { "", NULL, run, 0, NULL }, { 0 }, "C", "no name" },
        { { "a.b", NULL, run, 0, NULL }, { 0 }, "C", "no name" },
        { { "m n", NULL, run, 0, NULL }, { 0 }, "C", "no name" },
        { { "7m", NULL, run, 0, NULL }, { 0 }, "C", "no name" },
        { { "m", "a [b", run, 0, NULL }, { 0 }, "C", "method m: parameters" },
        { { 0 }, { 0 }, "C", "neither methods nor attributes" },
        { { "m", NULL, run, 0, NULL }, { "m", run, NULL }, "C", "m is there twice" },
        { { "m", NULL, run, 0, NULL }, { "x", NULL, run }, "C", "x cannot be read" },
        { { "m", NULL, run, 0, NULL }, { "_x", run, NULL }, "C", "private" },
        { { "m", NULL, run, PYROPE_WAITS, NULL }, { 0 }, "C", "m is PYROPE_WAITS" },
        { { "m", NULL, run, 1u << 31, NULL }, { 0 }, "C", "m has unknown flags" },
        { { "m", NULL, run, 0, NULL }, { 0 }, "", "no name" },
        { { "m", NULL, run, 0, NULL }, { 0 }, NULL, "no name" },
};

START_TEST(a_wrong_class_is_refused_with_the_reason)
{
        const pyrope_method its_methods[] = { wrong[_i].method, { 0 } };
        const pyrope_attribute its_attributes[] = { wrong[_i].attribute, { 0 } };
        const pyrope_class class_ = {
                .name = wrong[_i].class_name,
                .methods = its_methods,
                .attributes = its_attributes,
        };
        Interface *interface = NULL;
        ErrorText error = { "" };

        ck_assert_int_eq(interface_new(&class_, &interface, &error), INTERFACE_E_INVALID);
        ck_assert_msg(strstr(error.text, wrong[_i].words), "'%s'", error.text);
        ck_assert_ptr_null(interface);
}
END_TEST

START_TEST(a_name_that_stands_twice_is_refused)
{
        const pyrope_method twice[] = {
                { "m", NULL, run, 0, NULL },
                { "n", NULL, run, 0, NULL },
                { "m", "a", run, 0, NULL },
                { 0 },
        };
        const pyrope_class class_ = { .name = "C", .methods = twice };
        Interface *interface = NULL;
        ErrorText error = { "" };

        ck_assert_int_eq(interface_new(&class_, &interface, &error), INTERFACE_E_INVALID);
        ck_assert_msg(strstr(error.text, "method m is there twice"), "'%s'", error.text);
}
END_TEST

static const struct {
        const char *name;
        bool is_private;
} names[] = {
        { "a", false },
        { "a_", false },
        { "", false },
        { "_", true },
        { "__", true },
        { "____", true },
        { "_a", true },
        { "__a", true },
        { "__a__", false },
        { "__len__", false },
        { "__getitem__", false },
        { "__init__", true },
        { "__class__", true },
        { "__getattr__", true },
        { "__reduce_ex__", true },
        { "__dict__", false },
        { "__getattribute__", true },
};

START_TEST(private_names_are_those_of_pyro)
{
        ck_assert_msg(interface_is_private(names[_i].name, strlen(names[_i].name)) ==
                              names[_i].is_private,
                      "%s", names[_i].name);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("interface");
        TCase *tcase = tcase_create("interface");

        tcase_add_test(tcase, methods_and_attributes_are_found_by_their_whole_names);
        tcase_add_test(tcase, metadata_name_everything_that_can_be_called);
        tcase_add_test(tcase, attributes_alone_are_enough);
        tcase_add_loop_test(tcase, a_wrong_class_is_refused_with_the_reason, 0, ARRAY_SIZE(wrong));
        tcase_add_test(tcase, a_name_that_stands_twice_is_refused);
        tcase_add_loop_test(tcase, private_names_are_those_of_pyro, 0, ARRAY_SIZE(names));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
