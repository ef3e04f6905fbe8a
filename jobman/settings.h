#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Settings of a job manager: its configuration file, checked (docs/jobman.md has every key)
 *
 * Immutable once read, so threads may share them.
 */

#include "base/config.h"
#include "base/defs.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_APPLICATIONS_MAX       64u
#define SETTINGS_APPLICATION_NAME_BYTES 40u
#define SETTINGS_JOBS_MAX               1024 /* of one application */

enum {
        SETTINGS_E_SUCCESS,

        SETTINGS_E_INVALID, /* the text says file, line and what */
};

typedef struct Application Application;
typedef struct Settings Settings;

/* One [application NAME]; everything is borrowed from the configuration. */
struct Application {
        const char *name;
        char *const *command; /* argv, NULL-terminated */
        size_t max_jobs;
        const char *signature;
        bool binds_itself; /* no inherited socket: it binds $PYROPE_SOCKET */
        int64_t start_timeout_ms;
        int64_t stop_timeout_ms;  /* between SIGTERM and SIGKILL */
        char *const *environment; /* names passed on from our own environment */
        char *const *set;         /* NAME=VALUE */
        char *const *files;       /* absolute paths, copied into the work directory */
        bool keeps_work_dir;
};

struct Settings {
        Config *config;
        const char *name;        /* in the nameserver */
        const char *work_dir;    /* NULL: the default */
        const char *ssh;         /* how users' ssh reaches this host; NULL: it does not */
        const char *zone;        /* NULL: the default */
        const char *runtime_dir; /* NULL: the default */
        const char *nameserver;  /* NULL: the default */
        int64_t lease_s;         /* term of the names there */
        Application *applications;
        size_t n_applications;
};

/**
 * settings_read() - read and check a configuration file
 * @path: absolute or relative to the working directory
 *
 * Return: 0 with @ret owned by the caller, SETTINGS_E_INVALID, -errno; @error says what is wrong.
 */
NODISCARD int settings_read(const char *path, Settings *ret, ErrorText *error);
void settings_deinit(Settings *settings);

/**
 * settings_find() - an application by its name
 * @name: NULL: the only one there is
 *
 * Return: borrowed; NULL if there is none, or if NULL does not say which.
 */
const Application *settings_find(const Settings *settings, const char *name);

/** settings_offer() - "ThermalSolver, MechanicalSolver", for messages. */
void settings_offer(const Settings *settings, char *ret, size_t n_ret);
