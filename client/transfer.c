/* SPDX-License-Identifier: MIT */

#include "base/random.h"
#include "client/context.h"
#include "client/instance.h"
#include "client/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK_BYTES (1u << 20)

static pyrope_status file_failed(const char *what, const char *path, int code, pyrope_error **error)
{
        return error_set(error, code == ENOENT ? PYROPE_E_NOT_FOUND : PYROPE_E_IO,
                         "cannot %s %s: %s", what, path, strerror(code));
}

/* -- to the instance -------------------------------------------------------------------------- */

/* Reads until the chunk is full or the file ends. Return: bytes, or -1 with errno set. */
static ssize_t read_chunk(int fd, uint8_t *chunk)
{
        size_t n = 0;

        while (n < CHUNK_BYTES) {
                ssize_t got = read(fd, chunk + n, CHUNK_BYTES - n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -1;
                if (got == 0)
                        break;
                n += (size_t)got;
        }
        return (ssize_t)n;
}

static pyrope_status send_chunk(pyrope_instance *instance, const char *name, const uint8_t *chunk,
                                size_t n, int64_t offset, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_status status;

        if (!writer)
                return error_nomem(error);
        /* A chunk that is not full is the last one; so a file of full chunks ends with an empty
         * one. */
        pyrope_pack(writer, "[ssyIb]", instance->job, name, chunk, n, offset, n < CHUNK_BYTES);
        status = pyrope_writer_take(writer, &arguments, error);
        return status ? status
                      : proxy_call(instance->manager, "uploadFile", arguments, NULL,
                                   context_deadline(instance->context, 0), NULL, error);
}

pyrope_status pyrope_put_file(pyrope_instance *instance, const char *local_path, const char *name,
                              pyrope_error **error)
{
        if (!instance || !local_path || !name)
                return error_null(error);

        CLEANUP(freep) uint8_t *chunk = malloc(CHUNK_BYTES);
        CLEANUP(closep) int fd = open(local_path, O_RDONLY | O_CLOEXEC);
        int64_t offset = 0;
        ssize_t n;

        if (!chunk)
                return error_nomem(error);
        if (fd < 0)
                return file_failed("open", local_path, errno, error);
        do {
                pyrope_status status;

                n = read_chunk(fd, chunk);
                if (n < 0)
                        return file_failed("read", local_path, errno, error);
                status = send_chunk(instance, name, chunk, (size_t)n, offset, error);
                if (status)
                        return error_prefix(error, status, "%s: upload", name);
                offset += n;
        } while (n == CHUNK_BYTES);
        return PYROPE_OK;
}

/* -- and back --------------------------------------------------------------------------------- */

/* A file beside its final place, that goes away unless it is finished. */
typedef struct Draft {
        char *path; /* NULL: none, or finished; owned */
        int fd;
} Draft;

static void draft_deinit(Draft *draft)
{
        closep(&draft->fd);
        if (draft->path)
                (void)unlink(draft->path);
        free(draft->path);
}

static pyrope_status draft_init(Draft *draft, const char *path, pyrope_error **error)
{
        char id[9];

        random_id(id, 8);
        if (asprintf(&draft->path, "%s.%s.part", path, id) < 0) {
                draft->path = NULL;
                return error_nomem(error);
        }
        /* Not mkstemp(): the file shall get the mode that the user's umask gives to any other. */
        draft->fd = open(draft->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (draft->fd < 0) {
                int code = errno;

                free(TAKE(draft->path));
                return file_failed("create", path, code, error);
        }
        return PYROPE_OK;
}

static pyrope_status draft_write(Draft *draft, const uint8_t *bytes, size_t n, const char *path,
                                 pyrope_error **error)
{
        while (n) {
                ssize_t done = write(draft->fd, bytes, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return file_failed("write", path, errno, error);
                bytes += done;
                n -= (size_t)done;
        }
        return PYROPE_OK;
}

static pyrope_status draft_finish(Draft *draft, const char *path, pyrope_error **error)
{
        if (fsync(draft->fd) < 0 || rename(draft->path, path) < 0)
                return file_failed("write", path, errno, error);
        free(TAKE(draft->path));
        return PYROPE_OK;
}

/* One chunk from the job manager into the draft; @offset moves on. */
static pyrope_status receive_chunk(pyrope_instance *instance, const char *name, Draft *draft,
                                   int64_t *offset, bool *ret_is_last, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *answer = NULL;
        Deadline deadline = context_deadline(instance->context, 0);
        const void *bytes;
        pyrope_status status;
        pyrope_view map;
        bool is_last;
        size_t n;

        status = proxy_callf(instance->manager, deadline, &answer, error, "getPyroFile", "ssIi",
                             instance->job, name, *offset, (int)CHUNK_BYTES);
        if (status)
                return error_prefix(error, status, "%s: download", name);
        map = pyrope_value_view(answer);
        is_last = pyrope_truth(pyrope_find(map, "last"));
        if (pyrope_get_bytes(pyrope_find(map, "data"), &bytes, &n) != PYROPE_OK ||
            (n == 0 && !is_last))
                return error_set(error, PYROPE_E_PROTOCOL,
                                 "%s: download: the answer of getPyroFile has no data", name);

        status = draft_write(draft, bytes, n, draft->path, error);
        if (status)
                return status;
        *offset += (int64_t)n;
        *ret_is_last = is_last;
        return PYROPE_OK;
}

pyrope_status pyrope_get_file(pyrope_instance *instance, const char *name, const char *local_path,
                              pyrope_error **error)
{
        if (!instance || !name || !local_path)
                return error_null(error);

        CLEANUP(draft_deinit) Draft draft = { .fd = -1 };
        pyrope_status status = draft_init(&draft, local_path, error);
        bool is_last = false;
        int64_t offset = 0;

        while (!status && !is_last)
                status = receive_chunk(instance, name, &draft, &offset, &is_last, error);
        return status ? status : draft_finish(&draft, local_path, error);
}
