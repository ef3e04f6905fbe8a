/* SPDX-License-Identifier: MIT */

#include "client/ssh/scan.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 63

static SshScan found;

static void setup(void)
{
        scratch_setup();
        found = (SshScan)SSH_SCAN_INIT;
}

static void teardown(void)
{
        ssh_scan_deinit(&found);
        scratch_teardown();
}

static int scan(void)
{
        ssh_scan_deinit(&found);
        found = (SshScan)SSH_SCAN_INIT;
        return ssh_scan(scratch_path("config"), &found);
}

static void write_include(const char *name, const char *before, const char *what, const char *after)
{
        char text[PATH_MAX + 64];

        (void)snprintf(text, sizeof(text), "%s%s%s\n", before, scratch_path(what), after);
        scratch_write(name, text);
}

static const struct {
        const char *text;
        const char *names; /* each with a blank behind it */
} texts[] = {
        { "", "" },
        { "Host a\n IdentityFile ${KEY}\n", "KEY " },
        { "IdentityAgent $SOCK", "SOCK " },
        { "ProxyCommand sh -c 'connect ${WAY:-h1} $WAY $_2/x'\n", "WAY _2 " },
        { "# IdentityFile ${OLD}\n", "OLD " },
        { "ProxyCommand echo $1 $$ ${} $ ${1} %h $", "" },
};

START_TEST(variables_are_found_wherever_they_stand)
{
        char names[256] = "";

        scratch_write("config", texts[_i].text);
        ck_assert_int_eq(scan(), 0);
        for (size_t i = 0; i < found.variables.n; i++)
                (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ",
                               found.variables.names[i]);
        ck_assert_str_eq(names, texts[_i].names);
}
END_TEST

static const struct {
        const char *before, *after;
} forms[] = {
        { "Include ", "" },
        { " INCLUDE = \"", "\" # more" },
        { "include=", "" },
        { "Match host a\n\tInclude /none ", "" },
};

START_TEST(included_files_are_looked_at)
{
        uint64_t before;

        scratch_write("a.more", "IdentityFile ${A}\n");
        write_include("config", forms[_i].before, "*.more", forms[_i].after);
        ck_assert_int_eq(scan(), 0);
        ck_assert(ssh_names_have(&found.variables, "A"));
        before = found.files;
        scratch_write("b.more", "IdentityFile ${B}\n");
        ck_assert_int_eq(scan(), 0);
        ck_assert(ssh_names_have(&found.variables, "B"));
        ck_assert_uint_eq(found.n_files, 3);
        ck_assert(found.files != before);
}
END_TEST

START_TEST(a_file_that_is_not_there_has_no_variables)
{
        ck_assert_int_eq(scan(), 0);
        ck_assert_uint_eq(found.n_files, 0);
}
END_TEST

START_TEST(what_can_be_read_once_is_left_to_ssh)
{
        ck_assert_int_eq(mkfifo(scratch_path("config"), 0600), 0);
        ck_assert_int_eq(scan(), 0);
        ck_assert_uint_eq(found.n_files, 0);
}
END_TEST

START_TEST(files_may_include_each_other_so_deep)
{
        char name[16], next[16];

        for (unsigned i = 0; i < SSH_SCAN_DEPTH_MAX; i++) {
                (void)snprintf(name, sizeof(name), i ? "%u" : "config", i);
                (void)snprintf(next, sizeof(next), "%u", i + 1);
                write_include(name, "Include ", next, "");
        }
        ck_assert_int_eq(scan(), 0); /* the last one is not there */
        ck_assert_uint_eq(found.n_files, SSH_SCAN_DEPTH_MAX);
        scratch_write(next, "");
        ck_assert_int_eq(scan(), -E2BIG);
}
END_TEST

START_TEST(files_are_not_too_many)
{
        char name[16];

        write_include("config", "Include ", "*.more", "");
        for (unsigned i = 1; i < SSH_SCAN_FILES_MAX; i++) {
                (void)snprintf(name, sizeof(name), "%u.more", i);
                scratch_write(name, "");
        }
        ck_assert_int_eq(scan(), 0);
        ck_assert_uint_eq(found.n_files, SSH_SCAN_FILES_MAX);
        scratch_write("0.more", "");
        ck_assert_int_eq(scan(), -E2BIG);
}
END_TEST

START_TEST(a_file_is_not_too_large)
{
        scratch_write("config", "");
        ck_assert_int_eq(truncate(scratch_path("config"), SSH_SCAN_FILE_BYTES), 0);
        ck_assert_int_eq(scan(), 0);
        ck_assert_int_eq(truncate(scratch_path("config"), SSH_SCAN_FILE_BYTES + 1), 0);
        ck_assert_int_eq(scan(), -E2BIG);
}
END_TEST

START_TEST(variables_are_not_too_many)
{
        char text[SSH_NAMES_MAX * 16] = "";
        size_t n = 0;

        for (unsigned i = 0; i < SSH_NAMES_MAX; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "$A%u $A0\n", i);
        scratch_write("config", text);
        ck_assert_int_eq(scan(), 0);
        ck_assert_uint_eq(found.variables.n, SSH_NAMES_MAX);
        (void)snprintf(text + n, sizeof(text) - n, "$B\n");
        scratch_write("config", text);
        ck_assert_int_eq(scan(), -ENOSPC);
}
END_TEST

START_TEST(a_variable_has_no_endless_name)
{
        char text[128];

        strcpy(text, "$");
        memset(text + 1, 'A', NAME_MAX_BYTES);
        strcpy(text + 1 + NAME_MAX_BYTES, "\n");
        scratch_write("config", text);
        ck_assert_int_eq(scan(), 0);
        ck_assert_uint_eq(strlen(found.variables.names[0]), NAME_MAX_BYTES);
        strcpy(text + 1 + NAME_MAX_BYTES, "A\n");
        scratch_write("config", text);
        ck_assert_int_eq(scan(), -ENAMETOOLONG);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-scan");
        TCase *tcase = tcase_create("ssh-scan");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, variables_are_found_wherever_they_stand, 0, ARRAY_SIZE(texts));
        tcase_add_loop_test(tcase, included_files_are_looked_at, 0, ARRAY_SIZE(forms));
        tcase_add_test(tcase, a_file_that_is_not_there_has_no_variables);
        tcase_add_test(tcase, what_can_be_read_once_is_left_to_ssh);
        tcase_add_test(tcase, files_may_include_each_other_so_deep);
        tcase_add_test(tcase, files_are_not_too_many);
        tcase_add_test(tcase, a_file_is_not_too_large);
        tcase_add_test(tcase, variables_are_not_too_many);
        tcase_add_test(tcase, a_variable_has_no_endless_name);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
