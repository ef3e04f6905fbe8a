/* SPDX-License-Identifier: MIT */

/* Objects of the daemon as results: <pyrope/daemon.h>. */

#include "broker/call.h"
#include "broker/daemon.h"
#include "proto/value.h"

#include <string.h>

/* Returns the URI, owned by the caller, and a reference; or NULL, raised. */
static char *find_uri(Call *call, const char *id, Object **ret)
{
        CLEANUP(object_unrefp) Object *object = NULL;
        char *uri;

        if (!id)
                id = call->object->id;
        object = registry_find(&call->daemon->registry, id, strlen(id));
        if (!object) {
                call_raise(call, "Pyro5.errors.DaemonError", "unknown object: %s", id);
                return NULL;
        }
        uri = daemon_uri_at(call->daemon, id, call->caller.listener);
        if (!uri) {
                call_raise(call, "MemoryError", "the daemon is out of memory");
                return NULL;
        }
        *ret = TAKE(object);
        return uri;
}

int pyrope_reply_uri(pyrope_call *call, const char *id)
{
        if (!call)
                return PYROPE_RAISED;

        CLEANUP(object_unrefp) Object *object = NULL;
        CLEANUP(freep) char *uri = find_uri(call, id, &object);

        if (!uri)
                return PYROPE_RAISED;
        pyrope_write_uri(call->writer, uri);
        return 0;
}

int pyrope_reply_proxy(pyrope_call *call, const char *id)
{
        if (!call)
                return PYROPE_RAISED;

        CLEANUP(object_unrefp) Object *object = NULL;
        CLEANUP(freep) char *uri = find_uri(call, id, &object);

        if (!uri)
                return PYROPE_RAISED;
        writer_proxy(call->writer, uri, pyrope_value_view(object->interface->metadata));
        return 0;
}
