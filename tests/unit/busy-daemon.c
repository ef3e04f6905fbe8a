/* SPDX-License-Identifier: MIT */

#include "tests/unit/busy-daemon.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

Busy busy;

/* -- the object that is called ---------------------------------------------------------------- */

static void setup_target(void)
{
        sem_init(&busy.entered, 0, 0);
        sem_init(&busy.released, 0, 0);
        sem_init(&busy.noted, 0, 0);
        sem_init(&busy.given, 0, 0);
        busy.n_inside = 0;
        busy.n_inside_most = 0;
        busy.n_noted = 0;
}

void busy_wait(sem_t *sem)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 60;
        ck_assert_int_eq(sem_timedwait(sem, &until), 0);
}

static int echo(pyrope_call *call, UNUSED void *self)
{
        pyrope_write_view(pyrope_result(call), pyrope_argument(call, 0));
        return 0;
}

/* Returns its argument, when it is let go. */
static int hold(pyrope_call *call, UNUSED void *self)
{
        int inside = ++busy.n_inside;

        if (inside > busy.n_inside_most)
                busy.n_inside_most = inside;
        sem_post(&busy.entered);
        while (sem_wait(&busy.released)) {
        }
        busy.n_inside--;
        return echo(call, self);
}

static int note(pyrope_call *call, UNUSED void *self)
{
        int value;

        if (pyrope_arguments(call, "i", &value))
                return PYROPE_RAISED;
        busy.notes[busy.n_noted++ % BUSY_NOTES_MAX] = value;
        sem_post(&busy.noted);
        return 0;
}

static int fill(pyrope_call *call, UNUSED void *self)
{
        char *bytes;
        int n;

        if (pyrope_arguments(call, "i", &n))
                return PYROPE_RAISED;
        bytes = malloc((size_t)n);
        for (int i = 0; i < n; i++)
                bytes[i] = (char)i;
        pyrope_write_bytes(pyrope_result(call), bytes, (size_t)n);
        free(bytes);
        return 0;
}

static void give(void *bytes)
{
        free(bytes);
        sem_post(&busy.given);
}

static int lend(pyrope_call *call, UNUSED void *self)
{
        char *bytes;
        int n;

        if (pyrope_arguments(call, "i", &n))
                return PYROPE_RAISED;
        bytes = malloc((size_t)n + 1);
        for (int i = 0; i < n; i++)
                bytes[i] = (char)i;
        return pyrope_reply(call, "Y", bytes, (size_t)n, give, bytes);
}

static int size(pyrope_call *call, UNUSED void *self)
{
        return pyrope_reply(call, "I", (int64_t)pyrope_count(pyrope_argument(call, 0)));
}

static int stop(pyrope_call *call, UNUSED void *self)
{
        pyrope_daemon_stop(pyrope_call_daemon(call));
        return pyrope_reply(call, "s", "stopping");
}

static const pyrope_method methods[] = {
        { "echo", "x", echo, 0, NULL },  { "hold", "x", hold, 0, NULL },
        { "note", "x", note, 0, NULL },  { "fill", "n", fill, 0, NULL },
        { "lend", "n", lend, 0, NULL },  { "size", "x", size, 0, NULL },
        { "stop", NULL, stop, 0, NULL }, { 0 },
};

static const pyrope_class serial = { .name = "Serial", .methods = methods };
static const pyrope_class concurrent = {
        .name = "Concurrent",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};

/* -- the daemon ------------------------------------------------------------------------------- */

void busy_setup(void)
{
        static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
        pyrope_daemon_options options = {
                .socket = busy.path,
                .message_max_bytes = BUSY_MESSAGE_MAX,
                .n_workers_max = BUSY_WORKERS_MAX,
        };
        pyrope_error *error = NULL;

        scratch_setup();
        setup_target();
        snprintf(busy.path, sizeof(busy.path), "%s", scratch_path("s"));
        ck_assert_msg(pyrope_daemon_new(&options, &busy.daemon, &error) == PYROPE_OK, "%s",
                      pyrope_error_text(error));
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                ck_assert_int_eq(pyrope_daemon_register(busy.daemon, ids[i], &serial, NULL, NULL),
                                 PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_register(busy.daemon, "all", &concurrent, NULL, NULL),
                         PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(busy.daemon, NULL), PYROPE_OK);
}

void busy_teardown(void)
{
        busy.daemon = pyrope_daemon_free(busy.daemon);
        scratch_teardown();
}

WireClient busy_open(const char *object)
{
        return wire_open(busy.path, object);
}

void busy_expect_echo(WireClient *client, const char *object, int value)
{
        wire_invoke(client, 0, object, "echo", "[i]", value);
        wire_expect_int(client, value);
}
