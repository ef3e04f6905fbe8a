/* SPDX-License-Identifier: MIT */

#include "nameserver/settings.h"

#include "base/account.h"
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECTION   "nameserver"
#define USER_FILE "pyrope/nameserver.conf"

static const ConfigKey keys[] = {
        { .name = "database", .type = CONFIG_PATH },
        { .name = "socket", .type = CONFIG_PATH },
        { .name = "zone", .type = CONFIG_STRING },
        { .name = "runtime_dir", .type = CONFIG_PATH },
        { .name = "log", .type = CONFIG_PATH },
        { .name = "log_level", .type = CONFIG_STRING },
        { .name = "users", .type = CONFIG_LIST, .max = SETTINGS_USERS_MAX },
        { .name = "group", .type = CONFIG_STRING },
        { .name = "administrators", .type = CONFIG_LIST, .max = SETTINGS_USERS_MAX },
        { .name = "names_per_user",
          .type = CONFIG_INT,
          .max = INT64_MAX,
          .fallback = SETTINGS_NAMES_PER_USER },
        { .name = "bytes_per_user",
          .type = CONFIG_SIZE,
          .max = INT64_MAX,
          .fallback = SETTINGS_BYTES_PER_USER },
        { 0 },
};

static const ConfigSchema schema[] = {
        { .kind = SECTION, .keys = keys },
        { 0 },
};

static const ConfigSection *section_of(const Settings *settings)
{
        return config_section(settings->config, SECTION, NULL);
}

int settings_refuse(const Settings *settings, const char *key, ErrorText *error, const char *what)
{
        (void)config_refuse(section_of(settings), key, error, "%s", what);
        return SETTINGS_E_INVALID;
}

/* -- where the file is ------------------------------------------------------------------------ */

/* The user's own. Return: owned, free(); NULL: there is none. */
static char *default_file(void)
{
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");
        CLEANUP(freep) char *path = NULL;
        int n = -1;

        if (config && *config == '/')
                n = asprintf(&path, "%s/" USER_FILE, config);
        else if (home && *home == '/')
                n = asprintf(&path, "%s/.config/" USER_FILE, home);
        if (n < 0) {
                path = NULL;
                return NULL;
        }
        return realpath(path, NULL);
}

static int read_file(const char *path, Settings *settings, ErrorText *error)
{
        int r;

        if (path && *path) {
                settings->file = realpath(path, NULL);
                if (!settings->file) {
                        error_text_set(error, "%s: %s", path, strerror(errno));
                        return SETTINGS_E_INVALID;
                }
        } else {
                settings->file = default_file();
        }
        r = settings->file ? config_read(settings->file, schema, &settings->config, error)
                           : config_parse("", "", 0, schema, &settings->config, error);
        return r == -ENOMEM ? r : r ? SETTINGS_E_INVALID : 0;
}

/* -- what it says ----------------------------------------------------------------------------- */

static int read_users(const Settings *settings, const char *key, uid_t **ret, size_t *ret_n,
                      ErrorText *error)
{
        CLEANUP(freep) uid_t *uids = NULL;
        const ConfigSection *section = section_of(settings);
        char *const *words;
        size_t n;

        words = config_get_words(section, key, &n);
        uids = calloc(n + 1, sizeof(*uids));
        if (!uids)
                return error_origin(-ENOMEM);
        for (size_t i = 0; i < n; i++)
                if (account_uid(words[i], &uids[i])) {
                        (void)config_refuse(section, key, error, "there is no user '%s'", words[i]);
                        return SETTINGS_E_INVALID;
                }
        *ret = TAKE(uids);
        *ret_n = n;
        return 0;
}

static int read_group(Settings *settings, ErrorText *error)
{
        const char *group = config_get_string(section_of(settings), "group");

        settings->has_group = group;
        if (!group || account_gid(group, &settings->group) == 0)
                return 0;
        (void)config_refuse(section_of(settings), "group", error, "there is no group '%s'", group);
        return SETTINGS_E_INVALID;
}

static int read_log_level(Settings *settings, ErrorText *error)
{
        const char *level = config_get_string(section_of(settings), "log_level");

        settings->has_log_level = level;
        if (!level || log_level_parse(level, &settings->log_level) == 0)
                return 0;
        return settings_refuse(settings, "log_level", error,
                               "'log_level' is none of error, warning, info, debug");
}

static int check_zone(const Settings *settings, ErrorText *error)
{
        if (!settings->zone || zone_is_valid(settings->zone))
                return 0;
        (void)config_refuse(section_of(settings), "zone", error,
                            "zone '%s' is not 1 to %u letters, digits, '.', '_' and '-'",
                            settings->zone, ZONE_SIZE - 1);
        return SETTINGS_E_INVALID;
}

static int read_section(Settings *settings, ErrorText *error)
{
        const ConfigSection *section = section_of(settings);
        int r;

        settings->database = config_get_string(section, "database");
        settings->socket = config_get_string(section, "socket");
        settings->zone = config_get_string(section, "zone");
        settings->runtime_dir = config_get_string(section, "runtime_dir");
        settings->log = config_get_string(section, "log");
        settings->n_names_max = config_get_int(section, "names_per_user");
        settings->n_bytes_max = config_get_int(section, "bytes_per_user");
        r = check_zone(settings, error);
        if (r == 0)
                r = read_log_level(settings, error);
        if (r == 0)
                r = read_group(settings, error);
        if (r == 0)
                r = read_users(settings, "users", &settings->users, &settings->n_users, error);
        if (r == 0)
                r = read_users(settings, "administrators", &settings->administrators,
                               &settings->n_administrators, error);
        return r;
}

int settings_read(const char *path, Settings *ret, ErrorText *error)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        int r;

        r = read_file(path, &settings, error);
        if (r == 0)
                r = read_section(&settings, error);
        if (r)
                return r;
        *ret = settings;
        settings = (Settings){ .file = NULL };
        return 0;
}

void settings_deinit(Settings *settings)
{
        free(settings->file);
        config_free(settings->config);
        free(settings->users);
        free(settings->administrators);
        *settings = (Settings){ .file = NULL };
}

static bool is_same(const char *one, const char *other)
{
        return one && other ? strcmp(one, other) == 0 : one == other;
}

const char *settings_fixed(const Settings *one, const Settings *other)
{
        static const char *const fixed[] = { "database", "socket", "zone", "runtime_dir", "group" };

        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                if (!is_same(config_get_string(section_of(one), fixed[i]),
                             config_get_string(section_of(other), fixed[i])))
                        return fixed[i];
        return NULL;
}
