#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Daemon Object
 *
 * "Pyro.Daemon", which every Pyro daemon has: it tells about the others.
 */

#include <pyrope/daemon.h>

#define DAEMON_OBJECT_ID "Pyro.Daemon"

/* Its methods never wait. */
extern const pyrope_class daemon_object_class;
