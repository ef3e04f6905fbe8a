/* SPDX-License-Identifier: MIT */

#include "nameserver/network-tag.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
        const char *tag;
        const char *host;
        unsigned port;
        const char *nathost;
        unsigned natport;
} good[] = {
        { "network:{\"host\": \"h\", \"port\": 1, \"nathost\": \"n\", \"natport\": 65535}", "h", 1,
          "n", 65535 },
        { "network:{\"natport\":2,\"nathost\":\"127.0.0.1\",\"port\":1,\"host\":\"::1\"}", "::1", 1,
          "127.0.0.1", 2 },
        { "network:{ \"host\" : \"h\" , \"port\" : 1 , \"nathost\" : null , \"natport\" : null }",
          "h", 1, "", 0 },
        { "network:{\"nathost\": \"n\", \"natport\": 1}", "", 0, "n", 1 },
        { "network:{\"host\": \"0.0.0.0\", \"port\": 1, \"nathost\": \"n\", \"natport\": 1}", "", 0,
          "n", 1 },
        { "network:{\"host\": \"h\", \"port\": 1, \"nathost\": \"n\", \"natport\": null}", "h", 1,
          "", 0 },
};

START_TEST(a_tag_tells_a_place)
{
        NetworkTag found;

        ck_assert_int_eq(
                network_tag_parse((StoreText){ good[_i].tag, strlen(good[_i].tag) }, &found), 0);
        ck_assert_str_eq(found.host, good[_i].host);
        ck_assert_uint_eq(found.port, good[_i].port);
        ck_assert_str_eq(found.nathost, good[_i].nathost);
        ck_assert_uint_eq(found.natport, good[_i].natport);
}
END_TEST

static const char *const bad[] = {
        "network:",
        "network:{",
        "network:{}",
        "network: {\"host\": \"h\", \"port\": 1}",
        "networks:{\"host\": \"h\", \"port\": 1}",
        "network:{\"host\": \"h\"}",
        "network:{\"host\": \"h\", \"port\": 0}",
        "network:{\"host\": \"h\", \"port\": 65536}",
        "network:{\"host\": \"h\", \"port\": -1}",
        "network:{\"host\": \"h\", \"port\": 1",
        "network:{\"host\": \"h\", \"port\": 1}x",
        "network:{\"host\": \"h\", \"port\": 1,}",
        "network:{\"host\": \"h\", \"port\": 1, \"more\": 1}",
        "network:{\"host\": \"-oProxyCommand=x\", \"port\": 1}",
        "network:{\"host\": \"a b\", \"port\": 1}",
        "network:{\"host\": \"\\u0041\", \"port\": 1}",
        "network:{\"host\": \"0.0.0.0\", \"port\": 1}",
        "network:{\"host\": 5, \"port\": 1}",
};

START_TEST(another_tag_tells_none)
{
        NetworkTag found = { .port = 7 };

        ck_assert_int_eq(network_tag_parse((StoreText){ bad[_i], strlen(bad[_i]) }, &found),
                         NETWORK_TAG_E_NONE);
        ck_assert_uint_eq(found.port, 7);
}
END_TEST

START_TEST(a_host_has_a_limit)
{
        char host[URI_HOST_MAX_BYTES + 2];
        char tag[512];
        NetworkTag found;

        memset(host, 'h', sizeof(host));
        for (size_t n = URI_HOST_MAX_BYTES; n <= URI_HOST_MAX_BYTES + 1; n++) {
                host[n] = '\0';
                snprintf(tag, sizeof(tag), "network:{\"host\": \"%s\", \"port\": 1}", host);
                ck_assert_int_eq(network_tag_parse((StoreText){ tag, strlen(tag) }, &found) == 0,
                                 n == URI_HOST_MAX_BYTES);
                host[n] = 'h';
        }
}
END_TEST

START_TEST(what_is_written_is_understood)
{
        StoreEndpoint endpoint = {
                .zone = "z", .host = "h", .port = 1, .nathost = "n", .natport = 5555
        };
        char text[NETWORK_TAG_SIZE];
        size_t n = network_tag_write(&endpoint, text);

        ck_assert_str_eq(text, "network:{\"host\": \"h\", \"port\": 1, \"nathost\": \"n\", "
                               "\"natport\": 5555}");
        ck_assert_uint_eq(n, strlen(text));
        endpoint.host = NULL;
        endpoint.port = 0;
        (void)network_tag_write(&endpoint, text);
        ck_assert_str_eq(text, "network:{\"host\": null, \"port\": 0, \"nathost\": \"n\", "
                               "\"natport\": 5555}");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/network-tag");
        TCase *tests = tcase_create("network-tag");

        tcase_add_loop_test(tests, a_tag_tells_a_place, 0, ARRAY_SIZE(good));
        tcase_add_loop_test(tests, another_tag_tells_none, 0, ARRAY_SIZE(bad));
        tcase_add_test(tests, a_host_has_a_limit);
        tcase_add_test(tests, what_is_written_is_understood);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
