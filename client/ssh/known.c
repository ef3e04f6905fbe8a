/* SPDX-License-Identifier: MIT */

#include "client/ssh/known.h"

#include "client/ssh/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES 16384u

/* -- marks ------------------------------------------------------------------------------------- */

enum { AT_BEGIN, AT_NAMES, AT_REST };

unsigned ssh_known_scan(int byte, unsigned *state)
{
        bool is_blank = byte == ' ' || byte == '\t';
        unsigned before = *state;

        if (byte == '\n')
                *state = AT_BEGIN;
        else if (before == AT_BEGIN && !is_blank)
                *state = byte == '#' ? AT_REST : AT_NAMES;
        else if (before == AT_NAMES && is_blank)
                *state = AT_REST;
        if (before == AT_BEGIN && byte == '@')
                return SSH_MARK_UNREAD;
        return before != AT_REST && byte == '!' ? SSH_MARK_EXCEPTED : 0;
}

/* Whether the file has what libssh does not read. @ret: 0, also if there is no such file; else as
 * ssh_known_scan() together. Return: 0, -errno. */
static int scan(const char *path, unsigned *ret)
{
        FILE *file = fopen(path, "re");
        unsigned state = 0;
        int byte, r = 0;

        *ret = 0;
        if (!file)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        errno = 0;
        while ((byte = getc_unlocked(file)) != EOF)
                *ret |= ssh_known_scan(byte, &state);
        if (ferror(file))
                r = errno ? -errno : -EIO;
        (void)fclose(file);
        return r;
}

/* A line: "@revoked NAMES TYPE KEY COMMENT", the mark of which may be missing. */
static unsigned marks_of(char *line, const char *key)
{
        const char *const separators = " \t\r";
        char *state = NULL;
        const char *word = strtok_r(line, separators, &state);
        unsigned mark = SSH_MARK_NAMED;

        if (!word || word[0] == '#')
                return 0;
        if (!strcmp(word, "@cert-authority"))
                return SSH_MARK_AUTHORITY;
        if (word[0] == '@') {
                mark = strcmp(word, "@revoked") ? 0 : SSH_MARK_REVOKED;
                (void)strtok_r(NULL, separators, &state);
        }
        (void)strtok_r(NULL, separators, &state);
        word = strtok_r(NULL, separators, &state);
        return word && !strcmp(word, key) ? mark : 0;
}

unsigned ssh_known_parse(char *text, const char *key)
{
        unsigned marks = 0;
        char *line;

        while ((line = strsep(&text, "\n")))
                marks |= marks_of(line, key);
        return marks;
}

static pyrope_status ask_keygen(const SshKnown *known, const char *file, const SshWatch *watch,
                                unsigned *ret, pyrope_error **error)
{
        CLEANUP(ssh_run_deinit) SshRun found = SSH_RUN_INIT;
        const char *const argv[] = { "ssh-keygen", "-F", known->name, "-f", file, NULL };
        pyrope_status status;

        status = ssh_run(argv, watch, &found, error);
        if (status)
                return status;
        if (found.is_missing)
                return error_set(error, PYROPE_E_HOST_KEY,
                                 "%s: %s has lines with @ or !, which only the program ssh-keygen "
                                 "can read, and it is not here; install openssh-client",
                                 known->label, file);
        if (found.exit_status > 1) /* 1: no entry */
                return error_set(error, PYROPE_E_HOST_KEY, "%s: ssh-keygen cannot read %s: %s",
                                 known->label, file, (const char *)found.words.data);
        *ret |= ssh_known_parse((char *)found.output.data, known->key);
        return PYROPE_OK;
}

pyrope_status ssh_known_marks(const SshKnown *known, const char *file, bool is_thorough,
                              const SshWatch *watch, unsigned *ret, pyrope_error **error)
{
        unsigned found;
        int r = scan(file, &found);

        if (r < 0)
                return error_set(error, PYROPE_E_HOST_KEY,
                                 "%s: %s cannot be read: %s; host keys may be revoked there",
                                 known->label, file, strerror(-r));
        *ret = found & SSH_MARK_EXCEPTED;
        if (!found && (!is_thorough || access(file, F_OK)))
                return PYROPE_OK;
        return ask_keygen(known, file, watch, ret, error);
}

/* -- hashing ----------------------------------------------------------------------------------- */

static int write_file(const char *path, int flags, const char *text, size_t n_text)
{
        CLEANUP(closep) int fd = open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ssize_t n = fd < 0 ? -1 : write(fd, text, n_text);

        if (n < 0)
                return -errno;
        return (size_t)n == n_text ? 0 : -ENOSPC;
}

static int read_file(const char *path, char *out, size_t n_out)
{
        CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, out, n_out - 1);

        if (n < 0)
                return -errno;
        out[n] = '\0';
        return 0;
}

/* ssh-keygen hashes a whole file in its place, so it gets one of its own. @line becomes what it
 * makes of it. */
static pyrope_status hash_at(const char *path, const char *label, const SshWatch *watch,
                             char line[static LINE_MAX_BYTES], pyrope_error **error)
{
        CLEANUP(ssh_run_deinit) SshRun done = SSH_RUN_INIT;
        const char *const argv[] = { "ssh-keygen", "-H", "-f", path, NULL };
        pyrope_status status;
        int r;

        r = write_file(path, O_EXCL, line, strlen(line));
        if (r)
                return error_set(error, PYROPE_E_IO, "%s: %s: %s", label, path, strerror(-r));
        status = ssh_run(argv, watch, &done, error);
        if (status)
                return status;
        r = done.is_missing || done.exit_status ? -ENOENT : read_file(path, line, LINE_MAX_BYTES);
        if (r || line[0] != '|')
                return error_set(error, PYROPE_E_HOST_KEY,
                                 "%s: HashKnownHosts is set, and ssh-keygen -H does not hash the "
                                 "host's name",
                                 label);
        return PYROPE_OK;
}

static pyrope_status hash(const char *label, const SshWatch *watch,
                          char line[static LINE_MAX_BYTES], pyrope_error **error)
{
        char directory[] = "/tmp/pyrope-key-XXXXXX";
        char path[sizeof(directory) + 8], old[sizeof(path) + 8];
        pyrope_status status;

        if (!mkdtemp(directory))
                return error_set(error, PYROPE_E_IO, "%s: %s: %s", label, directory,
                                 strerror(errno));
        (void)snprintf(path, sizeof(path), "%s/key", directory);
        (void)snprintf(old, sizeof(old), "%s.old", path);
        status = hash_at(path, label, watch, line, error);
        (void)unlink(old);
        (void)unlink(path);
        (void)rmdir(directory);
        return status;
}

/* -- adding ------------------------------------------------------------------------------------ */

/* Whether a line at the end of the file would go on with its last one. Return: 1, 0, -errno. */
static int is_unended(const char *path)
{
        CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        char last;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st))
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOTSUP;
        return st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

/* The file's directory, which is mostly ~/.ssh. Its parents are not ours to make. */
static void make_directory(const char *path)
{
        CLEANUP(freep) char *directory = strdup(path);
        char *slash = directory ? strrchr(directory, '/') : NULL;

        if (!slash || slash == directory)
                return;
        *slash = '\0';
        (void)mkdir(directory, 0700); /* there already, or writing will tell */
}

/* At once, behind whatever others write there meanwhile. */
static int append_line(const char *path, const char *line)
{
        char text[LINE_MAX_BYTES + 1];
        int r;

        make_directory(path);
        r = is_unended(path);
        if (r < 0)
                return r;
        (void)snprintf(text, sizeof(text), "%s%s", r ? "\n" : "", line);
        return write_file(path, O_APPEND, text, strlen(text));
}

pyrope_status ssh_known_add(const SshSettings *settings, const char *line, const SshWatch *watch,
                            pyrope_error **error)
{
        const char *path =
                settings->user_known_hosts.n ? settings->user_known_hosts.names[0] : NULL;
        pyrope_status status = PYROPE_OK;
        char written[LINE_MAX_BYTES];
        int r;

        if (!path)
                return error_set(error, PYROPE_E_HOST_KEY,
                                 "%s: UserKnownHostsFile names no file to keep the host key in",
                                 settings->label);
        if (snprintf(written, sizeof(written), "%s", line) >= (int)sizeof(written))
                return error_set(error, PYROPE_E_HOST_KEY, "%s: host key is too long",
                                 settings->label);
        if (settings->is_hiding_host_name)
                status = hash(settings->label, watch, written, error);
        if (status)
                return status;
        r = append_line(path, written);
        if (r)
                return error_set(error, PYROPE_E_HOST_KEY, "%s: host key cannot be added to %s: %s",
                                 settings->label, path,
                                 r == -ENOTSUP ? "it is no file" : strerror(-r));
        return PYROPE_OK;
}
