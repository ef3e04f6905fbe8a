/* SPDX-License-Identifier: MIT */

#include "client/port-owner.h"

#include "base/loopback.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define STRANGER 12345u /* a uid that is nobody's here */
#define OVERFLOW 65534u /* the kernel shows it for a user without a number here */

static const PortUsers nobody = { .n = 0 };
static const PortUsers listed = { .uids = { 1, STRANGER }, .n = 2 };

/* -- who is named ------------------------------------------------------------------------------ */

static const struct {
        const char *text;
        size_t n;
        uid_t last;
} lists[] = {
        { NULL, 0, 0 },
        { "", 0, 0 },
        { " , ,\t", 0, 0 },
        { "12345", 1, STRANGER },
        { "root,12345", 2, STRANGER },
        { " 1\t2 3,,4 ", 4, 4 },
        { "12345, root", 2, 0 },
};

START_TEST(users_are_names_or_numbers_between_commas_and_blanks)
{
        PortUsers users = { .n = 99 };

        ck_assert_int_eq(port_users_parse(lists[_i].text, &users, NULL), 0);
        ck_assert_uint_eq(users.n, lists[_i].n);
        if (users.n)
                ck_assert_uint_eq(users.uids[users.n - 1], lists[_i].last);
}
END_TEST

static const char *const wrong[] = { "no-such-user-here", "root;1", "1,-2", "4294967295", "0x10" };

START_TEST(who_is_not_known_is_told)
{
        PortUsers users = { .n = 99 };
        ErrorText error = { "" };

        ck_assert_int_eq(port_users_parse(wrong[_i], &users, &error), PORT_USERS_E_UNKNOWN);
        ck_assert_uint_eq(users.n, 99);
        ck_assert_ptr_nonnull(strstr(error.text, "there is no user '"));
}
END_TEST

START_TEST(there_may_be_64_users_and_not_one_more)
{
        PortUsers users = { .n = 0 };
        ErrorText error = { "" };
        char text[512] = "";

        for (unsigned i = 0; i < PORT_USERS_MAX; i++)
                strcat(text, "12345,");
        ck_assert_int_eq(port_users_parse(text, &users, &error), 0);
        ck_assert_uint_eq(users.n, PORT_USERS_MAX);
        strcat(text, "1");
        ck_assert_int_eq(port_users_parse(text, &users, &error), PORT_USERS_E_TOO_MANY);
        ck_assert_str_eq(error.text, "more than 64 users");
}
END_TEST

/* -- who is believed --------------------------------------------------------------------------- */

static int listen_fd = -1;
static int client_fd = -1;
static char where[LOOPBACK_WHERE_SIZE];

static void teardown(void)
{
        closep(&client_fd);
        closep(&listen_fd);
}

static void become(uid_t uid)
{
        if (getuid() == 0)
                ck_assert_int_eq(seteuid(0) | seteuid(uid), 0);
}

/* Connects us, who are @own, to a port of @other. */
static void connect_to_port_of(uid_t other, uid_t own)
{
        struct sockaddr_in address;
        socklen_t n = sizeof(address);

        become(other);
        ck_assert_int_eq(loopback_listen("127.0.0.1:0", 1, &listen_fd, where, NULL), 0);
        become(own);
        ck_assert_int_eq(getsockname(listen_fd, (struct sockaddr *)&address, &n), 0);
        client_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(client_fd, (struct sockaddr *)&address, n), 0);
}

static void expect(const PortUsers *users, pyrope_status status, const char *text)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        ck_assert_int_eq(port_owner_check(client_fd, users, &error), status);
        ck_assert(!error == !status);
        if (!status)
                return;
        ck_assert_msg(strstr(pyrope_error_text(error), text) != NULL, "%s",
                      pyrope_error_text(error));
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), where));
}

static const struct {
        uid_t own, other;
        const PortUsers *users;
        pyrope_status status;
        const char *text;
} cases[] = {
        { 1000, 1000, &nobody, PYROPE_OK, NULL },
        { 1000, 0, &nobody, PYROPE_OK, NULL },
        { 1000, STRANGER, &listed, PYROPE_OK, NULL },
        { 0, 0, &nobody, PYROPE_OK, NULL },
        { 1000, STRANGER, &nobody, PYROPE_E_DENIED, "is a port of user 12345; " },
        { 0, STRANGER, &nobody, PYROPE_E_DENIED, "name the user: --port-users 12345, " },
        { 1000, 1001, &listed, PYROPE_E_DENIED, "is a port of user 1001; " },
        { 1000, OVERFLOW, &nobody, PYROPE_E_DENIED, "a user unknown here" },
};

START_TEST(our_own_roots_and_named_users_are_believed_and_nobody_else)
{
        if (getuid() != 0)
                return; /* only root can act as a second user */
        connect_to_port_of(cases[_i].other, cases[_i].own);
        expect(cases[_i].users, cases[_i].status, cases[_i].text);
        become(0);
}
END_TEST

START_TEST(what_is_no_port_of_this_machine_is_not_asked_about)
{
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        client_fd = fds[0];
        listen_fd = fds[1];
        expect(&nobody, PYROPE_OK, NULL);
}
END_TEST

START_TEST(without_descriptors_nobody_is_believed)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        struct rlimit before, none;

        connect_to_port_of(geteuid(), geteuid());
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
        ck_assert_int_eq(port_owner_check(client_fd, &nobody, &error), PYROPE_E_IO);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
END_TEST

/* As RestrictAddressFamilies= of systemd, and the filters of some containers. */
static void forbid_netlink(void)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

        ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

START_TEST(where_the_kernel_may_not_be_asked_nobody_is_believed)
{
        connect_to_port_of(geteuid(), geteuid());
        forbid_netlink();
        expect(&listed, PYROPE_E_DENIED, strerror(EAFNOSUPPORT));
}
END_TEST

START_TEST(who_hung_up_is_told)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        connect_to_port_of(geteuid(), geteuid());
        closep(&listen_fd);
        ck_assert_int_eq(port_owner_check(client_fd, &nobody, &error), PYROPE_E_UNREACHABLE);
        ck_assert_str_eq(pyrope_error_text(error), "the daemon hung up at once");
}
END_TEST

START_TEST(who_is_connected_to_himself_found_nobody)
{
        struct sockaddr_in self = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(self);

        client_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(client_fd, (struct sockaddr *)&self, n), 0);
        ck_assert_int_eq(getsockname(client_fd, (struct sockaddr *)&self, &n), 0);
        ck_assert_int_eq(connect(client_fd, (struct sockaddr *)&self, n), 0);
        (void)snprintf(where, sizeof(where), "127.0.0.1:%u", ntohs(self.sin_port));
        expect(&nobody, PYROPE_E_UNREACHABLE, "nobody listens on 127.0.0.1:");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("port-owner");
        TCase *tcase = tcase_create("port-owner");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_loop_test(tcase, users_are_names_or_numbers_between_commas_and_blanks, 0,
                            ARRAY_SIZE(lists));
        tcase_add_loop_test(tcase, who_is_not_known_is_told, 0, ARRAY_SIZE(wrong));
        tcase_add_test(tcase, there_may_be_64_users_and_not_one_more);
        tcase_add_loop_test(tcase, our_own_roots_and_named_users_are_believed_and_nobody_else, 0,
                            ARRAY_SIZE(cases));
        tcase_add_test(tcase, what_is_no_port_of_this_machine_is_not_asked_about);
        tcase_add_test(tcase, without_descriptors_nobody_is_believed);
        tcase_add_test(tcase, where_the_kernel_may_not_be_asked_nobody_is_believed);
        tcase_add_test(tcase, who_hung_up_is_told);
        tcase_add_test(tcase, who_is_connected_to_himself_found_nobody);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
