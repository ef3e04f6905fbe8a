/* SPDX-License-Identifier: MIT */

#include "tests/integration/bombs.h"

#include "broker/dispatch.h"
#include "proto/conn.h"
#include "proto/uri.h"
#include "proto/value.h"
#include "tests/support/heap-peak.h"

#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX_BYTES (256 * 1024) /* what a socket holds for a reader that comes later */

/* -- the daemon's end ------------------------------------------------------------------------- */

static int take(pyrope_call *call, UNUSED void *self)
{
        pyrope_array array;

        return pyrope_arguments(call, "a", &array);
}

static int grow(pyrope_call *call, UNUSED void *self)
{
        int64_t number;

        return pyrope_arguments(call, "I", &number);
}

static const pyrope_method methods[] = {
        { "take", "value", take, 0, NULL },
        { "grow", "number", grow, 0, NULL },
        { 0 },
};

static const pyrope_class class_ = { .name = "Target", .methods = methods };

static Registry registry;
static StreamTable streams;
static Call call;

static void must(int r)
{
        bombs_must(r == 0, "set-up");
}

static void set_up(void)
{
        static bool is_ready;
        Object *object = NULL;

        if (is_ready)
                return;
        registry_init(&registry);
        must(object_new("target", &class_, NULL, &object, NULL));
        must(registry_add(&registry, object));
        stream_table_init(&streams);
        must(call_init(&call, NULL, &streams, FRAME_MESSAGE_MAX_BYTES));
        is_ready = true;
}

/* Whether the call ends in an exception, or the conversation ends. */
static bool refuses_call(const Frame *frame, uint64_t n_max)
{
        CLEANUP(invocation_deinit) Invocation invocation = { .flags = 0 };
        CLEANUP(object_unrefp) Object *object = NULL;
        Answer answer;
        int r;

        r = dispatch_read(frame, n_max, &call, &invocation);
        if (r == 0)
                r = dispatch_find(&registry, &invocation, &call, &object);
        call.object = object;
        if (r == 0)
                r = dispatch_run(&invocation, &call);
        if (r == DISPATCH_E_CLOSE)
                return true;
        must(dispatch_answer(r, &frame->header, &call, &answer));
        return answer.header.flags & FRAME_EXCEPTION;
}

static bool daemon_refuses(const Bomb *bomb, const Buffer *bytes)
{
        const Session session = {
                .is_open = bomb->place == BOMB_CALL,
                .n_max = bomb->n_max ? bomb->n_max : FRAME_MESSAGE_MAX_BYTES,
        };
        SessionReject reject;
        size_t n_needed;
        Answer answer;
        Frame frame;
        int r;

        call_reset(&call);
        r = session_next(&session, bytes->data, bytes->n, &frame, &n_needed, &reject);
        if (r == SESSION_E_REJECT)
                must(dispatch_reject(&reject, &call, &answer));
        if (r)
                return r != SESSION_E_INCOMPLETE;
        if (session.is_open)
                return refuses_call(&frame, session.n_max);
        return dispatch_connect(&registry, &frame, &call, &answer) == DISPATCH_E_RAISED;
}

/* -- the client's end ------------------------------------------------------------------------- */

static bool client_refuses(const Bomb *bomb, const Buffer *bytes)
{
        static const ConnCall asked = { .object = "target", .method = "take" };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const int n_buffer = ANSWER_MAX_BYTES;
        pyrope_status status;
        int fds[2];
        Conn conn;

        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
        must(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &n_buffer, sizeof(n_buffer)));
        must(send(fds[1], bytes->data, bytes->n, MSG_DONTWAIT) != (ssize_t)bytes->n);
        conn_init(&conn, fds[0], bomb->n_max ? (uint32_t)bomb->n_max : FRAME_MESSAGE_MAX_BYTES);
        status = conn_invoke(&conn, &asked, DEADLINE_NONE, &value, &error);
        conn_deinit(&conn);
        must(close(fds[1]));
        return status != PYROPE_OK && error;
}

static bool text_is_refused(const Buffer *bytes)
{
        CLEANUP(location_deinit) Location location = { .port = 0 };
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };
        CLEANUP(freep) char *text = strndup((const char *)bytes->data, bytes->n);

        if (!text)
                abort();
        return uri_parse(text, &uri) == URI_E_INVALID &&
               location_parse(text, &location) == URI_E_INVALID;
}

static bool is_refused(const Bomb *bomb, const Buffer *bytes)
{
        if (bomb->place == BOMB_TEXT)
                return text_is_refused(bytes);
        return bomb->place == BOMB_ANSWER ? client_refuses(bomb, bytes)
                                          : daemon_refuses(bomb, bytes);
}

Damage decoder_try(const Bomb *bomb, const Buffer *bytes)
{
        Damage damage;
        double begun;

        set_up();
        heap_peak_begin();
        begun = bombs_now_ms();
        damage.is_refused = is_refused(bomb, bytes);
        damage.ms = bombs_now_ms() - begun;
        damage.n_memory = heap_peak();
        return damage;
}
