/* SPDX-License-Identifier: MIT */

#include "client/ssh/defaults.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

/* The only ssh there is: it says @script, and in the file asked that it was. */
static void be_ssh(const char *script)
{
        char text[512];

        (void)snprintf(text, sizeof(text), "#!/bin/sh\necho asked >>%s\n%s\n",
                       scratch_path("asked"), script);
        scratch_write("ssh", text);
        ck_assert_int_eq(chmod(scratch_path("ssh"), 0700), 0);
        ck_assert_int_eq(setenv("PATH", scratch_dir, 1), 0);
}

static off_t asked(void)
{
        struct stat st = { 0 };

        (void)stat(scratch_path("asked"), &st);
        return st.st_size;
}

static pyrope_status get(SshDefaults *defaults, pyrope_error **error)
{
        const SshWatch watch = { .stop_fd = eventfd(0, EFD_CLOEXEC), .deadline = DEADLINE_NONE };
        pyrope_status status = ssh_defaults_start(defaults, error);

        if (!status)
                status = ssh_defaults_finish(defaults, &watch, error);
        (void)close(watch.stop_fd);
        return status;
}

START_TEST(what_was_asked_once_is_known)
{
        CLEANUP(ssh_defaults_deinit) SshDefaults first = SSH_DEFAULTS_INIT;
        CLEANUP(ssh_defaults_deinit) SshDefaults second = SSH_DEFAULTS_INIT;

        be_ssh("echo ciphers aes");
        ck_assert_int_eq(get(&first, NULL), PYROPE_OK);
        ck_assert_str_eq(first.text, "ciphers aes\n");
        ck_assert_int_eq(asked(), strlen("asked\n"));
        ck_assert_int_eq(get(&second, NULL), PYROPE_OK);
        ck_assert_str_eq(second.text, "ciphers aes\n");
        ck_assert_int_eq(asked(), strlen("asked\n"));
}
END_TEST

START_TEST(a_failure_is_told_and_not_kept)
{
        CLEANUP(ssh_defaults_deinit) SshDefaults first = SSH_DEFAULTS_INIT;
        CLEANUP(ssh_defaults_deinit) SshDefaults second = SSH_DEFAULTS_INIT;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        be_ssh("echo out of order >&2; exit 1");
        ck_assert_int_eq(get(&first, &error), PYROPE_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), "localhost': out of order"));
        be_ssh("echo ciphers aes");
        ck_assert_int_eq(get(&second, NULL), PYROPE_OK);
        ck_assert_str_eq(second.text, "ciphers aes\n");
}
END_TEST

START_TEST(no_ssh_is_no_failure)
{
        CLEANUP(ssh_defaults_deinit) SshDefaults defaults = SSH_DEFAULTS_INIT;

        ck_assert_int_eq(setenv("PATH", scratch_dir, 1), 0);
        ck_assert_int_eq(get(&defaults, NULL), PYROPE_OK);
        ck_assert_ptr_null(defaults.text);
        ck_assert(defaults.run.is_missing);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-defaults");
        TCase *tcase = tcase_create("ssh-defaults");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, what_was_asked_once_is_known);
        tcase_add_test(tcase, a_failure_is_told_and_not_kept);
        tcase_add_test(tcase, no_ssh_is_no_failure);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
