/* SPDX-License-Identifier: MIT */

#include "nameserver/endpoint.h"

#include "tests/unit/unit.h"

/* The endpoints of an object "o", and the one URI that everybody is told. */
static const struct {
        StoreEndpoint endpoints[3];
        size_t n;
        const char *uri;
} published[] = {
        { { { .path = "/run/x" } }, 1, "PYRO:o@./u:/run/x" },
        { { { .host = "h", .port = 1 } }, 1, "PYRO:o@h:1" },
        { { { .host = "::1", .port = 1 } }, 1, "PYRO:o@[::1]:1" },
        { { { .path = "/a" }, { .path = "/b" } }, 2, "PYRO:o@./u:/a" },
        { { { .path = "/a", .nathost = "n", .natport = 7 } }, 1, "PYRO:o@n:7" },
        { { { .path = "/a", .nathost = "127.0.0.1", .natport = 7 } }, 1, "PYRO:o@127.0.0.1:7" },
        { { { .path = "/a" }, { .path = "/b", .nathost = "n", .natport = 7 } }, 2, "PYRO:o@n:7" },
        { { { .path = "/a" }, { .path = "/b", .nathost = "127.0.0.1", .natport = 7 } },
          2,
          "PYRO:o@./u:/a" },
        { { { .path = "/a", .nathost = "localhost", .natport = 7 }, { .path = "/b" } },
          2,
          "PYRO:o@./u:/a" },
        { { { .path = "/a", .nathost = "::1", .natport = 7 },
            { .path = "/b", .nathost = "m", .natport = 8 } },
          2,
          "PYRO:o@m:8" },
        { { { .path = "/a", .nathost = "::ffff:127.3.2.1", .natport = 7 }, { .path = "/b" } },
          2,
          "PYRO:o@./u:/a" },
};

START_TEST(the_uri_for_everybody_prefers_a_nat_address_that_is_true_for_all)
{
        CLEANUP(freep) char *uri = endpoint_publish("o", published[_i].endpoints, published[_i].n);

        ck_assert_str_eq(uri, published[_i].uri);
}
END_TEST

static const struct {
        const char *host;
        int outcome;
} hosts[] = {
        { "0.0.0.0", ENDPOINT_E_WILDCARD },
        { "0", ENDPOINT_E_WILDCARD },
        { "::", ENDPOINT_E_WILDCARD },
        { "0:0::0", ENDPOINT_E_WILDCARD },
        { "::ffff:0.0.0.0", ENDPOINT_E_WILDCARD },
        { "0.0.0.1", 0 },
        { "::1", 0 },
        { "zero", 0 },
};

START_TEST(a_wildcard_address_is_no_place_to_go)
{
        Location location = { .host = (char *)(uintptr_t)hosts[_i].host, .port = 9090 };
        StoreEndpoint endpoint = { 0 };

        ck_assert_int_eq(endpoint_init(&location, "z", &endpoint), hosts[_i].outcome);

        if (hosts[_i].outcome == 0) {
                ck_assert_str_eq(endpoint.zone, "z");
                ck_assert_str_eq(endpoint.host, hosts[_i].host);
                ck_assert_uint_eq(endpoint.port, 9090);
        } else {
                ck_assert_ptr_null(endpoint.host);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/endpoint");
        TCase *tests = tcase_create("endpoint");

        tcase_add_loop_test(tests, the_uri_for_everybody_prefers_a_nat_address_that_is_true_for_all,
                            0, ARRAY_SIZE(published));
        tcase_add_loop_test(tests, a_wildcard_address_is_no_place_to_go, 0, ARRAY_SIZE(hosts));
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
