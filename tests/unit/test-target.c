/* SPDX-License-Identifier: MIT */

#include "client/target.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

#define TEXT(text) ((char *)(uintptr_t)(text)) /* members of a Location are not const */

static const struct {
        const char *typed;
        TargetKind kind;
        const char *text;
        const char *ssh, *path, *host;
        int port;
} targets[] = {
        { "Jobs@ServerA", TARGET_NAME, "Jobs@ServerA", NULL, NULL, NULL, 0 },
        { "a name: with blanks", TARGET_NAME, "a name: with blanks", NULL, NULL, NULL, 0 },
        { "Pyro.NameServer", TARGET_NAMESERVER_ITSELF, "Pyro.NameServer", NULL, NULL, NULL, 0 },
        { "PYRO:x@./u:/a", TARGET_OBJECT, "x", NULL, "/a", NULL, 0 },
        { "PYRO:x@host:9", TARGET_OBJECT, "x", NULL, NULL, "host", 9 },
        { "PYRONAME:x", TARGET_NAME, "x", NULL, NULL, NULL, 0 },
        { "PYRONAME:x@host", TARGET_NAME, "x", NULL, NULL, "host", 9090 },
        { "PYROMETA:a,b", TARGET_TAGS, "a,b", NULL, NULL, NULL, 0 },
};

static bool same(const char *one, const char *other)
{
        return one && other ? strcmp(one, other) == 0 : one == other;
}

START_TEST(what_is_typed_names_an_object)
{
        CLEANUP(target_deinit) Target target = { 0 };

        ck_assert_int_eq(target_parse(targets[_i].typed, &target), 0);
        ck_assert_int_eq(target.kind, targets[_i].kind);
        ck_assert_str_eq(target.text, targets[_i].text);
        ck_assert(same(target.at.ssh, targets[_i].ssh));
        ck_assert(same(target.at.path, targets[_i].path));
        ck_assert(same(target.at.host, targets[_i].host));
        ck_assert_int_eq(target.at.port, targets[_i].port);
}
END_TEST

static const char *const refused[] = { "", "PYRO:", "PYRO:x", "PYRO:x@nowhere", "pyro:x@host:0" };

START_TEST(half_a_uri_is_no_name)
{
        Target target;

        ck_assert_int_eq(target_parse(refused[_i], &target), TARGET_E_INVALID);
}
END_TEST

/* A value written by a format as pyrope_pack() has it. */
#define VALUE(name, ...)                                                                           \
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();                  \
        CLEANUP(pyrope_value_freep) pyrope_value *name = NULL;                                     \
        pyrope_pack(writer, __VA_ARGS__);                                                          \
        ck_assert_int_eq(pyrope_writer_take(writer, &name, NULL), PYROPE_OK)

static void check_told(const pyrope_value *value, const char *path, const char *host, int port)
{
        CLEANUP(target_deinit) Target target = { 0 };
        Location teller = { .ssh = TEXT("node"), .path = TEXT("/daemon") };

        ck_assert_int_eq(target_told(pyrope_value_view(value), &teller, &target), 0);
        ck_assert_int_eq(target.kind, TARGET_OBJECT);
        ck_assert_str_eq(target.text, "x");
        ck_assert_str_eq(target.at.ssh, "node");
        ck_assert(same(target.at.path, path));
        ck_assert(same(target.at.host, host));
        ck_assert_int_eq(target.at.port, port);
}

START_TEST(a_told_text_is_reached_as_its_teller)
{
        VALUE(value, "s", "PYRO:x@./u:/a");
        check_told(value, "/a", NULL, 0);
}
END_TEST

START_TEST(a_told_uri_with_a_socket_is_reached_as_its_teller)
{
        VALUE(value, "{s:s s:[sssnn]}", "__class__", "Pyro5.core.URI", "state", "PYRO", "x", "/a");
        check_told(value, "/a", NULL, 0);
}
END_TEST

START_TEST(a_told_uri_with_a_port_is_reached_as_its_teller)
{
        VALUE(value, "{s:s s:[ssnsi]}", "__class__", "Pyro5.core.URI", "state", "PYRO", "x", "::1",
              9);
        check_told(value, NULL, "::1", 9);
}
END_TEST

START_TEST(a_told_proxy_is_reached_as_its_teller)
{
        VALUE(value, "{s:s s:[s[][][]sn]}", "__class__", "Pyro5.client.Proxy", "state",
              "PYRO:x@h:9", "hello");
        check_told(value, NULL, "h", 9);
}
END_TEST

START_TEST(what_a_daemon_tells_is_a_place_and_not_a_question)
{
        static const char *const told[] = { "PYRONAME:x", "PYROMETA:x", "x" };
        Location teller = { 0 };
        Target target;

        VALUE(value, "s", told[_i]);
        ck_assert_int_eq(target_told(pyrope_value_view(value), &teller, &target), TARGET_E_TYPE);
}
END_TEST

START_TEST(other_values_are_no_objects)
{
        Location teller = { 0 };
        Target target;

        VALUE(value, "{s:s s:i}", "__class__", "Pyro5.core.URI", "state", 5);
        ck_assert_int_eq(target_told(pyrope_value_view(value), &teller, &target), TARGET_E_TYPE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("target");
        TCase *tcase = tcase_create("target");

        tcase_add_loop_test(tcase, what_is_typed_names_an_object, 0, ARRAY_SIZE(targets));
        tcase_add_loop_test(tcase, half_a_uri_is_no_name, 0, ARRAY_SIZE(refused));
        tcase_add_test(tcase, a_told_text_is_reached_as_its_teller);
        tcase_add_test(tcase, a_told_uri_with_a_socket_is_reached_as_its_teller);
        tcase_add_test(tcase, a_told_uri_with_a_port_is_reached_as_its_teller);
        tcase_add_test(tcase, a_told_proxy_is_reached_as_its_teller);
        tcase_add_loop_test(tcase, what_a_daemon_tells_is_a_place_and_not_a_question, 0, 3);
        tcase_add_test(tcase, other_values_are_no_objects);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
