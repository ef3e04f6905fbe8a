#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Copies of the Store's Database
 *
 * Backup, also of a database that a nameserver serves; the way back; and a new beginning where one
 * is damaged. Nothing is ever overwritten or removed: what was there has another name afterwards.
 */

#include "nameserver/store.h"

/**
 * store_backup() - copy a database as it is at one moment
 * @path:       of the database; a nameserver may serve it, and goes on meanwhile
 * @copy:       of a file that does not exist, in a directory that nobody else can write
 * @ret_n:      how many names it has
 *
 * The copy is one file, complete, checked and on the disk when it has its name.
 *
 * Return: 0, STORE_E_EXISTS, and as store_open() but STORE_E_IN_USE.
 */
NODISCARD int store_backup(const char *path, const char *copy, size_t *ret_n, ErrorText *error);

/**
 * store_restore() - put a copy in the place of a database
 * @path:       of the database, which need not be there; no nameserver may serve it
 * @copy:       is checked first
 * @ret_kept:   where the old database is now, or NULL if there was none; owned by the caller,
 *              free()
 * @ret_n:      how many names the new one has
 *
 * Return: 0, as store_open().
 */
NODISCARD int store_restore(const char *path, const char *copy, char **ret_kept, size_t *ret_n,
                            ErrorText *error);

/**
 * store_set_aside() - move a database away that cannot be served, so that an empty one begins
 * @ret_kept:   where it is now; owned by the caller, free()
 *
 * Return: 0, as store_open().
 */
NODISCARD int store_set_aside(const char *path, char **ret_kept, ErrorText *error);
