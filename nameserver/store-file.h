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
