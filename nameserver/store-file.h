#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * File of the Store's Database
 *
 * What has to be true of a file before SQLite sees it: nobody else can write it or put another in
 * its place, and no other process of ours serves it. For store*.c only.
 */

#include "nameserver/store.h"

/**
 * store_file_prepare() - find or create the file, and lock it
 * @path:       as the user gave it
 * @ret_path:   absolute, without symbolic links; owned by the caller, free()
 * @ret_lock:   descriptor that holds the lock; close it after the database
 *
 * The lock is flock() on PATH-lock: it ends with the process, however that ends. The file stays,
 * for whoever removed it could lock another one.
 *
 * Return: 0, STORE_E_IN_USE, STORE_E_UNSAFE, STORE_E_READONLY, STORE_E_FULL, STORE_E_IO, -ENOMEM.
 */
NODISCARD int store_file_prepare(const char *path, char **ret_path, int *ret_lock,
                                 ErrorText *error);

/**
 * store_file_resolve() - the path of a file without symbolic links in its directory
 * @ret:        owned by the caller, free()
 *
 * Return: 0, STORE_E_UNSAFE if others can write the directory, STORE_E_READONLY, STORE_E_IO,
 *         -ENOMEM.
 */
NODISCARD int store_file_resolve(const char *path, char **ret, ErrorText *error);

/**
 * store_file_create() - a new file of mode 0600, empty
 *
 * Return: 0, STORE_E_EXISTS, STORE_E_READONLY, STORE_E_FULL, STORE_E_IO, -ENOMEM.
 */
NODISCARD int store_file_create(const char *path, ErrorText *error);

/**
 * store_file_place() - give a file that is complete its name, on the disk
 * @replaces:   whether it may take the place of another
 *
 * Return: 0, STORE_E_EXISTS, STORE_E_READONLY, STORE_E_FULL, STORE_E_IO, -ENOMEM.
 */
NODISCARD int store_file_place(const char *from, const char *path, bool replaces, ErrorText *error);

/**
 * store_file_keep() - give a database a second name, PATH.WHAT-TIME, with its log
 * @path:       absolute; locked. Its file keeps its name, its log does not
 * @ret:        the name; owned by the caller, free()
 *
 * Return: 0, STORE_E_READONLY, STORE_E_FULL, STORE_E_IO, -ENOMEM.
 */
NODISCARD int store_file_keep(const char *path, const char *what, char **ret, ErrorText *error);
