#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Admit
 *
 * Those who knock at a listener are let in, or told why not: their user has as many connections as
 * he may, or no descriptor is left. Then nobody is accepted before a connection ends or the next
 * tick, so that a shortage costs no time.
 */

#include "broker/call.h"
#include "broker/daemon.h"

/**
 * admit_peers() - an event of a listener
 * @which:      DAEMON_UNIX, DAEMON_TCP
 * @call:       of the calling thread; to write refusals with
 */
void admit_peers(Daemon *daemon, unsigned which, Call *call);

/* A tick, or a connection that ended: a listener that was left alone is asked again. */
void admit_again(Daemon *daemon);
