/* SPDX-License-Identifier: MIT */

#include "base/notify.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int receiver;

/* Binds it, in the abstract space if the name begins with '@'. */
static void listen_at(const char *name)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t n = strlen(name);

        receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_uint_lt(n, sizeof(address.sun_path));
        memcpy(address.sun_path, name, n);
        if (*name == '@')
                address.sun_path[0] = '\0';
        ck_assert_int_eq(bind(receiver, (struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
                         0);
        ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static void expect_told(const char *expected)
{
        char told[2 * NOTIFY_SIZE];
        ssize_t n = recv(receiver, told, sizeof(told) - 1, 0);

        ck_assert_int_ge(n, 0);
        told[n] = '\0';
        ck_assert_str_eq(told, expected);
}

START_TEST(a_path_is_told)
{
        listen_at(scratch_path("s"));
        notify_send("READY=1\nSTATUS=%d names", 3);
        expect_told("READY=1\nSTATUS=3 names");
}
END_TEST

START_TEST(a_name_in_the_abstract_space_is_told)
{
        char name[64];

        (void)snprintf(name, sizeof(name), "@pyrope-test-%d", (int)getpid());
        listen_at(name);
        notify_send("STOPPING=1");
        expect_told("STOPPING=1");
}
END_TEST

START_TEST(more_than_a_datagram_is_cut)
{
        char text[NOTIFY_SIZE + 10], expected[NOTIFY_SIZE];

        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        memset(expected, 'x', sizeof(expected));
        expected[sizeof(expected) - 1] = '\0';
        listen_at(scratch_path("s"));
        notify_send("%s", text);
        expect_told(expected);
}
END_TEST

static const char *const nobody[] = { "", "/", "@", "relative", "/nowhere/at/all" };

START_TEST(where_nobody_listens_nothing_happens)
{
        ck_assert_int_eq(setenv("NOTIFY_SOCKET", nobody[_i], 1), 0);
        notify_send("READY=1");
        unsetenv("NOTIFY_SOCKET");
        notify_send("READY=1");
}
END_TEST

START_TEST(a_full_receiver_holds_nobody)
{
        listen_at(scratch_path("s"));
        for (int i = 0; i < 10000; i++)
                notify_send("STATUS=%d", i);
        expect_told("STATUS=0");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("notify");
        TCase *tests = tcase_create("notify");

        tcase_add_checked_fixture(tests, scratch_setup, scratch_teardown);
        tcase_add_test(tests, a_path_is_told);
        tcase_add_test(tests, a_name_in_the_abstract_space_is_told);
        tcase_add_test(tests, more_than_a_datagram_is_cut);
        tcase_add_loop_test(tests, where_nobody_listens_nothing_happens, 0, ARRAY_SIZE(nobody));
        tcase_add_test(tests, a_full_receiver_holds_nobody);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
