/* SPDX-License-Identifier: MIT */

#include "base/listen-fds.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptors 3 and 4 may be Check's own, so the tests run in a child that does without it. */
#define REQUIRE(expression)                                                                        \
        do {                                                                                       \
                if (!(expression)) {                                                               \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expression);           \
                        _exit(1);                                                                  \
                }                                                                                  \
        } while (0)

/* Puts a descriptor where systemd would: at 3 and up. */
static void place(int fd, int number)
{
        REQUIRE(fd >= 0);
        if (fd == number)
                return;
        REQUIRE(dup2(fd, number) == number);
        close(fd);
}

static int unix_listener(void)
{
        struct sockaddr address = { .sa_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        REQUIRE(bind(fd, &address, sizeof(sa_family_t)) == 0); /* named by the kernel */
        REQUIRE(listen(fd, 1) == 0);
        return fd;
}

static int tcp_listener(void)
{
        struct sockaddr_in address = { .sin_family = AF_INET };
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        REQUIRE(listen(fd, 1) == 0);
        return fd;
}

static void announce(const char *n)
{
        char pid[16];

        snprintf(pid, sizeof(pid), "%d", (int)getpid());
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", n, 1);
        setenv("LISTEN_FDNAMES", "a:b", 1);
}

static void expect_no_variables(void)
{
        REQUIRE(!getenv("LISTEN_PID"));
        REQUIRE(!getenv("LISTEN_FDS"));
        REQUIRE(!getenv("LISTEN_FDNAMES"));
}

static void listening_sockets_are_taken_over(void)
{
        int fds[LISTEN_FDS_MAX] = { 0 };
        size_t n = 99;

        place(unix_listener(), 3);
        place(tcp_listener(), 4);
        announce("2");

        REQUIRE(listen_fds_take(fds, &n, NULL) == 0);

        REQUIRE(n == 2);
        for (int i = 0; i < 2; i++) {
                REQUIRE(fds[i] == 3 + i);
                REQUIRE(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
                REQUIRE(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        }
        expect_no_variables();
        REQUIRE(listen_fds_take(fds, &n, NULL) == 0);
        REQUIRE(n == 0);
}

static void as_many_as_the_limit_are_taken_over(void)
{
        int fds[LISTEN_FDS_MAX];
        size_t n = 99;

        place(unix_listener(), 3);
        for (unsigned i = 1; i < LISTEN_FDS_MAX; i++)
                REQUIRE(dup2(3, 3 + (int)i) == 3 + (int)i);
        announce("16");
        REQUIRE(listen_fds_take(fds, &n, NULL) == 0);
        REQUIRE(n == LISTEN_FDS_MAX && fds[LISTEN_FDS_MAX - 1] == 18);
}

static void without_the_variables_there_are_none(void)
{
        int fds[LISTEN_FDS_MAX];
        size_t n = 99;

        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        REQUIRE(listen_fds_take(fds, &n, NULL) == 0);
        REQUIRE(n == 0);
}

static void the_sockets_of_our_parent_are_not_ours(void)
{
        int fds[LISTEN_FDS_MAX];
        char pid[16];
        size_t n = 99;

        announce("1");
        snprintf(pid, sizeof(pid), "%d", (int)getppid());
        setenv("LISTEN_PID", pid, 1);
        REQUIRE(listen_fds_take(fds, &n, NULL) == 0);
        REQUIRE(n == 0);
        expect_no_variables();
}

static void expect_invalid(const char *words)
{
        int fds[LISTEN_FDS_MAX] = { -7 };
        ErrorText error = { "" };
        size_t n = 99;

        REQUIRE(listen_fds_take(fds, &n, &error) == LISTEN_FDS_E_INVALID);
        REQUIRE(strstr(error.text, words));
        REQUIRE(n == 99);
        REQUIRE(fds[0] == -7);
        expect_no_variables();
}

static void numbers_that_are_none_are_refused(void)
{
        static const char *const bad_counts[] = { "x", "", "-1", "17", "1 ", "99999999999" };

        for (size_t i = 0; i < ARRAY_SIZE(bad_counts); i++) {
                announce(bad_counts[i]);
                expect_invalid("LISTEN_FDS=");
        }
        announce("1");
        setenv("LISTEN_PID", "x", 1);
        expect_invalid("LISTEN_PID=x");
}

static void what_does_not_listen_is_refused(void)
{
        place(open("/dev/null", O_RDWR), 3);
        announce("1");
        expect_invalid("descriptor 3 is not a listening stream socket");

        place(socket(AF_UNIX, SOCK_STREAM, 0), 3);
        announce("1");
        expect_invalid("descriptor 3");

        place(socket(AF_INET, SOCK_DGRAM, 0), 3);
        announce("1");
        expect_invalid("descriptor 3");

        place(unix_listener(), 3);
        close(4);
        announce("2");
        expect_invalid("descriptor 4");
}

static const struct {
        const char *name;
        void (*run)(void);
} cases[] = {
        { "listening sockets are taken over", listening_sockets_are_taken_over },
        { "as many as the limit are taken over", as_many_as_the_limit_are_taken_over },
        { "without the variables there are none", without_the_variables_there_are_none },
        { "the sockets of our parent are not ours", the_sockets_of_our_parent_are_not_ours },
        { "numbers that are none are refused", numbers_that_are_none_are_refused },
        { "what does not listen is refused", what_does_not_listen_is_refused },
};

START_TEST(each_case_holds)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                cases[_i].run();
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(status == 0, "%s: status %d", cases[_i].name, status);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("listen-fds");
        TCase *tcase = tcase_create("listen-fds");

        tcase_add_loop_test(tcase, each_case_holds, 0, ARRAY_SIZE(cases));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
