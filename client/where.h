#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Where
 *
 * Sockets in the runtime directory of a context: those that daemons made, and new ones of ours.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/runtime-dir.h"

#include <pyrope/pyrope.h>

#define WHERE_NAMESERVER "nameserver.sock" /* the nameserver's file name there */
#define WHERE_FORWARD    "forward-"        /* how those of ours begin */

/* What is asked on a host of which only the name is known, and where a site may have its own. */
#define WHERE_COMMAND     "pyrope where nameserver"
#define WHERE_SITE_SOCKET RUNTIME_SITE_DIR "/" WHERE_NAMESERVER

/**
 * where_socket() - the path of a daemon's socket
 * @name: its file name
 *
 * Return: PYROPE_OK with @ret owned by the caller, free(); PYROPE_E_NOT_FOUND; PYROPE_E_DENIED (no
 * private directory); PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status where_socket(const pyrope_context *context, const char *name, char **ret,
                                     pyrope_error **error);

/** where_new_directory() - the directory for sockets of ours, made if need be. Return: the same. */
NODISCARD pyrope_status where_new_directory(const pyrope_context *context, char **ret,
                                            pyrope_error **error);

/**
 * where_each() - look at every socket in the runtime directories
 * @fn: gets the path and the file name, which is the end of it; its failure is the end
 *
 * Return: PYROPE_OK, PYROPE_E_NOMEM, and what @fn returns.
 */
NODISCARD pyrope_status where_each(const pyrope_context *context,
                                   pyrope_status (*fn)(void *userdata, const char *path,
                                                       const char *name, pyrope_error **error),
                                   void *userdata, pyrope_error **error);

/** where_new_socket() - a path nobody uses for a socket of ours; makes the directory. Return: the
 * same. */
NODISCARD pyrope_status where_new_socket(const pyrope_context *context, char **ret,
                                         pyrope_error **error);

/** where_printed() - the path in what `pyrope where` printed on a host: a stranger may have written
 * it. Return: owned, free(); NULL: there is none. */
NODISCARD char *where_printed(const Buffer *output);

/**
 * where_fail_listen() - a failure of unix_listen() in the terms of the API
 * @outcome: UNIX_E_* or -errno, not 0
 * @text:    of it; borrowed
 * @error:   NULL, or receives the text; owned by the caller
 *
 * Return: PYROPE_E_EXISTS, PYROPE_E_DENIED, PYROPE_E_INVALID, PYROPE_E_IO.
 */
pyrope_status where_fail_listen(int outcome, const ErrorText *text, pyrope_error **error);
