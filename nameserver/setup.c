/* SPDX-License-Identifier: MIT */

#include "nameserver/setup.h"

#include "base/listen-fds.h"
#include "base/runtime-dir.h"
#include "base/unix-socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DATABASE "nameserver.db"

/* The first that is there and not empty, or NULL. */
static const char *first_of(const char *option, const char *configured, const char *variable)
{
        const char *value = variable ? getenv(variable) : NULL;

        if (option && *option)
                return option;
        if (configured)
                return configured;
        return value && *value ? value : NULL;
}

static const char *zone_of(const SetupOptions *options, const Settings *settings)
{
        return first_of(options->zone, settings->zone, "PYROPE_ZONE");
}

/* That of the file was seen to be valid. */
static int check_zone(const char *zone, ErrorText *error)
{
        if (!zone || zone_is_valid(zone))
                return 0;
        error_text_set(error, "zone '%s' is not 1 to %u letters, digits, '.', '_' and '-'", zone,
                       ZONE_SIZE - 1);
        return SETUP_E_INVALID;
}

int setup_check(const SetupOptions *options, const Settings *settings, ErrorText *error)
{
        const char *socket = first_of(options->socket, settings->socket, NULL);
        int r;

        r = check_zone(zone_of(options, settings), error);
        if (r)
                return r;
        if (socket && unix_path_check(socket, error))
                return SETUP_E_INVALID;
        if (!settings->has_group || socket || listen_fds_are_given())
                return 0;
        (void)settings_refuse(settings, "group", error,
                              "a group needs 'socket', in a directory of its own: it may not look "
                              "into the runtime directory");
        return SETUP_E_INVALID;
}

static void set_zone(const char *zone, Setup *setup)
{
        if (zone)
                (void)snprintf(setup->zone, sizeof(setup->zone), "%s", zone); /* it was checked */
        else
                zone_default(setup->zone);
}

static int join(const char *directory, const char *name, char **ret)
{
        char *path;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return error_origin(-ENOMEM);
        *ret = path;
        return 0;
}

/* The directory of a socket, private until the socket is there. */
static int create_shared(const char *socket, ErrorText *error)
{
        CLEANUP(freep) char *directory = strdup(socket);

        if (!directory)
                return error_origin(-ENOMEM);
        *strrchr(directory, '/') = '\0';
        if (*directory == '\0' || mkdir(directory, 0700) == 0 || errno == EEXIST)
                return 0;
        error_text_set(error, "%s: %s", directory, strerror(errno));
        return SETUP_E_INVALID;
}

static int set_runtime_socket(const char *runtime_dir, Setup *setup, ErrorText *error)
{
        CLEANUP(freep) char *directory = NULL;
        int r;

        if (runtime_dir && setenv("PYROPE_RUNTIME_DIR", runtime_dir, /* replace= */ 1) < 0)
                return error_origin(-errno);
        r = runtime_dir_create(&directory, error);
        if (r)
                return r < 0 ? r : SETUP_E_INVALID;
        return join(directory, SETUP_SOCKET, &setup->socket);
}

static int set_socket(const SetupOptions *options, const Settings *settings, Setup *setup,
                      ErrorText *error)
{
        const char *socket = first_of(options->socket, settings->socket, NULL);

        if (listen_fds_are_given())
                return 0;
        if (!socket)
                return set_runtime_socket(
                        first_of(options->runtime_dir, settings->runtime_dir, NULL), setup, error);
        setup->socket = strdup(socket);
        if (!setup->socket)
                return error_origin(-ENOMEM);
        return settings->has_group ? create_shared(socket, error) : 0;
}

/* Creates a directory and those above it that are missing, private to us; @path is restored. */
static int create_directories(char *path, ErrorText *error)
{
        char *slash = path;

        while (slash) {
                slash = strchr(slash + 1, '/');
                if (slash)
                        *slash = '\0';
                if (mkdir(path, 0700) < 0 && errno != EEXIST) {
                        error_text_set(error, "%s: %s", path, strerror(errno));
                        return SETUP_E_INVALID;
                }
                if (slash)
                        *slash = '/';
        }
        return 0;
}

/* $XDG_STATE_HOME/pyrope, by default ~/.local/state/pyrope. */
static int state_directory(char **ret, ErrorText *error)
{
        CLEANUP(freep) char *path = NULL;
        const char *state = getenv("XDG_STATE_HOME");
        const char *home = getenv("HOME");
        int r;

        if (state && *state == '/') {
                r = join(state, "pyrope", &path);
        } else if (home && *home == '/') {
                r = join(home, ".local/state/pyrope", &path);
        } else {
                error_text_set(error, "neither $XDG_STATE_HOME nor $HOME is set; say where the "
                                      "database is by --database");
                return SETUP_E_INVALID;
        }
        if (r == 0)
                r = create_directories(path, error);
        if (r)
                return r;
        *ret = TAKE(path);
        return 0;
}

int setup_database(const SetupOptions *options, const Settings *settings, char **ret,
                   ErrorText *error)
{
        const char *database = first_of(options->database, settings->database, NULL);
        CLEANUP(freep) char *directory = NULL;
        int r;

        if (database) {
                *ret = strdup(database);
                return *ret ? 0 : error_origin(-ENOMEM);
        }
        r = state_directory(&directory, error);
        return r ? r : join(directory, DATABASE, ret);
}

int setup_make(const SetupOptions *options, const Settings *settings, Setup *ret, ErrorText *error)
{
        CLEANUP(setup_deinit) Setup setup = { 0 };
        int r;

        r = setup_check(options, settings, error);
        if (r)
                return r;
        set_zone(zone_of(options, settings), &setup);
        r = set_socket(options, settings, &setup, error);
        if (r == 0)
                r = setup_database(options, settings, &setup.database, error);
        if (r)
                return r;
        *ret = setup;
        setup = (Setup){ 0 };
        return 0;
}

void setup_deinit(Setup *setup)
{
        free(setup->database);
        free(setup->socket);
        *setup = (Setup){ 0 };
}
