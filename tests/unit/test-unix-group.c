/* SPDX-License-Identifier: MIT */

/* Sockets that a group may connect to. */

#include "base/unix-socket.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

static mode_t mode_of(const char *path)
{
        struct stat st;

        ck_assert_int_eq(lstat(path, &st), 0);
        return st.st_mode & 07777;
}

START_TEST(a_group_gets_its_socket_and_its_directory)
{
        const char *path = scratch_path("s");
        ErrorText error = { "" };
        int again;
        int fd;

        ck_assert_msg(unix_listen_group(path, getegid(), 4, &fd, &error) == 0, "%s", error.text);
        ck_assert_int_eq(mode_of(path), 0660);
        ck_assert_int_eq(mode_of(scratch_dir), 0750);
        ck_assert_int_eq(unix_listen_group(path, getegid(), 4, &again, &error), UNIX_E_IN_USE);
        ck_assert_int_eq(unix_listen(path, 4, &again, &error), UNIX_E_UNSAFE);

        close(fd);
        unix_remove(path);
        ck_assert_int_eq(access(path, F_OK), -1);
        ck_assert_int_eq(unix_listen_group(path, getegid(), 4, &fd, NULL), 0);
}
END_TEST

static const mode_t too_open[] = { 0770, 0751, 0755, 0777, 0720 };

START_TEST(a_directory_open_to_more_than_the_group_is_refused)
{
        ErrorText error = { "" };
        int fd;

        ck_assert_int_eq(chmod(scratch_dir, too_open[_i]), 0);
        ck_assert_int_eq(unix_listen_group(scratch_path("s"), getegid(), 4, &fd, &error),
                         UNIX_E_UNSAFE);
        ck_assert_msg(strstr(error.text, "chmod 750"), "%s", error.text);
        ck_assert_int_eq(chmod(scratch_dir, 0750), 0);
        ck_assert_int_eq(unix_listen_group(scratch_path("s"), getegid() + 1, 4, &fd, &error),
                         UNIX_E_UNSAFE);
        ck_assert_msg(strstr(error.text, "instead of"), "%s", error.text);
}
END_TEST

START_TEST(peers_are_in_their_own_groups)
{
        gid_t groups[64];
        int n = getgroups(ARRAY_SIZE(groups), groups);
        int fds[2];

        ck_assert_int_eq(unix_socketpair(fds), 0);
        ck_assert(unix_peer_is_in(fds[0], getegid()));
        for (int i = 0; i < n; i++)
                ck_assert(unix_peer_is_in(fds[0], groups[i]));
        ck_assert(!unix_peer_is_in(fds[0], 4242424));
        ck_assert(!unix_peer_is_in(STDIN_FILENO, getegid()));
}
END_TEST

/* One that was taken in addition counts as the first does. */
START_TEST(peers_are_in_their_further_groups)
{
        const gid_t groups[] = { 4711, 4712, 4713 };
        int fds[2];

        ck_assert_int_eq(setgroups(ARRAY_SIZE(groups), groups), 0);
        ck_assert_int_eq(unix_socketpair(fds), 0);
        ck_assert(unix_peer_is_in(fds[0], 4713));
        ck_assert(!unix_peer_is_in(fds[0], 4714));
}
END_TEST

/* Nothing is opened, and nothing left behind. */
START_TEST(a_group_that_is_not_ours_is_an_error)
{
        const char *path = scratch_path("s");
        int fd;

        ck_assert_int_eq(chown(scratch_dir, SCRATCH_STRANGER, SCRATCH_STRANGER), 0);
        ck_assert_int_eq(setgroups(0, NULL), 0);
        ck_assert_int_eq(setresgid(SCRATCH_STRANGER, SCRATCH_STRANGER, SCRATCH_STRANGER), 0);
        ck_assert_int_eq(setresuid(SCRATCH_STRANGER, SCRATCH_STRANGER, 0), 0);
        ck_assert_int_eq(unix_listen_group(path, 4711, 4, &fd, NULL), -EPERM);
        ck_assert_int_eq(access(path, F_OK), -1);
        ck_assert_int_eq(mode_of(scratch_dir), 0700);
        ck_assert_int_eq(setresuid(0, 0, 0), 0); /* to clean up */
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("unix-group");
        TCase *tcase = tcase_create("group");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, a_group_gets_its_socket_and_its_directory);
        tcase_add_loop_test(tcase, a_directory_open_to_more_than_the_group_is_refused, 0,
                            ARRAY_SIZE(too_open));
        tcase_add_test(tcase, peers_are_in_their_own_groups);
        if (geteuid() == 0) {
                tcase_add_test(tcase, peers_are_in_their_further_groups);
                tcase_add_test(tcase, a_group_that_is_not_ours_is_an_error);
        }
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
