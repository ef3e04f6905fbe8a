/* SPDX-License-Identifier: MIT */

#include "nameserver/setup.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Nothing of whoever runs the test: home, state and runtime directory lie in the scratch one. */
static void setup(void)
{
        scratch_setup();
        ck_assert_int_eq(setenv("HOME", scratch_path("home"), 1), 0);
        ck_assert_int_eq(setenv("PYROPE_RUNTIME_DIR", scratch_path("run"), 1), 0);
        unsetenv("XDG_STATE_HOME");
        unsetenv("PYROPE_ZONE");
        ck_assert_int_eq(mkdir(scratch_path("home"), 0700), 0);
        ck_assert_int_eq(mkdir(scratch_path("run"), 0700), 0);
}

static void assert_refused(const SetupOptions *options, const char *says)
{
        Setup made = { .database = NULL };
        ErrorText error = { "" };

        ck_assert_int_eq(setup_make(options, &made, &error), SETUP_E_INVALID);
        ck_assert_msg(strstr(error.text, says), "%s", error.text);
        ck_assert_ptr_null(made.database);
}

START_TEST(without_a_word_everything_has_its_place)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { 0 };
        ErrorText error = { "" };
        char zone[ZONE_SIZE];
        struct stat st;

        ck_assert_msg(setup_make(&options, &made, &error) == 0, "%s", error.text);

        zone_default(zone);
        ck_assert_str_eq(made.zone, zone);
        ck_assert_str_eq(made.socket, scratch_path("run/nameserver.sock"));
        ck_assert_str_eq(made.database, scratch_path("home/.local/state/pyrope/nameserver.db"));
        ck_assert_int_eq(stat(scratch_path("home/.local/state/pyrope"), &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(the_state_directory_may_be_elsewhere)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { 0 };

        ck_assert_int_eq(setenv("XDG_STATE_HOME", scratch_path("a/b"), 1), 0);
        ck_assert_int_eq(setup_make(&options, &made, NULL), 0);

        ck_assert_str_eq(made.database, scratch_path("a/b/pyrope/nameserver.db"));
}
END_TEST

START_TEST(the_file_has_more_say_than_the_environment_and_options_most)
{
        CLEANUP(setup_deinit) Setup by_file = { 0 };
        CLEANUP(setup_deinit) Setup by_options = { 0 };
        SetupOptions options = { .config = scratch_path("ns.conf") };
        ErrorText error = { "" };

        scratch_write("ns.conf", "[nameserver]\ndatabase = /d/file.db\nsocket = /s/file.sock\n"
                                 "zone = of-the-file\n");
        ck_assert_int_eq(setenv("PYROPE_ZONE", "of-the-environment", 1), 0);

        ck_assert_msg(setup_make(&options, &by_file, &error) == 0, "%s", error.text);
        ck_assert_str_eq(by_file.database, "/d/file.db");
        ck_assert_str_eq(by_file.socket, "/s/file.sock");
        ck_assert_str_eq(by_file.zone, "of-the-file");

        options.database = "/d/option.db";
        options.socket = "/s/option.sock";
        options.zone = "of-the-option";
        ck_assert_int_eq(setup_make(&options, &by_options, NULL), 0);
        ck_assert_str_eq(by_options.database, "/d/option.db");
        ck_assert_str_eq(by_options.socket, "/s/option.sock");
        ck_assert_str_eq(by_options.zone, "of-the-option");
}
END_TEST

START_TEST(the_environment_may_name_the_zone)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { .config = "" };

        ck_assert_int_eq(setenv("PYROPE_ZONE", "a", 1), 0);
        ck_assert_int_eq(setup_make(&options, &made, NULL), 0);

        ck_assert_str_eq(made.zone, "a");
}
END_TEST

START_TEST(the_runtime_directory_may_be_elsewhere)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { .runtime_dir = scratch_path("other") };
        ErrorText error = { "" };

        ck_assert_msg(setup_make(&options, &made, &error) == 0, "%s", error.text);

        ck_assert_str_eq(made.socket, scratch_path("other/nameserver.sock"));
}
END_TEST

START_TEST(a_broken_configuration_is_told_by_file_and_line)
{
        scratch_write("ns.conf", "[nameserver]\n\ndatabse = /x\n");
        assert_refused(&(SetupOptions){ .config = scratch_path("ns.conf") }, "ns.conf:3: ");
        assert_refused(&(SetupOptions){ .config = scratch_path("none.conf") },
                       "none.conf: No such");
}
END_TEST

START_TEST(a_zone_has_a_form)
{
        assert_refused(&(SetupOptions){ .zone = "a b" }, "zone 'a b' is not");
        scratch_write("ns.conf", "[nameserver]\nzone = a b\n");
        assert_refused(&(SetupOptions){ .config = scratch_path("ns.conf") },
                       "ns.conf:2: zone 'a b' is not");
}
END_TEST

START_TEST(without_a_home_the_database_must_be_named)
{
        SetupOptions options = { .database = "/d/x.db" };
        CLEANUP(setup_deinit) Setup made = { 0 };

        unsetenv("HOME");
        assert_refused(&(SetupOptions){ 0 }, "--database");
        ck_assert_int_eq(setup_make(&options, &made, NULL), 0);
}
END_TEST

START_TEST(a_runtime_directory_that_is_not_private_is_refused)
{
        ck_assert_int_eq(chmod(scratch_path("run"), 0755), 0);
        assert_refused(&(SetupOptions){ 0 }, "run");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/setup");
        TCase *tests = tcase_create("setup");

        tcase_add_checked_fixture(tests, setup, scratch_teardown);
        tcase_add_test(tests, without_a_word_everything_has_its_place);
        tcase_add_test(tests, the_state_directory_may_be_elsewhere);
        tcase_add_test(tests, the_file_has_more_say_than_the_environment_and_options_most);
        tcase_add_test(tests, the_environment_may_name_the_zone);
        tcase_add_test(tests, the_runtime_directory_may_be_elsewhere);
        tcase_add_test(tests, a_broken_configuration_is_told_by_file_and_line);
        tcase_add_test(tests, a_zone_has_a_form);
        tcase_add_test(tests, without_a_home_the_database_must_be_named);
        tcase_add_test(tests, a_runtime_directory_that_is_not_private_is_refused);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
