/* SPDX-License-Identifier: MIT */

#include "client/where.h"

#include "base/private-dir.h"
#include "base/random.h"
#include "base/unix-socket.h"
#include "client/context.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Behind WHERE_FORWARD comes the process id, so that what a killed one left is known. */

#define SOCKET_SUFFIX ".sock"

/* What base/runtime-dir said, as a status. */
static pyrope_status runtime_failed(int r, const ErrorText *why, pyrope_error **error)
{
        if (r == -ENOMEM)
                return error_nomem(error);
        return error_set(error, r == RUNTIME_DIR_E_NOT_FOUND ? PYROPE_E_NOT_FOUND : PYROPE_E_DENIED,
                         "%s", why->text);
}

static pyrope_status join(const char *directory, const char *name, char **ret, pyrope_error **error)
{
        if (asprintf(ret, "%s/%s", directory, name) < 0)
                return error_nomem(error);
        return PYROPE_OK;
}

pyrope_status where_socket(const pyrope_context *context, const char *name, char **ret,
                           pyrope_error **error)
{
        CLEANUP(freep) char *path = NULL;
        ErrorText why = { "" };
        struct stat st;
        pyrope_status status;
        int r;

        if (!context->runtime_dir) {
                r = runtime_dir_find(name, ret, &why);
                return r ? runtime_failed(r, &why, error) : PYROPE_OK;
        }
        r = private_dir_check(context->runtime_dir, &why);
        if (r)
                return error_set(
                        error, r == PRIVATE_DIR_E_NOT_FOUND ? PYROPE_E_NOT_FOUND : PYROPE_E_DENIED,
                        "%s", why.text);
        status = join(context->runtime_dir, name, &path, error);
        if (status)
                return status;
        if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
                return error_set(error, PYROPE_E_NOT_FOUND, "%s: no such socket", path);

        *ret = TAKE(path);
        return PYROPE_OK;
}

pyrope_status where_new_directory(const pyrope_context *context, char **ret, pyrope_error **error)
{
        ErrorText why = { "" };
        int r;

        if (!context->runtime_dir) {
                r = runtime_dir_create(ret, &why);
                return r ? runtime_failed(r, &why, error) : PYROPE_OK;
        }
        r = private_dir_create(context->runtime_dir, &why);
        if (r)
                return error_set(error, PYROPE_E_DENIED, "%s", why.text);
        *ret = strdup(context->runtime_dir);
        return *ret ? PYROPE_OK : error_nomem(error);
}

/* Removes sockets of processes that were killed. Somebody may share the directory, but not see our
 * processes: unix_remove() leaves alone what is listened on. */
static void sweep(const char *directory)
{
        DIR *entries = opendir(directory);
        const struct dirent *entry;

        while (entries && (entry = readdir(entries))) {
                char path[PATH_MAX];
                long pid;

                if (strncmp(entry->d_name, WHERE_FORWARD, strlen(WHERE_FORWARD)) != 0)
                        continue;
                pid = strtol(entry->d_name + strlen(WHERE_FORWARD), NULL, 10);
                if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
                        continue;
                if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) < PATH_MAX)
                        unix_remove(path);
        }
        if (entries)
                (void)closedir(entries);
}

pyrope_status where_new_socket(const pyrope_context *context, char **ret, pyrope_error **error)
{
        CLEANUP(freep) char *directory = NULL;
        pyrope_status status = where_new_directory(context, &directory, error);
        char name[RUNTIME_NAME_MAX + 1], id[9];

        if (status)
                return status;
        sweep(directory);
        random_id(id, sizeof(id) - 1);
        (void)snprintf(name, sizeof(name), WHERE_FORWARD "%d-%s.sock", (int)getpid(), id);
        return join(directory, name, ret, error);
}

static bool is_socket(const char *path, const char *name)
{
        size_t n = strlen(name), n_suffix = strlen(SOCKET_SUFFIX);
        struct stat st;

        return n > n_suffix && strcmp(name + n - n_suffix, SOCKET_SUFFIX) == 0 &&
               lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static pyrope_status each_in(const char *directory,
                             pyrope_status (*fn)(void *userdata, const char *path, const char *name,
                                                 pyrope_error **error),
                             void *userdata, pyrope_error **error)
{
        DIR *entries = opendir(directory);
        pyrope_status status = PYROPE_OK;
        const struct dirent *entry;

        while (entries && !status && (entry = readdir(entries))) {
                CLEANUP(freep) char *path = NULL;

                status = join(directory, entry->d_name, &path, error);
                if (!status && is_socket(path, entry->d_name))
                        status = fn(userdata, path, strrchr(path, '/') + 1, error);
        }
        if (entries)
                (void)closedir(entries);
        return status;
}

pyrope_status where_each(const pyrope_context *context,
                         pyrope_status (*fn)(void *userdata, const char *path, const char *name,
                                             pyrope_error **error),
                         void *userdata, pyrope_error **error)
{
        char *directories[RUNTIME_DIR_PLACES_MAX];
        pyrope_status status = PYROPE_OK;
        size_t n;

        if (context->runtime_dir) {
                if (private_dir_check(context->runtime_dir, NULL))
                        return PYROPE_OK;
                return each_in(context->runtime_dir, fn, userdata, error);
        }
        n = runtime_dir_list(directories);
        for (size_t i = 0; i < n; i++) {
                if (!status)
                        status = each_in(directories[i], fn, userdata, error);
                free(directories[i]);
        }
        return status;
}

pyrope_status pyrope_where(pyrope_context *context, char **ret, pyrope_error **error)
{
        CLEANUP(freep) char *socket = NULL;

        if (!context || !ret)
                return error_null(error);
        if (where_socket(context, WHERE_NAMESERVER, &socket, NULL) != PYROPE_OK)
                return where_new_directory(context, ret, error);

        *strrchr(socket, '/') = '\0';
        *ret = TAKE(socket);
        return PYROPE_OK;
}

char *where_printed(const Buffer *output)
{
        CLEANUP(freep) char *path = strndup((const char *)output->data, output->n);
        size_t n;

        if (!path)
                return NULL;
        n = strcspn(path, "\n");
        if (n + 1 != output->n) /* one line, and nothing else */
                return NULL;
        path[n] = '\0';
        for (const char *at = path; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        return NULL;
        return unix_path_check(path, NULL) == 0 ? TAKE(path) : NULL;
}

pyrope_status where_fail_listen(int outcome, const ErrorText *text, pyrope_error **error)
{
        switch (outcome) {
        case UNIX_E_IN_USE:
                return error_set(error, PYROPE_E_EXISTS, "%s", text->text);
        case UNIX_E_UNSAFE:
        case UNIX_E_DENIED:
                return error_set(error, PYROPE_E_DENIED, "%s", text->text);
        case UNIX_E_TOO_LONG:
                return error_set(error, PYROPE_E_INVALID, "%s", text->text);
        default:
                return error_set(error, PYROPE_E_IO, "%s", text->text);
        }
}
