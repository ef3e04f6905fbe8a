/* SPDX-License-Identifier: MIT */

/* Waiting for a name: by what the nameserver tells of changes, or, of a stock one, by asking. */

#include "client/context.h"
#include "client/nameserver.h"
#include "client/proxy.h"
#include "proto/value.h"

#include <poll.h>
#include <string.h>

#define ASK_EVERY_MS 250 /* a nameserver that tells nothing, or is being restarted */

static int64_t left_ms(Deadline deadline)
{
        int left = deadline_left_ms(deadline);

        return left == 0 ? 1 : left; /* 0 would mean the default; -1 is without limit here, too */
}

static void pause_until(Deadline deadline)
{
        Deadline pause = deadline_min(deadline, deadline_in(ASK_EVERY_MS));

        while (!deadline_passed(pause))
                (void)poll(NULL, 0, deadline_left_ms(pause)); /* a signal may cut it short */
}

/* Whether an item of the stream says that the name is there. */
static bool tells_name(pyrope_view item, const char *name)
{
        pyrope_view change;

        for (pyrope_iter it = pyrope_each(pyrope_find(item, "changes"));
             pyrope_next(&it, NULL, &change);)
                if (pyrope_str_equals(pyrope_find(change, "name"), name) &&
                    pyrope_type_of(pyrope_find(change, "uri")) == PYROPE_STR)
                        return true;
        return false;
}

static pyrope_status follow(pyrope_stream *stream, const char *name, Deadline deadline,
                            pyrope_error **error)
{
        pyrope_status status;
        bool is_there = false;

        do {
                CLEANUP(pyrope_value_freep) pyrope_value *item = NULL;

                if (deadline_passed(deadline))
                        return error_set(error, PYROPE_E_TIMEOUT, "the time is over");
                status = pyrope_stream_next(stream, left_ms(deadline), &item, error);
                if (status == PYROPE_OK && !item)
                        return error_set(error, PYROPE_E_PROTOCOL, "the nameserver ends watch()");
                if (status == PYROPE_OK)
                        is_there = tells_name(pyrope_value_view(item), name);
        } while (status == PYROPE_OK && !is_there);
        return status;
}

static pyrope_status begin(pyrope_proxy *nameserver, const char *name, Deadline deadline,
                           pyrope_stream **ret, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        pyrope_call_options options = { .timeout_ms = left_ms(deadline) };
        pyrope_answer *answer = NULL;
        pyrope_status status;

        if (!writer)
                return error_nomem(error);
        pyrope_pack(writer, "[s]", name);
        status = pyrope_writer_take(writer, &arguments, error);
        if (status == PYROPE_OK)
                status = pyrope_call_with(nameserver, "watch", arguments, NULL, &options, &answer,
                                          error);
        if (status)
                return status;
        *ret = pyrope_answer_take_stream(answer);
        pyrope_answer_free(answer);
        return *ret ? PYROPE_OK
                    : error_set(error, PYROPE_E_PROTOCOL, "watch() gives no item stream");
}

/* Until there may be news of the name. It has a connection of its own: others use the context's. */
static pyrope_status wait_for_news(pyrope_context *context, const char *name, Deadline deadline,
                                   pyrope_error **error)
{
        pyrope_proxy *nameserver = NULL;
        pyrope_stream *stream = NULL;
        pyrope_status status;

        status =
                pyrope_proxy_new(context, TARGET_NAMESERVER, left_ms(deadline), &nameserver, error);
        if (status)
                return status;
        if (!proxy_has_method(nameserver, "watch")) {
                pause_until(deadline);
        } else {
                status = begin(nameserver, name, deadline, &stream, error);
                if (status == PYROPE_OK)
                        status = follow(stream, name, deadline, error);
                /* The stream is one of a nameserver that has ended since. */
                if (stream && status == PYROPE_E_REMOTE)
                        status = PYROPE_E_UNREACHABLE;
        }
        pyrope_stream_free(stream);
        pyrope_proxy_free(nameserver);
        return status;
}

static pyrope_status too_late(const char *name, pyrope_error **error)
{
        return error_set(error, PYROPE_E_TIMEOUT, "%s: not registered in time", name);
}

pyrope_status pyrope_wait_name(pyrope_context *context, const char *name, int64_t timeout_ms,
                               pyrope_value **ret, pyrope_error **error)
{
        bool was_there = false; /* the nameserver */
        Deadline deadline;

        if (!context || !name || !ret)
                return error_null(error);
        deadline = context_deadline(context, timeout_ms);

        for (;;) {
                CLEANUP(pyrope_error_freep) pyrope_error *why = NULL, *why_not = NULL;
                pyrope_status status;

                status = nameserver_resolve(context, name, deadline, ret, &why);
                was_there = was_there || status == PYROPE_E_NOT_FOUND;
                if (status == PYROPE_E_NOT_FOUND)
                        status = wait_for_news(context, name, deadline, &why_not);
                else if (status == PYROPE_OK)
                        return PYROPE_OK;
                else
                        why_not = TAKE(why);
                if (status == PYROPE_E_TIMEOUT ||
                    (status != PYROPE_OK && deadline_passed(deadline)))
                        return too_late(name, error);
                if (status == PYROPE_E_UNREACHABLE && was_there) {
                        pause_until(deadline); /* it may be restarting */
                } else if (status) {
                        if (error)
                                *error = TAKE(why_not);
                        return status;
                } else if (deadline_passed(deadline)) {
                        return too_late(name, error);
                }
        }
}
