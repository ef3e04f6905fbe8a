/* SPDX-License-Identifier: MIT */

/*
 * What a program does with a daemon: options, objects, running until a signal.
 */

#include "broker/daemon.h"

#include "base/log.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"
#include "tests/unit/wire-client.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* -- a class ---------------------------------------------------------------------------------- */

static sem_t entered;
static sem_t let_go;
static atomic_int n_released;

static int whoami(pyrope_call *call, UNUSED void *self)
{
        ck_assert_uint_eq(pyrope_call_uid(call), geteuid());
        return pyrope_reply(call, "s", pyrope_call_object(call));
}

static int hold(pyrope_call *call, UNUSED void *self)
{
        sem_post(&entered);
        while (sem_wait(&let_go)) {
        }
        return pyrope_reply(call, "s", "held");
}

static int hang(UNUSED pyrope_call *call, UNUSED void *self)
{
        while (pause()) {
        }
        return 0;
}

static int stop(pyrope_call *call, UNUSED void *self)
{
        pyrope_daemon_stop(pyrope_call_daemon(call));
        return 0;
}

static void released(void *self)
{
        ck_assert_ptr_eq(self, &n_released);
        n_released++;
}

static int tell_proxy(pyrope_call *call, UNUSED void *self)
{
        const char *id = NULL;

        if (pyrope_arguments(call, "s", &id))
                return PYROPE_RAISED;
        return pyrope_reply_proxy(call, id);
}

static int tell_uri(pyrope_call *call, UNUSED void *self)
{
        const char *id = NULL;

        if (pyrope_arguments(call, "s", &id))
                return PYROPE_RAISED;
        return pyrope_reply_uri(call, id);
}

static sem_t session_ended;
static atomic_int n_sessions;

static void end_session(void *session)
{
        free(session);
        n_sessions--;
        sem_post(&session_ended);
}

/* How often this connection has called it. */
static int visit(pyrope_call *call, UNUSED void *self)
{
        atomic_int *n_visits = pyrope_call_session(call);

        if (!n_visits) {
                n_visits = calloc(1, sizeof(*n_visits));
                n_sessions++;
                ck_assert_int_eq(pyrope_call_keep_session(call, n_visits, end_session), PYROPE_OK);
                ck_assert_int_eq(pyrope_call_keep_session(call, n_visits, end_session),
                                 PYROPE_E_EXISTS);
        }
        ck_assert_int_eq(pyrope_call_keep_session(call, NULL, NULL), PYROPE_E_INVALID);
        return pyrope_reply(call, "i", ++*n_visits);
}

static const pyrope_method methods[] = {
        { "visit", NULL, visit, 0, NULL },        { "whoami", NULL, whoami, 0, NULL },
        { "proxy", "[id]", tell_proxy, 0, NULL }, { "uri", "[id]", tell_uri, PYROPE_ONEWAY, NULL },
        { "hold", NULL, hold, 0, NULL },          { "hang", NULL, hang, 0, NULL },
        { "stop", NULL, stop, 0, NULL },          { 0 },
};

static const pyrope_class class_of_objects = {
        .name = "Thing",
        .methods = methods,
        .released = released,
};

/* -- a daemon --------------------------------------------------------------------------------- */

static pyrope_daemon *daemon_;
static char path[PATH_MAX];

static void setup(void)
{
        const pyrope_daemon_options options = { .socket = path };
        pyrope_error *error = NULL;

        scratch_setup();
        unsetenv("LISTEN_FDS");
        unsetenv("PYROPE_SOCKET");
        unsetenv("PYROPE_OBJECT");
        setenv("PYROPE_RUNTIME_DIR", scratch_dir, 1);
        sem_init(&entered, 0, 0);
        sem_init(&let_go, 0, 0);
        snprintf(path, sizeof(path), "%s", scratch_path("s"));
        ck_assert_msg(pyrope_daemon_new(&options, &daemon_, &error) == PYROPE_OK, "%s",
                      pyrope_error_text(error));
}

static void teardown(void)
{
        daemon_ = pyrope_daemon_free(daemon_);
        scratch_teardown();
}

static pyrope_status add(const char *id)
{
        return pyrope_daemon_register(daemon_, id, &class_of_objects, &n_released, NULL);
}

static void expect_uri(const char *id, const char *format)
{
        char expected[PATH_MAX + 100];
        char *uri = pyrope_daemon_uri(daemon_, id);

        snprintf(expected, sizeof(expected), "%s@./u:%s", format, path);
        ck_assert_ptr_nonnull(uri);
        ck_assert_str_eq(uri, expected);
        free(uri);
}

/* -- options ---------------------------------------------------------------------------------- */

static void expect_no_daemon(const pyrope_daemon_options *options, pyrope_status expected)
{
        pyrope_daemon *daemon = NULL;
        pyrope_error *error = NULL;

        ck_assert_int_eq(pyrope_daemon_new(options, &daemon, &error), expected);
        ck_assert_ptr_null(daemon);
        ck_assert_int_eq(pyrope_error_status(error), expected);
        ck_assert_uint_gt(strlen(pyrope_error_text(error)), 0);
        pyrope_error_free(error);
}

START_TEST(a_socket_that_cannot_be_had_is_told)
{
        pyrope_daemon_options options = { .socket = path };

        expect_no_daemon(&options, PYROPE_E_EXISTS);
        options.socket = "/tmp/pyrope-test-public";
        expect_no_daemon(&options, PYROPE_E_DENIED);
        options.socket = "relative";
        expect_no_daemon(&options, PYROPE_E_INVALID);
        options.socket =
                "/a-path-that-is-far-too-long-for-a-socket/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        expect_no_daemon(&options, PYROPE_E_INVALID);
        ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(limits_beyond_the_protocol_are_refused)
{
        expect_no_daemon(&(pyrope_daemon_options){ .message_max_bytes = (uint64_t)1 << 32 },
                         PYROPE_E_INVALID);
        expect_no_daemon(&(pyrope_daemon_options){ .n_workers_max = 4097 }, PYROPE_E_INVALID);
        expect_no_daemon(&(pyrope_daemon_options){ .spin_us = 1001 }, PYROPE_E_INVALID);
}
END_TEST

START_TEST(a_daemon_that_never_ran_leaves_nothing)
{
        ck_assert_int_eq(add("x"), PYROPE_OK);
        daemon_ = pyrope_daemon_free(daemon_);
        ck_assert_ptr_null(daemon_);
        ck_assert_int_ne(access(path, F_OK), 0);
        ck_assert_int_eq(n_released, 1);
        ck_assert_ptr_null(pyrope_daemon_free(NULL));
}
END_TEST

START_TEST(a_daemon_that_was_stopped_before_it_started_ends_at_once)
{
        pyrope_daemon_stop(daemon_);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_wait(daemon_, 60000), PYROPE_OK);
        ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* -- objects ---------------------------------------------------------------------------------- */

START_TEST(the_first_object_names_the_daemon)
{
        ck_assert_ptr_null(pyrope_daemon_uri(daemon_, NULL));
        ck_assert_int_eq(add("one"), PYROPE_OK);
        ck_assert_int_eq(add("two"), PYROPE_OK);
        expect_uri(NULL, "PYRO:one");
        expect_uri("two", "PYRO:two");
        expect_uri("Pyro.Daemon", "PYRO:Pyro.Daemon");
        ck_assert_ptr_null(pyrope_daemon_uri(daemon_, "three"));
}
END_TEST

START_TEST(an_id_is_taken_once)
{
        pyrope_error *error = NULL;

        ck_assert_int_eq(add("one"), PYROPE_OK);
        ck_assert_int_eq(
                pyrope_daemon_register(daemon_, "one", &class_of_objects, &n_released, &error),
                PYROPE_E_EXISTS);
        ck_assert_str_eq(pyrope_error_text(error), "there is an object 'one' already");
        pyrope_error_free(error);
        ck_assert_int_eq(add("Pyro.Daemon"), PYROPE_E_EXISTS);
        ck_assert_int_eq(n_released, 0); /* of what was never registered nothing is released */
}
END_TEST

static const char *const wrong_ids[] = { "", "a b", "a\tb", "a@b", "caf\xe9", "a\x7f" };

START_TEST(an_id_that_would_break_its_uri_is_refused)
{
        ck_assert_int_eq(add(wrong_ids[_i]), PYROPE_E_INVALID);
}
END_TEST

START_TEST(the_longest_id_is_taken_and_a_longer_one_refused)
{
        char id[OBJECT_ID_MAX_BYTES + 2];

        memset(id, 'x', sizeof(id));
        id[OBJECT_ID_MAX_BYTES + 1] = '\0';
        ck_assert_int_eq(add(id), PYROPE_E_INVALID);
        id[OBJECT_ID_MAX_BYTES] = '\0';
        ck_assert_int_eq(add(id), PYROPE_OK);
}
END_TEST

START_TEST(a_wrong_class_is_refused_with_the_reason)
{
        const pyrope_method wrong[] = { { "_m", NULL, whoami, 0, NULL }, { 0 } };
        const pyrope_class class_ = { .name = "Wrong", .methods = wrong };
        pyrope_error *error = NULL;

        ck_assert_int_eq(pyrope_daemon_register(daemon_, "x", &class_, NULL, &error),
                         PYROPE_E_INVALID);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), "class Wrong: '_m' is a private"));
        pyrope_error_free(error);
}
END_TEST

START_TEST(without_an_id_the_job_managers_is_taken_then_random_ones)
{
        char *uri;

        setenv("PYROPE_OBJECT", "ThermalSolver-abc", 1);
        ck_assert_int_eq(add(NULL), PYROPE_OK);
        expect_uri(NULL, "PYRO:ThermalSolver-abc");
        ck_assert_int_eq(add(NULL), PYROPE_OK);
        ck_assert_int_eq(add(NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_unregister(daemon_, "ThermalSolver-abc"), PYROPE_OK);
        uri = pyrope_daemon_uri(daemon_, NULL);
        ck_assert_int_eq(strncmp(uri, "PYRO:obj_", 9), 0);
        free(uri);
        setenv("PYROPE_OBJECT", "bad id", 1);
        ck_assert_int_eq(add(NULL), PYROPE_E_INVALID);
}
END_TEST

START_TEST(an_unregistered_object_answers_no_new_call_but_the_running_one)
{
        WireClient running;
        WireClient client;

        ck_assert_int_eq(add("one"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK); /* does no harm */
        running = wire_open(path, "one");
        client = wire_open(path, "one");
        wire_invoke(&running, 0, "one", "hold", "[]");
        ck_assert_int_eq(sem_wait(&entered), 0);
        ck_assert_int_eq(pyrope_daemon_unregister(daemon_, "one"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_unregister(daemon_, "one"), PYROPE_E_NOT_FOUND);
        wire_invoke(&client, 0, "one", "whoami", "[]");
        wire_expect_exception(&client, "Pyro5.errors.DaemonError", "unknown object");
        ck_assert_int_eq(n_released, 0);
        sem_post(&let_go);
        wire_expect_str(&running, "held");
        daemon_ = pyrope_daemon_free(daemon_);
        ck_assert_int_eq(n_released, 1);
        wire_close(&running);
        wire_close(&client);
}
END_TEST

START_TEST(the_daemons_own_object_cannot_be_taken_away)
{
        ck_assert_int_eq(pyrope_daemon_unregister(daemon_, "Pyro.Daemon"), PYROPE_E_NOT_FOUND);
}
END_TEST

START_TEST(the_daemons_own_object_tells_about_the_others)
{
        WireClient client;

        ck_assert_int_eq(add("one"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        client = wire_open(path, "Pyro.Daemon");
        for (int i = 0; i < 2; i++) {
                CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };

                wire_invoke(&client, 0, "Pyro.Daemon", i ? "get_metadata" : "registered",
                            i ? "[s]" : "[]", "one");
                ck_assert(wire_receive(&client, &answer));
                ck_assert_int_eq(answer.header.flags, 0);
                ck_assert_uint_eq(
                        pyrope_count(i ? pyrope_find(answer.payload, "methods") : answer.payload),
                        i ? ARRAY_SIZE(methods) - 1 : 2);
        }
        wire_invoke(&client, 0, "Pyro.Daemon", "get_metadata", "[s]", "stranger");
        wire_expect_exception(&client, "Pyro5.errors.DaemonError", "unknown object");
        wire_invoke(&client, 0, "Pyro.Daemon", "get_next_stream_item", "[s]", "x");
        wire_expect_exception(&client, "Pyro5.errors.PyroError", "item stream terminated");
        wire_invoke(&client, 0, "one", "whoami", "[]");
        wire_expect_str(&client, "one");
        wire_close(&client);
}
END_TEST

START_TEST(objects_are_told_as_uris_and_as_proxies_with_their_metadata)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        CLEANUP(wire_answer_deinit) WireAnswer proxy = { .bytes = BUFFER_INIT(0) };
        CLEANUP(freep) char *uri = NULL;
        WireClient client;
        pyrope_view state;

        ck_assert_int_eq(add("one"), PYROPE_OK);
        ck_assert_int_eq(add("two"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        client = wire_open(path, "one");
        wire_invoke(&client, 0, "one", "uri", "[]");
        ck_assert(wire_receive(&client, &answer));
        ck_assert(pyrope_str_equals(pyrope_find(answer.payload, "__class__"), "Pyro5.core.URI"));
        state = pyrope_find(answer.payload, "state");
        ck_assert(pyrope_str_equals(pyrope_at(state, 1), "one"));
        ck_assert(pyrope_str_equals(pyrope_at(state, 2), path));

        wire_invoke(&client, 0, "one", "proxy", "[s]", "two");
        ck_assert(wire_receive(&client, &proxy));
        ck_assert(pyrope_str_equals(pyrope_find(proxy.payload, "__class__"), "Pyro5.client.Proxy"));
        state = pyrope_find(proxy.payload, "state");
        uri = pyrope_daemon_uri(daemon_, "two");
        ck_assert(pyrope_str_equals(pyrope_at(state, 0), uri));
        ck_assert(pyrope_str_equals(pyrope_at(pyrope_at(state, 1), 0), "uri"));
        ck_assert_uint_eq(pyrope_count(pyrope_at(state, 2)), ARRAY_SIZE(methods) - 1);

        wire_invoke(&client, 0, "one", "proxy", "[s]", "three");
        wire_expect_exception(&client, "Pyro5.errors.DaemonError", "unknown object: three");
        wire_close(&client);
}
END_TEST

START_TEST(a_session_is_one_connections_and_ends_with_it)
{
        WireClient one;
        WireClient other;

        sem_init(&session_ended, 0, 0);
        ck_assert_int_eq(add("a"), PYROPE_OK);
        ck_assert_int_eq(add("b"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        one = wire_open(path, "a");
        other = wire_open(path, "a");
        for (int i = 1; i <= 3; i++) {
                wire_invoke(&one, 0, i % 2 ? "a" : "b", "visit", "[]");
                wire_expect_int(&one, i);
        }
        wire_invoke(&other, 0, "a", "visit", "[]");
        wire_expect_int(&other, 1);
        ck_assert_int_eq(n_sessions, 2);

        /* Also the last call, which nobody waits for, still has it. */
        wire_invoke(&one, FRAME_ONEWAY, "a", "visit", "[]");
        wire_close(&one);
        ck_assert_int_eq(sem_wait(&session_ended), 0);
        ck_assert_int_eq(n_sessions, 1);
        daemon_ = pyrope_daemon_free(daemon_);
        ck_assert_int_eq(n_sessions, 0);
        wire_close(&other);
}
END_TEST

START_TEST(objects_are_told_by_the_listener_that_the_caller_came_by)
{
        const pyrope_daemon_options options = { .socket = scratch_path("b"),
                                                .listen = "127.0.0.1:0" };
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        CLEANUP(freep) char *unix_uri = NULL;
        CLEANUP(freep) char *tcp_uri = NULL;
        pyrope_daemon *both = NULL;
        WireClient client;

        ck_assert_ptr_null(pyrope_daemon_tcp_uri(daemon_, NULL));
        ck_assert_int_eq(pyrope_daemon_new(&options, &both, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_register(both, "o", &class_of_objects, &n_released, NULL),
                         PYROPE_OK);
        unix_uri = pyrope_daemon_uri(both, "o");
        tcp_uri = pyrope_daemon_tcp_uri(both, "o");
        ck_assert_ptr_nonnull(strstr(unix_uri, "PYRO:o@./u:/"));
        ck_assert_ptr_nonnull(strstr(tcp_uri, "PYRO:o@127.0.0.1:"));

        ck_assert_int_eq(pyrope_daemon_start(both, NULL), PYROPE_OK);
        client = wire_open_port(strrchr(tcp_uri, ':') + 1, "o");
        wire_invoke(&client, 0, "o", "proxy", "[]");
        ck_assert(wire_receive(&client, &answer));
        ck_assert(pyrope_str_equals(pyrope_at(pyrope_find(answer.payload, "state"), 0), tcp_uri));
        wire_close(&client);
        pyrope_daemon_free(both);
}
END_TEST

START_TEST(the_log_names_connection_call_and_outcome)
{
        const char *text;
        WireClient client;

        ck_assert_int_eq(add("one"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        capture_start(STDERR_FILENO);
        log_set_level(LOG_LEVEL_DEBUG);
        client = wire_open(path, "one");
        wire_invoke(&client, 0, "one", "whoami", "[]");
        wire_expect_str(&client, "one");
        wire_close(&client);
        daemon_ = pyrope_daemon_free(daemon_);
        log_set_level(LOG_LEVEL_WARNING);
        text = capture_end();
        ck_assert_msg(strstr(text, " conn=1: opened by user "), "%s", text);
        ck_assert_msg(strstr(text, " conn=1 call=1: one.whoami: done after "), "%s", text);
}
END_TEST

/* -- running ---------------------------------------------------------------------------------- */

typedef struct Program Program;

struct Program {
        pid_t pid;
        int out; /* its standard output */
        char uri[PATH_MAX + 100];
};

/* pyrope_serve() as a program of its own, until it says that it is ready. */
static Program start_program(void)
{
        Program program = { .pid = -1 };
        char line[sizeof(program.uri)] = "";
        int out[2];
        ssize_t n;

        ck_assert_int_eq(pipe(out), 0);
        program.pid = fork();
        ck_assert_int_ge(program.pid, 0);
        if (program.pid == 0) {
                dup2(out[1], STDOUT_FILENO);
                signal(SIGTERM, SIG_DFL); /* Check has handlers of its own */
                signal(SIGINT, SIG_DFL);
                unsetenv("PYROPE_LOG");
                _exit(pyrope_serve(&class_of_objects, &n_released, "served"));
        }
        (void)close(out[1]);
        program.out = out[0];
        n = read(program.out, line, sizeof(line) - 1);
        ck_assert_int_gt(n, 0);
        ck_assert_msg(sscanf(line, "READY %s\n", program.uri) == 1, "'%s'", line);
        ck_assert_ptr_nonnull(strstr(program.uri, "PYRO:served@./u:"));
        return program;
}

static const char *socket_of(const Program *program)
{
        return strchr(program->uri, ':') + strlen(":served@./u:");
}

/* Returns its wait status. */
static int end_of(Program *program)
{
        int status;

        ck_assert_int_eq(waitpid(program->pid, &status, 0), program->pid);
        (void)close(program->out);
        ck_assert_int_ne(access(socket_of(program), F_OK), 0);
        return status;
}

static const int ending_signals[] = { SIGTERM, SIGINT };

START_TEST(a_program_serves_until_a_signal_and_leaves_nothing)
{
        Program program = start_program();
        WireClient client = wire_open(socket_of(&program), "served");

        wire_invoke(&client, 0, "served", "whoami", "[]");
        wire_expect_str(&client, "served");
        ck_assert_int_eq(kill(program.pid, ending_signals[_i]), 0);
        wire_expect_end(&client);
        ck_assert_int_eq(end_of(&program), 0);
        wire_close(&client);
}
END_TEST

START_TEST(a_program_ends_when_a_method_stops_the_daemon)
{
        Program program = start_program();
        WireClient client = wire_open(socket_of(&program), "served");

        wire_invoke(&client, 0, "served", "stop", "[]");
        ck_assert_int_eq(end_of(&program), 0);
        wire_close(&client);
}
END_TEST

START_TEST(a_second_signal_ends_a_program_whose_method_hangs)
{
        Program program = start_program();
        WireClient client = wire_open(socket_of(&program), "served");
        int status;

        wire_invoke(&client, 0, "served", "hang", "[]");
        wire_close(&client);
        client = wire_open(socket_of(&program), "served");
        ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
        wire_expect_end(&client); /* it has seen the first */
        wire_close(&client);
        /* The first may not be dealt with yet; a signal that is pending twice counts once. */
        while (waitpid(program.pid, &status, WNOHANG) == 0) {
                ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
                poll(NULL, 0, 10);
        }
        ck_assert(WIFSIGNALED(status));
        ck_assert_int_eq(WTERMSIG(status), SIGTERM);
        ck_assert_int_ne(access(socket_of(&program), F_OK), 0);
        (void)close(program.out);
}
END_TEST

START_TEST(a_program_that_cannot_serve_says_why)
{
        int err[2];
        int status;
        char line[1000] = "";
        pid_t pid;

        setenv("PYROPE_SOCKET", path, 1); /* taken */
        ck_assert_int_eq(pipe(err), 0);
        pid = fork();
        if (pid == 0) {
                dup2(err[1], STDERR_FILENO);
                _exit(pyrope_serve(&class_of_objects, &n_released, NULL));
        }
        (void)close(err[1]);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 1 << 8);
        ck_assert_int_gt(read(err[0], line, sizeof(line) - 1), 0);
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
        ck_assert_ptr_nonnull(strstr(line, path));
        (void)close(err[0]);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("daemon");
        TCase *options = tcase_create("options");
        TCase *objects = tcase_create("objects");
        TCase *running = tcase_create("running");

        tcase_add_checked_fixture(options, setup, teardown);
        tcase_add_test(options, a_socket_that_cannot_be_had_is_told);
        tcase_add_test(options, limits_beyond_the_protocol_are_refused);
        tcase_add_test(options, a_daemon_that_never_ran_leaves_nothing);
        tcase_add_test(options, a_daemon_that_was_stopped_before_it_started_ends_at_once);
        tcase_add_checked_fixture(objects, setup, teardown);
        tcase_add_test(objects, the_first_object_names_the_daemon);
        tcase_add_test(objects, an_id_is_taken_once);
        tcase_add_loop_test(objects, an_id_that_would_break_its_uri_is_refused, 0,
                            ARRAY_SIZE(wrong_ids));
        tcase_add_test(objects, the_longest_id_is_taken_and_a_longer_one_refused);
        tcase_add_test(objects, a_wrong_class_is_refused_with_the_reason);
        tcase_add_test(objects, without_an_id_the_job_managers_is_taken_then_random_ones);
        tcase_add_test(objects, an_unregistered_object_answers_no_new_call_but_the_running_one);
        tcase_add_test(objects, the_daemons_own_object_cannot_be_taken_away);
        tcase_add_test(objects, the_daemons_own_object_tells_about_the_others);
        tcase_add_test(objects, a_session_is_one_connections_and_ends_with_it);
        tcase_add_test(objects, objects_are_told_by_the_listener_that_the_caller_came_by);
        tcase_add_test(objects, the_log_names_connection_call_and_outcome);
        tcase_add_test(objects, objects_are_told_as_uris_and_as_proxies_with_their_metadata);
        tcase_add_checked_fixture(running, setup, teardown);
        tcase_add_loop_test(running, a_program_serves_until_a_signal_and_leaves_nothing, 0,
                            ARRAY_SIZE(ending_signals));
        tcase_add_test(running, a_program_ends_when_a_method_stops_the_daemon);
        tcase_add_test(running, a_second_signal_ends_a_program_whose_method_hangs);
        tcase_add_test(running, a_program_that_cannot_serve_says_why);
        suite_add_tcase(suite, options);
        suite_add_tcase(suite, objects);
        suite_add_tcase(suite, running);
        return unit_run(suite);
}
