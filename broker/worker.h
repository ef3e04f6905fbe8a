#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Worker
 *
 * The life of a thread of a daemon: wait for an event, serve the connection that has it as long as
 * its conversation goes on, run the calls that became ready meanwhile, wait again.
 */

#include "broker/daemon.h"

/* Runs until the daemon is finished, or the pool wants one thread less. */
void worker_main(void *daemon);
