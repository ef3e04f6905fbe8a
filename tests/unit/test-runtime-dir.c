/* SPDX-License-Identifier: MIT */

#include "base/runtime-dir.h"

#include "base/unix-socket.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char *created(void)
{
        static char path[PATH_MAX];
        ErrorText error = { "" };
        char *result = NULL;
        int r = runtime_dir_create(&result, &error);

        ck_assert_msg(r == 0, "%d '%s'", r, error.text);
        snprintf(path, sizeof(path), "%s", result);
        free(result);
        return path;
}

static void expect_unusable(const char *words)
{
        ErrorText error = { "" };
        char *path = NULL;

        ck_assert_int_eq(runtime_dir_create(&path, &error), RUNTIME_DIR_E_UNUSABLE);
        ck_assert_ptr_null(path);
        ck_assert_msg(strstr(error.text, words), "'%s'", error.text);
        ck_assert_msg(strstr(error.text, "set PYROPE_RUNTIME_DIR"), "'%s'", error.text);
}

static void expect_private(const char *path)
{
        struct stat st;

        ck_assert_int_eq(lstat(path, &st), 0);
        ck_assert(S_ISDIR(st.st_mode));
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
        ck_assert_uint_eq(st.st_uid, geteuid());
}

START_TEST(the_variable_names_the_directory)
{
        setenv("PYROPE_RUNTIME_DIR", scratch_path("run"), 1);
        ck_assert_str_eq(created(), scratch_path("run"));
        ck_assert_str_eq(created(), scratch_path("run"));
        expect_private(scratch_path("run"));
}
END_TEST

START_TEST(the_variable_excludes_every_other_place)
{
        ck_assert_int_eq(mkdir(scratch_path("open"), 0755), 0);
        setenv("PYROPE_RUNTIME_DIR", scratch_path("open"), 1);
        setenv("HOME", scratch_dir, 1);
        expect_unusable("chmod 700");
        setenv("PYROPE_RUNTIME_DIR", "relative", 1);
        expect_unusable("not an absolute path");
        ck_assert_int_ne(access("relative", F_OK), 0);
        setenv("PYROPE_RUNTIME_DIR", scratch_path("none/run"), 1);
        expect_unusable("No such file");
}
END_TEST

START_TEST(the_path_leaves_room_for_the_names_of_sockets)
{
        char path[RUNTIME_DIR_MAX + 2];
        char name[RUNTIME_NAME_MAX + 1];
        char socket_path[256];
        int fd;

        memset(path, 'x', sizeof(path));
        memcpy(path, scratch_dir, strlen(scratch_dir));
        path[strlen(scratch_dir)] = '/';
        path[RUNTIME_DIR_MAX + 1] = '\0';
        setenv("PYROPE_RUNTIME_DIR", path, 1);
        expect_unusable("longer than 75 bytes");

        path[RUNTIME_DIR_MAX] = '\0';
        setenv("PYROPE_RUNTIME_DIR", path, 1);
        memset(name, 's', RUNTIME_NAME_MAX);
        name[RUNTIME_NAME_MAX] = '\0';
        snprintf(socket_path, sizeof(socket_path), "%s/%s", created(), name);
        ck_assert_int_eq(unix_listen(socket_path, 1, &fd, NULL), 0);
}
END_TEST

/* Standard input decides whether the program is interactive: a terminal, or not. */
static void be_interactive(bool is_interactive)
{
        int fd = is_interactive ? posix_openpt(O_RDWR | O_NOCTTY) : open("/dev/null", O_RDWR);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
}

START_TEST(an_interactive_daemon_takes_the_directory_of_the_session)
{
        be_interactive(true);
        setenv("PYROPE_RUNTIME_DIR", "", 1); /* as good as unset */
        setenv("XDG_RUNTIME_DIR", scratch_dir, 1);
        ck_assert_str_eq(created(), scratch_path("pyrope"));
        expect_private(scratch_path("pyrope"));
}
END_TEST

/* From here on a user is needed who has no directory in /tmp, so these run as root only. */

static unsigned fresh_uid(void)
{
        char path[64];

        for (unsigned uid = 300000;; uid++) {
                snprintf(path, sizeof(path), "/tmp/pyrope-%u", uid);
                if (access(path, F_OK) < 0)
                        return uid;
        }
}

/* Creates a directory and says which of the places it is by the exit status. */
static int create_as(void *userdata)
{
        CLEANUP(freep) char *path = NULL;
        ErrorText error;

        (void)userdata;
        if (runtime_dir_create(&path, &error)) {
                fprintf(stderr, "%s\n", error.text);
                return 9;
        }
        if (strncmp(path, "/tmp/pyrope-", 12) == 0)
                return rmdir(path) < 0 ? 8 : 1;
        return strncmp(path, scratch_path("home/.pyrope/run/"), strlen(scratch_dir) + 18) ? 7 : 2;
}

static void own_home(unsigned uid)
{
        ck_assert_int_eq(chmod(scratch_dir, 0755), 0);
        ck_assert_int_eq(mkdir(scratch_path("home"), 0755), 0);
        ck_assert_int_eq(chown(scratch_path("home"), uid, uid), 0);
        setenv("HOME", scratch_path("home"), 1);
        unsetenv("PYROPE_RUNTIME_DIR");
        unsetenv("XDG_RUNTIME_DIR");
}

START_TEST(a_daemon_in_the_background_uses_tmp)
{
        unsigned uid = fresh_uid();

        be_interactive(false);
        own_home(uid);
        setenv("XDG_RUNTIME_DIR", scratch_path("home"), 1);
        ck_assert_int_eq(scratch_run_as(uid, create_as, NULL), 1);
        ck_assert_int_ne(access(scratch_path("home/pyrope"), F_OK), 0);
}
END_TEST

START_TEST(a_directory_of_somebody_else_in_tmp_is_passed_over)
{
        unsigned uid = fresh_uid();
        char squatted[64];
        int place;

        be_interactive(false);
        own_home(uid);
        snprintf(squatted, sizeof(squatted), "/tmp/pyrope-%u", uid);
        ck_assert_int_eq(mkdir(squatted, 0700), 0);
        place = scratch_run_as(uid, create_as, NULL);
        ck_assert_int_eq(rmdir(squatted), 0);

        ck_assert_int_eq(place, 2);
}
END_TEST

static int create_nowhere(void *userdata)
{
        ErrorText error;
        char *path;

        (void)userdata;
        setenv("HOME", "/nonexistent", 1);
        return runtime_dir_create(&path, &error) == RUNTIME_DIR_E_UNUSABLE &&
                               strstr(error.text, "would vanish at logout") &&
                               strstr(error.text, "belongs to uid 0") &&
                               strstr(error.text, "/nonexistent/.pyrope/run/") &&
                               strstr(error.text, "set PYROPE_RUNTIME_DIR")
                       ? 0
                       : 1;
}

START_TEST(without_any_place_each_one_is_named)
{
        unsigned uid = fresh_uid();
        char squatted[64];
        int status;

        be_interactive(false);
        own_home(uid);
        snprintf(squatted, sizeof(squatted), "/tmp/pyrope-%u", uid);
        ck_assert_int_eq(mkdir(squatted, 0700), 0);
        status = scratch_run_as(uid, create_nowhere, NULL);
        ck_assert_int_eq(rmdir(squatted), 0);

        ck_assert_int_eq(status, 0);
}
END_TEST

static int find(const char *name, char path[static PATH_MAX], ErrorText *error)
{
        char *result = NULL;
        int r = runtime_dir_find(name, &result, error);

        if (r == 0)
                snprintf(path, PATH_MAX, "%s", result);
        free(result);
        return r;
}

static void make_socket(const char *path)
{
        int fd;

        ck_assert_int_eq(unix_listen(path, 1, &fd, NULL), 0);
}

START_TEST(a_client_finds_the_socket_where_the_variable_says)
{
        char path[PATH_MAX];
        ErrorText error;

        setenv("PYROPE_RUNTIME_DIR", scratch_path("run"), 1);
        ck_assert_int_eq(find("s", path, &error), RUNTIME_DIR_E_NOT_FOUND);
        ck_assert_int_ne(access(scratch_path("run"), F_OK), 0); /* looks only */

        ck_assert_int_eq(mkdir(scratch_path("run"), 0700), 0);
        ck_assert_int_eq(find("s", path, &error), RUNTIME_DIR_E_NOT_FOUND);
        ck_assert_ptr_nonnull(strstr(error.text, scratch_path("run/s")));

        make_socket(scratch_path("run/s"));
        ck_assert_int_eq(find("s", path, &error), 0);
        ck_assert_str_eq(path, scratch_path("run/s"));

        ck_assert_int_eq(chmod(scratch_path("run"), 0711), 0);
        ck_assert_int_eq(find("s", path, &error), RUNTIME_DIR_E_UNUSABLE);
        ck_assert_ptr_nonnull(strstr(error.text, "chmod 700"));
}
END_TEST

/* A socket that is in the second place only is found there, interactive or not. */
START_TEST(a_client_looks_through_the_places)
{
        char path[PATH_MAX];
        char host[256] = "";
        ErrorText error;

        be_interactive(false);
        setenv("HOME", scratch_dir, 1);
        setenv("XDG_RUNTIME_DIR", scratch_dir, 1);
        ck_assert_int_eq(mkdir(scratch_path("pyrope"), 0700), 0);
        make_socket(scratch_path("pyrope/a"));
        ck_assert_int_eq(find("a", path, &error), 0);
        ck_assert_str_eq(path, scratch_path("pyrope/a"));

        ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
        ck_assert_int_eq(mkdir(scratch_path(".pyrope"), 0755), 0);
        ck_assert_int_eq(mkdir(scratch_path(".pyrope/run"), 0755), 0);
        snprintf(path, sizeof(path), ".pyrope/run/%s", host);
        ck_assert_int_eq(mkdir(scratch_path(path), 0700), 0);
        snprintf(path, sizeof(path), ".pyrope/run/%s/b", host);
        make_socket(scratch_path(path));
        ck_assert_int_eq(find("b", path, &error), 0);
        ck_assert_ptr_nonnull(strstr(path, "/.pyrope/run/"));
}
END_TEST

START_TEST(a_client_that_finds_nothing_says_where_it_looked)
{
        char path[PATH_MAX];
        ErrorText error;

        setenv("HOME", scratch_dir, 1);
        setenv("XDG_RUNTIME_DIR", scratch_dir, 1);
        ck_assert_int_eq(mkdir(scratch_path("pyrope"), 0700), 0);
        scratch_write("pyrope/no-daemon.sock", "not a socket");

        ck_assert_int_eq(find("no-daemon.sock", path, &error), RUNTIME_DIR_E_NOT_FOUND);
        ck_assert_ptr_nonnull(strstr(error.text, scratch_path("pyrope/no-daemon.sock")));
        ck_assert_ptr_nonnull(strstr(error.text, "/tmp/pyrope-"));
        ck_assert_ptr_nonnull(strstr(error.text, scratch_path(".pyrope/run/")));
        ck_assert_ptr_nonnull(strstr(error.text, "start it"));
}
END_TEST

static void setup(void)
{
        scratch_setup();
        unsetenv("PYROPE_RUNTIME_DIR");
        unsetenv("XDG_RUNTIME_DIR");
}

START_TEST(all_places_are_listed)
{
        char *places[RUNTIME_DIR_PLACES_MAX];
        size_t n;

        setenv("PYROPE_RUNTIME_DIR", scratch_path("run"), 1);
        ck_assert_uint_eq(runtime_dir_list(places), 0);
        (void)created();
        ck_assert_uint_eq(runtime_dir_list(places), 1);
        ck_assert_str_eq(places[0], scratch_path("run"));
        free(places[0]);

        unsetenv("PYROPE_RUNTIME_DIR");
        setenv("XDG_RUNTIME_DIR", scratch_dir, 1);
        ck_assert_int_eq(mkdir(scratch_path("pyrope"), 0700), 0);
        n = runtime_dir_list(places);
        ck_assert_uint_ge(n, 1);
        ck_assert_str_eq(places[0], scratch_path("pyrope"));
        for (size_t i = 0; i < n; i++)
                free(places[i]);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("runtime-dir");
        TCase *tcase = tcase_create("runtime-dir");

        tcase_add_checked_fixture(tcase, setup, scratch_teardown);
        tcase_add_test(tcase, the_variable_names_the_directory);
        tcase_add_test(tcase, the_variable_excludes_every_other_place);
        tcase_add_test(tcase, the_path_leaves_room_for_the_names_of_sockets);
        tcase_add_test(tcase, an_interactive_daemon_takes_the_directory_of_the_session);
        if (geteuid() == 0) {
                tcase_add_test(tcase, a_daemon_in_the_background_uses_tmp);
                tcase_add_test(tcase, a_directory_of_somebody_else_in_tmp_is_passed_over);
                tcase_add_test(tcase, without_any_place_each_one_is_named);
        }
        tcase_add_test(tcase, all_places_are_listed);
        tcase_add_test(tcase, a_client_finds_the_socket_where_the_variable_says);
        tcase_add_test(tcase, a_client_looks_through_the_places);
        tcase_add_test(tcase, a_client_that_finds_nothing_says_where_it_looked);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
