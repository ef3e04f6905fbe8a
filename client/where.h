#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Where
 *
 * Sockets in the runtime directory of a context: those that daemons made, and new ones of ours.
 */

#include "base/defs.h"

#include <pyrope/pyrope.h>

#define WHERE_NAMESERVER "nameserver.sock" /* the nameserver's file name there */

/**
 * where_socket() - the path of a daemon's socket
 * @name: its file name
 *
 * Return: PYROPE_OK with @ret owned by the caller, free(); PYROPE_E_NOT_FOUND; PYROPE_E_DENIED (no
 * private directory); PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status where_socket(const pyrope_context *context, const char *name, char **ret,
                                     pyrope_error **error);

/** where_new_socket() - a path nobody uses for a socket of ours; makes the directory. Return: the
 * same. */
NODISCARD pyrope_status where_new_socket(const pyrope_context *context, char **ret,
                                         pyrope_error **error);
