/* SPDX-License-Identifier: MIT */

#include "client/doctor-host.h"

#include "tests/unit/unit.h"

#include <string.h>

/* -- who listens ------------------------------------------------------------------------------- */

static const char table[] =
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "ffff8880: 00000002 00000000 00010000 0001 01 11223 /run/user/1000/pyrope/nameserver.sock\n"
        "ffff8881: 00000003 00000000 00000000 0001 03 11224 /run/connected.sock\n"
        "ffff8882: 00000002 00000000 00000000 0002 01 11225 /run/datagrams.sock\n"
        "ffff8883: 00000002 00000000 00010000 0005 01 11226 /run/packets.sock\n"
        "ffff8884: 00000002 00000000 00010000 0001 01 11227 @/run/abstract\n"
        "ffff8885: 00000003 00000000 00000000 0001 03 11228\n"
        "ffff8886: 00000003 00000000 00000000 0001 03 11229 /run/x 00010000 0001 01 /run/y\n"
        "ffff8887: 00000002 00000000 00010000 0001 01 11230 /run/a blank.sock\n"
        "ffff8888: 00000002 00000000 00010000 0001 01 11231 /run/last.sock";

static const struct {
        const char *path;
        bool listens;
} paths[] = {
        { "/run/user/1000/pyrope/nameserver.sock", true },
        { "/run/a blank.sock", true },
        { "/run/last.sock", true },
        { "/pyrope/nameserver.sock", false },
        { "nameserver.sock", false },
        { "/run/connected.sock", false },
        { "/run/datagrams.sock", false },
        { "/run/packets.sock", false },
        { "/run/abstract", false },
        { "/run/nobody.sock", false },
        { "/run/last.soc", false },
};

START_TEST(a_path_is_listened_on_if_the_kernels_table_says_so)
{
        ck_assert_int_eq(doctor_listens(table, paths[_i].path), paths[_i].listens);
}
END_TEST

START_TEST(nobody_listens_according_to_an_empty_table)
{
        ck_assert(!doctor_listens("", "/run/last.sock"));
        ck_assert(!doctor_listens("\n\n", "/run/last.sock"));
}
END_TEST

/* -- checks ------------------------------------------------------------------------------------ */

typedef struct Heard {
        unsigned n;
        pyrope_check last;
        char finding[64], remedy[64];
} Heard;

static void hear(void *userdata, const pyrope_check *check)
{
        Heard *heard = userdata;

        heard->n++;
        heard->last = *check;
        ck_assert_uint_lt(strlen(check->finding), sizeof(heard->finding));
        strcpy(heard->finding, check->finding);
        strcpy(heard->remedy, check->remedy ? check->remedy : "");
}

static pyrope_context *context;

static void setup(void)
{
        ck_assert_int_eq(pyrope_context_new(NULL, &context, NULL), PYROPE_OK);
}

static void teardown(void)
{
        context = pyrope_context_free(context);
}

START_TEST(checks_are_numbered_and_only_failures_have_a_remedy)
{
        Heard heard = { 0 };
        Doctor doctor = { .context = context, .on_check = hear, .userdata = &heard, .host = "h" };
        DoctorCheck check = doctor_begin(&doctor, "one");

        doctor_remedy(&check, "do %s", "this");
        doctor_pass(&check, "%d", 42);
        ck_assert_uint_eq(heard.last.number, 1);
        ck_assert_str_eq(heard.last.name, "one");
        ck_assert_str_eq(heard.last.host, "h");
        ck_assert_int_eq(heard.last.outcome, PYROPE_PASSED);
        ck_assert_str_eq(heard.finding, "42");
        ck_assert_ptr_null(heard.last.remedy);

        check = doctor_begin(&doctor, "two");
        doctor_remedy(&check, "do %s", "this");
        doctor_fail(&check, "it is broken");
        ck_assert_uint_eq(heard.last.number, 2);
        ck_assert_int_eq(heard.last.outcome, PYROPE_FAILED);
        ck_assert_str_eq(heard.remedy, "do this");

        doctor_skip(&doctor, "three", "%s failed", "two");
        ck_assert_uint_eq(heard.last.number, 3);
        ck_assert_int_eq(heard.last.outcome, PYROPE_SKIPPED);
        ck_assert_str_eq(heard.finding, "two failed");
        ck_assert_double_eq(heard.last.ms, 0);
        ck_assert_uint_eq(heard.n, 3);
}
END_TEST

START_TEST(what_a_host_says_cannot_move_the_terminal)
{
        Heard heard = { 0 };
        Doctor doctor = { .context = context, .on_check = hear, .userdata = &heard };
        DoctorCheck check = doctor_begin(&doctor, "one");

        doctor_fail(&check, "it said '%s'", "\x1b[2J\nfine");
        ck_assert_str_eq(heard.finding, "it said '\\x1b[2J\\x0afine'");
}
END_TEST

START_TEST(an_error_loses_the_name_that_is_known_anyway)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        Heard heard = { 0 };
        Doctor doctor = { .context = context, .on_check = hear, .userdata = &heard };
        DoctorCheck check = doctor_begin(&doctor, "one");

        (void)error_set(&error, PYROPE_E_AUTH, "h1: refused");
        doctor_fail_by(&check, PYROPE_E_AUTH, error, "h1");
        ck_assert_str_eq(heard.finding, "refused");
        doctor_fail_by(&check, PYROPE_E_AUTH, error, "h");
        ck_assert_str_eq(heard.finding, "h1: refused");
        doctor_fail_by(&check, PYROPE_E_AUTH, error, NULL);
        ck_assert_str_eq(heard.finding, "h1: refused");
        doctor_fail_by(&check, PYROPE_E_NOMEM, NULL, "h1");
        ck_assert_str_eq(heard.finding, "out of memory");
}
END_TEST

START_TEST(an_error_loses_the_remedy_at_its_end)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        Heard heard = { 0 };
        Doctor doctor = { .context = context, .on_check = hear, .userdata = &heard };
        DoctorCheck check = doctor_begin(&doctor, "one");

        (void)error_set(&error, PYROPE_E_AUTH, "h1: refused; do this; and that");
        doctor_remedy(&check, "do this; and that");
        doctor_fail_by(&check, PYROPE_E_AUTH, error, "h1");
        ck_assert_str_eq(heard.finding, "refused");
        ck_assert_str_eq(heard.remedy, "do this; and that");
        doctor_remedy(&check, "nd that");
        doctor_fail_by(&check, PYROPE_E_AUTH, error, "h1");
        ck_assert_str_eq(heard.finding, "refused; do this; and that");
}
END_TEST

START_TEST(the_median_is_in_the_middle)
{
        double numbers[] = { 5, 1, 4, 2, 3 };

        ck_assert_double_eq(doctor_median(numbers, 5), 3);
        ck_assert_double_eq(doctor_median(numbers, 1), 1);
}
END_TEST

/* -- the whole --------------------------------------------------------------------------------- */

static const char *const no_targets[] = { "",          "ssh://",       "ssh://-oProxyCommand=id",
                                          "ssh://h1,", "PYRO:nothing", "PYRO:x@ssh://a;b/./u:/x" };

START_TEST(what_is_neither_host_nor_object_is_refused)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        Heard heard = { 0 };

        ck_assert_int_eq(pyrope_doctor(context, no_targets[_i], hear, &heard, &error),
                         PYROPE_E_INVALID);
        ck_assert_ptr_nonnull(error);
        ck_assert_uint_eq(heard.n, 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("doctor");
        TCase *tcase = tcase_create("doctor");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, a_path_is_listened_on_if_the_kernels_table_says_so, 0,
                            (int)ARRAY_SIZE(paths));
        tcase_add_test(tcase, nobody_listens_according_to_an_empty_table);
        tcase_add_test(tcase, checks_are_numbered_and_only_failures_have_a_remedy);
        tcase_add_test(tcase, what_a_host_says_cannot_move_the_terminal);
        tcase_add_test(tcase, an_error_loses_the_name_that_is_known_anyway);
        tcase_add_test(tcase, an_error_loses_the_remedy_at_its_end);
        tcase_add_test(tcase, the_median_is_in_the_middle);
        tcase_add_loop_test(tcase, what_is_neither_host_nor_object_is_refused, 0,
                            (int)ARRAY_SIZE(no_targets));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
