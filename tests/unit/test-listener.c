/* SPDX-License-Identifier: MIT */

#include "broker/listener.h"

#include "base/unix-socket.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static Listener listener;

static void setup(void)
{
        scratch_setup();
        unsetenv("LISTEN_FDS");
        unsetenv("PYROPE_SOCKET");
        setenv("PYROPE_RUNTIME_DIR", scratch_dir, 1);
        listener_init(&listener, POLLER_LISTENER);
}

static void teardown(void)
{
        listener_deinit(&listener);
        scratch_teardown();
}

static int open_at(const char *path, ErrorText *error)
{
        return listener_open(&listener, path, &(ListenerGuests){ 0 }, error);
}

static void open_well(const char *path)
{
        ErrorText error = { "" };

        ck_assert_msg(open_at(path, &error) == 0, "%s", error.text);
}

static int connect_to(const char *path)
{
        int fd = -1;

        return unix_connect(path, deadline_in(60000), &fd) ? -1 : fd;
}

/* Whether the other end was closed without a word. */
static bool is_hung_up(int fd)
{
        char byte;

        return fcntl(fd, F_SETFL, 0) == 0 && recv(fd, &byte, 1, 0) == 0;
}

START_TEST(a_peer_of_our_own_user_comes_in)
{
        uid_t uid = (uid_t)-1;
        int client;
        int fd = -1;

        open_well(scratch_path("s"));
        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), LISTENER_E_NONE);
        client = connect_to(scratch_path("s"));
        ck_assert_int_ge(client, 0);
        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), 0);
        ck_assert_uint_eq(uid, geteuid());
        ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), LISTENER_E_NONE);
}
END_TEST

static int connect_as_stranger(void *path)
{
        int fd = connect_to(path);

        if (fd < 0)
                return 98;
        /* The end of the connection tells that it was refused, a byte that it was let in. */
        return is_hung_up(fd) ? 1 : 0;
}

/* As if an administrator had opened up the directory and the socket. */
static void let_strangers_reach(const char *path)
{
        ck_assert_int_eq(chmod(scratch_dir, 0711), 0);
        ck_assert_int_eq(chmod(path, 0666), 0);
}

/* Accepts while another process connects. */
static void *accept_one(void *userdata)
{
        int *ret = userdata;
        uid_t uid = 0;
        int fd;

        while ((*ret = listener_accept(&listener, &fd, &uid)) == LISTENER_E_NONE) {
        }
        if (*ret == 0) {
                (void)!write(fd, "!", 1);
                ck_assert_uint_eq(uid, SCRATCH_STRANGER);
        }
        return NULL;
}

static void meet_stranger(int expected_accept, int expected_exit)
{
        char path[PATH_MAX];
        pthread_t thread;
        int accepted = -1;

        snprintf(path, sizeof(path), "%s", scratch_path("s"));
        pthread_create(&thread, NULL, accept_one, &accepted);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, connect_as_stranger, path),
                         expected_exit);
        pthread_join(thread, NULL);
        ck_assert_int_eq(accepted, expected_accept);
}

START_TEST(another_user_is_sent_away_even_if_he_reaches_the_socket)
{
        open_well(scratch_path("s"));
        let_strangers_reach(scratch_path("s"));
        meet_stranger(LISTENER_E_REFUSED, 1);
}
END_TEST

START_TEST(another_user_who_is_allowed_comes_in)
{
        const uid_t uids[] = { 1, SCRATCH_STRANGER };

        const ListenerGuests guests = { .uids = uids, .n_uids = 2 };

        ck_assert_int_eq(listener_open(&listener, scratch_path("s"), &guests, NULL), 0);
        let_strangers_reach(scratch_path("s"));
        meet_stranger(0, 0);
}
END_TEST

START_TEST(who_may_come_in_can_change)
{
        const uid_t uids[] = { SCRATCH_STRANGER };

        open_well(scratch_path("s"));
        let_strangers_reach(scratch_path("s"));
        ck_assert_int_eq(listener_allow(&listener, uids, 1), 0);
        meet_stranger(0, 0);
        ck_assert_int_eq(listener_allow(&listener, NULL, 0), 0);
        meet_stranger(LISTENER_E_REFUSED, 1);
}
END_TEST

/* The stranger's group has the stranger's number. */
START_TEST(who_is_in_the_group_comes_in_by_a_socket_of_the_group)
{
        const gid_t group = SCRATCH_STRANGER;
        const ListenerGuests guests = { .group = &group };
        ErrorText error = { "" };

        ck_assert_msg(listener_open(&listener, scratch_path("s"), &guests, &error) == 0, "%s",
                      error.text);
        meet_stranger(0, 0);
}
END_TEST

START_TEST(who_is_not_in_the_group_is_sent_away_even_if_he_reaches_the_socket)
{
        const gid_t group = SCRATCH_STRANGER + 1;
        const ListenerGuests guests = { .group = &group };

        ck_assert_int_eq(listener_open(&listener, scratch_path("s"), &guests, NULL), 0);
        let_strangers_reach(scratch_path("s"));
        meet_stranger(LISTENER_E_REFUSED, 1);
}
END_TEST

static int connect_to_port(void)
{
        struct sockaddr_in address = { .sin_family = AF_UNSPEC };
        socklen_t n = sizeof(address);
        int fd;

        if (getsockname(listener.fd, (struct sockaddr *)&address, &n) < 0)
                return -1;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && connect(fd, (struct sockaddr *)&address, n) == 0 ? fd : -1;
}

static int connect_to_port_as_stranger(UNUSED void *userdata)
{
        int fd = connect_to_port();

        if (fd < 0)
                return 98;
        return is_hung_up(fd) ? 1 : 0;
}

START_TEST(a_port_lets_our_own_user_in)
{
        uid_t uid = (uid_t)-1;
        int fd = -1;

        ck_assert_int_eq(listener_open_tcp(&listener, "127.0.0.1:0", &(ListenerGuests){ 0 }, NULL),
                         0);
        ck_assert_int_eq(strncmp(listener.location, "127.0.0.1:", 10), 0);
        ck_assert_ptr_null(listener.path);
        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), LISTENER_E_NONE);
        ck_assert_int_ge(connect_to_port(), 0);
        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), 0);
        ck_assert_uint_eq(uid, geteuid());
        ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}
END_TEST

/* Whether the stranger is among the users that were allowed. */
START_TEST(a_port_lets_nobody_else_in_but_who_is_allowed)
{
        const uid_t uids[] = { 1, SCRATCH_STRANGER };
        ListenerGuests guests = { .uids = uids };
        pthread_t thread;
        int accepted = -1;

        guests.n_uids = _i ? ARRAY_SIZE(uids) : 1;
        ck_assert_int_eq(listener_open_tcp(&listener, "127.0.0.1:0", &guests, NULL), 0);
        pthread_create(&thread, NULL, accept_one, &accepted);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, connect_to_port_as_stranger, NULL),
                         _i ? 0 : 1);
        pthread_join(thread, NULL);
        ck_assert_int_eq(accepted, _i ? 0 : LISTENER_E_REFUSED);
}
END_TEST

START_TEST(another_address_than_the_loopbacks_is_refused)
{
        ErrorText error = { "" };

        ck_assert_int_eq(listener_open_tcp(&listener, "0.0.0.0:0", &(ListenerGuests){ 0 }, &error),
                         LISTENER_E_INVALID);
        ck_assert_ptr_nonnull(strstr(error.text, "'0.0.0.0:0'"));
        ck_assert_int_eq(listener.fd, -1);
}
END_TEST

START_TEST(a_socket_of_its_own_lies_in_the_runtime_directory)
{
        ErrorText error = { "" };

        ck_assert_msg(open_at(NULL, &error) == 0, "%s", error.text);
        ck_assert_int_eq(strncmp(listener.path, scratch_dir, strlen(scratch_dir)), 0);
        ck_assert_ptr_nonnull(strstr(listener.path, "/test-listener-"));
        ck_assert_int_eq(access(listener.path, F_OK), 0);
}
END_TEST

START_TEST(the_environment_names_the_socket)
{
        setenv("PYROPE_SOCKET", scratch_path("named"), 1);
        open_well(NULL);
        ck_assert_str_eq(listener.path, scratch_path("named"));
}
END_TEST

/* Descriptor 3 is Check's own here, so what inherits one is another process. Returns its exit
 * status. */
static int inherit(int fd, int (*fn)(void))
{
        char text[16];
        int status = -1;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                snprintf(text, sizeof(text), "%d", (int)getpid());
                setenv("LISTEN_PID", text, 1);
                setenv("LISTEN_FDS", "1", 1);
                _exit(dup2(fd, 3) == 3 ? fn() : 99);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int serve_inherited(void)
{
        uid_t uid;
        int fd;

        if (open_at(NULL, NULL) || strcmp(listener.path, scratch_path("theirs")) != 0)
                return 1;
        if (connect_to(listener.path) < 0 || listener_accept(&listener, &fd, &uid))
                return 2;
        listener_close(&listener);
        return 0;
}

START_TEST(an_inherited_socket_is_taken_and_its_file_left_alone)
{
        int fd = -1;

        ck_assert_int_eq(unix_listen(scratch_path("theirs"), 16, &fd, NULL), 0);
        setenv("PYROPE_SOCKET", scratch_path("named"), 1); /* does not count then */
        ck_assert_int_eq(inherit(fd, serve_inherited), 0);
        ck_assert_int_ge(connect_to(scratch_path("theirs")), 0); /* we still listen */
}
END_TEST

static int refuse_inherited(void)
{
        ErrorText error = { "" };

        if (open_at(NULL, &error) != LISTENER_E_INVALID)
                return 1;
        return strstr(error.text, "no Unix socket") ? 0 : 2;
}

START_TEST(an_inherited_socket_that_is_not_unix_is_refused)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(listen(fd, 1), 0);
        ck_assert_int_eq(inherit(fd, refuse_inherited), 0);
}
END_TEST

START_TEST(a_socket_in_use_or_unsafe_is_told)
{
        ErrorText error = { "" };
        Listener second;

        open_well(scratch_path("s"));
        listener_init(&second, POLLER_LISTENER);
        ck_assert_int_eq(listener_open(&second, scratch_path("s"), &(ListenerGuests){ 0 }, &error),
                         LISTENER_E_IN_USE);
        ck_assert_str_ne(error.text, "");
        listener_deinit(&second);
        ck_assert_int_eq(access(scratch_path("s"), F_OK), 0); /* it is not his to remove */

        listener_init(&second, POLLER_LISTENER);
        ck_assert_int_eq(
                listener_open(&second, "/tmp/pyrope-test-unsafe", &(ListenerGuests){ 0 }, &error),
                LISTENER_E_UNSAFE);
        listener_deinit(&second);
        listener_init(&second, POLLER_LISTENER);
        ck_assert_int_eq(listener_open(&second, "relative", &(ListenerGuests){ 0 }, &error),
                         LISTENER_E_INVALID);
        listener_deinit(&second);
}
END_TEST

START_TEST(closing_removes_the_file_and_may_be_repeated)
{
        uid_t uid;
        int fd;

        open_well(scratch_path("s"));
        listener_close(&listener);
        listener_close(&listener);
        ck_assert_int_lt(access(scratch_path("s"), F_OK), 0);
        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), LISTENER_E_CLOSED);
        ck_assert_int_eq(listener_accept_spare(&listener, &fd), LISTENER_E_NONE);
}
END_TEST

START_TEST(closing_leaves_a_socket_that_took_our_place)
{
        int fd = -1;

        open_well(scratch_path("s"));
        ck_assert_int_eq(unlink(scratch_path("s")), 0);
        ck_assert_int_eq(unix_listen(scratch_path("s"), 16, &fd, NULL), 0);
        listener_close(&listener);
        ck_assert_int_ge(connect_to(scratch_path("s")), 0);
}
END_TEST

START_TEST(without_descriptors_the_spare_one_lets_a_peer_in_to_be_told)
{
        struct rlimit limit;
        uid_t uid;
        int client;
        int fd = -1;

        open_well(scratch_path("s"));
        client = connect_to(scratch_path("s"));
        ck_assert_int_ge(client, 0);
        ck_assert_int_ge(connect_to(scratch_path("s")), 0);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = (rlim_t)dup(0); /* all below it are taken */
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);

        ck_assert_int_eq(listener_accept(&listener, &fd, &uid), LISTENER_E_EXHAUSTED);
        for (int i = 0; i < 2; i++) {
                ck_assert_int_eq(listener_accept_spare(&listener, &fd), 0);
                listener_release_spare(&listener, fd);
        }
        ck_assert(is_hung_up(client));
        ck_assert_int_eq(listener_accept_spare(&listener, &fd), LISTENER_E_NONE);
        ck_assert_int_ge(listener.spare_fd, 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("listener");
        TCase *tcase = tcase_create("listener");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_peer_of_our_own_user_comes_in);
        tcase_add_test(tcase, a_port_lets_our_own_user_in);
        tcase_add_test(tcase, another_address_than_the_loopbacks_is_refused);
        if (geteuid() == 0) {
                tcase_add_test(tcase, another_user_is_sent_away_even_if_he_reaches_the_socket);
                tcase_add_test(tcase, another_user_who_is_allowed_comes_in);
                tcase_add_test(tcase, who_may_come_in_can_change);
                tcase_add_test(tcase, who_is_in_the_group_comes_in_by_a_socket_of_the_group);
                tcase_add_test(tcase,
                               who_is_not_in_the_group_is_sent_away_even_if_he_reaches_the_socket);
                tcase_add_loop_test(tcase, a_port_lets_nobody_else_in_but_who_is_allowed, 0, 2);
        }
        tcase_add_test(tcase, a_socket_of_its_own_lies_in_the_runtime_directory);
        tcase_add_test(tcase, the_environment_names_the_socket);
        tcase_add_test(tcase, an_inherited_socket_is_taken_and_its_file_left_alone);
        tcase_add_test(tcase, an_inherited_socket_that_is_not_unix_is_refused);
        tcase_add_test(tcase, a_socket_in_use_or_unsafe_is_told);
        tcase_add_test(tcase, closing_removes_the_file_and_may_be_repeated);
        tcase_add_test(tcase, closing_leaves_a_socket_that_took_our_place);
        tcase_add_test(tcase, without_descriptors_the_spare_one_lets_a_peer_in_to_be_told);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
