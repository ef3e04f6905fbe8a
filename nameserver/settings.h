#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Settings of a Nameserver
 *
 * Its configuration file, checked (docs/nameserver.md has every key). Reading changes nothing
 * anywhere. Immutable once read.
 */

#include "base/config.h"
#include "base/log.h"

#include <stdbool.h>
#include <sys/types.h>

#define SETTINGS_USERS_MAX      1024    /* in one list */
#define SETTINGS_NAMES_PER_USER "10000" /* by default */
#define SETTINGS_BYTES_PER_USER "16M"

enum {
        SETTINGS_E_SUCCESS,

        SETTINGS_E_INVALID, /* the text says what is wrong, and in which line of which file */
};

typedef struct Settings Settings;

/* Strings are borrowed from the configuration, NULL where it has none. */
struct Settings {
        char *file;     /* absolute; NULL: none was read; owned */
        Config *config; /* owned */
        const char *database;
        const char *socket;
        const char *zone;
        const char *runtime_dir;
        const char *log;

        bool has_log_level;
        LogLevel log_level;
        uid_t *users; /* who may connect beside our own user; owned */
        size_t n_users;
        bool has_group; /* and who is in this group */
        gid_t group;
        uid_t *administrators; /* owned */
        size_t n_administrators;
        int64_t n_names_max; /* of each user but our own; 0: any number */
        int64_t n_bytes_max; /* of his names, tags and endpoints; 0: any number */
};

/**
 * settings_read() - read and check
 * @path:       absolute or relative to the working directory; NULL or "": the file in its default
 *              place, or none if there is none
 * @ret:        owned by the caller, settings_deinit()
 *
 * Return: 0, SETTINGS_E_INVALID, -ENOMEM.
 */
NODISCARD int settings_read(const char *path, Settings *ret, ErrorText *error);
void settings_deinit(Settings *settings);

/**
 * settings_refuse() - say what is wrong with a key that was read
 *
 * Return: SETTINGS_E_INVALID, always.
 */
int settings_refuse(const Settings *settings, const char *key, ErrorText *error, const char *what);

/**
 * settings_fixed() - what differs between two, and counts only at a start
 *
 * Return: the key of the first difference, constant; NULL if there is none.
 */
const char *settings_fixed(const Settings *one, const Settings *other);
