/* SPDX-License-Identifier: MIT */

#include "client/ssh/scan.h"

#include "base/words.h"
#include "client/ssh/expand.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SYSTEM_DIRECTORY   "/etc/ssh"
#define VARIABLE_MAX_BYTES 64u /* as ssh/expand.c has it */

static int scan_file(SshScan *scan, const char *path, const char *directory);

/* -- variables --------------------------------------------------------------------------------- */

/* @at: behind a $. */
static int add_variable(SshScan *scan, const char *at)
{
        char name[VARIABLE_MAX_BYTES];
        size_t n = 0;

        at += *at == '{';
        while (isalnum((unsigned char)at[n]) || at[n] == '_')
                n++;
        if (!n || isdigit((unsigned char)at[0]))
                return 0;
        if (n >= sizeof(name))
                return -ENAMETOOLONG;
        memcpy(name, at, n);
        name[n] = '\0';
        return ssh_names_have(&scan->variables, name) ? 0 : ssh_names_add(&scan->variables, name);
}

static int scan_variables(SshScan *scan, const char *line)
{
        int r = 0;

        for (const char *at = strchr(line, '$'); at && !r; at = strchr(at + 1, '$'))
                r = add_variable(scan, at + 1);
        return r;
}

/* -- other files ------------------------------------------------------------------------------- */

static int include_pattern(SshScan *scan, const char *pattern, const char *directory)
{
        glob_t found;
        int r = 0;

        if (glob(pattern, 0, NULL, &found)) /* none that can be read */
                return 0;
        for (size_t i = 0; i < found.gl_pathc && !r; i++)
                r = scan_file(scan, found.gl_pathv[i], directory);
        globfree(&found);
        return r;
}

/* As ssh understands it: ~ is the home directory, and what is relative is so to the directory of
 * the user's or the system's configuration. */
static int include(SshScan *scan, const char *word, const char *directory)
{
        CLEANUP(freep) char *home = NULL;
        CLEANUP(freep) char *pattern = NULL;
        int n;

        if (word[0] == '~' && word[1] == '/') {
                home = ssh_expand_login_home();
                n = asprintf(&pattern, "%s%s", home ? home : "", word + 1);
        } else if (word[0] == '/') {
                n = asprintf(&pattern, "%s", word);
        } else {
                n = asprintf(&pattern, "%s/%s", directory, word);
        }
        if (n < 0) {
                pattern = NULL;
                return -ENOMEM;
        }
        return include_pattern(scan, pattern, directory);
}

static int include_words(SshScan *scan, const char *text, const char *directory)
{
        CLEANUP(words_deinit) Words words = { .n = 0 };
        int r = words_split(text, &words);

        if (r)
                return r < 0 ? r : 0; /* ssh will refuse it, too */
        for (size_t i = 0; i < words.n && !r && words.items[i][0] != '#'; i++)
                r = include(scan, words.items[i], directory);
        return r;
}

static int scan_line(SshScan *scan, const char *line, const char *directory)
{
        static const char keyword[] = "include";
        const char *text = line + strspn(line, " \t");
        size_t n = strcspn(text, " \t=");
        int r = scan_variables(scan, line);

        if (r || n != strlen(keyword) || strncasecmp(text, keyword, n) != 0)
                return r;
        text += n;
        text += strspn(text, " \t");
        return include_words(scan, text + (*text == '='), directory);
}

/* -- files ------------------------------------------------------------------------------------- */

/* FNV-1a. */
static void add_bytes(SshScan *scan, const void *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                scan->files = (scan->files ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

static void add_identity(SshScan *scan, const char *path, const struct stat *st)
{
        const int64_t numbers[] = { (int64_t)st->st_dev, (int64_t)st->st_ino, st->st_size,
                                    st->st_mtim.tv_sec, st->st_mtim.tv_nsec };

        add_bytes(scan, path, strlen(path) + 1);
        add_bytes(scan, numbers, sizeof(numbers));
}

static int scan_lines(SshScan *scan, const char *path, const char *directory)
{
        CLEANUP(freep) char *line = NULL;
        FILE *file = fopen(path, "re");
        size_t n_line = 0;
        int r = 0;

        if (!file)
                return 0;
        while (!r && getline(&line, &n_line, file) >= 0) {
                line[strcspn(line, "\r\n")] = '\0';
                r = scan_line(scan, line, directory);
        }
        (void)fclose(file);
        return r;
}

/* What is no plain file can be read only once, and that is for ssh to do. */
static int scan_file(SshScan *scan, const char *path, const char *directory)
{
        struct stat st = { 0 };
        bool is_there = !stat(path, &st);
        int r;

        add_identity(scan, path, &st);
        if (!is_there || !S_ISREG(st.st_mode))
                return 0;
        if (scan->n_files == SSH_SCAN_FILES_MAX || scan->n_deep == SSH_SCAN_DEPTH_MAX ||
            st.st_size > SSH_SCAN_FILE_BYTES)
                return -E2BIG;
        scan->n_files++;
        scan->n_deep++;
        r = scan_lines(scan, path, directory);
        scan->n_deep--;
        return r;
}

static int scan_home(SshScan *scan, const char *home)
{
        char directory[PATH_MAX], path[PATH_MAX];

        if (snprintf(directory, sizeof(directory), "%s/.ssh", home) >= (int)sizeof(directory) ||
            snprintf(path, sizeof(path), "%s/config", directory) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return scan_file(scan, path, directory);
}

/* ssh goes by the account; where there is no ssh, we go by $HOME. */
static int scan_usual(SshScan *scan)
{
        CLEANUP(freep) char *home = ssh_expand_home();
        CLEANUP(freep) char *login_home = ssh_expand_login_home();
        int r = 0;

        if (login_home)
                r = scan_home(scan, login_home);
        if (!r && home && (!login_home || strcmp(home, login_home) != 0))
                r = scan_home(scan, home);
        return r ? r : scan_file(scan, SYSTEM_DIRECTORY "/ssh_config", SYSTEM_DIRECTORY);
}

int ssh_scan(const char *config_file, SshScan *ret)
{
        CLEANUP(freep) char *home = NULL;
        char directory[PATH_MAX];

        if (!config_file)
                return scan_usual(ret);
        home = ssh_expand_login_home();
        if (snprintf(directory, sizeof(directory), "%s/.ssh", home ? home : "") >=
            (int)sizeof(directory))
                return -ENAMETOOLONG;
        return scan_file(ret, config_file, directory);
}

void ssh_scan_deinit(SshScan *scan)
{
        ssh_names_deinit(&scan->variables);
}
