/* SPDX-License-Identifier: MIT */

#include "broker/bell.h"

#include "broker/call.h"
#include "broker/daemon.h"

#include <assert.h>

/* Return: a reference; NULL if memory is out. */
static pyrope_bell *bell_new(Schedule *schedule)
{
        pyrope_bell *bell = calloc(1, sizeof(*bell));

        if (!bell)
                return NULL;
        bell->schedule = schedule;
        bell->n_refs = 1;
        STAILQ_INIT(&bell->waiting);
        schedule_add_bell(schedule, bell);
        return bell;
}

static pyrope_bell *bell_ref(pyrope_bell *bell)
{
        bell->n_refs++;
        return bell;
}

pyrope_bell *bell_unref(pyrope_bell *bell)
{
        if (bell && --bell->n_refs == 0) {
                assert(bell->is_gone && STAILQ_EMPTY(&bell->waiting));
                free(bell);
        }
        return NULL;
}

int bell_put_aside(pyrope_call *call, Request *request, Peer *peer)
{
        int r;

        request->peer = peer;
        r = schedule_sleep(call->bell->schedule, request, call->bell, call->n_rings);
        if (r)
                request->peer = NULL;
        call_leave_bell(call);
        return r;
}

/* -- what programs call ----------------------------------------------------------------------- */

pyrope_bell *pyrope_bell_new(pyrope_daemon *daemon)
{
        return daemon ? bell_new(&daemon->schedule) : NULL;
}

pyrope_bell *pyrope_bell_free(pyrope_bell *bell)
{
        if (!bell)
                return NULL;
        schedule_remove_bell(bell->schedule, bell);
        return bell_unref(bell);
}

void pyrope_bell_ring(pyrope_bell *bell)
{
        if (bell)
                schedule_ring(bell->schedule, bell);
}

uint64_t pyrope_bell_rings(pyrope_bell *bell)
{
        return bell ? schedule_rings(bell->schedule, bell) : 0;
}

int pyrope_wait_bell(pyrope_call *call, pyrope_bell *bell, uint64_t n_rings)
{
        if (!call)
                return PYROPE_RAISED;
        if (!bell)
                return call_raise(call, "RuntimeError", "%s.%s() waits for no bell",
                                  call->object->interface->class_->name, call->name);
        call_leave_bell(call);
        call->bell = bell_ref(bell);
        call->n_rings = n_rings;
        return PYROPE_STREAM_WAIT;
}
