/* SPDX-License-Identifier: MIT */

#include "base/zone.h"

#include "tests/unit/unit.h"

#include <string.h>

#define TEN "0123456789"

static const struct {
        const char *text;
        bool is_valid;
} zones[] = {
        { "a", true },
        { "Node-7.cluster_x", true },
        { TEN TEN TEN TEN TEN TEN "123", true }, /* ZONE_SIZE - 1 */
        { TEN TEN TEN TEN TEN TEN "1234", false },
        { "", false },
        { "a b", false },
        { "a/b", false },
        { "z\xc3\xbcrich", false },
        { "a\n", false },
};

START_TEST(zones_are_short_and_plain)
{
        ck_assert_msg(zone_is_valid(zones[_i].text) == zones[_i].is_valid, "row %d", _i);
}
END_TEST

START_TEST(a_zone_names_its_host_and_hides_its_machine_id)
{
        char zone[ZONE_SIZE];

        zone_make("node7", "0123456789abcdef0123456789abcdef", zone);
        ck_assert(strncmp(zone, "node7-", 6) == 0);
        ck_assert_uint_eq(strlen(zone), strlen("node7-01234567"));
        ck_assert_ptr_null(strstr(zone, "0123456789"));
}
END_TEST

START_TEST(computers_of_one_name_have_zones_of_their_own)
{
        char one[ZONE_SIZE], other[ZONE_SIZE];

        zone_make("localhost", "0123456789abcdef0123456789abcdef", one);
        zone_make("localhost", "0123456789abcdef0123456789abcdee", other);
        ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(any_host_name_makes_a_valid_zone)
{
        static const char *const hosts[] = { "", "a b\n/\xff", TEN TEN TEN TEN TEN TEN TEN };
        char zone[ZONE_SIZE];

        zone_make(hosts[_i], "", zone);
        ck_assert_msg(zone_is_valid(zone), "%s", zone);
}
END_TEST

START_TEST(this_computer_has_one_zone)
{
        char first[ZONE_SIZE], second[ZONE_SIZE];

        zone_default(first);
        zone_default(second);
        ck_assert(zone_is_valid(first));
        ck_assert_str_eq(first, second);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("zone");
        TCase *tcase = tcase_create("zone");

        tcase_add_loop_test(tcase, zones_are_short_and_plain, 0, ARRAY_SIZE(zones));
        tcase_add_test(tcase, a_zone_names_its_host_and_hides_its_machine_id);
        tcase_add_test(tcase, computers_of_one_name_have_zones_of_their_own);
        tcase_add_loop_test(tcase, any_host_name_makes_a_valid_zone, 0, 3);
        tcase_add_test(tcase, this_computer_has_one_zone);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
