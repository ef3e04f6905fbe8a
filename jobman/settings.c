/* SPDX-License-Identifier: MIT */

#include "jobman/settings.h"

#include "base/zone.h"
#include "proto/uri.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const ConfigKey jobman_keys[] = {
        { .name = "name", .type = CONFIG_STRING, .min = 1, .max = 200, .is_required = true },
        { .name = "workDir", .type = CONFIG_PATH },
        { .name = "ssh", .type = CONFIG_STRING },
        { .name = "zone", .type = CONFIG_STRING, .min = 1, .max = 200 },
        { .name = "runtimeDir", .type = CONFIG_PATH },
        { 0 },
};

static const ConfigKey nameserver_keys[] = {
        { .name = "location", .type = CONFIG_STRING },
        { .name = "lease",
          .type = CONFIG_DURATION,
          .min = 1000,
          .max = 86400000,
          .fallback = "60s" },
        { 0 },
};

static const ConfigKey application_keys[] = {
        { .name = "command", .type = CONFIG_ARGV, .is_required = true },
        { .name = "maxJobs",
          .type = CONFIG_INT,
          .min = 1,
          .max = SETTINGS_JOBS_MAX,
          .fallback = "1" },
        { .name = "signature", .type = CONFIG_STRING },
        { .name = "listen", .type = CONFIG_STRING, .fallback = "inherit" },
        { .name = "startTimeout",
          .type = CONFIG_DURATION,
          .min = 1,
          .max = INT_MAX,
          .fallback = "10s" },
        { .name = "stopTimeout",
          .type = CONFIG_DURATION,
          .min = 1,
          .max = INT_MAX,
          .fallback = "5s" },
        { .name = "environment", .type = CONFIG_LIST },
        { .name = "set", .type = CONFIG_LIST },
        { .name = "files", .type = CONFIG_LIST },
        { .name = "keepWorkDir", .type = CONFIG_BOOL, .fallback = "no" },
        { 0 },
};

static const ConfigSchema schema[] = {
        { .kind = "jobman", .keys = jobman_keys },
        { .kind = "nameserver", .keys = nameserver_keys },
        { .kind = "application", .is_named = true, .keys = application_keys },
        { 0 },
};

static bool is_application_name(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        size_t n = strlen(name);

        return n > 0 && n <= SETTINGS_APPLICATION_NAME_BYTES && strspn(name, letters) == n &&
               name[0] != '.' && name[0] != '-';
}

static bool is_ours(const char *variable)
{
        return !strncmp(variable, "PYROPE_", 7) || !strncmp(variable, "LISTEN_", 7);
}

static int check_environment(const ConfigSection *section, char *const *words, ErrorText *error)
{
        for (; *words; words++) {
                if (strchr(*words, '=') || is_ours(*words)) {
                        (void)config_refuse(section, "environment", error,
                                            "'%s' is not a name that may be passed on", *words);
                        return SETTINGS_E_INVALID;
                }
        }
        return 0;
}

/* Return: 0; SETTINGS_E_INVALID. */
static int check_set(const ConfigSection *section, char *const *words, ErrorText *error)
{
        for (; *words; words++) {
                if ((*words)[0] == '=' || !strchr(*words, '=')) {
                        (void)config_refuse(section, "set", error, "'%s' is not NAME=VALUE",
                                            *words);
                        return SETTINGS_E_INVALID;
                }
                if (is_ours(*words)) {
                        (void)config_refuse(section, "set", error,
                                            "'%s' is the job manager's to set", *words);
                        return SETTINGS_E_INVALID;
                }
        }
        return 0;
}

static int check_files(const ConfigSection *section, char *const *words, ErrorText *error)
{
        for (; *words; words++) {
                if ((*words)[0] != '/') {
                        (void)config_refuse(section, "files", error, "'%s' is not an absolute path",
                                            *words);
                        return SETTINGS_E_INVALID;
                }
        }
        return 0;
}

static int read_application(const ConfigSection *section, Application *ret, ErrorText *error)
{
        const char *listens = config_get_string(section, "listen");
        int r;

        *ret = (Application){
                .name = config_name(section),
                .command = config_get_words(section, "command", NULL),
                .max_jobs = (size_t)config_get_int(section, "maxJobs"),
                .signature = config_get_string(section, "signature"),
                .binds_itself = !strcmp(listens, "bind"),
                .start_timeout_ms = config_get_int(section, "startTimeout"),
                .stop_timeout_ms = config_get_int(section, "stopTimeout"),
                .environment = config_get_words(section, "environment", NULL),
                .set = config_get_words(section, "set", NULL),
                .files = config_get_words(section, "files", NULL),
                .keeps_work_dir = config_get_bool(section, "keepWorkDir"),
        };
        if (!ret->signature)
                ret->signature = ret->name;
        if (!is_application_name(ret->name)) {
                (void)config_refuse(section, NULL, error,
                                    "an application's name has at most %u letters, digits, '_', "
                                    "'.', '-'",
                                    SETTINGS_APPLICATION_NAME_BYTES);
                return SETTINGS_E_INVALID;
        }
        if (!ret->binds_itself && strcmp(listens, "inherit")) {
                (void)config_refuse(section, "listen", error, "'%s' is neither inherit nor bind",
                                    listens);
                return SETTINGS_E_INVALID;
        }
        r = check_environment(section, ret->environment, error);
        if (!r)
                r = check_set(section, ret->set, error);
        return r ? r : check_files(section, ret->files, error);
}

static int read_applications(Settings *self, ErrorText *error)
{
        const ConfigSection *section = NULL;
        int r;

        self->applications = calloc(SETTINGS_APPLICATIONS_MAX, sizeof(*self->applications));
        if (!self->applications)
                return -ENOMEM;
        while ((section = config_next(self->config, "application", section))) {
                if (self->n_applications == SETTINGS_APPLICATIONS_MAX) {
                        (void)config_refuse(section, NULL, error, "more than %u applications",
                                            SETTINGS_APPLICATIONS_MAX);
                        return SETTINGS_E_INVALID;
                }
                r = read_application(section, &self->applications[self->n_applications], error);
                if (r)
                        return r;
                self->n_applications++;
        }
        return 0;
}

static int read_jobman(Settings *self, ErrorText *error)
{
        const ConfigSection *jobman = config_section(self->config, "jobman", NULL);
        const ConfigSection *nameserver = config_section(self->config, "nameserver", NULL);

        self->name = config_get_string(jobman, "name");
        self->work_dir = config_get_string(jobman, "workDir");
        self->ssh = config_get_string(jobman, "ssh");
        self->zone = config_get_string(jobman, "zone");
        self->runtime_dir = config_get_string(jobman, "runtimeDir");
        self->nameserver = config_get_string(nameserver, "location");
        self->lease_s = (config_get_int(nameserver, "lease") + 999) / 1000;
        if (self->zone && !zone_is_valid(self->zone)) {
                (void)config_refuse(jobman, "zone", error,
                                    "'%s' is not 1 to %u letters, digits, '.', '_' and '-'",
                                    self->zone, ZONE_SIZE - 1);
                return SETTINGS_E_INVALID;
        }
        if (self->ssh && !uri_is_ssh_way(self->ssh)) {
                (void)config_refuse(jobman, "ssh", error,
                                    "'%s' is not [user@]host[:port], nor up to %u of these with "
                                    "',' between them",
                                    self->ssh, URI_SSH_HOPS_MAX);
                return SETTINGS_E_INVALID;
        }
        return 0;
}

int settings_read(const char *path, Settings *ret, ErrorText *error)
{
        CLEANUP(settings_deinit) Settings self = { 0 };
        CLEANUP(freep) char *absolute = realpath(path, NULL);
        int r;

        if (!absolute) {
                r = -errno;
                error_text_set(error, "%s: %s", path, strerror(-r));
                return r;
        }
        r = config_read(absolute, schema, &self.config, error);
        if (r)
                return r < 0 ? r : SETTINGS_E_INVALID;
        r = read_jobman(&self, error);
        if (!r)
                r = read_applications(&self, error);
        if (r)
                return r;
        if (self.n_applications == 0) {
                error_text_set(error, "%s: no [application NAME] section: nothing to offer", path);
                return SETTINGS_E_INVALID;
        }
        *ret = self;
        self = (Settings){ 0 };
        return 0;
}

void settings_deinit(Settings *settings)
{
        free(settings->applications);
        (void)config_free(settings->config);
        *settings = (Settings){ 0 };
}

const Application *settings_find(const Settings *settings, const char *name)
{
        size_t i;

        if (!name)
                return settings->n_applications == 1 ? settings->applications : NULL;
        for (i = 0; i < settings->n_applications; i++) {
                if (!strcmp(settings->applications[i].name, name))
                        return &settings->applications[i];
        }
        return NULL;
}

void settings_offer(const Settings *settings, char *ret, size_t n_ret)
{
        size_t i, n = 0;

        ret[0] = '\0';
        for (i = 0; i < settings->n_applications && n < n_ret; i++)
                n += (size_t)snprintf(ret + n, n_ret - n, "%s%s", i ? ", " : "",
                                      settings->applications[i].name);
}
