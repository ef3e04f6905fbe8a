/* SPDX-License-Identifier: MIT */

#include "base/config.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A file that somebody else can write could make us start his programs. */
static int check_file(const char *path, int fd, ErrorText *error)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_origin(-errno);
        if (!S_ISREG(st.st_mode))
                error_text_set(error, "%s: is not a regular file", path);
        else if (st.st_uid != 0 && st.st_uid != geteuid())
                error_text_set(error, "%s: belongs to uid %u; it must be root's or yours", path,
                               (unsigned)st.st_uid);
        else if (st.st_mode & 022)
                error_text_set(error, "%s: others may write it (mode %04o); run 'chmod go-w %s'",
                               path, (unsigned)st.st_mode & 07777, path);
        else
                return 0;
        return CONFIG_E_UNSAFE;
}

/* Reads up to one byte more than a file may have; config_parse() then refuses it. */
static int read_all(int fd, Buffer *buffer)
{
        ssize_t n;
        int r;

        r = buffer_reserve(buffer, CONFIG_FILE_MAX + 1);
        if (r)
                return r;
        do {
                n = read(fd, buffer->data + buffer->n, CONFIG_FILE_MAX + 1 - buffer->n);
                if (n < 0 && errno != EINTR)
                        return -errno;
                buffer->n += n > 0 ? (size_t)n : 0;
        } while (n != 0 && buffer->n <= CONFIG_FILE_MAX);
        return 0;
}

static int read_file(const char *path, Buffer *buffer, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        int r;

        if (path[0] != '/') {
                error_text_set(error, "%s: is not an absolute path", path);
                return CONFIG_E_UNSAFE;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO does not hold us */
        r = fd < 0 ? -errno : check_file(path, fd, error);
        if (r == 0)
                r = read_all(fd, buffer);
        if (r < 0)
                error_text_set(error, "%s: %s", path, strerror(-r));
        return r == -ENOENT ? CONFIG_E_NOT_FOUND : r;
}

int config_read(const char *path, const ConfigSchema *schema, Config **ret, ErrorText *error)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(CONFIG_FILE_MAX + 1);
        int r;

        r = read_file(path, &buffer, error);
        if (r)
                return r;
        return config_parse(path, (const char *)buffer.data, buffer.n, schema, ret, error);
}
