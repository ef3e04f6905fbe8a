/* SPDX-License-Identifier: MIT */

/*
 * Item streams that wait: many wait at once in a daemon that runs one call at a time, and none of
 * them keeps it from anything.
 */

#include "broker/bell.h"

#include "base/clock.h"
#include "base/unix-socket.h"
#include "proto/conn.h"
#include "proto/value.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LIMIT     (1u << 20)
#define N_WAITING 20u

/* One number, which say() changes; a stream gives each that it sees, and ends at -1. */
static pyrope_daemon *server;
static pyrope_bell *bell;
static atomic_int said;
static atomic_uint n_closed;
static sem_t waiting; /* posted when an item has nothing to say */

typedef struct Seen {
        int last;
        pyrope_bell *own; /* or NULL: it waits for the common one */
} Seen;

static int next(pyrope_call *call, void *state)
{
        Seen *seen = state;
        pyrope_bell *waits_for = seen->own ? seen->own : bell;
        const uint64_t n_rings = pyrope_bell_rings(waits_for);

        if (said == -1)
                return PYROPE_STREAM_END;
        if (said == seen->last) {
                sem_post(&waiting);
                return pyrope_wait_bell(call, waits_for, n_rings);
        }
        seen->last = said;
        return pyrope_reply(call, "i", seen->last);
}

static void end(void *state)
{
        Seen *seen = state;

        n_closed++;
        pyrope_bell_free(seen->own);
        free(seen);
}

static const pyrope_stream_class numbers = { .next = next, .close = end };

static int listen_to(pyrope_call *call, UNUSED void *self)
{
        return pyrope_reply_stream(call, &numbers, calloc(1, sizeof(Seen)));
}

static int listen_alone(pyrope_call *call, UNUSED void *self)
{
        Seen *seen = calloc(1, sizeof(*seen));

        seen->own = pyrope_bell_new(server);
        return pyrope_reply_stream(call, &numbers, seen);
}

static int say(pyrope_call *call, UNUSED void *self)
{
        int number;

        if (pyrope_arguments(call, "i", &number))
                return PYROPE_RAISED;
        said = number;
        pyrope_bell_ring(bell);
        return 0;
}

static const pyrope_method methods[] = {
        { "listen", NULL, listen_to, 0, NULL },
        { "listen_alone", NULL, listen_alone, 0, NULL },
        { "say", "number", say, 0, NULL },
        { 0 },
};
static const pyrope_class serial = { .name = "Serial", .methods = methods };

static void setup(void)
{
        pyrope_daemon_options options = { .n_workers_max = 1 };

        scratch_setup();
        options.socket = scratch_path("d.sock");
        sem_init(&waiting, 0, 0);
        ck_assert_int_eq(pyrope_daemon_new(&options, &server, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_register(server, "o", &serial, NULL, NULL), PYROPE_OK);
        bell = pyrope_bell_new(server);
        ck_assert_ptr_nonnull(bell);
        ck_assert_int_eq(pyrope_daemon_start(server, NULL), PYROPE_OK);
}

static void teardown(void)
{
        bell = pyrope_bell_free(bell);
        server = pyrope_daemon_free(server);
        sem_destroy(&waiting);
        scratch_teardown();
}

/* -- a client --------------------------------------------------------------------------------- */

static void open_conn(Conn *conn)
{
        pyrope_value *metadata = NULL;
        int fd;

        ck_assert_int_eq(unix_connect(scratch_path("d.sock"), deadline_in(60000), &fd), 0);
        conn_init(conn, fd, LIMIT);
        ck_assert_int_eq(conn_connect(conn, "o", deadline_in(60000), &metadata, NULL), PYROPE_OK);
        pyrope_value_free(metadata);
}

static pyrope_status invoke(Conn *conn, const char *object, const char *method,
                            const char *argument, int number, ConnAnswer *answer,
                            pyrope_value **ret)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *args = NULL;
        ConnCall call = { .object = object, .method = method, .answer = answer };

        if (argument)
                pyrope_pack(writer, "[s]", argument);
        else if (strcmp(method, "say") == 0)
                pyrope_pack(writer, "[i]", number);
        else
                pyrope_pack(writer, "[]");
        ck_assert_int_eq(pyrope_writer_take(writer, &args, NULL), PYROPE_OK);
        call.args = pyrope_value_view(args);
        return conn_invoke(conn, &call, deadline_in(60000), ret, NULL);
}

static void tell(Conn *conn, int number)
{
        pyrope_value *result = NULL;

        ck_assert_int_eq(invoke(conn, "o", "say", NULL, number, NULL, &result), PYROPE_OK);
        pyrope_value_free(result);
}

typedef struct Listening {
        Conn conn;
        ConnAnswer answer;
        pthread_t thread;
        pyrope_status status; /* of the item */
        int64_t number;
} Listening;

static void begin_listening(Listening *listening, const char *method)
{
        *listening = (Listening){ .answer = CONN_ANSWER_INIT };
        open_conn(&listening->conn);
        ck_assert_int_eq(invoke(&listening->conn, "o", method, NULL, 0, &listening->answer, NULL),
                         PYROPE_OK);
        ck_assert_str_ne(listening->answer.stream_id, "");
}

static void *ask(void *userdata)
{
        CLEANUP(pyrope_value_freep) pyrope_value *item = NULL;
        Listening *listening = userdata;

        listening->status = invoke(&listening->conn, "Pyro.Daemon", "get_next_stream_item",
                                   listening->answer.stream_id, 0, NULL, &item);
        if (listening->status == PYROPE_OK)
                (void)pyrope_get_int(pyrope_value_view(item), &listening->number);
        return NULL;
}

/* Asks for an item in a thread of its own, and comes back when that has to wait. */
static void ask_and_wait(Listening *listening)
{
        struct timespec until;

        ck_assert_int_eq(pthread_create(&listening->thread, NULL, ask, listening), 0);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 60;
        ck_assert_int_eq(sem_timedwait(&waiting, &until), 0);
}

static void end_listening(Listening *listening)
{
        conn_deinit(&listening->conn);
        conn_answer_deinit(&listening->answer);
}

START_TEST(items_wait_without_a_thread_and_without_a_turn)
{
        Listening listening[N_WAITING];
        Conn conn;

        open_conn(&conn);
        for (unsigned i = 0; i < N_WAITING; i++) {
                begin_listening(&listening[i], "listen");
                ask_and_wait(&listening[i]);
        }

        tell(&conn, 7);
        for (unsigned i = 0; i < N_WAITING; i++) {
                pthread_join(listening[i].thread, NULL);
                ck_assert_int_eq(listening[i].status, PYROPE_OK);
                ck_assert_int_eq(listening[i].number, 7);
                end_listening(&listening[i]);
        }
        conn_deinit(&conn);
}
END_TEST

START_TEST(a_bell_without_anything_to_say_lets_them_wait_on)
{
        Listening listening;
        Conn conn;

        open_conn(&conn);
        begin_listening(&listening, "listen");
        ask_and_wait(&listening);
        for (int i = 0; i < 3; i++) {
                pyrope_bell_ring(bell);
                while (sem_wait(&waiting) < 0) {
                }
        }

        tell(&conn, -1);
        pthread_join(listening.thread, NULL);
        ck_assert_int_eq(listening.status, PYROPE_E_REMOTE);
        end_listening(&listening);
        conn_deinit(&conn);
}
END_TEST

START_TEST(a_stream_that_is_closed_takes_its_bell_and_ends_its_item)
{
        pyrope_value *result = NULL;
        Listening listening;
        Conn conn;

        open_conn(&conn);
        begin_listening(&listening, "listen_alone");
        ask_and_wait(&listening);

        ck_assert_int_eq(invoke(&conn, "Pyro.Daemon", "close_stream", listening.answer.stream_id, 0,
                                NULL, &result),
                         PYROPE_OK);
        pyrope_value_free(result);
        pthread_join(listening.thread, NULL);
        ck_assert_int_eq(listening.status, PYROPE_E_REMOTE);
        ck_assert_uint_eq(n_closed, 1);
        end_listening(&listening);
        conn_deinit(&conn);
}
END_TEST

START_TEST(who_hangs_up_while_waiting_is_found_out_by_the_next_item)
{
        Listening listening;
        Listening other;
        Conn conn;
        int fd;

        open_conn(&conn);
        begin_listening(&listening, "listen");
        fd = listening.conn.fd;
        ask_and_wait(&listening);
        shutdown(fd, SHUT_RDWR);
        pthread_join(listening.thread, NULL);
        ck_assert_int_ne(listening.status, PYROPE_OK);
        end_listening(&listening);

        tell(&conn, 3);
        begin_listening(&other, "listen");
        ask(&other);
        ck_assert_int_eq(other.number, 3);
        end_listening(&other);
        conn_deinit(&conn);
}
END_TEST

START_TEST(a_daemon_that_stops_keeps_nobody_waiting)
{
        Listening listening;

        begin_listening(&listening, "listen");
        ask_and_wait(&listening);

        pyrope_daemon_stop(server);
        ck_assert_int_eq(pyrope_daemon_wait(server, 60000), PYROPE_OK);
        pthread_join(listening.thread, NULL);
        ck_assert_int_ne(listening.status, PYROPE_OK);
        end_listening(&listening);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("broker/bell");
        TCase *tests = tcase_create("bell");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, items_wait_without_a_thread_and_without_a_turn);
        tcase_add_test(tests, a_bell_without_anything_to_say_lets_them_wait_on);
        tcase_add_test(tests, a_stream_that_is_closed_takes_its_bell_and_ends_its_item);
        tcase_add_test(tests, who_hangs_up_while_waiting_is_found_out_by_the_next_item);
        tcase_add_test(tests, a_daemon_that_stops_keeps_nobody_waiting);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
