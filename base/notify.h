#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Telling systemd
 *
 * The protocol of sd_notify(3): a datagram of lines VARIABLE=VALUE to the socket that
 * $NOTIFY_SOCKET names. Without the variable nothing is told and nothing is wrong; nor does it
 * matter whether anybody listens. Any thread.
 */

#include "base/defs.h"

#define NOTIFY_SIZE 1024u /* bytes of what is told at once; more is cut */

/* "READY=1\nSTATUS=serving", "STOPPING=1", "RELOADING=1" and so on. */
void notify_send(const char *format, ...) PRINTF(1, 2);

/* What must stand beside RELOADING=1: the moment, as MONOTONIC_USEC. */
uint64_t notify_now_us(void);
