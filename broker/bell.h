#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Bell
 *
 * What item streams that have nothing to say wait for. A request for an item that is put aside here
 * is memory, like one that waits for its object's turn; when the bell is rung it goes back into the
 * schedule and runs again. Any thread.
 */

#include "broker/schedule.h"

#include <pyrope/daemon.h>

struct pyrope_bell {
        Schedule *schedule; /* borrowed; its lock guards what follows, but for n_refs */
        RequestQueue waiting;
        uint64_t n_rings;
        bool is_gone; /* nobody can ring it any more */
        atomic_uint n_refs;
        LIST_ENTRY(pyrope_bell) link; /* of the schedule */
};

/* NULL is fine. Return: NULL. */
pyrope_bell *bell_unref(pyrope_bell *bell);

/**
 * bell_put_aside() - a call that ran waits for the bell it named
 * @request:    its frame
 *
 * As schedule_sleep(): after 0 both are taken. Return: 0, SCHEDULE_E_STOPPING.
 */
NODISCARD int bell_put_aside(pyrope_call *call, Request *request, Peer *peer);
