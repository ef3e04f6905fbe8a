/* SPDX-License-Identifier: MIT */

#include "proto/uri.h"

#include "base/defs.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

#define LONG_HOST "a1234567890123456789012345678901234567890123456789012345678901234567890123456789"

/* What is read, its parts (NULL: none), and how it is written again. */
static const struct {
        const char *text;
        UriKind kind;
        const char *object, *ssh, *path, *host;
        uint16_t port;
        const char *written; /* NULL: as it was */
} uris[] = {
        { "PYRO:obj@host:9090", URI_PYRO, "obj", NULL, NULL, "host", 9090, NULL },
        { "pyro:obj@host:1", URI_PYRO, "obj", NULL, NULL, "host", 1, "PYRO:obj@host:1" },
        { "PYRO:obj@192.0.2.1:65535", URI_PYRO, "obj", NULL, NULL, "192.0.2.1", 65535, NULL },
        { "PYRO:obj@[::1]:9090", URI_PYRO, "obj", NULL, NULL, "::1", 9090, NULL },
        { "PYRO:obj@[fe80::1%eth0]:80", URI_PYRO, "obj", NULL, NULL, "fe80::1%eth0", 80, NULL },
        { "PYRO:obj@./u:/run/a b.sock", URI_PYRO, "obj", NULL, "/run/a b.sock", NULL, 0, NULL },
        { "PYRO:obj@./u:relative", URI_PYRO, "obj", NULL, "relative", NULL, 0, NULL },
        { "PYRO:obj@/run/x", URI_PYRO, "obj", NULL, "/run/x", NULL, 0, "PYRO:obj@./u:/run/x" },
        { "PYRO:@x@host:1", URI_PYRO, "@x", NULL, NULL, "host", 1, NULL },
        { "PYRO:Pyro.Daemon@h:1", URI_PYRO, "Pyro.Daemon", NULL, NULL, "h", 1, NULL },
        { "PYRO:obj@ssh://me@far/./u:/x", URI_PYRO, "obj", "me@far", "/x", NULL, 0, NULL },
        { "PYRO:obj@ssh://far:22/h:1", URI_PYRO, "obj", "far:22", NULL, "h", 1, NULL },
        { "PYRONAME:Jobs", URI_PYRONAME, "Jobs", NULL, NULL, NULL, 0, NULL },
        { "PYRONAME:n@h", URI_PYRONAME, "n", NULL, NULL, "h", 9090, "PYRONAME:n@h:9090" },
        { "PYRONAME:n@[::1]", URI_PYRONAME, "n", NULL, NULL, "::1", 9090, "PYRONAME:n@[::1]:9090" },
        { "PYRONAME:n@h:1", URI_PYRONAME, "n", NULL, NULL, "h", 1, NULL },
        { "PYRONAME:n@", URI_PYRONAME, "n@", NULL, NULL, NULL, 0, NULL },
        { "PYRONAME:n@ssh://a", URI_PYRONAME, "n", "a", NULL, NULL, 0, NULL },
        { "PYRONAME:n@./u:/ns", URI_PYRONAME, "n", NULL, "/ns", NULL, 0, NULL },
        { "PyroName:n@h:1", URI_PYRONAME, "n", NULL, NULL, "h", 1, "PYRONAME:n@h:1" },
        { "PYROMETA:a", URI_PYROMETA, "a", NULL, NULL, NULL, 0, NULL },
        { "PYROMETA:k:v,b@h", URI_PYROMETA, "k:v,b", NULL, NULL, "h", 9090,
          "PYROMETA:k:v,b@h:9090" },
        { "PYROMETA:a,b@[::1]:1", URI_PYROMETA, "a,b", NULL, NULL, "::1", 1, NULL },
        { "PYROMETA:a,b@./u:/ns", URI_PYROMETA, "a,b", NULL, "/ns", NULL, 0, NULL },
        { "PYRONAME:d\xc3\xbcse", URI_PYRONAME, "d\xc3\xbcse", NULL, NULL, NULL, 0, NULL },
};

static void assert_text(const char *got, const char *expected)
{
        if (expected)
                ck_assert_str_eq(got, expected);
        else
                ck_assert_ptr_null(got);
}

START_TEST(uris_are_read_and_written)
{
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };
        CLEANUP(freep) char *written = NULL;

        ck_assert_msg(uri_parse(uris[_i].text, &uri) == 0, "%s", uris[_i].text);

        ck_assert_int_eq(uri.kind, uris[_i].kind);
        assert_text(uri.object, uris[_i].object);
        assert_text(uri.location.ssh, uris[_i].ssh);
        assert_text(uri.location.path, uris[_i].path);
        assert_text(uri.location.host, uris[_i].host);
        ck_assert_uint_eq(uri.location.port, uris[_i].port);
        written = uri_format(&uri);
        ck_assert_str_eq(written, uris[_i].written ? uris[_i].written : uris[_i].text);
}
END_TEST

static const char *const bad_uris[] = {
        "",
        "PYRO",
        "PYRO:",
        "PYRO:@",
        "PYRO:obj",
        "PYRO:obj@",
        "PYRO:obj@host",
        "PYRO:obj@host:",
        "PYRO:obj@host:0",
        "PYRO:obj@host:65536",
        "PYRO:obj@host:1x",
        "PYRO:obj@host:-1",
        "PYRO:obj@:1",
        "PYRO:obj@-oProxyCommand=x:1",
        "PYRO:obj@ho st:1",
        "PYRO:obj@ho;st:1",
        "PYRO:obj@h\xc3\xb6st:1",
        "PYRO:obj@::1:80",
        "PYRO:obj@[::1]",
        "PYRO:obj@[::1",
        "PYRO:obj@[::1]80",
        "PYRO:obj@[[::1]]:80",
        "PYRO:obj@[host]:80",
        "PYRO:obj@[:::1]:80",
        "PYRO:obj@[::1%]:80",
        "PYRO:obj@[::1%-x]:80",
        "PYRO:obj@./u:",
        "PYRO:obj@./u:a:b",
        "PYRO:obj@./u:a\nb",
        "PYRO:obj@host:1\n",
        "PYRO:o bj@host:1",
        "PYRO:o\x1b"
        "bj@host:1",
        "PYRO:o\xff"
        "bj@host:1",
        "PYRO:obj@./u:/\xff",
        "PYROX:obj@host:1",
        "HTTP:obj@host:1",
        "PYRONAME:",
        "PYRONAME:a b",
        "PYRONAME:n@h:x",
        "PYRO:obj@ssh://far/./u:relative",
};

START_TEST(other_texts_are_no_uris)
{
        Uri uri = { .object = (char *)"untouched" };

        ck_assert_msg(uri_parse(bad_uris[_i], &uri) == URI_E_INVALID, "took '%s'", bad_uris[_i]);
        ck_assert_str_eq(uri.object, "untouched");
}
END_TEST

START_TEST(a_uri_is_limited_in_length)
{
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };
        char text[URI_TEXT_MAX_BYTES + 2] = "PYRONAME:";

        memset(text + 9, 'x', sizeof(text) - 10);
        text[sizeof(text) - 1] = '\0';
        ck_assert_int_eq(uri_parse(text, &uri), URI_E_INVALID);

        text[URI_TEXT_MAX_BYTES] = '\0';
        ck_assert_int_eq(uri_parse(text, &uri), 0);
}
END_TEST

static const struct {
        const char *text;
        const char *ssh, *path, *host;
        uint16_t port;
        const char *written;
} locations[] = {
        { "/run/x", NULL, "/run/x", NULL, 0, "./u:/run/x" },
        { "./u:/run/x", NULL, "/run/x", NULL, 0, NULL },
        { "host:9090", NULL, NULL, "host", 9090, NULL },
        { "[::1]:9090", NULL, NULL, "::1", 9090, NULL },
        { "ssh://host", "host", NULL, NULL, 0, NULL },
        { "ssh://host/", "host", NULL, NULL, 0, "ssh://host" },
        { "ssh://user@host", "user@host", NULL, NULL, 0, NULL },
        { "ssh://user@host:2222/./u:/run/x", "user@host:2222", "/run/x", NULL, 0, NULL },
        { "ssh://user@[::1]:22", "user@[::1]:22", NULL, NULL, 0, NULL },
        { "ssh://host/[::1]:80", "host", NULL, "::1", 80, NULL },
        { "ssh://gw,[::1]:22,me@host:2222/./u:/run/x", "gw,[::1]:22,me@host:2222", "/run/x", NULL,
          0, NULL },
};

START_TEST(locations_are_read_written_and_copied)
{
        CLEANUP(location_deinit) Location location = { .port = 0 };
        CLEANUP(location_deinit) Location copy = { .port = 0 };
        CLEANUP(freep) char *written = NULL;

        ck_assert_int_eq(location_parse(locations[_i].text, &location), 0);

        ck_assert_int_eq(location_copy(&location, &copy), 0);
        assert_text(copy.ssh, locations[_i].ssh);
        assert_text(copy.path, locations[_i].path);
        assert_text(copy.host, locations[_i].host);
        ck_assert_uint_eq(copy.port, locations[_i].port);
        written = location_format(&location);
        ck_assert_str_eq(written,
                         locations[_i].written ? locations[_i].written : locations[_i].text);
}
END_TEST

static const char *const bad_locations[] = {
        "",           "host",
        "./u:",       "relative/path",
        "ssh://",     "ssh:///run/x",
        "ssh://-v",   "ssh://-v@host",
        "ssh://a b",  "ssh://host/run/x",
        "ssh://@h",   "ssh://host/./u:x",
        "ssh://h:0",  "ssh://host/ssh://other",
        "ssh://h;x",  "ssh://$(x)@host",
        "ssh://h:x",  "ssh://host`x`",
        "SSH://h",    "ssh://a@b@c",
        "ssh://gw,",  "ssh://,host",
        "ssh://a,-b", "ssh://a, b",
};

START_TEST(other_texts_are_no_locations)
{
        Location location = { .port = 77 };

        ck_assert_msg(location_parse(bad_locations[_i], &location) == URI_E_INVALID, "took '%s'",
                      bad_locations[_i]);
        ck_assert_uint_eq(location.port, 77);
}
END_TEST

static const struct {
        const char *text;
        bool is_host, is_ssh_target;
} hosts[] = {
        { "host", true, true },
        { "host-1.example.org", true, true },
        { "_srv", true, true },
        { "10.0.0.1", true, true },
        { "::1", true, false },
        { "[::1]", false, true },
        { "fe80::1%eth0", true, false },
        { "host:22", false, true },
        { "user@host", false, true },
        { "first.last+x@host:22", false, true },
        { "user@", false, false },
        { "", false, false },
        { "-host", false, false },
        { ".host", false, false },
        { "a/b", false, false },
        { "a\nb", false, false },
        { "a$b", false, false },
        { "-l@host", false, false },
        { LONG_HOST LONG_HOST LONG_HOST "123456789012345", true, true },
        { LONG_HOST LONG_HOST LONG_HOST "1234567890123456", false, false },
};

START_TEST(hosts_hold_harmless_letters_only)
{
        ck_assert_msg(uri_is_host(hosts[_i].text) == hosts[_i].is_host, "%s", hosts[_i].text);
        ck_assert_msg(uri_is_ssh_target(hosts[_i].text) == hosts[_i].is_ssh_target, "%s",
                      hosts[_i].text);
}
END_TEST

/* @n_hops hosts with commas between; the last is of @n_last bytes. */
static char *way_of(size_t n_hops, size_t n_last)
{
        char *way = calloc(n_hops + 1, 2 + n_last);

        ck_assert_ptr_nonnull(way);
        for (size_t i = 1; i < n_hops; i++)
                strcat(way, "h,");
        memset(way + strlen(way), 'u', n_last);
        way[2 * (n_hops - 1) + n_last - 2] = '@';
        return way;
}

START_TEST(a_way_has_so_many_hosts_of_so_many_bytes)
{
        CLEANUP(freep) char *longest = way_of(URI_SSH_HOPS_MAX, URI_SSH_TARGET_MAX_BYTES);
        CLEANUP(freep) char *too_many = way_of(URI_SSH_HOPS_MAX + 1, 3);
        CLEANUP(freep) char *too_long = way_of(1, URI_SSH_TARGET_MAX_BYTES + 1);
        CLEANUP(freep) char *one = way_of(1, URI_SSH_TARGET_MAX_BYTES);

        ck_assert(uri_is_ssh_way(longest));
        ck_assert(!uri_is_ssh_target(longest));
        ck_assert(!uri_is_ssh_way(too_many));
        ck_assert(uri_is_ssh_way(one));
        ck_assert(!uri_is_ssh_way(too_long));
}
END_TEST

static const char *const no_ways[] = { "",     ",",       "a,",    ",a",    "a,,b",
                                       "a, b", "a,-oX=y", "a,b;c", "a\n,b", "a,b:0" };

START_TEST(every_host_of_a_way_is_checked)
{
        ck_assert_msg(!uri_is_ssh_way(no_ways[_i]), "took '%s'", no_ways[_i]);
}
END_TEST

static const struct {
        const char *text;
        const char *protocol, *object, *path, *host;
        int port;
} values[] = {
        { "PYRO:o@h:1", "PYRO", "o", NULL, "h", 1 },
        { "PYRO:o@[::1]:1", "PYRO", "o", NULL, "::1", 1 },
        { "PYRO:o@./u:/x", "PYRO", "o", "/x", NULL, 0 },
        { "PYRONAME:n", "PYRONAME", "n", NULL, NULL, 0 },
        { "PYRONAME:n@h", "PYRONAME", "n", NULL, "h", 9090 },
};

static void assert_str(pyrope_view item, const char *expected)
{
        if (expected)
                ck_assert(pyrope_str_equals(item, expected));
        else
                ck_assert_int_eq(pyrope_type_of(item), PYROPE_NIL);
}

START_TEST(a_uri_travels_as_pyro5s_class)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view state;
        int64_t port = 0;

        pyrope_write_uri(writer, values[_i].text);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        assert_str(pyrope_find(pyrope_value_view(value), "__class__"), "Pyro5.core.URI");
        state = pyrope_find(pyrope_value_view(value), "state");
        ck_assert_uint_eq(pyrope_count(state), 5);
        assert_str(pyrope_at(state, 0), values[_i].protocol);
        assert_str(pyrope_at(state, 1), values[_i].object);
        assert_str(pyrope_at(state, 2), values[_i].path);
        assert_str(pyrope_at(state, 3), values[_i].host);
        (void)pyrope_get_int(pyrope_at(state, 4), &port);
        ck_assert_int_eq(port, values[_i].port);
}
END_TEST

START_TEST(tags_of_a_uri_travel_as_a_list)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view tags;

        pyrope_write_uri(writer, "PYROMETA:a,bc");
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        tags = pyrope_at(pyrope_find(pyrope_value_view(value), "state"), 1);
        ck_assert_uint_eq(pyrope_count(tags), 2);
        assert_str(pyrope_at(tags, 0), "a");
        assert_str(pyrope_at(tags, 1), "bc");
}
END_TEST

START_TEST(a_proxy_travels_as_pyro5s_class)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view state;

        pyrope_write_proxy(writer, "PYRO:o@./u:/x");
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);

        assert_str(pyrope_find(pyrope_value_view(value), "__class__"), "Pyro5.client.Proxy");
        state = pyrope_find(pyrope_value_view(value), "state");
        ck_assert_uint_eq(pyrope_count(state), 6);
        assert_str(pyrope_at(state, 0), "PYRO:o@./u:/x");
        assert_str(pyrope_at(state, 5), "msgpack");
}
END_TEST

START_TEST(what_stock_pyro5_cannot_read_is_not_written)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_write_uri(writer, "no uri");
        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_INVALID);
        writer_reset(writer, 0);
        pyrope_write_uri(writer, "PYRO:o@ssh://far/./u:/x");
        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_INVALID);
        writer_reset(writer, 0);
        pyrope_write_proxy(writer, "PYRONAME:n");
        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_INVALID);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("uri");
        TCase *tcase = tcase_create("uri");

        tcase_add_loop_test(tcase, uris_are_read_and_written, 0, ARRAY_SIZE(uris));
        tcase_add_loop_test(tcase, other_texts_are_no_uris, 0, ARRAY_SIZE(bad_uris));
        tcase_add_test(tcase, a_uri_is_limited_in_length);
        tcase_add_loop_test(tcase, locations_are_read_written_and_copied, 0, ARRAY_SIZE(locations));
        tcase_add_loop_test(tcase, other_texts_are_no_locations, 0, ARRAY_SIZE(bad_locations));
        tcase_add_loop_test(tcase, hosts_hold_harmless_letters_only, 0, ARRAY_SIZE(hosts));
        tcase_add_test(tcase, a_way_has_so_many_hosts_of_so_many_bytes);
        tcase_add_loop_test(tcase, every_host_of_a_way_is_checked, 0, ARRAY_SIZE(no_ways));
        tcase_add_loop_test(tcase, a_uri_travels_as_pyro5s_class, 0, ARRAY_SIZE(values));
        tcase_add_test(tcase, tags_of_a_uri_travel_as_a_list);
        tcase_add_test(tcase, a_proxy_travels_as_pyro5s_class);
        tcase_add_test(tcase, what_stock_pyro5_cannot_read_is_not_written);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
