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

#define TAG(nathost) "network:{\"host\": \"far\", \"port\": 4, \"nathost\": " nathost "}"
#define NO_NAT       "network:{\"host\": \"far\", \"port\": 4}"
#define NAT(host)    TAG("\"" host "\", \"natport\": 5")

/* NAT hosts of three endpoints, port 5; the tags before and after; which endpoint changes (-1:
 * none) and what it is then. */
static const struct {
        const char *nathosts[3];
        const char *old, *tag;
        int moved;
        const char *host, *nathost;
} moves[] = {
        { { NULL, NULL, NULL }, NULL, NULL, -1, NULL, NULL },
        { { NULL, NULL, NULL }, NULL, NAT("n"), 0, "far", "n" },
        { { NULL, "a", "b" }, NULL, NAT("n"), 1, "far", "n" },
        { { NULL, "a", "b" }, NAT("b"), NAT("n"), 2, "far", "n" },
        { { NULL, "a", "b" }, NAT("b"), NULL, 2, "h", NULL },
        { { NULL, "a", "b" }, NAT("b"), NO_NAT, 2, "far", NULL },
        { { NULL, "a", "b" }, NAT("gone"), NULL, -1, NULL, NULL },
        { { NULL, "a", "b" }, NO_NAT, NULL, -1, NULL, NULL },
        { { NULL, "a", "b" }, NULL, NULL, -1, NULL, NULL },
};

/* NULL: @text is, too. */
static const NetworkTag *parsed(const char *text, NetworkTag *ret)
{
        const StoreText tags[] = { { "t", 1 }, { text, text ? strlen(text) : 0 } };

        if (!text)
                return NULL;
        ck_assert_int_eq(network_tag_find(tags, 2, ret), 0);
        return ret;
}

START_TEST(new_metadata_move_the_endpoint_that_the_old_ones_told)
{
        StoreEndpoint endpoints[3], moved;
        const StoreObject object = { .endpoints = endpoints, .n_endpoints = 3 };
        NetworkTag old, tag;

        for (size_t i = 0; i < 3; i++)
                endpoints[i] = (StoreEndpoint){ .zone = "z",
                                                .host = "h",
                                                .port = (uint16_t)(i + 1),
                                                .nathost = moves[_i].nathosts[i],
                                                .natport = moves[_i].nathosts[i] ? 5 : 0 };
        ck_assert_int_eq(network_tag_move(&object, parsed(moves[_i].old, &old),
                                          parsed(moves[_i].tag, &tag), &moved),
                         moves[_i].moved >= 0);
        if (moves[_i].moved < 0)
                return;
        ck_assert_str_eq(moved.host, moves[_i].host);
        ck_assert_int_eq(moved.port, moves[_i].tag ? 4 : moves[_i].moved + 1);
        ck_assert_pstr_eq(moved.nathost, moves[_i].nathost);
        ck_assert_int_eq(moved.natport, moves[_i].nathost ? 5 : 0);
}
END_TEST

START_TEST(without_endpoints_nothing_moves)
{
        const StoreObject object = { .n_endpoints = 0 };
        StoreEndpoint moved;
        NetworkTag tag;

        ck_assert(!network_tag_move(&object, NULL, parsed(NAT("n"), &tag), &moved));
        ck_assert_ptr_null(network_tag_untold(&object));
        ck_assert_int_eq(network_tag_find(NULL, 0, &tag), NETWORK_TAG_E_NONE);
}
END_TEST

START_TEST(a_nat_address_is_told_once)
{
        const StoreEndpoint endpoints[] = { { .zone = "a", .path = "/x" },
                                            { .zone = "b", .path = "/x", .nathost = "n" } };
        const StoreText tags[] = { { NO_NAT, sizeof(NO_NAT) - 1 } };
        StoreObject object = { .endpoints = endpoints, .n_endpoints = 2 };

        ck_assert_ptr_eq(network_tag_untold(&object), &endpoints[1]);
        object.tags = tags;
        object.n_tags = 1;
        ck_assert_ptr_null(network_tag_untold(&object));
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
        tcase_add_loop_test(tests, new_metadata_move_the_endpoint_that_the_old_ones_told, 0,
                            ARRAY_SIZE(moves));
        tcase_add_test(tests, without_endpoints_nothing_moves);
        tcase_add_test(tests, a_nat_address_is_told_once);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
