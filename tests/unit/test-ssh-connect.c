/* SPDX-License-Identifier: MIT */

#include "client/ssh/connect.h"

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define FILL_MAX 16

/* A port of 127.0.0.1 on which nobody accepts. */
static int listen_somewhere(int backlog, uint16_t *ret_port)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(listen(fd, backlog), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &n), 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static SshSettings settings_for(const char *host, uint16_t port)
{
        SshSettings settings = SSH_SETTINGS_INIT;

        settings.target = strdup("h1");
        settings.host_name = strdup(host);
        settings.port = port;
        return settings;
}

static pyrope_status connect_to(const char *host, uint16_t port, const SshWatch *watch, int *ret_fd,
                                pyrope_error **error)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = settings_for(host, port);
        SshProxy proxy = SSH_PROXY_INIT;
        pyrope_status status = ssh_connect_host(&settings, watch, ret_fd, &proxy, error);

        ck_assert_int_eq(proxy.pid, 0);
        return status;
}

static SshWatch watch_for(int ms)
{
        return (SshWatch){ .stop_fd = eventfd(0, EFD_CLOEXEC), .deadline = deadline_in(ms) };
}

static const char *const names[] = { "127.0.0.1", "localhost" };

START_TEST(connection_is_ready_for_small_calls)
{
        CLEANUP(closep) int listen_fd = -1;
        CLEANUP(closep) int fd = -1;
        SshWatch watch = watch_for(-1);
        uint16_t port;
        int on = 0;
        socklen_t n = sizeof(on);

        listen_fd = listen_somewhere(1, &port);
        ck_assert_int_eq(connect_to(names[_i], port, &watch, &fd, NULL), PYROPE_OK);
        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
        ck_assert_int_ne(on, 0);
        (void)close(watch.stop_fd);
}
END_TEST

START_TEST(refused_connection_tells_address_and_reason)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshWatch watch = watch_for(-1);
        uint16_t port;
        int fd = -1;

        (void)close(listen_somewhere(1, &port));
        ck_assert_int_eq(connect_to("127.0.0.1", port, &watch, &fd, &error), PYROPE_E_UNREACHABLE);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), "h1: connecting to 127.0.0.1 port"));
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), "127.0.0.1: Connection refused"));
        (void)close(watch.stop_fd);
}
END_TEST

START_TEST(unknown_name_is_told_as_such)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshWatch watch = watch_for(-1);
        int fd = -1;

        ck_assert_int_eq(connect_to("no-such-host.invalid", 22, &watch, &fd, &error),
                         PYROPE_E_UNREACHABLE);
        ck_assert_ptr_nonnull(
                strstr(pyrope_error_text(error), "there is no host name no-such-host.invalid"));
        (void)close(watch.stop_fd);
}
END_TEST

/* Fills a listener's queue, so that the next connection is neither accepted nor refused. */
static void fill(uint16_t port, int fds[static FILL_MAX])
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                       .sin_port = htons(port) };

        for (int i = 0; i < FILL_MAX; i++) {
                fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                ck_assert_int_ge(fds[i], 0);
                (void)connect(fds[i], (struct sockaddr *)&address, sizeof(address));
        }
}

START_TEST(silent_host_is_given_up_at_the_deadline_or_the_end_of_the_pool)
{
        CLEANUP(closep) int listen_fd = -1;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshWatch watch = watch_for(_i ? -1 : 50);
        int fds[FILL_MAX], fd = -1;
        uint16_t port;

        listen_fd = listen_somewhere(0, &port);
        fill(port, fds);
        if (_i)
                ck_assert_int_eq(eventfd_write(watch.stop_fd, 1), 0);
        ck_assert_int_eq(connect_to("127.0.0.1", port, &watch, &fd, &error),
                         _i ? PYROPE_E_CLOSED : PYROPE_E_TIMEOUT);
        ck_assert_int_eq(fd, -1);
        for (int i = 0; i < FILL_MAX; i++)
                (void)close(fds[i]);
        (void)close(watch.stop_fd);
}
END_TEST

typedef struct Waits {
        int stop_fd;
        size_t n;      /* how often it waited */
        size_t n_base; /* descriptors at the first wait, but the one attempt */
        size_t n_sockets[4];
} Waits;

static size_t count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        size_t n = 0;

        ck_assert_ptr_nonnull(dir);
        while (readdir(dir))
                n++;
        (void)closedir(dir);
        return n;
}

static void on_wait(void *userdata, const char *what)
{
        Waits *waits = userdata;

        (void)what;
        if (!waits->n)
                waits->n_base = count_fds() - 1;
        waits->n_sockets[waits->n++] = count_fds() - waits->n_base;
        if (waits->n == ARRAY_SIZE(waits->n_sockets))
                (void)eventfd_write(waits->stop_fd, 1);
}

START_TEST(an_attempt_that_hangs_is_doubled_by_new_ones_of_which_few_are_kept)
{
        CLEANUP(closep) int listen_fd = -1;
        SshWatch watch = watch_for(-1);
        Waits waits = { .stop_fd = watch.stop_fd };
        int fds[FILL_MAX], fd = -1;
        size_t n_before;
        uint16_t port;

        listen_fd = listen_somewhere(0, &port);
        fill(port, fds);
        watch.on_wait = on_wait;
        watch.userdata = &waits;
        n_before = count_fds();

        ck_assert_int_eq(connect_to("127.0.0.1", port, &watch, &fd, NULL), PYROPE_E_CLOSED);

        for (size_t i = 0; i < waits.n; i++)
                ck_assert_uint_eq(waits.n_sockets[i], i < 3 ? i + 1 : 3);
        ck_assert_uint_eq(count_fds(), n_before);
        for (int i = 0; i < FILL_MAX; i++)
                (void)close(fds[i]);
        (void)close(watch.stop_fd);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-connect");
        TCase *tcase = tcase_create("ssh-connect");

        tcase_add_loop_test(tcase, connection_is_ready_for_small_calls, 0, ARRAY_SIZE(names));
        tcase_add_test(tcase, refused_connection_tells_address_and_reason);
        tcase_add_test(tcase, unknown_name_is_told_as_such);
        tcase_add_loop_test(tcase, silent_host_is_given_up_at_the_deadline_or_the_end_of_the_pool,
                            0, 2);
        tcase_add_test(tcase, an_attempt_that_hangs_is_doubled_by_new_ones_of_which_few_are_kept);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
