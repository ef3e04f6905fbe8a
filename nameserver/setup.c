/* SPDX-License-Identifier: MIT */

#include "nameserver/setup.h"

#include "base/config.h"
#include "base/runtime-dir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DATABASE     "nameserver.db"
#define ZONE_REFUSED "zone '%s' is not 1 to %u letters, digits, '.', '_' and '-'"

static const ConfigKey keys[] = {
        { .name = "database", .type = CONFIG_PATH },
        { .name = "socket", .type = CONFIG_PATH },
        { .name = "zone", .type = CONFIG_STRING },
        { .name = "runtime_dir", .type = CONFIG_PATH },
        { 0 },
};

static const ConfigSchema schema[] = {
        { .kind = "nameserver", .keys = keys },
        { 0 },
};

/* Without a file everything is as if it were empty. */
static int read_config(const char *path, Config **ret, ErrorText *error)
{
        CLEANUP(freep) char *absolute = NULL;
        int r;

        if (!path || !*path)
                return config_parse("", "", 0, schema, ret, error);
        absolute = realpath(path, NULL);
        if (!absolute) {
                error_text_set(error, "%s: %s", path, strerror(errno));
                return SETUP_E_INVALID;
        }
        r = config_read(absolute, schema, ret, error);
        if (r < 0 && r != -ENOMEM)
                error_text_set(error, "%s: %s", path, strerror(-r));
        return r == -ENOMEM ? r : r ? SETUP_E_INVALID : 0;
}

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

/* One that the file names is refused with its line. */
static int set_zone(const char *zone, const ConfigSection *section, Setup *setup, ErrorText *error)
{
        if (!zone) {
                zone_default(setup->zone);
                return 0;
        }
        if (!zone_is_valid(zone)) {
                if (zone == config_get_string(section, "zone"))
                        (void)config_refuse(section, "zone", error, ZONE_REFUSED, zone,
                                            ZONE_SIZE - 1);
                else
                        error_text_set(error, ZONE_REFUSED, zone, ZONE_SIZE - 1);
                return SETUP_E_INVALID;
        }
        (void)snprintf(setup->zone, sizeof(setup->zone), "%s", zone); /* it fits: it is valid */
        return 0;
}

static int join(const char *directory, const char *name, char **ret)
{
        char *path;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return error_origin(-ENOMEM);
        *ret = path;
        return 0;
}

static int set_socket(const char *socket, const char *runtime_dir, Setup *setup, ErrorText *error)
{
        CLEANUP(freep) char *directory = NULL;
        int r;

        if (socket) {
                setup->socket = strdup(socket);
                return setup->socket ? 0 : error_origin(-ENOMEM);
        }
        if (runtime_dir && setenv("PYROPE_RUNTIME_DIR", runtime_dir, /* replace= */ 1) < 0)
                return error_origin(-errno);
        r = runtime_dir_create(&directory, error);
        if (r)
                return r < 0 ? r : SETUP_E_INVALID;
        return join(directory, SETUP_SOCKET, &setup->socket);
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

static int set_database(const char *database, Setup *setup, ErrorText *error)
{
        CLEANUP(freep) char *directory = NULL;
        int r;

        if (database) {
                setup->database = strdup(database);
                return setup->database ? 0 : error_origin(-ENOMEM);
        }
        r = state_directory(&directory, error);
        return r ? r : join(directory, DATABASE, &setup->database);
}

int setup_make(const SetupOptions *options, Setup *ret, ErrorText *error)
{
        CLEANUP(config_freep) Config *config = NULL;
        CLEANUP(setup_deinit) Setup setup = { 0 };
        const ConfigSection *section;
        int r;

        r = read_config(options->config, &config, error);
        if (r)
                return r;
        section = config_section(config, "nameserver", NULL);
        r = set_zone(first_of(options->zone, config_get_string(section, "zone"), "PYROPE_ZONE"),
                     section, &setup, error);
        if (r == 0)
                r = set_socket(
                        first_of(options->socket, config_get_string(section, "socket"), NULL),
                        first_of(options->runtime_dir, config_get_string(section, "runtime_dir"),
                                 NULL),
                        &setup, error);
        if (r == 0)
                r = set_database(
                        first_of(options->database, config_get_string(section, "database"), NULL),
                        &setup, error);
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
