/* SPDX-License-Identifier: MIT */

#include "jobman/work-dir.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define WORK_DIR_TREE_DEPTH_MAX 128 /* directories inside each other that removal walks into */

/* Return: descriptor, -errno. */
static int open_beneath(int dir_fd, const char *name, int flags)
{
        struct open_how how = {
                .flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
                .mode = flags & O_CREAT ? 0600 : 0,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        long fd;

        do
                fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
        while (fd < 0 && (errno == EINTR || errno == EAGAIN));
        return fd < 0 ? -errno : (int)fd;
}

/* Missing parents are made as mkdir -p does, but private. Return: 0, -errno. */
static int make_parents(const char *path)
{
        CLEANUP(freep) char *copy = strdup(path);
        char *slash;

        if (!copy)
                return -ENOMEM;
        for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(copy, 0700) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int work_dir_base_open(const char *path, int *ret_fd, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        struct stat st;
        int r;

        r = make_parents(path);
        if (r < 0) {
                error_text_set(error, "cannot make %s: %s", path, strerror(-r));
                return r;
        }
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0) {
                r = -errno;
                error_text_set(error, "cannot open %s: %s", path, strerror(-r));
                return r;
        }
        if (st.st_uid != geteuid() || (st.st_mode & 077)) {
                error_text_set(error,
                               "%s is not private: it must belong to uid %ld and be mode 0700",
                               path, (long)geteuid());
                return WORK_DIR_E_UNSAFE;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int work_dir_create(int base_fd, const char *base_path, const char *name, WorkDir *ret,
                    ErrorText *error)
{
        CLEANUP(work_dir_deinit) WorkDir self = WORK_DIR_INIT;
        int r;

        self.base_fd = base_fd;
        self.name = strdup(name);
        if (!self.name || asprintf(&self.path, "%s/%s", base_path, name) < 0) {
                self.path = NULL;
                return -ENOMEM;
        }
        if (mkdirat(base_fd, name, 0700) < 0) {
                r = -errno;
                error_text_set(error, "cannot make %s: %s", self.path, strerror(-r));
                return r;
        }
        self.fd = open_beneath(base_fd, name, O_RDONLY | O_DIRECTORY);
        if (self.fd < 0) {
                r = self.fd;
                error_text_set(error, "cannot open %s: %s", self.path, strerror(-r));
                (void)unlinkat(base_fd, name, AT_REMOVEDIR);
                return r;
        }
        *ret = self;
        self = (WorkDir)WORK_DIR_INIT;
        return 0;
}

int work_dir_open(int base_fd, const char *base_path, const char *name, WorkDir *ret)
{
        CLEANUP(work_dir_deinit) WorkDir self = WORK_DIR_INIT;

        self.base_fd = base_fd;
        self.name = strdup(name);
        if (!self.name || asprintf(&self.path, "%s/%s", base_path, name) < 0) {
                self.path = NULL;
                return -ENOMEM;
        }
        self.fd = open_beneath(base_fd, name, O_RDONLY | O_DIRECTORY);
        if (self.fd < 0)
                return self.fd;
        *ret = self;
        self = (WorkDir)WORK_DIR_INIT;
        return 0;
}

void work_dir_hold_current(void)
{
        int fd = open(".",
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* stays open, and with it the lock */

        if (fd >= 0)
                (void)flock(fd, LOCK_SH | LOCK_NB);
}

bool work_dir_is_held(const WorkDir *self)
{
        if (flock(self->fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK;
        (void)flock(self->fd, LOCK_UN);
        return false;
}

void work_dir_deinit(WorkDir *self)
{
        closep(&self->fd);
        free(self->name);
        free(self->path);
        *self = (WorkDir)WORK_DIR_INIT;
}

/* -- removal ---------------------------------------------------------------------------------- */

static int remove_children(int dir_fd, unsigned depth); /* directories hold directories */

static int remove_entry(int dir_fd, const char *name, unsigned depth)
{
        CLEANUP(closep) int fd = -1;
        int r;

        if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        fd = open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY);
        if (fd == -EACCES && fchmodat(dir_fd, name, 0700, 0) == 0)
                fd = open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd;
        /* An instance may have taken its own rights away. */
        (void)fchmod(fd, 0700);
        r = remove_children(fd, depth + 1);
        if (r < 0)
                return r;
        return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static void closedirp(DIR **dir)
{
        if (*dir)
                (void)closedir(*dir);
}

/* What cannot be removed does not keep the rest alive; the first failure is told. */
static int remove_children(int dir_fd, unsigned depth)
{
        CLEANUP(closedirp) DIR *dir = NULL;
        struct dirent *entry;
        int r = 0, fd, r_entry;

        if (depth > WORK_DIR_TREE_DEPTH_MAX)
                return -ELOOP;
        fd = open_beneath(dir_fd, ".", O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd;
        dir = fdopendir(fd);
        if (!dir) {
                (void)close(fd);
                return -ENOMEM;
        }
        while ((entry = readdir(dir))) {
                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
                        continue;
                r_entry = remove_entry(dir_fd, entry->d_name, depth);
                if (r_entry < 0 && !r)
                        r = r_entry;
        }
        return r;
}

int work_dir_remove(WorkDir *self, ErrorText *error)
{
        int r;

        if (self->fd < 0)
                return 0;
        r = remove_children(self->fd, 0);
        if (!r && unlinkat(self->base_fd, self->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                r = -errno;
        if (r < 0)
                error_text_set(error, "cannot remove %s: %s", self->path, strerror(-r));
        return r;
}

/* -- files ------------------------------------------------------------------------------------ */

int work_dir_name_check(const char *name, size_t n_name, ErrorText *error)
{
        const char *why = NULL;
        size_t i;

        if (n_name == 0)
                why = "is empty";
        else if (n_name > WORK_DIR_NAME_MAX_BYTES)
                why = "is too long";
        else if (name[0] == '.')
                why = "begins with a dot";
        else if (!text_is_utf8(name, n_name))
                why = "is not UTF-8";
        for (i = 0; i < n_name && !why; i++) {
                if (name[i] == '/')
                        why = "holds a '/'";
                else if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
                        why = "holds a control character";
        }
        if (!why)
                return 0;
        error_text_set(error, "a file name %s: '%.*s'", why, (int)(n_name < 80 ? n_name : 80),
                       name);
        return WORK_DIR_E_NAME;
}

/* errno of openat2() and friends as an outcome. */
static int file_outcome(int r, const char *name, ErrorText *error)
{
        error_text_set(error, "%s: %s", name, strerror(-r));
        switch (-r) {
        case ENOENT:
                return WORK_DIR_E_NOT_FOUND;
        case ELOOP:
        case EXDEV:
        case EACCES:
        case EISDIR:
        case ENXIO:
                return WORK_DIR_E_DENIED;
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
                return WORK_DIR_E_FULL;
        default:
                return error_trace(r);
        }
}

/* O_NONBLOCK: the open of a pipe that the instance put there must not wait. */
static int open_regular(const WorkDir *self, const char *name, int flags, int *ret_fd,
                        uint64_t *ret_size, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        struct stat st;

        fd = open_beneath(self->fd, name, flags | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return file_outcome(fd, name, error);
        if (fstat(fd, &st) < 0)
                return file_outcome(-errno, name, error);
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
                error_text_set(error, "%s: not a regular file of ours", name);
                return WORK_DIR_E_DENIED;
        }
        *ret_size = (uint64_t)st.st_size;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Return: 0, -errno. */
static int write_all(int fd, const void *data, size_t n, uint64_t offset)
{
        const uint8_t *at = data;
        ssize_t n_written;

        while (n) {
                n_written = pwrite(fd, at, n, (off_t)offset);
                if (n_written < 0 && errno == EINTR)
                        continue;
                if (n_written < 0)
                        return -errno;
                at += n_written;
                n -= (size_t)n_written;
                offset += (uint64_t)n_written;
        }
        return 0;
}

/* The upload is whole: safe on the disk, then visible under its name. */
static int put_finish(WorkDir *self, int fd, const char *part, const char *name)
{
        if (fsync(fd) < 0 || renameat(self->fd, part, self->fd, name) < 0 || fsync(self->fd) < 0)
                return -errno;
        return 0;
}

int work_dir_put(WorkDir *self, const WorkDirPiece *piece, uint64_t *ret_size, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        char part[WORK_DIR_NAME_MAX_BYTES + sizeof(WORK_DIR_PART)];
        uint64_t size;
        int r;

        r = work_dir_name_check(piece->name, strlen(piece->name), error);
        if (r)
                return r;
        (void)snprintf(part, sizeof(part), "%s" WORK_DIR_PART, piece->name);
        if (piece->offset == 0)
                (void)unlinkat(self->fd, part, 0);
        r = open_regular(self, part, piece->offset ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL, &fd,
                         &size, error);
        if (r)
                return r;
        if (piece->offset != size) {
                error_text_set(error, "%s: offset %llu, but %llu bytes are there", piece->name,
                               (unsigned long long)piece->offset, (unsigned long long)size);
                return WORK_DIR_E_OFFSET;
        }
        r = write_all(fd, piece->data, piece->n_data, size);
        if (!r && piece->is_last)
                r = put_finish(self, fd, part, piece->name);
        if (r)
                return file_outcome(r, piece->name, error);
        *ret_size = size + piece->n_data;
        return 0;
}

int work_dir_get(WorkDir *self, const WorkDirRead *read, size_t *ret_n, uint64_t *ret_size,
                 ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        uint64_t size;
        size_t n = 0;
        ssize_t n_read;
        int r;

        r = work_dir_name_check(read->name, strlen(read->name), error);
        if (!r)
                r = open_regular(self, read->name, O_RDONLY, &fd, &size, error);
        if (r)
                return r;
        while (n < read->n_to && read->offset + n < size) {
                n_read = pread(fd, (uint8_t *)read->to + n, read->n_to - n,
                               (off_t)(read->offset + n));
                if (n_read < 0 && errno == EINTR)
                        continue;
                if (n_read < 0)
                        return file_outcome(-errno, read->name, error);
                if (n_read == 0)
                        break;
                n += (size_t)n_read;
        }
        *ret_n = n;
        *ret_size = size;
        return 0;
}

int work_dir_copy_in(WorkDir *self, const char *path, ErrorText *error)
{
        CLEANUP(closep) int from = -1, to = -1;
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        uint64_t size;
        ssize_t n;
        int r;

        r = work_dir_name_check(name, strlen(name), error);
        if (r)
                return r;
        from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (from < 0)
                return file_outcome(-errno, path, error);
        r = open_regular(self, name, O_WRONLY | O_CREAT | O_EXCL, &to, &size, error);
        if (r)
                return r;
        do
                n = sendfile(to, from, NULL, 1u << 30);
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 ? file_outcome(-errno, path, error) : 0;
}
