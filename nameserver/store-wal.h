#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Write-Ahead Log of the Store's Database
 *
 * SQLite writes each page of a commit in two pieces, header and page. Here they are gathered, and
 * written at once where SQLite syncs them. It is a VFS above SQLite's own for Unix, which keeps
 * every other file and call. For store-db.c only.
 *
 * What makes it safe, by the order in which SQLite's wal.c does things (walFrames(), 3.40):
 *
 *  - With `synchronous = FULL` a commit is written, then synced, and only then put into the
 *    wal-index, without which no connection sees it, nor a checkpoint copies it. So all is in the
 *    file and on the disk before anybody reads it or is told of it, as without gathering. This is
 *    why it needs FULL, and does nothing on a disk whose sectors SQLite pads (`psow=0`): there the
 *    last page is written behind the sync.
 *  - The header of a log that begins anew is synced before its first page, as ever.
 *  - Writes keep their order: what does not continue the bytes that wait is written behind them.
 *    So the file is always one that SQLite alone could have left when it was killed.
 *  - A transaction too large for the cache writes before it commits, and reads that again: from
 *    what waits, too. Nobody else can: the wal-index does not tell of it.
 *  - What waits when the write lock is given back was never committed, and is forgotten. So nothing
 *    is written without the lock, when another process might have written there.
 *  - Bytes that could not be written are lost, and the file fails with the same code, SQLITE_FULL
 *    or SQLITE_IOERR_WRITE, until that lock is given back: no commit can succeed without them.
 */

#include <stddef.h>

/* Bytes: more than a page and its header (65 560), less than what the VFS below takes (131 071). */
#define STORE_WAL_GATHER_MAX 98304u

/**
 * store_wal_vfs() - the VFS for a connection that writes
 *
 * Its connections keep to `locking_mode = NORMAL`, and to `synchronous = FULL` in WAL mode.
 *
 * Threads: any. Return: its name for sqlite3_open_v2().
 */
const char *store_wal_vfs(void);
