/* SPDX-License-Identifier: MIT */

#include "base/process.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Each set of closed descriptors among 0, 1, 2 as bits. The check runs in a child without Check's
 * own pipes to lose; it exits with the number of what is wrong. */
static int sanitized_without(unsigned closed)
{
        struct stat null, st;
        int fd;

        for (int i = 0; i <= 2; i++)
                if (closed & 1u << i)
                        close(i);
        if (process_sanitize())
                return 1;
        if (stat("/dev/null", &null) < 0)
                return 2;
        for (int i = 0; i <= 2; i++)
                if (fstat(i, &st) < 0 || (closed & 1u << i && st.st_rdev != null.st_rdev))
                        return 3;
        fd = open("/dev/null", O_RDONLY);
        return fd > 2 ? 0 : 4; /* what is opened next is none of them */
}

START_TEST(closed_standard_descriptors_are_opened)
{
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(sanitized_without((unsigned)_i));
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(no_descriptor_is_left_over)
{
        int before = open("/dev/null", O_RDONLY);
        int after;

        close(before);
        ck_assert_int_eq(process_sanitize(), 0);
        after = open("/dev/null", O_RDONLY);
        ck_assert_int_eq(after, before);
}
END_TEST

START_TEST(a_broken_pipe_is_an_error_and_no_signal)
{
        int fds[2];

        signal(SIGPIPE, SIG_DFL);
        ck_assert_int_eq(process_sanitize(), 0);
        ck_assert_int_eq(pipe(fds), 0);
        close(fds[0]);
        ck_assert_int_eq(write(fds[1], "x", 1), -1);
        ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(new_files_are_ours_alone)
{
        umask(0);
        ck_assert_int_eq(process_sanitize(), 0);
        ck_assert_uint_eq(umask(0), 077);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("process");
        TCase *tcase = tcase_create("process");

        tcase_add_loop_test(tcase, closed_standard_descriptors_are_opened, 0, 8);
        tcase_add_test(tcase, no_descriptor_is_left_over);
        tcase_add_test(tcase, a_broken_pipe_is_an_error_and_no_signal);
        tcase_add_test(tcase, new_files_are_ours_alone);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
