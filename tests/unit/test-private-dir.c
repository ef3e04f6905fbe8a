/* SPDX-License-Identifier: MIT */

#include "base/private-dir.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Makes a directory of exactly this mode in the scratch directory. */
static const char *make_dir(const char *name, mode_t mode)
{
        const char *path = scratch_path(name);

        ck_assert_int_eq(mkdir(path, 0700), 0);
        ck_assert_int_eq(chmod(path, mode), 0);
        return path;
}

static void expect(const char *path, int expected, const char *words)
{
        ErrorText error = { "" };
        int r = private_dir_check(path, &error);

        ck_assert_msg(r == expected, "%.80s: %d '%s'", path, r, error.text);
        ck_assert_msg(strstr(error.text, words), "%.80s: '%s'", path, error.text);
        ck_assert_int_eq(private_dir_check(path, NULL), expected);
}

static const struct {
        mode_t mode;
        int r;
} modes[] = {
        { 0700, 0 },
        { 0500, 0 },
        { 0710, PRIVATE_DIR_E_UNSAFE },
        { 0720, PRIVATE_DIR_E_UNSAFE },
        { 0740, PRIVATE_DIR_E_UNSAFE },
        { 0701, PRIVATE_DIR_E_UNSAFE },
        { 0702, PRIVATE_DIR_E_UNSAFE },
        { 0704, PRIVATE_DIR_E_UNSAFE },
        { 01777, PRIVATE_DIR_E_UNSAFE },
};

START_TEST(only_modes_without_others_are_private)
{
        expect(make_dir("d", modes[_i].mode), modes[_i].r, modes[_i].r ? "chmod 700" : "");
}
END_TEST

static const struct {
        mode_t above;
        int r;
} modes_above[] = {
        { 0755, 0 },
        { 01777, 0 },
        { 0775, PRIVATE_DIR_E_UNSAFE },
        { 0757, PRIVATE_DIR_E_UNSAFE },
};

START_TEST(directories_above_may_be_written_by_others_only_if_sticky)
{
        make_dir("above", modes_above[_i].above);
        expect(make_dir("above/d", 0700), modes_above[_i].r,
               modes_above[_i].r ? "writable by others" : "");
}
END_TEST

START_TEST(what_is_missing_is_not_found)
{
        expect(scratch_path("none"), PRIVATE_DIR_E_NOT_FOUND, "No such file");
        expect(scratch_path("none/below"), PRIVATE_DIR_E_NOT_FOUND, "No such file");
}
END_TEST

START_TEST(what_is_no_directory_is_refused)
{
        scratch_write("file", "");
        expect(scratch_path("file"), PRIVATE_DIR_E_UNSAFE, "not a directory");
        expect(scratch_path("file/below"), -ENOTDIR, "Not a directory");
        expect("relative/path", PRIVATE_DIR_E_UNSAFE, "not an absolute path");
        expect("", PRIVATE_DIR_E_UNSAFE, "not an absolute path");
        expect("/", PRIVATE_DIR_E_UNSAFE, "root");
        expect("//", PRIVATE_DIR_E_UNSAFE, "root");
        expect("/tmp", PRIVATE_DIR_E_UNSAFE, "");
}
END_TEST

START_TEST(too_long_paths_are_refused)
{
        char path[PATH_MAX + 1];

        memset(path, 'x', PATH_MAX);
        path[0] = '/';
        path[PATH_MAX] = '\0';
        expect(path, PRIVATE_DIR_E_UNSAFE, "");
        path[NAME_MAX + 2] = '\0'; /* one name of 256 bytes */
        expect(path, -ENAMETOOLONG, "too long");
}
END_TEST

START_TEST(a_link_to_a_private_directory_is_not_one)
{
        make_dir("d", 0700);
        ck_assert_int_eq(symlink("d", scratch_path("link")), 0);
        expect(scratch_path("link"), PRIVATE_DIR_E_UNSAFE, "symbolic link");
        expect(scratch_path("link/"), PRIVATE_DIR_E_UNSAFE, "symbolic link");
}
END_TEST

START_TEST(links_above_are_followed)
{
        make_dir("real", 0755);
        make_dir("real/d", 0700);
        ck_assert_int_eq(symlink("./real", scratch_path("relative")), 0);
        ck_assert_int_eq(symlink(scratch_path("relative"), scratch_path("absolute")), 0);
        ck_assert_int_eq(symlink("../absolute", scratch_path("real/up")), 0);

        expect(scratch_path("relative/d"), 0, "");
        expect(scratch_path("absolute/d"), 0, "");
        expect(scratch_path("absolute//./up/up/../real/d"), 0, "");
}
END_TEST

START_TEST(a_ring_of_links_ends)
{
        ck_assert_int_eq(symlink("two", scratch_path("one")), 0);
        ck_assert_int_eq(symlink("one", scratch_path("two")), 0);
        expect(scratch_path("one/d"), -ELOOP, "symbolic links");
}
END_TEST

START_TEST(forty_links_are_followed_and_not_one_more)
{
        char name[16] = "";
        char target[16] = "real";

        make_dir("real", 0755);
        make_dir("real/d", 0700);
        for (int i = 1; i <= 41; i++) {
                snprintf(name, sizeof(name), "link%d", i);
                ck_assert_int_eq(symlink(target, scratch_path(name)), 0);
                memcpy(target, name, sizeof(name));
        }
        expect(scratch_path("link40/d"), 0, "");
        expect(scratch_path("link41/d"), -ELOOP, "symbolic links");
}
END_TEST

/* The place itself is safe, but somebody could turn the link to it. */
START_TEST(a_link_in_a_directory_of_others_is_refused)
{
        make_dir("real", 0755);
        make_dir("real/d", 0700);
        make_dir("open", 0777);
        ck_assert_int_eq(symlink("../real", scratch_path("open/link")), 0);
        expect(scratch_path("open/link/d"), PRIVATE_DIR_E_UNSAFE, "writable by others");
}
END_TEST

START_TEST(create_makes_it_private_whatever_the_umask)
{
        struct stat st;

        umask(0);
        ck_assert_int_eq(private_dir_create(scratch_path("d"), NULL), 0);
        ck_assert_int_eq(stat(scratch_path("d"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
        ck_assert_int_eq(private_dir_create(scratch_path("d"), NULL), 0);

        ck_assert_int_eq(chmod(scratch_path("d"), 0755), 0);
        ck_assert_int_eq(private_dir_create(scratch_path("d"), NULL), PRIVATE_DIR_E_UNSAFE);
        ck_assert_int_eq(private_dir_create(scratch_path("none/d"), NULL), PRIVATE_DIR_E_NOT_FOUND);

        ck_assert_int_eq(chdir(scratch_dir), 0);
        ck_assert_int_eq(private_dir_create("relative", NULL), PRIVATE_DIR_E_UNSAFE);
        ck_assert_int_ne(access("relative", F_OK), 0);
}
END_TEST

/* From here on two users are needed, so these run as root only. */

static int check_as(void *path)
{
        return private_dir_check(path, NULL);
}

START_TEST(a_directory_of_somebody_else_is_refused)
{
        const char *path = make_dir("d", 0700);

        ck_assert_int_eq(chown(path, SCRATCH_STRANGER, SCRATCH_STRANGER), 0);
        expect(path, PRIVATE_DIR_E_UNSAFE, "belongs to uid");

        ck_assert_int_eq(chmod(scratch_dir, 0711), 0);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, check_as, (void *)path), 0);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER - 1, check_as, (void *)path),
                         PRIVATE_DIR_E_UNSAFE);
}
END_TEST

START_TEST(a_directory_below_one_of_somebody_else_is_refused)
{
        make_dir("above", 0755);
        make_dir("above/d", 0700);
        ck_assert_int_eq(chown(scratch_path("above"), SCRATCH_STRANGER, SCRATCH_STRANGER), 0);
        expect(scratch_path("above/d"), PRIVATE_DIR_E_UNSAFE, "above it belongs to uid");
}
END_TEST

START_TEST(a_link_of_somebody_else_is_refused)
{
        make_dir("sticky", 01777);
        make_dir("d", 0700);
        make_dir("d/e", 0700);
        ck_assert_int_eq(symlink("../d", scratch_path("sticky/link")), 0);
        expect(scratch_path("sticky/link/e"), 0, "");
        ck_assert_int_eq(lchown(scratch_path("sticky/link"), SCRATCH_STRANGER, SCRATCH_STRANGER),
                         0);
        expect(scratch_path("sticky/link/e"), PRIVATE_DIR_E_UNSAFE, "symbolic link of uid");
}
END_TEST

static TCase *own_directories(void)
{
        TCase *tcase = tcase_create("own");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_loop_test(tcase, only_modes_without_others_are_private, 0, ARRAY_SIZE(modes));
        tcase_add_loop_test(tcase, directories_above_may_be_written_by_others_only_if_sticky, 0,
                            ARRAY_SIZE(modes_above));
        tcase_add_test(tcase, what_is_missing_is_not_found);
        tcase_add_test(tcase, what_is_no_directory_is_refused);
        tcase_add_test(tcase, too_long_paths_are_refused);
        tcase_add_test(tcase, a_link_to_a_private_directory_is_not_one);
        tcase_add_test(tcase, links_above_are_followed);
        tcase_add_test(tcase, a_ring_of_links_ends);
        tcase_add_test(tcase, forty_links_are_followed_and_not_one_more);
        tcase_add_test(tcase, a_link_in_a_directory_of_others_is_refused);
        tcase_add_test(tcase, create_makes_it_private_whatever_the_umask);
        return tcase;
}

static TCase *strangers_directories(void)
{
        TCase *tcase = tcase_create("strangers");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, a_directory_of_somebody_else_is_refused);
        tcase_add_test(tcase, a_directory_below_one_of_somebody_else_is_refused);
        tcase_add_test(tcase, a_link_of_somebody_else_is_refused);
        return tcase;
}

int main(void)
{
        Suite *suite = suite_create("private-dir");

        suite_add_tcase(suite, own_directories());
        if (geteuid() == 0)
                suite_add_tcase(suite, strangers_directories());
        return unit_run(suite);
}
