#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Reach
 *
 * From what was said about an object's place to a location that this process can connect to. What a
 * person typed is taken as typed. What a daemon says is seen from its machine, so it is reached the
 * way the daemon is: a server can make us connect to nothing but what it can connect to itself.
 * Pure.
 */

#include "base/defs.h"
#include "proto/uri.h"

#include <pyrope/value.h>

enum {
        REACH_E_SUCCESS,

        REACH_E_NONE,    /* no endpoint that can be reached from here */
        REACH_E_INVALID, /* not of the documented form */
};

/**
 * reach_told() - a place that a daemon told
 * @teller: how that daemon is reached
 * @told:   the place as it said; one that names an SSH host is refused, for that is not a server's
 *          to choose
 *
 * Return: 0 with @ret owned by the caller; REACH_E_INVALID; -ENOMEM.
 */
NODISCARD int reach_told(const Location *teller, const Location *told, Location *ret);

/**
 * reach_choose() - the best endpoint of a nameserver's record
 * @record:     as pyrope_resolve() gives it, checked here
 * @zone:       where we are
 * @nameserver: how the nameserver is reached
 *
 * In our zone: its Unix socket, else its port. Elsewhere: through its SSH host; else its NAT
 * address; else the way the nameserver is reached, if that is through SSH or the endpoint is a port
 * of another machine. A NAT address on the loopback, true for one client only, comes last.
 *
 * Return: 0 with @ret owned by the caller; REACH_E_NONE; REACH_E_INVALID; -ENOMEM.
 */
NODISCARD int reach_choose(pyrope_view record, const char *zone, const Location *nameserver,
                           Location *ret);

/** reach_label() - a location as people write it: a path, host:port, ssh://... Return: owned,
 * free(); NULL: out of memory. */
NODISCARD char *reach_label(const Location *at);
