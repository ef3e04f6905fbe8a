/* SPDX-License-Identifier: MIT */

#include "base/config.h"

#include "base/buffer.h"
#include "base/config-build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DROP_IN_END ".conf"

typedef struct DropIns DropIns;

/* The names of the drop-ins in their order. */
struct DropIns {
        struct dirent **entries; /* owned, as each of them */
        int n;
};

static void drop_ins_deinit(DropIns *drop_ins)
{
        while (drop_ins->n > 0)
                free(drop_ins->entries[--drop_ins->n]);
        free(drop_ins->entries);
}

/* What somebody else can write could make us start his programs. */
static int check_owner(const char *path, const struct stat *st, ErrorText *error)
{
        if (st->st_uid != 0 && st->st_uid != geteuid())
                error_text_set(error, "%s: belongs to uid %u; it must be root's or yours", path,
                               (unsigned)st->st_uid);
        else if (st->st_mode & 022)
                error_text_set(error, "%s: others may write it (mode %04o); run 'chmod go-w %s'",
                               path, (unsigned)st->st_mode & 07777, path);
        else
                return 0;
        return CONFIG_E_UNSAFE;
}

static int check_file(const char *path, int fd, ErrorText *error)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_origin(-errno);
        if (S_ISREG(st.st_mode))
                return check_owner(path, &st, error);
        error_text_set(error, "%s: is not a regular file", path);
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

/* One file more; CONFIG_E_NOT_FOUND if there is none. */
static int add_file(Config *config, const char *path, ErrorText *error)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(CONFIG_FILE_MAX + 1);
        int r;

        r = read_file(path, &buffer, error);
        if (r)
                return r;
        return config_add(config, path, (const char *)buffer.data, buffer.n, error);
}

static int is_drop_in(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name), n_end = strlen(DROP_IN_END);

        return entry->d_name[0] != '.' && n > n_end &&
               strcmp(entry->d_name + n - n_end, DROP_IN_END) == 0;
}

/* By bytes, whatever the locale. */
static int compare(const struct dirent **one, const struct dirent **other)
{
        return strcmp((*one)->d_name, (*other)->d_name);
}

/* None if there is no such directory. */
static int list_drop_ins(const char *directory, DropIns *ret, ErrorText *error)
{
        struct stat st;
        int r;

        if (stat(directory, &st) < 0) {
                if (errno == ENOENT)
                        return 0;
                r = -errno;
                error_text_set(error, "%s: %s", directory, strerror(-r));
                return r;
        }
        r = check_owner(directory, &st, error);
        if (r)
                return r;
        ret->n = scandir(directory, &ret->entries, is_drop_in, compare);
        if (ret->n >= 0)
                return 0;
        r = -errno;
        *ret = (DropIns){ .n = 0 };
        error_text_set(error, "%s: %s", directory, strerror(-r));
        return r;
}

static int add_drop_ins(Config *config, const char *path, ErrorText *error)
{
        CLEANUP(drop_ins_deinit) DropIns drop_ins = { .n = 0 };
        char directory[PATH_MAX], file[PATH_MAX];
        int r;

        if ((size_t)snprintf(directory, sizeof(directory), "%s.d", path) >= sizeof(directory))
                return error_origin(-ENAMETOOLONG);
        r = list_drop_ins(directory, &drop_ins, error);
        if (r == 0 && drop_ins.n > (int)CONFIG_DROP_INS_MAX) {
                error_text_set(error, "%s: has more than %u files", directory, CONFIG_DROP_INS_MAX);
                r = CONFIG_E_INVALID;
        }
        for (int i = 0; i < drop_ins.n && r == 0; i++) {
                if ((size_t)snprintf(file, sizeof(file), "%s/%s", directory,
                                     drop_ins.entries[i]->d_name) >= sizeof(file))
                        return error_origin(-ENAMETOOLONG);
                r = add_file(config, file, error);
                if (r == CONFIG_E_NOT_FOUND) /* a link to nowhere */
                        r = CONFIG_E_INVALID;
        }
        return r;
}

int config_read(const char *path, const ConfigSchema *schema, Config **ret, ErrorText *error)
{
        CLEANUP(config_freep) Config *config = NULL;
        int r;

        r = config_new(&config, schema);
        if (r == 0)
                r = add_file(config, path, error);
        if (r == 0)
                r = add_drop_ins(config, path, error);
        if (r == 0)
                r = config_complete(config, error);
        if (r == -ENOMEM || r == -ENAMETOOLONG)
                error_text_set(error, "%s: %s", path, strerror(-r));
        if (r)
                return r;
        *ret = TAKE(config);
        return 0;
}
