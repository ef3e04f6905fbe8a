/* SPDX-License-Identifier: MIT */

#include "tests/unit/scratch.h"

#include <check.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char scratch_dir[PATH_MAX];

void scratch_setup(void)
{
        strncpy(scratch_dir, "/tmp/unit-XXXXXX", sizeof(scratch_dir) - 1);
        ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

void scratch_teardown(void)
{
        ck_assert_int_eq(nftw(scratch_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *scratch_path(const char *name)
{
        static char paths[8][PATH_MAX];
        static unsigned next;
        char *path = paths[next++ % 8];

        ck_assert_int_lt(snprintf(path, PATH_MAX, "%s/%s", scratch_dir, name), PATH_MAX);
        return path;
}

void scratch_write(const char *name, const char *text)
{
        FILE *file = fopen(scratch_path(name), "we");

        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fchmod(fileno(file), 0600), 0);
        ck_assert_int_ge(fputs(text, file), 0);
        ck_assert_int_eq(fclose(file), 0);
}

int scratch_run_as(unsigned uid, int (*fn)(void *userdata), void *userdata)
{
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
                    setresuid(uid, uid, uid) < 0)
                        _exit(99);
                _exit(fn(userdata));
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
