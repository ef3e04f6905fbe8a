/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/solver/work-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_descriptor(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static int check_name(const char *name, Complaint *complaint)
{
        size_t n = strlen(name);
        bool is_good = n > 0 && n <= WORK_FILE_NAME_MAX && name[0] != '.' && !strchr(name, '/');

        for (size_t i = 0; i < n; i++)
                is_good = is_good && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
        if (!is_good)
                return complaint_set(complaint,
                                     "\"%.60s\" is no name of a file in the work "
                                     "directory",
                                     name);
        return 0;
}

/* Opens a regular file: O_NONBLOCK, because opening a FIFO would wait for its other end. */
static int open_regular(const char *name, int flags, int *ret_fd, struct stat *ret_stat,
                        Complaint *complaint)
{
        int fd = open(name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

        if (fd < 0 && errno == ELOOP)
                return complaint_set(complaint, "%.60s is a link", name);
        if (fd < 0)
                return -errno;
        if (fstat(fd, ret_stat) < 0 || !S_ISREG(ret_stat->st_mode)) {
                close(fd);
                return complaint_set(complaint, "%.60s is no regular file", name);
        }
        *ret_fd = fd;
        return 0;
}

/* Reads until the end of the file or of the room, whatever comes first. */
static int read_all(int fd, char *text, size_t n_room, size_t *ret_n)
{
        size_t n_read = 0;

        while (n_read < n_room) {
                ssize_t n = read(fd, text + n_read, n_room - n_read);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                n_read += (size_t)n;
        }
        *ret_n = n_read;
        return 0;
}

int work_file_read(const char *name, char **ret_text, size_t *ret_n, Complaint *complaint)
{
        CLEANUP(close_descriptor) int fd = -1;
        CLEANUP(free_memory) char *text = NULL;
        struct stat st;
        int r;

        r = check_name(name, complaint);
        if (!r)
                r = open_regular(name, O_RDONLY, &fd, &st, complaint);
        if (r)
                return r;
        if ((uint64_t)st.st_size > WORK_FILE_BYTES_MAX)
                return complaint_set(complaint, "%.60s is larger than %u bytes", name,
                                     WORK_FILE_BYTES_MAX);
        text = malloc((size_t)st.st_size + 1);
        if (!text)
                return -ENOMEM;
        r = read_all(fd, text, (size_t)st.st_size, ret_n);
        if (r)
                return r;

        *ret_text = TAKE(text);
        return 0;
}

int work_file_create(const char *name, const char *suffix, FILE **ret, Complaint *complaint)
{
        size_t n = strlen(name);
        size_t n_suffix = strlen(suffix);
        struct stat st;
        FILE *file;
        int fd;
        int r;

        r = check_name(name, complaint);
        if (r)
                return r;
        if (n <= n_suffix || strcmp(name + n - n_suffix, suffix) != 0)
                return complaint_set(complaint, "%.60s does not end in %s", name, suffix);
        r = open_regular(name, O_WRONLY | O_CREAT | O_TRUNC, &fd, &st, complaint);
        if (r)
                return r;
        file = fdopen(fd, "w");
        if (!file) {
                r = -errno;
                close(fd);
                return r;
        }
        *ret = file;
        return 0;
}
