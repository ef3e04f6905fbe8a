/* SPDX-License-Identifier: MIT */

#include "nameserver/argument.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

#define UNTOUCHED ((StoreText){ "untouched", 9 })

/* A value by a format of pyrope_pack(). */
static pyrope_value *pack(const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;
        va_list arguments;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        return value;
}

START_TEST(a_name_is_a_str)
{
        CLEANUP(pyrope_value_freep) pyrope_value *str = pack("s", "solver");
        CLEANUP(pyrope_value_freep) pyrope_value *number = pack("i", 5);
        ErrorText error = { "" };
        StoreText name = UNTOUCHED;

        ck_assert_int_eq(argument_name(pyrope_value_view(str), &name, &error), 0);
        ck_assert_mem_eq(name.at, "solver", name.n);

        name = UNTOUCHED;
        ck_assert_int_eq(argument_name(pyrope_value_view(number), &name, &error), ARGUMENT_E_TYPE);
        ck_assert_str_eq(error.text, "name must be a str");
        ck_assert_int_eq(argument_name((pyrope_view){ 0 }, &name, &error), ARGUMENT_E_TYPE);
        ck_assert_str_eq(name.at, "untouched");
}
END_TEST

static pyrope_value *str_of(size_t n)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;
        char *text = calloc(1, n);

        pyrope_write_strn(writer, text, n);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        free(text);
        return value;
}

START_TEST(a_name_has_a_longest_length)
{
        CLEANUP(pyrope_value_freep) pyrope_value *longest = str_of(STORE_NAME_MAX_BYTES);
        CLEANUP(pyrope_value_freep) pyrope_value *longer = str_of(STORE_NAME_MAX_BYTES + 1);
        ErrorText error = { "" };
        StoreText name;

        ck_assert_int_eq(argument_name(pyrope_value_view(longest), &name, &error), 0);
        ck_assert_uint_eq(name.n, STORE_NAME_MAX_BYTES);
        ck_assert_int_eq(argument_name(pyrope_value_view(longer), &name, &error), ARGUMENT_E_VALUE);
}
END_TEST

static void assert_tags_refused(pyrope_value *value, int expected, const char *says)
{
        CLEANUP(pyrope_value_freep) pyrope_value *owned = value;
        ArgumentTags tags = { .n = 99 };
        ErrorText error = { "" };

        ck_assert_int_eq(argument_tags(pyrope_value_view(owned), "metadata", &tags, &error),
                         expected);
        ck_assert_str_eq(error.text, says);
        ck_assert_uint_eq(tags.n, 99);
}

START_TEST(metadata_are_whatever_python_iterates_over)
{
        CLEANUP(pyrope_value_freep) pyrope_value *list = pack("[sss]", "a", "", "a");
        CLEANUP(pyrope_value_freep) pyrope_value *map = pack("{s:i}", "key", 1);
        CLEANUP(argument_tags_deinit) ArgumentTags of_list = { 0 };
        CLEANUP(argument_tags_deinit) ArgumentTags of_map = { 0 };

        ck_assert_int_eq(argument_tags(pyrope_value_view(list), "m", &of_list, NULL), 0);
        ck_assert_uint_eq(of_list.n, 3);
        ck_assert_mem_eq(of_list.items[0].at, "a", of_list.items[0].n);
        ck_assert_uint_eq(of_list.items[1].n, 0);

        ck_assert_int_eq(argument_tags(pyrope_value_view(map), "m", &of_map, NULL), 0);
        ck_assert_uint_eq(of_map.n, 1);
        ck_assert_mem_eq(of_map.items[0].at, "key", of_map.items[0].n);
}
END_TEST

START_TEST(no_metadata_are_none)
{
        CLEANUP(pyrope_value_freep) pyrope_value *nil = pack("n");
        CLEANUP(pyrope_value_freep) pyrope_value *empty = pack("[]");
        CLEANUP(argument_tags_deinit) ArgumentTags tags = { .n = 99 };

        ck_assert_int_eq(argument_tags(pyrope_value_view(nil), "m", &tags, NULL), 0);
        ck_assert_uint_eq(tags.n, 0);
        ck_assert_int_eq(argument_tags((pyrope_view){ 0 }, "m", &tags, NULL), 0);
        ck_assert_uint_eq(tags.n, 0);
        ck_assert_int_eq(argument_tags(pyrope_value_view(empty), "m", &tags, NULL), 0);
        ck_assert_uint_eq(tags.n, 0);
}
END_TEST

START_TEST(other_metadata_are_refused)
{
        assert_tags_refused(pack("s", "tag"), ARGUMENT_E_TYPE,
                            "metadata should not be a str, but another iterable (set, list, etc)");
        assert_tags_refused(pack("i", 5), ARGUMENT_E_TYPE, "'int' object is not iterable");
        assert_tags_refused(pack("b", 0), ARGUMENT_E_TYPE, "'bool' object is not iterable");
        assert_tags_refused(pack("y", "ab", (size_t)2), ARGUMENT_E_TYPE,
                            "metadata should hold str, not int");
        assert_tags_refused(pack("[sn]", "a"), ARGUMENT_E_TYPE,
                            "metadata should hold str, not None");
        assert_tags_refused(pack("[[]]"), ARGUMENT_E_TYPE, "metadata should hold str, not list");
}
END_TEST

START_TEST(metadata_have_a_largest_number)
{
        for (size_t n = STORE_TAGS_MAX; n <= STORE_TAGS_MAX + 1; n++) {
                CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
                CLEANUP(argument_tags_deinit) ArgumentTags tags = { 0 };
                CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;

                pyrope_write_list(writer, n);
                for (size_t i = 0; i < n; i++)
                        pyrope_write_str(writer, "t");
                ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

                ck_assert_int_eq(argument_tags(pyrope_value_view(value), "m", &tags, NULL),
                                 n > STORE_TAGS_MAX ? ARGUMENT_E_VALUE : 0);
        }
}
END_TEST

/* A URI as text, and how it is written again; NULL: refused. */
static const struct {
        const char *text, *written;
} uris[] = {
        { "PYRO:obj@host:9090", "PYRO:obj@host:9090" },
        { "pyro:obj@./u:/run/x", "PYRO:obj@./u:/run/x" },
        { "PYRO:obj@./u:relative", "PYRO:obj@./u:relative" },
        { "PYRONAME:other", "PYRONAME:other" },
        { "PYROMETA:a,b@h:1", "PYROMETA:a,b@h:1" },
        { "PYRO:obj@ssh://me@far/./u:/run/x", NULL },
        { "PYRO:obj", NULL },
        { "PYRO:two words@h:1", NULL },
        { "PYRO:obj@-oProxyCommand=x:1", NULL },
        { "http://example.com/", NULL },
        { "", NULL },
};

static void assert_uri(pyrope_value *value, const char *written)
{
        CLEANUP(pyrope_value_freep) pyrope_value *owned = value;
        CLEANUP(uri_deinit) Uri uri = { 0 };
        CLEANUP(freep) char *text = NULL;
        ErrorText error = { "" };
        int r = argument_uri(pyrope_value_view(owned), &uri, &error);

        if (!written) {
                ck_assert_int_eq(r, ARGUMENT_E_URI);
                ck_assert_str_eq(error.text, "invalid uri");
                ck_assert_ptr_null(uri.object);
                return;
        }
        ck_assert_int_eq(r, 0);
        text = uri_format(&uri);
        ck_assert_str_eq(text, written);
}

START_TEST(a_uri_is_text)
{
        assert_uri(pack("s", uris[_i].text), uris[_i].written);
}
END_TEST

#define URI_FORMAT "{s:s s:[s s s s i]}", "__class__", "Pyro5.core.URI", "state"

START_TEST(a_uri_is_an_object_of_pyro5)
{
        assert_uri(pack(URI_FORMAT, "PYRO", "obj", NULL, "host", 9090), "PYRO:obj@host:9090");
        assert_uri(pack(URI_FORMAT, "PYRO", "obj", NULL, "::1", 9090), "PYRO:obj@[::1]:9090");
        assert_uri(pack(URI_FORMAT, "PYRO", "obj", "/run/x", NULL, 0), "PYRO:obj@./u:/run/x");
        assert_uri(pack("{s:s s:[s s n n n]}", "__class__", "Pyro5.core.URI", "state", "PYRONAME",
                        "other"),
                   "PYRONAME:other");
        assert_uri(pack("{s:s s:[s [s s] n n n]}", "__class__", "Pyro5.core.URI", "state",
                        "PYROMETA", "a", "b"),
                   "PYROMETA:a,b");
}
END_TEST

START_TEST(an_object_of_another_shape_is_no_uri)
{
        assert_uri(pack(URI_FORMAT, "HTTP", "obj", NULL, "host", 9090), NULL);
        assert_uri(pack(URI_FORMAT, "PYRO", "obj", NULL, NULL, 9090), NULL);
        assert_uri(pack(URI_FORMAT, "PYRO", "obj", NULL, "host", 65536), NULL);
        assert_uri(pack(URI_FORMAT, "PYRO", "obj", NULL, "host", -1), NULL);
        assert_uri(pack(URI_FORMAT, "PYRO", "o b", NULL, "host", 1), NULL);
        assert_uri(pack("{s:s s:[]}", "__class__", "Pyro5.core.URI", "state"), NULL);
        assert_uri(pack("{s:s}", "__class__", "Pyro5.core.URI"), NULL);
        assert_uri(
                pack("{s:s s:[i i i i i]}", "__class__", "Pyro5.core.URI", "state", 1, 2, 3, 4, 5),
                NULL);
}
END_TEST

START_TEST(something_else_is_no_uri)
{
        CLEANUP(pyrope_value_freep) pyrope_value *number = pack("i", 5);
        CLEANUP(pyrope_value_freep)
        pyrope_value *proxy = pack("{s:s s:[]}", "__class__", "Pyro5.client.Proxy", "state");
        ErrorText error = { "" };
        Uri uri = { 0 };

        ck_assert_int_eq(argument_uri(pyrope_value_view(number), &uri, &error), ARGUMENT_E_TYPE);
        ck_assert_str_eq(error.text, "only URIs or strings can be registered");
        ck_assert_int_eq(argument_uri(pyrope_value_view(proxy), &uri, &error), ARGUMENT_E_TYPE);
}
END_TEST

START_TEST(a_uri_may_not_hold_nul)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;

        pyrope_write_strn(writer, "PYRO:obj@host:9090\0:1", 21);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        assert_uri(value, NULL);
}
END_TEST

/* An endpoint's arguments: zone, ssh, nathost and natport (0: nil), and what is said against it. */
static const struct {
        const char *uri, *zone, *ssh, *nathost;
        int natport;
        int outcome;
        const char *says;
} endpoints[] = {
        { "PYRO:o@./u:/x", NULL, NULL, NULL, 0, 0, NULL },
        { "PYRO:o@./u:/x", "cluster-a", "me@far:22", "nat.example", 5555, 0, NULL },
        { "PYRO:o@h:1", "z", "alias", "::1", 65535, 0, NULL },
        { "PYRO:o@h:7", NULL, NULL, "nat", 0, 0, NULL },
        { "PYRO:o@./u:/x", NULL, NULL, "nat", 0, ARGUMENT_E_VALUE, "natport should be 1 to" },
        { "PYRO:o@./u:/x", NULL, NULL, "nat", 65536, ARGUMENT_E_VALUE, "natport should be 1 to" },
        { "PYRO:o@./u:/x", NULL, NULL, NULL, 1, ARGUMENT_E_VALUE, "natport without nathost" },
        { "PYRO:o@./u:/x", NULL, NULL, "a b", 1, ARGUMENT_E_VALUE, "no host that one could go" },
        { "PYRO:o@./u:/x", NULL, NULL, "0.0.0.0", 1, ARGUMENT_E_VALUE, "no host that one could" },
        { "PYRO:o@./u:/x", NULL, "-oProxyCommand=x", NULL, 0, ARGUMENT_E_VALUE, "is not [user@]" },
        { "PYRO:o@./u:/x", NULL, "far;id", NULL, 0, ARGUMENT_E_VALUE, "is not [user@]" },
        { "PYRO:o@./u:/x", NULL, "gw,inner,me@far:22", NULL, 0, 0, NULL },
        { "PYRO:o@./u:/x", NULL, "1,2,3,4,5,6,7,8", NULL, 0, 0, NULL },
        { "PYRO:o@./u:/x", NULL, "1,2,3,4,5,6,7,8,9", NULL, 0, ARGUMENT_E_VALUE, "up to 8 of" },
        { "PYRO:o@./u:/x", NULL, "gw,-oProxyCommand=x", NULL, 0, ARGUMENT_E_VALUE,
          "is not [user@]" },
        { "PYRO:o@./u:/x", NULL, "gw, far", NULL, 0, ARGUMENT_E_VALUE, "is not [user@]" },
        { "PYRO:o@./u:/x", "a b", NULL, NULL, 0, ARGUMENT_E_VALUE, "zone 'a b' is not" },
        { "PYRO:o@./u:/x", "", NULL, NULL, 0, ARGUMENT_E_VALUE, "zone '' is not" },
        { "PYRO:o@./u:x", NULL, NULL, NULL, 0, ARGUMENT_E_VALUE, "absolute path" },
        { "PYRO:o@0.0.0.0:1", NULL, NULL, NULL, 0, ARGUMENT_E_VALUE, "address to listen on" },
        { "PYRO:o@[::]:1", NULL, NULL, NULL, 0, ARGUMENT_E_VALUE, "address to listen on" },
        { "PYRONAME:o", NULL, NULL, NULL, 0, ARGUMENT_E_VALUE, "an endpoint is PYRO:" },
};

static void assert_optional(const char *got, const char *expected)
{
        if (expected)
                ck_assert_str_eq(got, expected);
        else
                ck_assert_ptr_null(got);
}

START_TEST(an_endpoint_is_what_one_can_go_to)
{
        CLEANUP(pyrope_value_freep)
        pyrope_value *said = pack("[sssi]", endpoints[_i].zone, endpoints[_i].ssh,
                                  endpoints[_i].nathost, endpoints[_i].natport);
        pyrope_view list = pyrope_value_view(said);
        ArgumentWay way = {
                .zone = pyrope_at(list, 0),
                .ssh = pyrope_at(list, 1),
                .nathost = pyrope_at(list, 2),
                .natport = endpoints[_i].natport ? pyrope_at(list, 3) : (pyrope_view){ 0 },
        };
        CLEANUP(uri_deinit) Uri uri = { 0 };
        ErrorText error = { "" };
        ArgumentEndpoint got;

        ck_assert_int_eq(uri_parse(endpoints[_i].uri, &uri), 0);
        ck_assert_int_eq(argument_endpoint(&way, &uri, "here", &got, &error),
                         endpoints[_i].outcome);

        if (endpoints[_i].outcome) {
                ck_assert_msg(strstr(error.text, endpoints[_i].says), "%s", error.text);
                return;
        }
        ck_assert_str_eq(got.endpoint.zone, endpoints[_i].zone ? endpoints[_i].zone : "here");
        assert_optional(got.endpoint.ssh, endpoints[_i].ssh);
        assert_optional(got.endpoint.nathost, endpoints[_i].nathost);
        assert_optional(got.endpoint.path, uri.location.path);
        assert_optional(got.endpoint.host, uri.location.host);
        if (endpoints[_i].nathost)
                ck_assert_uint_eq(got.endpoint.natport,
                                  endpoints[_i].natport ? endpoints[_i].natport : 7);
}
END_TEST

START_TEST(the_ways_have_their_types)
{
        CLEANUP(pyrope_value_freep) pyrope_value *number = pack("i", 5);
        CLEANUP(pyrope_value_freep) pyrope_value *str = pack("s", "5");
        pyrope_view five = pyrope_value_view(number);
        ArgumentWay ways[] = {
                { .zone = five },
                { .ssh = five },
                { .nathost = five },
                { .nathost = pyrope_value_view(str), .natport = pyrope_value_view(str) },
        };
        CLEANUP(uri_deinit) Uri uri = { 0 };
        ErrorText error = { "" };
        ArgumentEndpoint got;

        ck_assert_int_eq(uri_parse("PYRO:o@h:1", &uri), 0);
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
                ck_assert_int_eq(argument_endpoint(&ways[i], &uri, "here", &got, &error),
                                 ARGUMENT_E_TYPE);
        ck_assert_str_eq(error.text, "natport should be an int, not str");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/argument");
        TCase *tests = tcase_create("argument");

        tcase_add_test(tests, a_name_is_a_str);
        tcase_add_test(tests, a_name_has_a_longest_length);
        tcase_add_test(tests, metadata_are_whatever_python_iterates_over);
        tcase_add_test(tests, no_metadata_are_none);
        tcase_add_test(tests, other_metadata_are_refused);
        tcase_add_test(tests, metadata_have_a_largest_number);
        tcase_add_loop_test(tests, a_uri_is_text, 0, ARRAY_SIZE(uris));
        tcase_add_test(tests, a_uri_is_an_object_of_pyro5);
        tcase_add_test(tests, an_object_of_another_shape_is_no_uri);
        tcase_add_test(tests, something_else_is_no_uri);
        tcase_add_test(tests, a_uri_may_not_hold_nul);
        tcase_add_loop_test(tests, an_endpoint_is_what_one_can_go_to, 0, ARRAY_SIZE(endpoints));
        tcase_add_test(tests, the_ways_have_their_types);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
