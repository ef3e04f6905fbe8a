/* SPDX-License-Identifier: MIT */

#include "client/ssh/pool.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

static char refusal[256];

static void on_refused(void *userdata, pyrope_status status, const char *text)
{
        (void)userdata;
        ck_assert_int_eq(status, PYROPE_E_IO);
        (void)snprintf(refusal, sizeof(refusal), "%s", text);
}

START_TEST(without_descriptors_a_stream_is_refused_in_words)
{
        const Location to = { .ssh = (char *)(uintptr_t) "h1", .path = (char *)(uintptr_t) "/x" };
        const SshJoin join = { .deadline = DEADLINE_NONE, .on_refused = on_refused };
        SshPool *pool = ssh_pool_new(NULL, SSH_BACKEND_AUTO, NULL);
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        struct rlimit before, less;

        ck_assert_ptr_nonnull(pool);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        less = (struct rlimit){ .rlim_cur = (rlim_t)fd + 1, .rlim_max = before.rlim_max };
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &less), 0); /* those below are in use */
        ssh_pool_join(pool, &to, fd, &join);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_str_eq(refusal, "h1: no memory, descriptors or threads left for a session");
        (void)ssh_pool_free(pool);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-pool");
        TCase *tcase = tcase_create("ssh-pool");

        tcase_add_test(tcase, without_descriptors_a_stream_is_refused_in_words);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
