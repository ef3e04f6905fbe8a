#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Nameserver Fixture
 *
 * A nameserver whose database is in the scratch directory, in the zone "here", and a connection to
 * it. Its own name is not registered, as long as nobody calls nameserver_announce().
 */

#include "nameserver/nameserver.h"

#include "proto/conn.h"

#include <limits.h>

#define OWN "Pyro.NameServer"

extern NameServer nameserver;
extern Conn conn;
extern char own_uri[PATH_MAX];

/* For a checked fixture: each test has its own. */
void nameserver_set_up(void);
void nameserver_tear_down(void);

/* One after the other: a restart. */
void nameserver_down(void);
void nameserver_up(void);

/* A connection more. */
void nameserver_connect(Conn *ret);
