#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Zone
 *
 * A place within which socket paths mean the same: usually one computer. Two programs of one zone
 * reach each other's Unix sockets directly.
 */

#include "base/defs.h"

#include <stdbool.h>

#define ZONE_SIZE 64u /* bytes of the longest zone with its terminator */

/** zone_is_valid() - 1 to ZONE_SIZE - 1 letters, digits, '.', '_' and '-'. */
bool zone_is_valid(const char *text);

/**
 * zone_default() - the zone of this computer: its name and 8 hex digits of its machine id's hash
 *
 * The hash keeps the id itself, which is not for strangers, out of sight; it is not a secret.
 * Whoever gives people a say looks at their option and $PYROPE_ZONE first.
 */
void zone_default(char ret[static ZONE_SIZE]);

/** zone_make() - the same for a given computer; what a zone cannot hold becomes '-'. Pure. */
void zone_make(const char *host, const char *machine_id, char ret[static ZONE_SIZE]);
