#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * TCP
 *
 * A connection to a daemon on a port: one that a person named, or a stock Pyro5 program.
 */

#include "base/clock.h"

#include <pyrope/error.h>

/**
 * tcp_connect() - connect to the first address of a host that answers
 * @host:     name or numeric address
 * @deadline: for connecting; finding a name's addresses has the resolver's own limits
 * @ret_fd:   close-on-exec, non-blocking, without delay of small messages; owned by the caller
 *
 * Return: PYROPE_OK, PYROPE_E_UNREACHABLE, PYROPE_E_TIMEOUT, PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status tcp_connect(const char *host, uint16_t port, Deadline deadline, int *ret_fd,
                                    pyrope_error **error);
