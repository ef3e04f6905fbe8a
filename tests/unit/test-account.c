/* SPDX-License-Identifier: MIT */

#include "base/account.h"

#include "tests/unit/unit.h"

static const struct {
        const char *text;
        int r;
        uint32_t id;
} texts[] = {
        { "root", 0, 0 },
        { "0", 0, 0 },
        { "4711", 0, 4711 },
        { "4294967294", 0, 4294967294u },
        { "4294967295", ACCOUNT_E_UNKNOWN, 0 }, /* means "no change" to the system */
        { "-1", ACCOUNT_E_UNKNOWN, 0 },
        { "", ACCOUNT_E_UNKNOWN, 0 },
        { "nobody has this name", ACCOUNT_E_UNKNOWN, 0 },
        { "12x", ACCOUNT_E_UNKNOWN, 0 },
};

START_TEST(accounts_are_names_or_numbers)
{
        uid_t uid = 99;
        gid_t gid = 99;

        ck_assert_int_eq(account_uid(texts[_i].text, &uid), texts[_i].r);
        ck_assert_int_eq(account_gid(texts[_i].text, &gid), texts[_i].r);
        ck_assert_uint_eq(uid, texts[_i].r ? 99 : texts[_i].id);
        ck_assert_uint_eq(gid, texts[_i].r ? 99 : texts[_i].id);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("account");
        TCase *tests = tcase_create("account");

        tcase_add_loop_test(tests, accounts_are_names_or_numbers, 0, ARRAY_SIZE(texts));
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
