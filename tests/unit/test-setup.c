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
        unsetenv("XDG_CONFIG_HOME");
        unsetenv("LISTEN_FDS");
        unsetenv("PYROPE_ZONE");
        ck_assert_int_eq(mkdir(scratch_path("home"), 0700), 0);
        ck_assert_int_eq(mkdir(scratch_path("run"), 0700), 0);
}

/* What a program does: read, then decide. */
static int make(const char *config, const SetupOptions *options, Setup *ret, ErrorText *error)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        int r = settings_read(config, &settings, error);

        if (r == 0)
                r = setup_make(options, &settings, ret, error);
        return r == SETTINGS_E_INVALID ? SETUP_E_INVALID : r;
}

static void assert_refused(const char *config, const SetupOptions *options, const char *says)
{
        Setup made = { .database = NULL };
        ErrorText error = { "" };

        ck_assert_int_eq(make(config, options, &made, &error), SETUP_E_INVALID);
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

        ck_assert_msg(make(NULL, &options, &made, &error) == 0, "%s", error.text);

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
        ck_assert_int_eq(make(NULL, &options, &made, NULL), 0);

        ck_assert_str_eq(made.database, scratch_path("a/b/pyrope/nameserver.db"));
}
END_TEST

START_TEST(the_file_has_more_say_than_the_environment_and_options_most)
{
        CLEANUP(setup_deinit) Setup by_file = { 0 };
        CLEANUP(setup_deinit) Setup by_options = { 0 };
        SetupOptions options = { 0 };
        ErrorText error = { "" };

        scratch_write("ns.conf", "[nameserver]\ndatabase = /d/file.db\nsocket = /s/file.sock\n"
                                 "zone = of-the-file\n");
        ck_assert_int_eq(setenv("PYROPE_ZONE", "of-the-environment", 1), 0);

        ck_assert_msg(make(scratch_path("ns.conf"), &options, &by_file, &error) == 0, "%s",
                      error.text);
        ck_assert_str_eq(by_file.database, "/d/file.db");
        ck_assert_str_eq(by_file.socket, "/s/file.sock");
        ck_assert_str_eq(by_file.zone, "of-the-file");

        options.database = "/d/option.db";
        options.socket = "/s/option.sock";
        options.zone = "of-the-option";
        ck_assert_int_eq(make(scratch_path("ns.conf"), &options, &by_options, NULL), 0);
        ck_assert_str_eq(by_options.database, "/d/option.db");
        ck_assert_str_eq(by_options.socket, "/s/option.sock");
        ck_assert_str_eq(by_options.zone, "of-the-option");
}
END_TEST

START_TEST(the_environment_may_name_the_zone)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { 0 };

        ck_assert_int_eq(setenv("PYROPE_ZONE", "a", 1), 0);
        ck_assert_int_eq(make(NULL, &options, &made, NULL), 0);

        ck_assert_str_eq(made.zone, "a");
}
END_TEST

START_TEST(the_runtime_directory_may_be_elsewhere)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { .runtime_dir = scratch_path("other") };
        ErrorText error = { "" };

        ck_assert_msg(make(NULL, &options, &made, &error) == 0, "%s", error.text);

        ck_assert_str_eq(made.socket, scratch_path("other/nameserver.sock"));
}
END_TEST

START_TEST(a_broken_configuration_is_told_by_file_and_line)
{
        scratch_write("ns.conf", "[nameserver]\n\ndatabse = /x\n");
        assert_refused(scratch_path("ns.conf"), &(SetupOptions){ 0 }, "ns.conf:3: ");
        assert_refused(scratch_path("none.conf"), &(SetupOptions){ 0 }, "none.conf: No such");
}
END_TEST

START_TEST(a_zone_has_a_form)
{
        assert_refused(NULL, &(SetupOptions){ .zone = "a b" }, "zone 'a b' is not");
        scratch_write("ns.conf", "[nameserver]\nzone = a b\n");
        assert_refused(scratch_path("ns.conf"), &(SetupOptions){ 0 },
                       "ns.conf:2: zone 'a b' is not");
}
END_TEST

START_TEST(users_and_groups_have_names_or_numbers)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        ErrorText error = { "" };

        scratch_write("ns.conf", "[nameserver]\nusers = root 4711\ngroup = root\n"
                                 "administrators = 4712\nlog_level = debug\n");
        ck_assert_msg(settings_read(scratch_path("ns.conf"), &settings, &error) == 0, "%s",
                      error.text);
        ck_assert_uint_eq(settings.n_users, 2);
        ck_assert_uint_eq(settings.users[0], 0);
        ck_assert_uint_eq(settings.users[1], 4711);
        ck_assert(settings.has_group);
        ck_assert_uint_eq(settings.group, 0);
        ck_assert_uint_eq(settings.n_administrators, 1);
        ck_assert_uint_eq(settings.administrators[0], 4712);
        ck_assert(settings.has_log_level);
        ck_assert_int_eq(settings.log_level, LOG_LEVEL_DEBUG);
}
END_TEST

static const struct {
        const char *line;
        const char *says;
} wrong[] = {
        { "users = root nobody-of-this-name", "ns.conf:2: there is no user 'nobody-of-this-name'" },
        { "users = -1", "ns.conf:2: there is no user '-1'" },
        { "administrators = 4294967295", "ns.conf:2: there is no user '4294967295'" },
        { "group = none-of-this-name", "ns.conf:2: there is no group 'none-of-this-name'" },
        { "log_level = loud", "ns.conf:2: 'log_level' is none of" },
        { "log = here.log", "ns.conf:2: 'log' must be" },
        { "group = root", "ns.conf:2: a group needs 'socket'" },
};

START_TEST(what_cannot_be_is_told_by_its_line)
{
        char text[128];

        (void)snprintf(text, sizeof(text), "[nameserver]\n%s\n", wrong[_i].line);
        scratch_write("ns.conf", text);
        assert_refused(scratch_path("ns.conf"), &(SetupOptions){ 0 }, wrong[_i].says);
}
END_TEST

START_TEST(without_a_word_the_users_file_is_read)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        CLEANUP(settings_deinit) Settings none = { .file = NULL };

        ck_assert_int_eq(setenv("XDG_CONFIG_HOME", scratch_dir, 1), 0);
        ck_assert_int_eq(settings_read(NULL, &none, NULL), 0);
        ck_assert_ptr_null(none.file);
        ck_assert_int_eq(mkdir(scratch_path("pyrope"), 0700), 0);
        scratch_write("pyrope/nameserver.conf", "[nameserver]\nzone = z\n");
        ck_assert_int_eq(settings_read("", &settings, NULL), 0);
        ck_assert_str_eq(settings.zone, "z");
}
END_TEST

START_TEST(what_counts_only_at_a_start_is_found)
{
        CLEANUP(settings_deinit) Settings one = { .file = NULL };
        CLEANUP(settings_deinit) Settings same = { .file = NULL };
        CLEANUP(settings_deinit) Settings other = { .file = NULL };

        scratch_write("ns.conf", "[nameserver]\nzone = z\nusers = 1\n");
        ck_assert_int_eq(settings_read(scratch_path("ns.conf"), &one, NULL), 0);
        scratch_write("ns.conf", "[nameserver]\nlog_level = debug\nzone = z\n");
        ck_assert_int_eq(settings_read(scratch_path("ns.conf"), &same, NULL), 0);
        scratch_write("ns.conf", "[nameserver]\nzone = z\ndatabase = /x\n");
        ck_assert_int_eq(settings_read(scratch_path("ns.conf"), &other, NULL), 0);

        ck_assert_ptr_null(settings_fixed(&one, &same));
        ck_assert_str_eq(settings_fixed(&one, &other), "database");
}
END_TEST

START_TEST(an_inherited_socket_is_the_one)
{
        CLEANUP(setup_deinit) Setup made = { 0 };
        SetupOptions options = { .socket = "/s/option.sock" };
        char pid[16];

        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        ck_assert_int_eq(setenv("LISTEN_PID", pid, 1), 0);
        ck_assert_int_eq(setenv("LISTEN_FDS", "1", 1), 0);
        ck_assert_int_eq(make(NULL, &options, &made, NULL), 0);
        ck_assert_ptr_null(made.socket);
}
END_TEST

START_TEST(without_a_home_the_database_must_be_named)
{
        SetupOptions options = { .database = "/d/x.db" };
        CLEANUP(setup_deinit) Setup made = { 0 };

        unsetenv("HOME");
        assert_refused(NULL, &(SetupOptions){ 0 }, "--database");
        ck_assert_int_eq(make(NULL, &options, &made, NULL), 0);
}
END_TEST

START_TEST(a_runtime_directory_that_is_not_private_is_refused)
{
        ck_assert_int_eq(chmod(scratch_path("run"), 0755), 0);
        assert_refused(NULL, &(SetupOptions){ 0 }, "run");
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
        tcase_add_test(tests, users_and_groups_have_names_or_numbers);
        tcase_add_loop_test(tests, what_cannot_be_is_told_by_its_line, 0, ARRAY_SIZE(wrong));
        tcase_add_test(tests, without_a_word_the_users_file_is_read);
        tcase_add_test(tests, what_counts_only_at_a_start_is_found);
        tcase_add_test(tests, an_inherited_socket_is_the_one);
        tcase_add_test(tests, without_a_home_the_database_must_be_named);
        tcase_add_test(tests, a_runtime_directory_that_is_not_private_is_refused);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
