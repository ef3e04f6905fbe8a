#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Ticker of the Watchers
 *
 * A thread that wakes all who watch from time to time, so that they tell their callers that they
 * are there, and find out who has gone.
 */

#include "nameserver/watch-log.h"

#define WATCH_TICK_MS 5000

typedef struct WatchTicker WatchTicker;

/** watch_ticker_new() - start it. @log: borrowed. Return: 0 with @ret owned by the caller, -errno.
 */
NODISCARD int watch_ticker_new(WatchLog *log, WatchTicker **ret);

/* Ends it. Return: NULL. */
WatchTicker *watch_ticker_free(WatchTicker *ticker);
