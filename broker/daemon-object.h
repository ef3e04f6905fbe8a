#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Daemon Object
 *
 * "Pyro.Daemon", which every Pyro daemon has: it tells about the others.
 */

#include <pyrope/daemon.h>

/* Its methods never wait. */
extern const pyrope_class daemon_object_class;
