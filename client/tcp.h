#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * TCP
 *
 * A connection to a daemon on a port: one that a person named, or a stock Pyro5 program.
 */

#include "base/clock.h"
#include "client/port-owner.h"

#include <pyrope/error.h>

/**
 * tcp_connect() - connect to the first address of a host that answers, and may be told anything
 * @host:     name or numeric address
 * @users:    whose ports of this machine will do, see port_owner_check()
 * @deadline: for connecting; finding a name's addresses has the resolver's own limits
 * @ret_fd:   close-on-exec, non-blocking, without delay of small messages; owned by the caller
 *
 * Return: PYROPE_OK, PYROPE_E_UNREACHABLE, PYROPE_E_DENIED (another user's port), PYROPE_E_TIMEOUT,
 * PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status tcp_connect(const char *host, uint16_t port, const PortUsers *users,
                                    Deadline deadline, int *ret_fd, pyrope_error **error);
