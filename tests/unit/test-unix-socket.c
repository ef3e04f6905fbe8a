/* SPDX-License-Identifier: MIT */

#include "base/unix-socket.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SECONDS(n) deadline_in((n)*1000)

static int listen_at(const char *path)
{
        ErrorText error = { "" };
        int fd = -1;
        int r = unix_listen(path, 16, &fd, &error);

        ck_assert_msg(r == 0, "%s: %d '%s'", path, r, error.text);
        return fd;
}

static int connect_to(const char *path)
{
        int fd = -1;

        ck_assert_int_eq(unix_connect(path, SECONDS(60), &fd), 0);
        return fd;
}

/* A refusal says why, and gives no descriptor. */
static void expect_no_listener(const char *path, int expected, const char *words)
{
        ErrorText error = { "" };
        int fd = -7;
        int r = unix_listen(path, 16, &fd, &error);

        ck_assert_msg(r == expected, "%s: %d '%s'", path, r, error.text);
        ck_assert_int_eq(fd, -7);
        ck_assert_msg(strstr(error.text, words), "'%s'", error.text);
}

START_TEST(bytes_go_both_ways)
{
        int listener = listen_at(scratch_path("s"));
        int client = connect_to(scratch_path("s"));
        int server = accept(listener, NULL, NULL);
        char bytes[4];

        ck_assert_int_eq(write(client, "ping", 4), 4);
        ck_assert_int_eq(read(server, bytes, 4), 4);
        ck_assert_mem_eq(bytes, "ping", 4);
        ck_assert_int_eq(write(server, "pong", 4), 4);
        ck_assert_int_eq(read(client, bytes, 4), 4);
        ck_assert_mem_eq(bytes, "pong", 4);
}
END_TEST

static void expect_flags(int fd)
{
        ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

START_TEST(descriptors_are_close_on_exec_and_non_blocking)
{
        int pair[2];

        expect_flags(listen_at(scratch_path("s")));
        expect_flags(connect_to(scratch_path("s")));
        ck_assert_int_eq(unix_socketpair(pair), 0);
        expect_flags(pair[0]);
        expect_flags(pair[1]);
}
END_TEST

START_TEST(the_file_is_closed_to_others_whatever_the_umask)
{
        struct stat st;

        umask(0);
        listen_at(scratch_path("s"));
        ck_assert_int_eq(stat(scratch_path("s"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(a_directory_open_to_others_is_refused)
{
        ck_assert_int_eq(mkdir(scratch_path("d"), 0700), 0);
        ck_assert_int_eq(chmod(scratch_path("d"), 0711), 0);
        expect_no_listener(scratch_path("d/s"), UNIX_E_UNSAFE, "chmod 700");
        expect_no_listener(scratch_path("none/s"), UNIX_E_UNSAFE, "No such file");
        expect_no_listener("/tmp/s", UNIX_E_UNSAFE, "/tmp");
        expect_no_listener("/s", UNIX_E_UNSAFE, "root");
}
END_TEST

START_TEST(a_dead_daemons_file_is_replaced)
{
        const char *path = scratch_path("s");
        int fd;

        close(listen_at(path));
        ck_assert_int_eq(unix_connect(path, SECONDS(60), &fd), UNIX_E_REFUSED);
        listen_at(path);
        connect_to(path);
}
END_TEST

START_TEST(a_listening_daemon_is_not_replaced)
{
        const char *path = scratch_path("s");
        int listener = listen_at(path);

        expect_no_listener(path, UNIX_E_IN_USE, "in use");
        ck_assert_int_ge(accept(listener, NULL, NULL), 0); /* the question, then nobody */
        close(connect_to(path));
        ck_assert_int_ge(accept(listener, NULL, NULL), 0);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_kept)
{
        scratch_write("s", "precious");
        expect_no_listener(scratch_path("s"), UNIX_E_UNSAFE, "not a socket");
        ck_assert_int_eq(access(scratch_path("s"), F_OK), 0);

        ck_assert_int_eq(symlink("nowhere", scratch_path("link")), 0);
        expect_no_listener(scratch_path("link"), UNIX_E_UNSAFE, "not a socket");
}
END_TEST

START_TEST(a_stopped_holder_of_the_lock_does_not_hang_us)
{
        int dir = open(scratch_dir, O_RDONLY | O_DIRECTORY);

        ck_assert_int_eq(flock(dir, LOCK_EX), 0);
        expect_no_listener(scratch_path("s"), UNIX_E_TIMEOUT, "another program");
        close(dir);
        listen_at(scratch_path("s"));
}
END_TEST

/* Each of several daemons that start at once finds a dead one's file. */
START_TEST(of_daemons_that_start_together_one_wins)
{
        enum { N = 8 };
        const char *path = scratch_path("s");
        int start[2];
        int done[2];
        char result;
        int n_won = 0;

        close(listen_at(path));
        ck_assert_int_eq(pipe(start), 0);
        ck_assert_int_eq(pipe(done), 0);
        for (int i = 0; i < N; i++)
                if (fork() == 0) {
                        int fd;

                        close(start[1]);
                        (void)!read(start[0], &result, 1); /* until all are there */
                        result = (char)unix_listen(path, 16, &fd, NULL);
                        (void)!write(done[1], &result, 1);
                        pause(); /* until the test ends, with the socket open */
                }
        close(start[0]);
        close(start[1]);

        for (int i = 0; i < N; i++) {
                ck_assert_int_eq(read(done[0], &result, 1), 1);
                ck_assert(result == 0 || result == UNIX_E_IN_USE);
                n_won += result == 0;
        }
        ck_assert_int_eq(n_won, 1);
}
END_TEST

START_TEST(remove_takes_only_what_nobody_listens_on)
{
        const char *path = scratch_path("s");
        int listener = listen_at(path);

        unix_remove(path);
        close(connect_to(path)); /* still there */
        close(listener);
        unix_remove(path);
        ck_assert_int_eq(access(path, F_OK), -1);
        unix_remove(path);
}
END_TEST

START_TEST(path_may_have_107_bytes_and_not_one_more)
{
        char path[UNIX_PATH_MAX_BYTES + 2];
        int fd;

        memset(path, 'x', sizeof(path));
        memcpy(path, scratch_dir, strlen(scratch_dir));
        path[strlen(scratch_dir)] = '/';
        path[UNIX_PATH_MAX_BYTES + 1] = '\0';
        expect_no_listener(path, UNIX_E_TOO_LONG, "108 bytes");
        ck_assert_int_eq(unix_connect(path, SECONDS(60), &fd), UNIX_E_TOO_LONG);

        path[UNIX_PATH_MAX_BYTES] = '\0';
        ck_assert_int_eq(unix_path_check(path, NULL), 0);
        listen_at(path);
        connect_to(path);
}
END_TEST

START_TEST(path_must_be_absolute)
{
        expect_no_listener("s", UNIX_E_TOO_LONG, "not an absolute path");
        expect_no_listener("", UNIX_E_TOO_LONG, "not an absolute path");
}
END_TEST

START_TEST(connect_tells_nobody_from_not_allowed)
{
        int fd = -7;

        scratch_write("file", "");
        ck_assert_int_eq(unix_connect(scratch_path("none"), SECONDS(60), &fd), UNIX_E_REFUSED);
        ck_assert_int_eq(unix_connect(scratch_path("file"), SECONDS(60), &fd), UNIX_E_REFUSED);
        ck_assert_int_eq(unix_connect(scratch_path("file/s"), SECONDS(60), &fd), UNIX_E_REFUSED);
        ck_assert_int_eq(fd, -7);
}
END_TEST

/* Fills the backlog; returns how many connections that took. */
static int fill_backlog(const char *path)
{
        int n = 0;
        int fd;

        while (unix_connect(path, deadline_in(0), &fd) == 0)
                n++;
        return n;
}

START_TEST(connect_gives_up_on_a_full_backlog_at_the_deadline)
{
        const char *path = scratch_path("s");
        int listener;
        int fd = -7;

        ck_assert_int_eq(unix_listen(path, 1, &listener, NULL), 0);
        ck_assert_int_gt(fill_backlog(path), 0);
        ck_assert_int_eq(unix_connect(path, deadline_in(50), &fd), UNIX_E_TIMEOUT);
        ck_assert_int_eq(fd, -7);
        expect_no_listener(path, UNIX_E_IN_USE, "in use"); /* full, but alive */
}
END_TEST

static void *accept_all(void *userdata)
{
        const int *listener = userdata;

        /* Blocks: one place in the backlog after the other becomes free. */
        while (accept(*listener, NULL, NULL) >= 0)
                continue;
        return NULL;
}

START_TEST(connect_waits_for_room_in_a_full_backlog)
{
        const char *path = scratch_path("s");
        pthread_t thread;
        int listener;
        int fd;

        ck_assert_int_eq(unix_listen(path, 1, &listener, NULL), 0);
        fill_backlog(path);
        ck_assert_int_eq(fcntl(listener, F_SETFL, 0), 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, accept_all, &listener), 0);

        ck_assert_int_eq(unix_connect(path, SECONDS(60), &fd), 0);
        expect_flags(fd);
        ck_assert_int_eq(unix_connect(path, DEADLINE_NONE, &fd), 0);

        ck_assert_int_eq(shutdown(listener, SHUT_RDWR), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(peer_uid_is_ours_on_our_own_sockets)
{
        int listener = listen_at(scratch_path("s"));
        int client = connect_to(scratch_path("s"));
        int server = accept(listener, NULL, NULL);
        uid_t uid = 4711;

        ck_assert_int_eq(unix_peer_uid(server, &uid), 0);
        ck_assert_uint_eq(uid, geteuid());
        uid = 4711;
        ck_assert_int_eq(unix_peer_uid(client, &uid), 0);
        ck_assert_uint_eq(uid, geteuid());
}
END_TEST

START_TEST(peer_uid_of_what_is_no_unix_peer_is_denied)
{
        int tcp = socket(AF_INET, SOCK_STREAM, 0);
        int file = open("/dev/null", O_RDWR);
        uid_t uid = 4711;

        ck_assert_int_eq(unix_peer_uid(tcp, &uid), UNIX_E_DENIED);
        ck_assert_int_eq(unix_peer_uid(file, &uid), -ENOTSOCK);
        ck_assert_uint_eq(uid, 4711);
}
END_TEST

/* In a user namespace without a map every uid reads as the overflow uid: nobody can say who that
 * is, so even we ourselves are denied. */
START_TEST(peer_uid_without_mapping_is_denied)
{
        uid_t uid = 4711;
        int pair[2];

        ck_assert_int_eq(unix_socketpair(pair), 0);
        if (unshare(CLONE_NEWUSER) < 0) {
                /* Not for everybody everywhere; EINVAL beside the thread of a sanitizer. */
                ck_assert(errno == EPERM || errno == ENOSPC || errno == EINVAL);
                return;
        }
        ck_assert_int_eq(unix_peer_uid(pair[0], &uid), UNIX_E_DENIED);
        ck_assert_uint_eq(uid, 4711);
}
END_TEST

/* From here on two users are needed, so these run as root only. */

static int connect_and_wait(void *userdata)
{
        const char *path = userdata;
        char byte;
        int fd;

        if (unix_connect(path, SECONDS(60), &fd))
                return 1;
        if (fcntl(fd, F_SETFL, 0) < 0 || read(fd, &byte, 1) != 0) /* until the server has seen us */
                return 2;
        return 0;
}

/* Opens the way for others, which unix_listen() itself never does. */
static int open_listener(const char *path)
{
        int listener = listen_at(path);

        ck_assert_int_eq(chmod(path, 0666), 0);
        ck_assert_int_eq(chmod(scratch_dir, 0711), 0);
        ck_assert_int_eq(fcntl(listener, F_SETFL, 0), 0);
        return listener;
}

typedef struct Visit Visit;

struct Visit {
        int listener;
        int r;
        uid_t uid;
};

static void *receive_visit(void *userdata)
{
        Visit *visit = userdata;
        int fd = accept(visit->listener, NULL, NULL);

        visit->r = fd < 0 ? -errno : unix_peer_uid(fd, &visit->uid);
        close(fd);
        return NULL;
}

static Visit visit_as(unsigned uid)
{
        const char *path = scratch_path("s");
        Visit visit = { .listener = open_listener(path), .r = -1, .uid = 4711 };
        pthread_t thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, receive_visit, &visit), 0);
        ck_assert_int_eq(scratch_run_as(uid, connect_and_wait, (void *)path), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        return visit;
}

START_TEST(peer_uid_is_the_strangers)
{
        Visit visit = visit_as(SCRATCH_STRANGER);

        ck_assert_int_eq(visit.r, 0);
        ck_assert_uint_eq(visit.uid, SCRATCH_STRANGER);
}
END_TEST

START_TEST(peer_with_the_overflow_uid_is_denied)
{
        Visit visit = visit_as(65534);

        ck_assert_int_eq(visit.r, UNIX_E_DENIED);
        ck_assert_uint_eq(visit.uid, 4711);
}
END_TEST

static int connect_expecting(void *userdata)
{
        int fd;

        return unix_connect(userdata, SECONDS(60), &fd);
}

START_TEST(strangers_cannot_connect)
{
        const char *path = scratch_path("s");

        listen_at(path);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, connect_expecting, (void *)path),
                         UNIX_E_DENIED);

        /* The directory alone keeps them out, and so does the file alone. */
        ck_assert_int_eq(chmod(path, 0666), 0);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, connect_expecting, (void *)path),
                         UNIX_E_DENIED);
        ck_assert_int_eq(chmod(path, 0600), 0);
        ck_assert_int_eq(chmod(scratch_dir, 0711), 0);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, connect_expecting, (void *)path),
                         UNIX_E_DENIED);
}
END_TEST

/* Who connected counts, not who he became: a daemon must not take the answer for his present uid.
 */
static int connect_then_become_stranger(void *userdata)
{
        const char *path = userdata;
        char byte;
        int fd;

        if (unix_connect(path, SECONDS(60), &fd))
                return 1;
        if (setresuid(SCRATCH_STRANGER, SCRATCH_STRANGER, SCRATCH_STRANGER) < 0)
                return 2;
        if (write(fd, "!", 1) != 1 || fcntl(fd, F_SETFL, 0) < 0 || read(fd, &byte, 1) != 0)
                return 3;
        return 0;
}

START_TEST(peer_uid_is_that_of_the_moment_of_connect)
{
        const char *path = scratch_path("s");
        int listener = open_listener(path);
        uid_t uid = 4711;
        char byte;
        pid_t pid = fork();
        int status;
        int fd;

        if (pid == 0)
                _exit(connect_then_become_stranger((void *)path));
        fd = accept(listener, NULL, NULL);
        ck_assert_int_eq(read(fd, &byte, 1), 1); /* he has changed by now */
        ck_assert_int_eq(unix_peer_uid(fd, &uid), 0);
        ck_assert_uint_eq(uid, 0);
        close(fd);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
}
END_TEST

static TCase *listening(void)
{
        TCase *tcase = tcase_create("listen");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, bytes_go_both_ways);
        tcase_add_test(tcase, descriptors_are_close_on_exec_and_non_blocking);
        tcase_add_test(tcase, the_file_is_closed_to_others_whatever_the_umask);
        tcase_add_test(tcase, a_directory_open_to_others_is_refused);
        tcase_add_test(tcase, a_dead_daemons_file_is_replaced);
        tcase_add_test(tcase, a_listening_daemon_is_not_replaced);
        tcase_add_test(tcase, a_file_that_is_no_socket_is_kept);
        tcase_add_test(tcase, a_stopped_holder_of_the_lock_does_not_hang_us);
        tcase_add_test(tcase, of_daemons_that_start_together_one_wins);
        tcase_add_test(tcase, remove_takes_only_what_nobody_listens_on);
        tcase_add_test(tcase, path_may_have_107_bytes_and_not_one_more);
        tcase_add_test(tcase, path_must_be_absolute);
        return tcase;
}

static TCase *connecting(void)
{
        TCase *tcase = tcase_create("connect");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, connect_tells_nobody_from_not_allowed);
        tcase_add_test(tcase, connect_gives_up_on_a_full_backlog_at_the_deadline);
        tcase_add_test(tcase, connect_waits_for_room_in_a_full_backlog);
        tcase_add_test(tcase, peer_uid_is_ours_on_our_own_sockets);
        tcase_add_test(tcase, peer_uid_of_what_is_no_unix_peer_is_denied);
        tcase_add_test(tcase, peer_uid_without_mapping_is_denied);
        return tcase;
}

static TCase *strangers(void)
{
        TCase *tcase = tcase_create("strangers");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, peer_uid_is_the_strangers);
        tcase_add_test(tcase, peer_with_the_overflow_uid_is_denied);
        tcase_add_test(tcase, strangers_cannot_connect);
        tcase_add_test(tcase, peer_uid_is_that_of_the_moment_of_connect);
        return tcase;
}

int main(void)
{
        Suite *suite = suite_create("unix-socket");

        suite_add_tcase(suite, listening());
        suite_add_tcase(suite, connecting());
        if (geteuid() == 0)
                suite_add_tcase(suite, strangers());
        return unit_run(suite);
}
