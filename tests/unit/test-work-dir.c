/* SPDX-License-Identifier: MIT */

#include "jobman/work-dir.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int base_fd;
static WorkDir dir;
static ErrorText error;

static void setup(void)
{
        scratch_setup();
        dir = (WorkDir)WORK_DIR_INIT;
        ck_assert_int_eq(work_dir_base_open(scratch_path("a/b/jobs"), &base_fd, &error), 0);
        ck_assert_int_eq(work_dir_create(base_fd, scratch_path("a/b/jobs"), "job-1", &dir, &error),
                         0);
}

static void teardown(void)
{
        work_dir_deinit(&dir);
        (void)close(base_fd);
        scratch_teardown();
}

static int put(const char *name, uint64_t offset, const char *text, bool is_last)
{
        WorkDirPiece piece = { .name = name,
                               .offset = offset,
                               .data = text,
                               .n_data = strlen(text),
                               .is_last = is_last };
        uint64_t size;

        return work_dir_put(&dir, &piece, &size, &error);
}

static int get(const char *name, uint64_t offset, char *to, size_t n_to, uint64_t *ret_size)
{
        WorkDirRead read = { .name = name, .offset = offset, .to = to, .n_to = n_to };
        size_t n;
        int r;

        r = work_dir_get(&dir, &read, &n, ret_size, &error);
        if (!r)
                to[n] = '\0';
        return r;
}

START_TEST(base_and_directory_are_private)
{
        struct stat st;

        ck_assert_int_eq(stat(scratch_path("a/b/jobs"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0700);
        ck_assert_int_eq(stat(dir.path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(a_base_that_others_may_enter_is_refused)
{
        int fd;

        ck_assert_int_eq(chmod(scratch_path("a/b/jobs"), 0755), 0);
        ck_assert_int_eq(work_dir_base_open(scratch_path("a/b/jobs"), &fd, &error),
                         WORK_DIR_E_UNSAFE);
        ck_assert_ptr_nonnull(strstr(error.text, "0700"));
}
END_TEST

START_TEST(a_directory_is_never_shared)
{
        WorkDir again;

        ck_assert_int_eq(
                work_dir_create(base_fd, scratch_path("a/b/jobs"), "job-1", &again, &error),
                -EEXIST);
}
END_TEST

START_TEST(an_upload_in_pieces_appears_whole)
{
        char text[32];
        uint64_t size;

        ck_assert_int_eq(put("in.msh", 0, "abc", false), 0);
        ck_assert_int_eq(get("in.msh", 0, text, 16, &size), WORK_DIR_E_NOT_FOUND);
        ck_assert_int_eq(put("in.msh", 3, "def", true), 0);
        ck_assert_int_eq(get("in.msh", 0, text, 16, &size), 0);
        ck_assert_str_eq(text, "abcdef");
        ck_assert_uint_eq(size, 6);
        ck_assert_int_eq(get("in.msh", 4, text, 16, &size), 0);
        ck_assert_str_eq(text, "ef");
        ck_assert_int_eq(get("in.msh", 99, text, 16, &size), 0);
        ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(an_upload_goes_on_only_where_it_stands)
{
        ck_assert_int_eq(put("x", 0, "abc", false), 0);
        ck_assert_int_eq(put("x", 5, "def", true), WORK_DIR_E_OFFSET);
        ck_assert_str_eq(error.text, "x: offset 5, but 3 bytes are there");
        ck_assert_int_eq(put("y", 5, "def", true), WORK_DIR_E_NOT_FOUND);
        ck_assert_int_eq(put("x", 0, "new", true), 0);
}
END_TEST

static const char *const bad_names[] = { "",     ".",           "..",       "../x",
                                         "a/b",  "/etc/passwd", ".bashrc",  "a\nb",
                                         "\x7f", "\xff",        "a\x1b[2Jb" };

START_TEST(names_that_are_no_file_names_are_refused)
{
        char text[8];
        uint64_t size;

        ck_assert_int_eq(put(bad_names[_i], 0, "x", true), WORK_DIR_E_NAME);
        ck_assert_int_eq(get(bad_names[_i], 0, text, 4, &size), WORK_DIR_E_NAME);
}
END_TEST

START_TEST(a_name_may_be_as_long_as_the_limit)
{
        char name[WORK_DIR_NAME_MAX_BYTES + 2];

        memset(name, 'n', sizeof(name));
        name[WORK_DIR_NAME_MAX_BYTES] = '\0';
        ck_assert_int_eq(put(name, 0, "x", true), 0);
        name[WORK_DIR_NAME_MAX_BYTES] = 'n';
        name[WORK_DIR_NAME_MAX_BYTES + 1] = '\0';
        ck_assert_int_eq(put(name, 0, "x", true), WORK_DIR_E_NAME);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
        char text[8];
        uint64_t size;

        scratch_write("outside", "secret");
        ck_assert_int_eq(symlinkat(scratch_path("outside"), dir.fd, "link"), 0);
        ck_assert_int_eq(mkfifoat(dir.fd, "pipe", 0600), 0);
        ck_assert_int_eq(mkdirat(dir.fd, "directory", 0700), 0);

        ck_assert_int_eq(get("link", 0, text, 4, &size), WORK_DIR_E_DENIED);
        ck_assert_int_eq(get("pipe", 0, text, 4, &size), WORK_DIR_E_DENIED);
        ck_assert_int_eq(get("directory", 0, text, 4, &size), WORK_DIR_E_DENIED);
}
END_TEST

START_TEST(an_upload_over_a_link_replaces_the_link)
{
        char text[16] = "";
        int fd;

        scratch_write("outside", "secret");
        ck_assert_int_eq(symlinkat(scratch_path("outside"), dir.fd, "in"), 0);
        ck_assert_int_eq(symlinkat(scratch_path("outside"), dir.fd, "in.part"), 0);
        ck_assert_int_eq(put("in", 0, "upload", true), 0);

        fd = open(scratch_path("outside"), O_RDONLY);
        ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 6);
        ck_assert_str_eq(text, "secret");
        (void)close(fd);
}
END_TEST

START_TEST(removal_takes_the_tree_and_nothing_behind_links)
{
        int sub;

        scratch_write("outside", "secret");
        ck_assert_int_eq(mkdirat(dir.fd, "sub", 0700), 0);
        sub = openat(dir.fd, "sub", O_RDONLY | O_DIRECTORY);
        ck_assert_int_eq(symlinkat(scratch_dir, sub, "up"), 0);
        ck_assert_int_eq(mkdirat(sub, "locked", 0), 0);
        (void)close(sub);
        ck_assert_int_eq(put("x", 0, "x", true), 0);

        ck_assert_int_eq(work_dir_remove(&dir, &error), 0);
        ck_assert_int_eq(access(dir.path, F_OK), -1);
        ck_assert_int_eq(access(scratch_path("outside"), F_OK), 0);
}
END_TEST

START_TEST(a_file_of_the_server_is_copied_in)
{
        char text[16];
        uint64_t size;

        scratch_write("input.dat", "numbers");
        ck_assert_int_eq(work_dir_copy_in(&dir, scratch_path("input.dat"), &error), 0);
        ck_assert_int_eq(get("input.dat", 0, text, 15, &size), 0);
        ck_assert_str_eq(text, "numbers");
        ck_assert_int_eq(work_dir_copy_in(&dir, scratch_path("missing"), &error),
                         WORK_DIR_E_NOT_FOUND);
}
END_TEST

/* A process that holds the directory, once this returns. */
static pid_t start_holder(void)
{
        int ready[2];
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe(ready), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                if (fchdir(dir.fd) < 0)
                        _exit(1);
                work_dir_hold_current();
                (void)close(ready[0]);
                (void)close(ready[1]);
                for (;;)
                        (void)pause();
        }
        (void)close(ready[1]);
        ck_assert_int_eq(read(ready[0], &byte, 1), 0);
        (void)close(ready[0]);
        return pid;
}

START_TEST(a_directory_is_held_as_long_as_its_holder_lives)
{
        WorkDir same = WORK_DIR_INIT;
        pid_t holder = start_holder();

        ck_assert_int_eq(work_dir_open(base_fd, scratch_path("a/b/jobs"), "job-1", &same), 0);
        ck_assert_str_eq(same.path, dir.path);
        ck_assert(work_dir_is_held(&same));
        ck_assert_int_eq(kill(holder, SIGKILL), 0);
        ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
        ck_assert(!work_dir_is_held(&same));
        work_dir_deinit(&same);
}
END_TEST

static const struct {
        const char *name;
        int r;
} not_opened[] = {
        { "job-2", -ENOENT },
        { "../jobs", -EXDEV },
        { "link", -ENOTDIR },
};

START_TEST(only_a_directory_below_the_base_is_opened)
{
        WorkDir other = WORK_DIR_INIT;

        ck_assert_int_eq(symlinkat("job-1", base_fd, "link"), 0);
        ck_assert_int_eq(
                work_dir_open(base_fd, scratch_path("a/b/jobs"), not_opened[_i].name, &other),
                not_opened[_i].r);
        ck_assert_int_eq(other.fd, -1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("work-dir");
        TCase *tcase = tcase_create("work-dir");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, base_and_directory_are_private);
        tcase_add_test(tcase, a_base_that_others_may_enter_is_refused);
        tcase_add_test(tcase, a_directory_is_never_shared);
        tcase_add_test(tcase, an_upload_in_pieces_appears_whole);
        tcase_add_test(tcase, an_upload_goes_on_only_where_it_stands);
        tcase_add_loop_test(tcase, names_that_are_no_file_names_are_refused, 0,
                            ARRAY_SIZE(bad_names));
        tcase_add_test(tcase, a_name_may_be_as_long_as_the_limit);
        tcase_add_test(tcase, what_is_no_regular_file_is_refused);
        tcase_add_test(tcase, an_upload_over_a_link_replaces_the_link);
        tcase_add_test(tcase, removal_takes_the_tree_and_nothing_behind_links);
        tcase_add_test(tcase, a_file_of_the_server_is_copied_in);
        tcase_add_test(tcase, a_directory_is_held_as_long_as_its_holder_lives);
        tcase_add_loop_test(tcase, only_a_directory_below_the_base_is_opened, 0,
                            ARRAY_SIZE(not_opened));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
