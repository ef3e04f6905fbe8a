#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Setup of the Nameserver Program
 *
 * Where the database and the socket are, and in which zone: by options, else by the configuration
 * file, else by the environment, else by default.
 */

#include "base/error.h"
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
        const char *config; /* $PYROPE_CONFIG is the default; NULL or "": no file */
        const char *database;
        const char *socket;
        const char *zone;
        const char *runtime_dir;
};

struct Setup {
        char *database; /* path; owned */
        char *socket;   /* path; owned */
        char zone[ZONE_SIZE];
};

/**
 * setup_make() - decide
 * @ret:        owned by the caller, setup_deinit()
 *
 * Creates the runtime directory, and that of the database where it is the default one. Changes
 * $PYROPE_RUNTIME_DIR where an option or the file names another, so call it before any thread.
 *
 * Return: 0, SETUP_E_INVALID, -ENOMEM.
 */
NODISCARD int setup_make(const SetupOptions *options, Setup *ret, ErrorText *error);
void setup_deinit(Setup *setup);
