#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Capture
 *
 * What the code under test writes to standard output or standard error, as a string. One
 * descriptor at a time.
 */

/* From here on what is written to @fd (1 or 2) is kept. */
void capture_start(int fd);

/* Puts the descriptor back; what was written, good until the next capture. */
const char *capture_end(void);
