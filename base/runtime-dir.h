#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Runtime Directory
 *
 * The private directory (see private-dir.h) where the daemons of one user on one computer have
 * their sockets. The first of these that can be had:
 *
 *      $PYROPE_RUNTIME_DIR             if set and not empty, this and no other
 *      $XDG_RUNTIME_DIR/pyrope         without the variable /run/user/UID/pyrope; since it vanishes
 *                                      at logout, daemons take it only if the user lingers or
 *                                      standard input is a terminal
 *      /tmp/pyrope-UID
 *      ~/.pyrope/run/HOSTNAME          homes may be shared between computers
 *
 * A daemon that serves a whole computer has its socket in RUNTIME_SITE_DIR instead, which only root
 * can make, and which belongs to that daemon's user.
 *
 * Daemons create it, clients only look. A place that exists but is not private is passed over, for
 * anybody can make a /tmp/pyrope-UID.
 */

#include "base/error.h"

#define RUNTIME_SITE_DIR "/run/pyrope"

#define RUNTIME_DIR_PLACES_MAX 4u

#define RUNTIME_DIR_MAX  75u /* bytes of its path, so that every socket in it fits sun_path ... */
#define RUNTIME_NAME_MAX 31u /* ... if its name has at most so many */

enum {
        RUNTIME_DIR_E_SUCCESS,

        RUNTIME_DIR_E_NOT_FOUND, /* no such socket in any place */
        RUNTIME_DIR_E_UNUSABLE,  /* no place could be made private */
};

/**
 * runtime_dir_create() - the directory for a daemon, created if need be
 * @ret_path:   its absolute path; owned by the caller, free()
 * @error:      NULL, or says for a non-zero return which places were tried, why not, what to do
 *
 * Return: 0, RUNTIME_DIR_E_UNUSABLE, -ENOMEM.
 */
NODISCARD int runtime_dir_create(char **ret_path, ErrorText *error);

/**
 * runtime_dir_find() - where a client finds a daemon's socket
 * @name:       file name of the socket, "nameserver.sock"
 * @ret_path:   absolute path of the socket in the first private place that has one of this name;
 *              owned by the caller, free()
 * @error:      NULL, or says for a non-zero return which places were tried
 *
 * Creates nothing and does not connect.
 *
 * Return: 0, RUNTIME_DIR_E_NOT_FOUND, RUNTIME_DIR_E_UNUSABLE ($PYROPE_RUNTIME_DIR is not private),
 *         -ENOMEM.
 */
NODISCARD int runtime_dir_find(const char *name, char **ret_path, ErrorText *error);

/**
 * runtime_dir_find_site() - the socket of a daemon that serves the whole computer
 * @name:       file name of the socket
 * @ret_path:   as for runtime_dir_find()
 *
 * Not where $PYROPE_RUNTIME_DIR names the one place that counts.
 *
 * Return: 0, RUNTIME_DIR_E_NOT_FOUND (none, or not for us), RUNTIME_DIR_E_UNUSABLE (others may
 * write there), -ENOMEM.
 */
NODISCARD int runtime_dir_find_site(const char *name, char **ret_path);

/**
 * runtime_dir_list() - every place of the above that is there and private
 * @ret:        paths, best first; each owned by the caller, free()
 *
 * Return: how many.
 */
size_t runtime_dir_list(char *ret[static RUNTIME_DIR_PLACES_MAX]);
