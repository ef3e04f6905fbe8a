/* SPDX-License-Identifier: MIT */

#include "broker/daemon-object.h"

#include "broker/daemon.h"

#include <stdio.h>
#include <string.h>

static int ping(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

static int registered(pyrope_call *call, UNUSED void *self)
{
        registry_write_ids(&pyrope_call_daemon(call)->registry, pyrope_result(call));
        return 0;
}

static int info(pyrope_call *call, UNUSED void *self)
{
        const Listener *listeners = pyrope_call_daemon(call)->listeners;
        const char *path = listeners[DAEMON_UNIX].path;
        const char *port = listeners[DAEMON_TCP].location;
        char text[512];

        snprintf(text, sizeof(text), "Pyrope %s, process %d, listening on %s%s%s", PYROPE_VERSION,
                 (int)getpid(), path ? path : "", path && port ? " and " : "", port ? port : "");
        return pyrope_reply(call, "s", text);
}

static int get_metadata(pyrope_call *call, UNUSED void *self)
{
        CLEANUP(object_unrefp) Object *object = NULL;
        const char *id;

        if (pyrope_arguments(call, "s", &id))
                return PYROPE_RAISED;
        object = registry_find(&pyrope_call_daemon(call)->registry, id, strlen(id));
        if (!object)
                return pyrope_raise(call, "Pyro5.errors.DaemonError", "unknown object");
        pyrope_write_view(pyrope_result(call), pyrope_value_view(object->interface->metadata));
        return 0;
}

/* A call that names a stream never comes here: dispatch.c gives it to the object of the stream. */
static int get_next_stream_item(pyrope_call *call, UNUSED void *self)
{
        return pyrope_raise(call, "Pyro5.errors.PyroError",
                            "ask for the item of a stream by its id, and not in a batch");
}

static int close_stream(pyrope_call *call, UNUSED void *self)
{
        const char *id;

        if (pyrope_arguments(call, "s", &id))
                return PYROPE_RAISED;
        stream_table_close(&pyrope_call_daemon(call)->streams, id, strlen(id),
                           pyrope_call_uid(call));
        return 0;
}

static const pyrope_method methods[] = {
        { "registered", NULL, registered, 0, "ids of all objects" },
        { "ping", NULL, ping, 0, "nothing: that it answers is the answer" },
        { "info", NULL, info, 0, "who serves here" },
        { "get_metadata", "objectId", get_metadata, 0, "methods and attributes of an object" },
        { MESSAGE_STREAM_NEXT, "streamId", get_next_stream_item, 0, "next item of a stream" },
        { MESSAGE_STREAM_CLOSE, "streamId", close_stream, 0, "give up a stream" },
        { 0 },
};

const pyrope_class daemon_object_class = { .name = "DaemonObject", .methods = methods };
