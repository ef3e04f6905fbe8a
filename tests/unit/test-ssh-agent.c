/* SPDX-License-Identifier: MIT */

#include "client/ssh/agent.h"

#include "base/unix-socket.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

/* Keys "a", "b" and "cc" with comments "1", "2" and "3", as an agent lists them. */
static const uint8_t three[] = "\14\0\0\0\3"
                               "\0\0\0\1a\0\0\0\1"
                               "1"
                               "\0\0\0\1b\0\0\0\1"
                               "2"
                               "\0\0\0\2cc\0\0\0\1"
                               "3";

#define N_THREE (sizeof(three) - 1)

#define KEY_A "YQ=="
#define KEY_B "Yg=="
#define KEY_C "Y2M="

static Buffer copy(const uint8_t *data, size_t n)
{
        Buffer buffer = BUFFER_INIT(1024);

        ck_assert_int_eq(buffer_append(&buffer, data, n), 0);
        return buffer;
}

static SshNames names(const char *one)
{
        SshNames list = { 0 };

        if (one)
                ck_assert_int_eq(ssh_names_add(&list, one), 0);
        return list;
}

static const struct {
        const char *known;
        bool is_only;
        const char *offered[3];
        size_t n;
} filters[] = {
        { NULL, false, { KEY_A, KEY_B, KEY_C }, 3 },
        { KEY_C, false, { KEY_C, KEY_A, KEY_B }, 3 },
        { KEY_B, true, { KEY_B }, 1 },
        { NULL, true, { NULL }, 0 },
        { "eHl6", true, { NULL }, 0 },
};

START_TEST(known_keys_come_first_or_alone)
{
        CLEANUP(buffer_deinit) Buffer list = copy(three, N_THREE);
        CLEANUP(ssh_names_deinit) SshNames known = names(filters[_i].known);
        CLEANUP(ssh_names_deinit) SshNames offered = { 0 };

        ck_assert_int_eq(ssh_agent_filter(&list, &known, filters[_i].is_only, &offered), 0);
        ck_assert_uint_eq(offered.n, filters[_i].n);
        ck_assert_uint_eq(list.data[4], filters[_i].n);
        for (size_t i = 0; i < offered.n; i++)
                ck_assert_str_eq(offered.names[i], filters[_i].offered[i]);
        ck_assert_uint_eq(list.n, offered.n == 3 ? N_THREE : 5 + 10 * offered.n);
}
END_TEST

START_TEST(a_filtered_list_passes_unchanged)
{
        CLEANUP(buffer_deinit) Buffer list = copy(three, N_THREE);
        CLEANUP(ssh_names_deinit) SshNames known = { 0 };
        CLEANUP(ssh_names_deinit) SshNames offered = { 0 };

        ck_assert_int_eq(ssh_agent_filter(&list, &known, false, &offered), 0);
        ck_assert_uint_eq(list.n, N_THREE);
        ck_assert_mem_eq(list.data, three, N_THREE);
}
END_TEST

START_TEST(a_cut_list_is_refused)
{
        CLEANUP(buffer_deinit) Buffer list = copy(three, (size_t)_i);
        CLEANUP(ssh_names_deinit) SshNames known = { 0 };
        CLEANUP(ssh_names_deinit) SshNames offered = { 0 };

        ck_assert_int_eq(ssh_agent_filter(&list, &known, false, &offered), -EBADMSG);
}
END_TEST

START_TEST(lengths_that_lie_are_refused)
{
        CLEANUP(buffer_deinit) Buffer list = copy(three, N_THREE);
        CLEANUP(ssh_names_deinit) SshNames known = { 0 };
        CLEANUP(ssh_names_deinit) SshNames offered = { 0 };

        list.data[_i] = 0xff;
        ck_assert_int_eq(ssh_agent_filter(&list, &known, false, &offered), -EBADMSG);
}
END_TEST

START_TEST(of_too_many_keys_the_known_ones_stay)
{
        CLEANUP(buffer_deinit) Buffer list = copy(three, 5);
        CLEANUP(ssh_names_deinit) SshNames known = names(KEY_C);
        CLEANUP(ssh_names_deinit) SshNames offered = { 0 };

        for (int i = 0; i < 60; i++)
                ck_assert_int_eq(buffer_append(&list, three + 5, 10), 0);
        ck_assert_int_eq(buffer_append(&list, three + 25, 11), 0);
        list.data[4] = 61;
        ck_assert_int_eq(ssh_agent_filter(&list, &known, false, &offered), 0);
        ck_assert_uint_eq(offered.n, SSH_NAMES_MAX);
        ck_assert_str_eq(offered.names[0], KEY_C);
        ck_assert_uint_eq(list.data[4], SSH_NAMES_MAX);
}
END_TEST

/* One that takes no connection more. */
START_TEST(an_agent_that_is_stuck_does_not_hold_up_the_end)
{
        CLEANUP(ssh_names_deinit) SshNames none = { 0 }, keys = { 0 };
        SshSettings settings = SSH_SETTINGS_INIT;
        SshWatch watch = { .stop_fd = eventfd(1, EFD_CLOEXEC), .deadline = deadline_in(3600000) };
        int listen_fd = -1, fd;
        ErrorText why = { "" };

        settings.agent = (char *)(uintptr_t)scratch_path("agent");
        settings.label = (char *)(uintptr_t) "h";
        ck_assert_int_eq(unix_listen(settings.agent, 0, &listen_fd, &why), 0);
        while (unix_connect(settings.agent, deadline_in(0), &fd) == 0)
                closep(&fd); /* it is in the queue all the same */

        ck_assert_int_eq(ssh_agent_list(&settings, &watch, &none, &keys, NULL),
                         PYROPE_E_UNREACHABLE);
        closep(&listen_fd);
        closep(&watch.stop_fd);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-agent");
        TCase *tcase = tcase_create("ssh-agent");

        tcase_add_loop_test(tcase, known_keys_come_first_or_alone, 0, ARRAY_SIZE(filters));
        tcase_add_test(tcase, a_filtered_list_passes_unchanged);
        tcase_add_loop_test(tcase, a_cut_list_is_refused, 0, N_THREE);
        tcase_add_loop_test(tcase, lengths_that_lie_are_refused, 4, 9);
        tcase_add_test(tcase, of_too_many_keys_the_known_ones_stay);
        suite_add_tcase(suite, tcase);
        tcase = tcase_create("ssh-agent stuck");
        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, an_agent_that_is_stuck_does_not_hold_up_the_end);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
