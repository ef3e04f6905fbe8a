#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Setup of the Nameserver Program
 *
 * Where the database and the socket are, and in which zone: by options, else by the configuration
 * file, else by the environment, else by default.
 */

#include "nameserver/settings.h"

#include "base/zone.h"

#define SETUP_SOCKET "nameserver.sock" /* in the runtime directory, where clients look for it */

enum {
        SETUP_E_SUCCESS,

        SETUP_E_INVALID, /* the text says what is wrong, and in which line of which file */
};

typedef struct SetupOptions SetupOptions;
typedef struct Setup Setup;

/* What the command line says; NULL where it says nothing. Borrowed. */
struct SetupOptions {
        const char *database;
        const char *socket;
        const char *zone;
        const char *runtime_dir;
};

struct Setup {
        char *database; /* path; owned */
        char *socket;   /* path; NULL: the one that is inherited; owned */
        char zone[ZONE_SIZE];
};

/**
 * setup_check() - see what can be seen without making anything
 *
 * Return: 0, SETUP_E_INVALID.
 */
NODISCARD int setup_check(const SetupOptions *options, const Settings *settings, ErrorText *error);

/**
 * setup_make() - decide
 * @ret:        owned by the caller, setup_deinit()
 *
 * Creates the runtime directory, that of a group's socket, and that of the database where it is the
 * default one. Changes $PYROPE_RUNTIME_DIR where an option or the file names another, so call it
 * before any thread.
 *
 * Return: 0, SETUP_E_INVALID, -ENOMEM.
 */
NODISCARD int setup_make(const SetupOptions *options, const Settings *settings, Setup *ret,
                         ErrorText *error);
void setup_deinit(Setup *setup);

/**
 * setup_database() - only where the database is
 * @ret:        owned by the caller, free()
 *
 * Creates its directory where it is the default one. Return: 0, SETUP_E_INVALID, -ENOMEM.
 */
NODISCARD int setup_database(const SetupOptions *options, const Settings *settings, char **ret,
                             ErrorText *error);
