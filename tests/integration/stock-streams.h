#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * The part of stock-calls that is about item streams.
 */

/* Of the generators of stock_daemon.py; see check() of stock-check.h. */
void check_streams(void);
