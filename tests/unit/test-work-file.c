/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/solver/work-file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_NAME                                                                                  \
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
        "nnnn"                                                                                     \
        "nnnnnnnn"

/* The tests run in the directory that the programs would call their work directory. */
static void enter(void)
{
        scratch_setup();
        ck_assert_int_eq(chdir(scratch_dir), 0);
}

static void leave(void)
{
        ck_assert_int_eq(chdir("/"), 0);
        scratch_teardown();
}

START_TEST(read_gives_the_whole_file)
{
        Complaint complaint;
        char *text;
        size_t n;

        scratch_write("a.msh", "some text");

        ck_assert_int_eq(work_file_read("a.msh", &text, &n, &complaint), 0);
        ck_assert_uint_eq(n, 9);
        ck_assert_mem_eq(text, "some text", 9);
        free(text);
}
END_TEST

START_TEST(read_tells_a_missing_file)
{
        Complaint complaint;
        char *text;
        size_t n;

        ck_assert_int_eq(work_file_read("a.msh", &text, &n, &complaint), -ENOENT);
}
END_TEST

static const char *const bad_names[] = {
        "",     ".",     "..",         ".hidden",   "a/b",
        "/etc", "../up", "new\nline",  "\x1b[31m",  "del\x7f",
        "./a",  "a/",    "a.vtk/../b", "/dev/null", LONG_NAME LONG_NAME "n",
};

START_TEST(names_that_lead_elsewhere_are_refused)
{
        Complaint complaint = { "" };
        char *text;
        FILE *file;
        size_t n;

        ck_assert_int_eq(work_file_read(bad_names[_i], &text, &n, &complaint), FEM_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(complaint.text, "is no name of a file"));
        ck_assert_int_eq(work_file_create(bad_names[_i], "", &file, &complaint), FEM_E_REFUSED);
}
END_TEST

START_TEST(a_name_at_the_limit_is_read)
{
        Complaint complaint;
        char *text;
        size_t n;

        ck_assert_uint_eq(strlen(LONG_NAME LONG_NAME), WORK_FILE_NAME_MAX);
        ck_assert_int_eq(work_file_read(LONG_NAME LONG_NAME, &text, &n, &complaint), -ENOENT);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
        Complaint complaint = { "" };
        char *text;
        FILE *file;
        size_t n;

        ck_assert_int_eq(symlink("/etc/passwd", "link.vtk"), 0);
        ck_assert_int_eq(mkfifo("fifo.vtk", 0600), 0);
        ck_assert_int_eq(mkdir("dir.vtk", 0700), 0);

        ck_assert_int_eq(work_file_read("link.vtk", &text, &n, &complaint), FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "link.vtk is a link");
        ck_assert_int_eq(work_file_create("link.vtk", ".vtk", &file, &complaint), FEM_E_REFUSED);
        ck_assert_int_eq(work_file_read("fifo.vtk", &text, &n, &complaint), FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "fifo.vtk is no regular file");
        /* Nobody reads the FIFO, so that it cannot even be opened for writing. */
        ck_assert_int_eq(work_file_create("fifo.vtk", ".vtk", &file, &complaint), -ENXIO);
        ck_assert_int_eq(work_file_read("dir.vtk", &text, &n, &complaint), FEM_E_REFUSED);
        ck_assert_int_eq(work_file_create("dir.vtk", ".vtk", &file, &complaint), -EISDIR);
}
END_TEST

START_TEST(a_file_above_the_limit_is_refused_before_it_is_read)
{
        Complaint complaint = { "" };
        char *text;
        size_t n;

        scratch_write("huge", "");
        ck_assert_int_eq(truncate("huge", (off_t)WORK_FILE_BYTES_MAX + 1), 0);

        ck_assert_int_eq(work_file_read("huge", &text, &n, &complaint), FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "huge is larger than 268435456 bytes");
}
END_TEST

START_TEST(create_makes_a_private_file_and_empties_an_old_one)
{
        Complaint complaint;
        struct stat st;
        FILE *file;

        for (const char *text = "long"; text; text = strcmp(text, "long") == 0 ? "new" : NULL) {
                ck_assert_int_eq(work_file_create("a.vtk", ".vtk", &file, &complaint), 0);
                fputs(text, file);
                ck_assert_int_eq(fclose(file), 0);
                ck_assert_int_eq(stat("a.vtk", &st), 0);
                ck_assert_uint_eq((size_t)st.st_size, strlen(text));
                ck_assert_uint_eq(st.st_mode & 0777, 0600);
        }
}
END_TEST

START_TEST(create_never_touches_files_of_another_kind)
{
        Complaint complaint = { "" };
        FILE *file;

        ck_assert_int_eq(work_file_create("t4.msh", ".vtk", &file, &complaint), FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "t4.msh does not end in .vtk");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/solver/work-file");
        TCase *files = tcase_create("files");

        tcase_add_checked_fixture(files, enter, leave);
        tcase_add_test(files, read_gives_the_whole_file);
        tcase_add_test(files, read_tells_a_missing_file);
        tcase_add_loop_test(files, names_that_lead_elsewhere_are_refused, 0, ARRAY_SIZE(bad_names));
        tcase_add_test(files, a_name_at_the_limit_is_read);
        tcase_add_test(files, what_is_no_regular_file_is_refused);
        tcase_add_test(files, a_file_above_the_limit_is_refused_before_it_is_read);
        tcase_add_test(files, create_makes_a_private_file_and_empties_an_old_one);
        tcase_add_test(files, create_never_touches_files_of_another_kind);
        suite_add_tcase(suite, files);
        return unit_run(suite);
}
