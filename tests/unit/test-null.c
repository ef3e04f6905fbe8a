/* SPDX-License-Identifier: MIT */

/*
 * What a wrong program gets from the public API, every function of it: NULL where it must not be,
 * and calls in a wrong order. lint.symbols sees to it that no function with a pointer is left out.
 */

#include "tests/unit/unit.h"

#include <pyrope/agent.h>
#include <pyrope/daemon.h>
#include <pyrope/doctor.h>
#include <pyrope/pyrope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const pyrope_view absent;
static char directory[32];
static char path[64];
static pyrope_daemon *daemon_;
static pyrope_context *context;
static pyrope_proxy *proxy;

/* It was refused, with an error that says why. */
static void expect_invalid(pyrope_status status, pyrope_error *error)
{
        ck_assert_int_eq(status, PYROPE_E_INVALID);
        ck_assert_ptr_nonnull(error);
        ck_assert_int_eq(pyrope_error_status(error), PYROPE_E_INVALID);
        pyrope_error_free(error);
}

#define EXPECT_INVALID(call)                                                                       \
        do {                                                                                       \
                pyrope_error *error = NULL;                                                        \
                pyrope_status status_ = (call);                                                    \
                expect_invalid(status_, error);                                                    \
        } while (0)

#define EXPECT_BARE_INVALID(call) ck_assert_int_eq((call), PYROPE_E_INVALID)
#define EXPECT_ABSENT(call)       ck_assert_int_eq(pyrope_type_of(call), PYROPE_ABSENT)

/* -- errors and values ------------------------------------------------------------------------ */

START_TEST(no_error_reads_as_lack_of_memory)
{
        const void *bytes;
        size_t n;

        ck_assert_int_eq(pyrope_error_status(NULL), PYROPE_E_NOMEM);
        ck_assert_str_eq(pyrope_error_text(NULL), pyrope_strerror(PYROPE_E_NOMEM));
        ck_assert_ptr_null(pyrope_error_class(NULL));
        ck_assert_ptr_null(pyrope_error_traceback(NULL));
        ck_assert(!pyrope_error_is_unsent(NULL));
        EXPECT_ABSENT(pyrope_error_arguments(NULL));
        EXPECT_ABSENT(pyrope_error_attribute(NULL, "a"));
        ck_assert(!pyrope_error_annotation(NULL, "ABCD", &bytes, &n));
        ck_assert_ptr_null(pyrope_error_free(NULL));
}
END_TEST

/* A value of each type that is read. */
static pyrope_value *sample(void)
{
        pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;

        pyrope_pack(writer, "{s:b,s:i,s:f,s:s,s:y,s:[i]}", "b", 1, "i", 1, "f", 1.0, "s", "x", "y",
                    "x", (size_t)1, "l", 1);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        pyrope_writer_free(writer);
        return value;
}

START_TEST(readers_refuse_a_place_that_is_none)
{
        pyrope_value *value = sample();
        pyrope_view view = pyrope_value_view(value);
        pyrope_view item = pyrope_find(view, "s");
        pyrope_iter iter = pyrope_each(view);
        const char *text;
        const void *data;
        size_t n;
        int type;

        EXPECT_BARE_INVALID(pyrope_get_bool(pyrope_find(view, "b"), NULL));
        EXPECT_BARE_INVALID(pyrope_get_int(pyrope_find(view, "i"), NULL));
        EXPECT_BARE_INVALID(pyrope_get_uint(pyrope_find(view, "i"), NULL));
        EXPECT_BARE_INVALID(pyrope_get_double(pyrope_find(view, "f"), NULL));
        EXPECT_BARE_INVALID(pyrope_get_str(item, NULL, &n));
        EXPECT_BARE_INVALID(pyrope_get_str(item, &text, NULL));
        EXPECT_BARE_INVALID(pyrope_get_bytes(pyrope_find(view, "y"), NULL, &n));
        EXPECT_BARE_INVALID(pyrope_get_bytes(pyrope_find(view, "y"), &data, NULL));
        EXPECT_BARE_INVALID(pyrope_get_ext(item, NULL, &data, &n));
        EXPECT_BARE_INVALID(pyrope_get_ext(item, &type, NULL, &n));
        EXPECT_BARE_INVALID(pyrope_get_ext(item, &type, &data, NULL));
        EXPECT_BARE_INVALID(pyrope_get_array(view, NULL, NULL));
        EXPECT_BARE_INVALID(pyrope_value_array(value, view, NULL, NULL));
        EXPECT_BARE_INVALID(pyrope_value_array(NULL, view, NULL, &(pyrope_array){ .data = NULL }));
        ck_assert(!pyrope_str_equals(item, NULL));
        EXPECT_ABSENT(pyrope_find(view, NULL));
        ck_assert(!pyrope_next(NULL, NULL, &item));
        ck_assert(!pyrope_next(&iter, NULL, NULL));
        EXPECT_INVALID(pyrope_unpack(view, &error, NULL));
        EXPECT_ABSENT(pyrope_value_view(NULL));
        ck_assert_ptr_null(pyrope_value_ref(NULL));
        ck_assert_ptr_null(pyrope_value_free(value));
        ck_assert_ptr_null(pyrope_value_free(NULL));
}
END_TEST

static void write_str(pyrope_writer *writer)
{
        pyrope_write_str(writer, NULL);
}

static void write_strn(pyrope_writer *writer)
{
        pyrope_write_strn(writer, NULL, 1);
}

static void write_bytes(pyrope_writer *writer)
{
        pyrope_write_bytes(writer, NULL, 1);
}

/* What is not taken is released at once. */
static unsigned n_released;

static void on_released(void *userdata)
{
        (void)userdata;
        n_released++;
}

static void write_bytes_lent(pyrope_writer *writer)
{
        unsigned n_before = n_released;

        pyrope_write_bytes_lent(writer, NULL, (size_t)1 << 20, on_released, NULL);
        ck_assert_uint_eq(n_released, n_before + 1);
}

static void write_array_lent(pyrope_writer *writer)
{
        unsigned n_before = n_released;

        pyrope_write_array_lent(writer, NULL, on_released, NULL);
        ck_assert_uint_eq(n_released, n_before + 1);
}

static void write_uri(pyrope_writer *writer)
{
        pyrope_write_uri(writer, NULL);
}

static void write_proxy(pyrope_writer *writer)
{
        pyrope_write_proxy(writer, NULL);
}

static void write_array(pyrope_writer *writer)
{
        pyrope_write_array(writer, NULL);
}

static void pack(pyrope_writer *writer)
{
        pyrope_pack(writer, NULL);
}

static void pack_key(pyrope_writer *writer)
{
        pyrope_pack(writer, "{s:i}", NULL, 1);
}

static void pack_bytes(pyrope_writer *writer)
{
        pyrope_pack(writer, "y", NULL, (size_t)1);
}

static void pack_array(pyrope_writer *writer)
{
        pyrope_pack(writer, "a", NULL);
}

static void vpack(pyrope_writer *writer, ...)
{
        va_list none;

        va_start(none, writer);
        pyrope_vpack(writer, NULL, none);
        va_end(none);
}

static void vpack_nothing(pyrope_writer *writer)
{
        vpack(writer);
}

static void (*const wrong_writes[])(pyrope_writer *writer) = {
        write_str, write_strn, write_bytes, write_uri,     write_proxy,      write_array,      pack,
        pack_key,  pack_bytes, pack_array,  vpack_nothing, write_bytes_lent, write_array_lent,
};

START_TEST(what_is_written_from_nothing_is_a_failure_that_sticks)
{
        pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;

        wrong_writes[_i](writer);
        EXPECT_INVALID(pyrope_writer_take(writer, &value, &error));
        ck_assert_ptr_null(value);
        wrong_writes[_i](NULL);
        pyrope_writer_free(writer);
}
END_TEST

START_TEST(a_writer_that_is_none_drops_what_is_written)
{
        const pyrope_array array = { .dtype = "|u1", .data = "", .n_dimensions = 0, .n_bytes = 1 };
        pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;

        pyrope_write_nil(NULL);
        pyrope_write_bool(NULL, true);
        pyrope_write_int(NULL, 1);
        pyrope_write_uint(NULL, 1);
        pyrope_write_double(NULL, 1);
        pyrope_write_list(NULL, 1);
        pyrope_write_map(NULL, 1);
        pyrope_write_view(NULL, absent);
        pyrope_write_array(NULL, &array);
        pyrope_write_uri(NULL, "PYRO:a@./u:/s");
        pyrope_pack(NULL, "[i]", 1);
        EXPECT_INVALID(pyrope_writer_take(NULL, &value, &error));
        pyrope_write_int(writer, 1);
        EXPECT_INVALID(pyrope_writer_take(writer, NULL, &error));
        pyrope_write_int(writer, 2); /* it is empty again */
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        pyrope_value_free(value);
        pyrope_writer_free(writer);
        ck_assert_ptr_null(pyrope_writer_free(NULL));
}
END_TEST

/* -- a daemon --------------------------------------------------------------------------------- */

static int nothing(pyrope_call *call, void *self)
{
        (void)call;
        (void)self;
        return 0;
}

/* A call without a call. */
static void expect_nothing_without_a_call(void)
{
        unsigned char uuid[16];
        pyrope_annotation annotation;
        const void *bytes;
        const char *info;
        size_t n;

        EXPECT_ABSENT(pyrope_argument(NULL, 0));
        ck_assert_int_eq(pyrope_arguments(NULL, "i", &n), PYROPE_RAISED);
        EXPECT_BARE_INVALID(pyrope_call_array(NULL, absent, NULL, &(pyrope_array){ .data = NULL }));
        ck_assert_ptr_null(pyrope_result(NULL));
        ck_assert_int_eq(pyrope_reply(NULL, "i", 1), PYROPE_RAISED);
        ck_assert_int_eq(pyrope_reply_uri(NULL, "a"), PYROPE_RAISED);
        ck_assert_int_eq(pyrope_reply_proxy(NULL, "a"), PYROPE_RAISED);
        ck_assert_int_eq(pyrope_reply_stream(NULL, &(pyrope_stream_class){ .next = nothing }, NULL),
                         PYROPE_RAISED);
        ck_assert_ptr_null(pyrope_bell_new(NULL));
        ck_assert_ptr_null(pyrope_bell_free(NULL));
        pyrope_bell_ring(NULL);
        ck_assert_uint_eq(pyrope_bell_rings(NULL), 0);
        ck_assert_int_eq(pyrope_wait_bell(NULL, NULL, 0), PYROPE_RAISED);
        ck_assert_int_eq(pyrope_raise_at("f", 1, NULL, "ValueError", "x"), PYROPE_RAISED);
        ck_assert_ptr_null(pyrope_call_daemon(NULL));
        ck_assert_ptr_null(pyrope_call_object(NULL));
        ck_assert_uint_eq(pyrope_call_uid(NULL), (uid_t)-1);
        ck_assert_ptr_null(pyrope_call_session(NULL));
        EXPECT_BARE_INVALID(pyrope_call_keep_session(NULL, &n, NULL));
        ck_assert_uint_eq(pyrope_call_sequence(NULL), 0);
        ck_assert_uint_eq(pyrope_call_serializer(NULL), 0);
        ck_assert(!pyrope_call_correlation(NULL, uuid));
        ck_assert(!pyrope_call_annotation(NULL, "ABCD", &bytes, &n));
        ck_assert(!pyrope_call_annotation_at(NULL, 0, &annotation));
        ck_assert(!pyrope_call_blob_info(NULL, &info, &n));
        EXPECT_BARE_INVALID(pyrope_annotate(NULL, "ABCD", "", 0));
}

/* A call with nothing beside it. */
static int walk(pyrope_call *call, void *self)
{
        const void *bytes;
        size_t n;

        (void)self;
        EXPECT_BARE_INVALID(pyrope_call_array(call, absent, NULL, NULL));
        EXPECT_BARE_INVALID(pyrope_call_keep_session(call, NULL, NULL));
        ck_assert(!pyrope_call_correlation(call, NULL));
        ck_assert(!pyrope_call_annotation(call, NULL, &bytes, &n));
        ck_assert(!pyrope_call_annotation(call, "ABCD", NULL, &n));
        ck_assert(!pyrope_call_annotation(call, "ABCD", &bytes, NULL));
        ck_assert(!pyrope_call_annotation_at(call, 0, NULL));
        ck_assert(!pyrope_call_blob_info(call, NULL, &n));
        ck_assert(!pyrope_call_blob_info(call, (const char **)&bytes, NULL));
        EXPECT_BARE_INVALID(pyrope_annotate(call, NULL, "", 0));
        EXPECT_BARE_INVALID(pyrope_annotate(call, "ABCD", NULL, 1));
        ck_assert_int_eq(pyrope_arguments(call, NULL), 0); /* there are none */
        ck_assert_int_eq(pyrope_reply_stream(call, NULL, NULL), PYROPE_RAISED);
        ck_assert_int_eq(pyrope_wait_bell(call, NULL, 0), PYROPE_RAISED);
        return pyrope_reply(call, "s", "walked");
}

static int reply_nothing(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, NULL);
}

static int raise_nothing(pyrope_call *call, void *self)
{
        /* By a pointer, for the compiler refuses a format that is NULL. */
        int (*raise)(const char *, int, pyrope_call *, const char *, const char *, ...) =
                pyrope_raise_at;

        (void)self;
        return raise(NULL, 1, call, NULL, NULL);
}

static const pyrope_method methods[] = {
        { "walk", NULL, walk, 0, NULL },
        { "reply_nothing", NULL, reply_nothing, 0, NULL },
        { "raise_nothing", NULL, raise_nothing, 0, NULL },
        { 0 },
};
static const pyrope_class good = { .name = "Good", .methods = methods };

static void setup(void)
{
        pyrope_daemon_options options = { .socket = path };
        char uri[128];

        (void)snprintf(directory, sizeof(directory), "/tmp/pyrope-null.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        (void)snprintf(path, sizeof(path), "%s/s", directory);
        (void)snprintf(uri, sizeof(uri), "PYRO:a@./u:%s", path);
        ck_assert_int_eq(pyrope_daemon_new(&options, &daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_register(daemon_, "a", &good, NULL, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_context_new(NULL, &context, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_proxy_new(context, uri, 0, &proxy, NULL), PYROPE_OK);
}

static void teardown(void)
{
        proxy = pyrope_proxy_free(proxy);
        context = pyrope_context_free(context);
        daemon_ = pyrope_daemon_free(daemon_);
        (void)rmdir(directory);
}

START_TEST(a_daemon_refuses_what_is_none)
{
        pyrope_daemon_options options = { .socket = path, .n_allowed_uids = 1 };
        const uid_t uid = 1;
        pyrope_daemon *none = NULL;

        EXPECT_INVALID(pyrope_daemon_new(NULL, NULL, &error));
        EXPECT_INVALID(pyrope_daemon_new(&options, &none, &error));
        ck_assert_ptr_null(none);
        EXPECT_INVALID(pyrope_daemon_allow(NULL, &uid, 1, &error));
        EXPECT_INVALID(pyrope_daemon_allow(daemon_, NULL, 1, &error));
        EXPECT_INVALID(pyrope_daemon_register(NULL, "b", &good, NULL, &error));
        EXPECT_INVALID(pyrope_daemon_register(daemon_, "b", NULL, NULL, &error));
        EXPECT_BARE_INVALID(pyrope_daemon_unregister(NULL, "a"));
        EXPECT_BARE_INVALID(pyrope_daemon_unregister(daemon_, NULL));
        ck_assert_ptr_null(pyrope_daemon_uri(NULL, "a"));
        ck_assert_ptr_null(pyrope_daemon_tcp_uri(NULL, "a"));
        EXPECT_INVALID(pyrope_daemon_start(NULL, &error));
        EXPECT_INVALID(pyrope_daemon_run(NULL, &error));
        pyrope_daemon_stop(NULL);
        EXPECT_BARE_INVALID(pyrope_daemon_wait(NULL, 0));
        ck_assert_ptr_null(pyrope_daemon_free(NULL));
}
END_TEST

START_TEST(a_whole_program_of_nothing_fails)
{
        ck_assert_int_eq(setenv("PYROPE_SOCKET", path, 1), 0);
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(pyrope_serve(NULL, NULL, NULL), 1);
}
END_TEST

static const pyrope_method method_flags[] = { { "m", NULL, nothing, 1u << 1, NULL }, { 0 } };
static const pyrope_method no_function[] = { { "m", NULL, NULL, 0, NULL }, { 0 } };
static const pyrope_method twice[] = {
        { "m", NULL, nothing, 0, NULL },
        { "m", NULL, nothing, 0, NULL },
        { 0 },
};
static const pyrope_class wrong_classes[] = {
        { .name = "Flags", .methods = methods, .flags = 1u << 0 },
        { .name = "MoreFlags", .methods = methods, .flags = PYROPE_CONCURRENT | 1u << 2 },
        { .name = "MethodFlags", .methods = method_flags },
        { .name = "NoFunction", .methods = no_function },
        { .name = "Twice", .methods = twice },
        { .name = "Nothing" },
        { .methods = methods },
};

START_TEST(a_class_that_is_wrong_is_not_registered)
{
        EXPECT_INVALID(pyrope_daemon_register(daemon_, "b", &wrong_classes[_i], NULL, &error));
        ck_assert_ptr_null(pyrope_daemon_uri(daemon_, "b"));
}
END_TEST

START_TEST(registering_and_unregistering_twice_is_told)
{
        pyrope_error *error = NULL;

        ck_assert_int_eq(pyrope_daemon_register(daemon_, "a", &good, NULL, &error),
                         PYROPE_E_EXISTS);
        pyrope_error_free(error);
        ck_assert_int_eq(pyrope_daemon_unregister(daemon_, "a"), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_unregister(daemon_, "a"), PYROPE_E_NOT_FOUND);
        ck_assert_int_eq(pyrope_callf(proxy, "walk", NULL, NULL, ""), PYROPE_E_REMOTE);
}
END_TEST

START_TEST(a_daemon_that_was_stopped_is_not_started_again)
{
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK); /* it does already */
        pyrope_daemon_stop(daemon_);
        pyrope_daemon_stop(daemon_);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_run(daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_wait(daemon_, -1), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_register(daemon_, "b", &good, NULL, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_callf(proxy, "walk", NULL, NULL, ""), PYROPE_E_UNREACHABLE);
}
END_TEST

START_TEST(a_method_gets_nothing_for_nothing)
{
        pyrope_value *result = NULL;
        pyrope_error *error = NULL;

        expect_nothing_without_a_call();
        ck_assert_msg(pyrope_callf(proxy, "walk", &result, &error, "") == PYROPE_OK, "%s",
                      pyrope_error_text(error));
        ck_assert(pyrope_str_equals(pyrope_value_view(result), "walked"));
        pyrope_value_free(result);
        ck_assert_int_eq(pyrope_callf(proxy, "reply_nothing", NULL, &error, ""), PYROPE_E_REMOTE);
        ck_assert_str_eq(pyrope_error_class(error), "builtins.RuntimeError");
        pyrope_error_free(error);
        ck_assert_int_eq(pyrope_callf(proxy, "raise_nothing", NULL, &error, ""), PYROPE_E_REMOTE);
        ck_assert_str_eq(pyrope_error_class(error), "builtins.RuntimeError");
        pyrope_error_free(error);
}
END_TEST

/* -- a client --------------------------------------------------------------------------------- */

START_TEST(what_is_none_cannot_be_published)
{
        pyrope_publication named = { .name = "a", .uri = "PYRO:a@./u:/run/a.sock" };

        EXPECT_INVALID(pyrope_publish(NULL, &named, 0, &error));
        EXPECT_INVALID(pyrope_publish(context, NULL, 0, &error));
        EXPECT_INVALID(pyrope_publish(context, &(pyrope_publication){ .uri = "b" }, 0, &error));
        EXPECT_INVALID(pyrope_publish(context, &(pyrope_publication){ .name = "a" }, 0, &error));
        named.n_tags = 1;
        EXPECT_INVALID(pyrope_publish(context, &named, 0, &error));
        EXPECT_BARE_INVALID(pyrope_unpublish(NULL, "a", 0));
        EXPECT_BARE_INVALID(pyrope_unpublish(context, NULL, 0));
}
END_TEST

static void count_session(void *userdata, const pyrope_session *session)
{
        (void)session;
        ++*(int *)userdata;
}

static void on_check(void *userdata, const pyrope_check *check)
{
        (void)userdata;
        ck_abort_msg("nothing was to be checked, and not %s", check->name);
}

START_TEST(a_context_refuses_what_is_none)
{
        pyrope_statistics statistics;
        pyrope_instance *instance;
        pyrope_value *value;
        pyrope_proxy *other;
        char *text;

        EXPECT_INVALID(pyrope_context_new(NULL, NULL, &error));
        pyrope_context_statistics(NULL, &statistics);
        pyrope_context_statistics(context, NULL);
        EXPECT_INVALID(pyrope_context_sessions(NULL, count_session, &statistics, &error));
        EXPECT_INVALID(pyrope_context_sessions(context, NULL, NULL, &error));
        ck_assert_ptr_null(pyrope_zone(NULL));
        EXPECT_INVALID(pyrope_proxy_new(NULL, "a", 0, &other, &error));
        EXPECT_INVALID(pyrope_proxy_new(context, NULL, 0, &other, &error));
        EXPECT_INVALID(pyrope_proxy_new(context, "a", 0, NULL, &error));
        EXPECT_INVALID(pyrope_proxy_from(NULL, absent, 0, &other, &error));
        EXPECT_INVALID(pyrope_proxy_from(context, absent, 0, NULL, &error));
        EXPECT_INVALID(pyrope_resolve(NULL, "a", 0, &value, &error));
        EXPECT_INVALID(pyrope_resolve(context, NULL, 0, &value, &error));
        EXPECT_INVALID(pyrope_resolve(context, "a", 0, NULL, &error));
        EXPECT_INVALID(pyrope_wait_name(NULL, "a", 0, &value, &error));
        EXPECT_INVALID(pyrope_wait_name(context, NULL, 0, &value, &error));
        EXPECT_INVALID(pyrope_wait_name(context, "a", 0, NULL, &error));
        EXPECT_INVALID(pyrope_where(NULL, &text, &error));
        EXPECT_INVALID(pyrope_where(context, NULL, &error));
        EXPECT_INVALID(pyrope_where_nameserver(NULL, &text, &error));
        EXPECT_INVALID(pyrope_where_nameserver(context, NULL, &error));
        EXPECT_INVALID(pyrope_doctor(NULL, "a", on_check, NULL, &error));
        EXPECT_INVALID(pyrope_doctor(context, NULL, on_check, NULL, &error));
        EXPECT_INVALID(pyrope_doctor(context, "a", NULL, NULL, &error));
        EXPECT_INVALID(pyrope_pipe_nameserver(NULL, 0, 1, &error));
        EXPECT_INVALID(pyrope_allocate(NULL, "A", 0, &instance, &error));
        EXPECT_INVALID(pyrope_allocate(context, NULL, 0, &instance, &error));
        EXPECT_INVALID(pyrope_allocate(context, "A", 0, NULL, &error));
        ck_assert_ptr_null(pyrope_context_free(NULL));
}
END_TEST

START_TEST(a_proxy_refuses_what_is_none)
{
        pyrope_forward *forward;
        pyrope_proxy *other;

        EXPECT_INVALID(pyrope_proxy_received(NULL, absent, 0, &other, &error));
        EXPECT_INVALID(pyrope_proxy_received(proxy, absent, 0, NULL, &error));
        ck_assert_ptr_null(pyrope_proxy_uri(NULL));
        EXPECT_ABSENT(pyrope_proxy_metadata(NULL));
        ck_assert_int_eq(pyrope_proxy_fd(NULL), -1);
        EXPECT_INVALID(pyrope_call_method(NULL, "walk", NULL, NULL, 0, NULL, &error));
        EXPECT_INVALID(pyrope_call_method(proxy, NULL, NULL, NULL, 0, NULL, &error));
        EXPECT_INVALID(pyrope_callf(NULL, "walk", NULL, &error, ""));
        EXPECT_INVALID(pyrope_callf(proxy, NULL, NULL, &error, ""));
        EXPECT_INVALID(pyrope_callf(proxy, "walk", NULL, &error, NULL));
        EXPECT_INVALID(pyrope_call_with(NULL, "walk", NULL, NULL, NULL, NULL, &error));
        EXPECT_INVALID(pyrope_call_with(proxy, NULL, NULL, NULL, NULL, NULL, &error));
        EXPECT_INVALID(pyrope_get_attribute(NULL, "x", 0, NULL, &error));
        EXPECT_INVALID(pyrope_get_attribute(proxy, NULL, 0, NULL, &error));
        EXPECT_INVALID(pyrope_set_attribute(NULL, "x", NULL, 0, &error));
        EXPECT_INVALID(pyrope_set_attribute(proxy, NULL, NULL, 0, &error));
        EXPECT_INVALID(pyrope_ping(NULL, 0, &error));
        EXPECT_BARE_INVALID(pyrope_wait_hangup(NULL, 0));
        EXPECT_INVALID(pyrope_forward_new(NULL, &forward, &error));
        EXPECT_INVALID(pyrope_forward_new(proxy, NULL, &error));
        EXPECT_INVALID(pyrope_forward_to(NULL, "x", NULL, 0, &forward, &error));
        EXPECT_INVALID(pyrope_forward_to(context, NULL, NULL, 0, &forward, &error));
        EXPECT_INVALID(pyrope_forward_to(context, "x", NULL, 0, NULL, &error));
        ck_assert_ptr_null(pyrope_forward_uri(NULL));
        ck_assert_ptr_null(pyrope_forward_free(NULL));
        ck_assert_ptr_null(pyrope_proxy_free(NULL));
        ck_assert_int_eq(pyrope_callf(proxy, "walk", NULL, NULL, ""), PYROPE_OK);
}
END_TEST

START_TEST(options_of_a_call_that_are_wrong_are_refused)
{
        const pyrope_annotation no_data = { .id = "ABCD", .n_data = 1 };
        const pyrope_call_options wrong[] = {
                { .flags = 1u << 1 },
                { .n_annotations = 1 },
                { .annotations = &no_data, .n_annotations = 1 },
        };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                EXPECT_INVALID(
                        pyrope_call_with(proxy, "walk", NULL, NULL, &wrong[i], NULL, &error));
}
END_TEST

START_TEST(answers_streams_and_batches_refuse_what_is_none)
{
        pyrope_batch *batch = pyrope_batch_new(proxy);
        pyrope_answer *answer = NULL;
        unsigned char uuid[16];
        pyrope_value *value;
        pyrope_view view;
        const void *bytes;
        size_t n;

        ck_assert_int_eq(pyrope_call_with(proxy, "walk", NULL, NULL, NULL, &answer, NULL),
                         PYROPE_OK);
        ck_assert(!pyrope_answer_annotation(answer, NULL, &bytes, &n));
        ck_assert(!pyrope_answer_annotation(answer, "ABCD", NULL, &n));
        ck_assert(!pyrope_answer_annotation(answer, "ABCD", &bytes, NULL));
        ck_assert(!pyrope_answer_correlation(answer, NULL));
        value = pyrope_answer_take_result(answer);
        ck_assert_ptr_nonnull(value);
        ck_assert_ptr_null(pyrope_answer_take_result(answer));
        EXPECT_ABSENT(pyrope_answer_result(answer));
        pyrope_value_free(value);
        pyrope_answer_free(answer);
        EXPECT_ABSENT(pyrope_answer_result(NULL));
        ck_assert_ptr_null(pyrope_answer_take_result(NULL));
        ck_assert_ptr_null(pyrope_answer_take_stream(NULL));
        ck_assert(!pyrope_answer_annotation(NULL, "ABCD", &bytes, &n));
        ck_assert(!pyrope_answer_correlation(NULL, uuid));
        ck_assert_ptr_null(pyrope_answer_free(NULL));
        EXPECT_INVALID(pyrope_stream_next(NULL, 0, &value, &error));
        ck_assert_ptr_null(pyrope_stream_free(NULL));

        ck_assert_ptr_null(pyrope_batch_new(NULL));
        pyrope_batch_add(NULL, "walk", NULL, NULL);
        pyrope_batch_addf(NULL, "walk", "");
        EXPECT_INVALID(pyrope_batch_send(NULL, NULL, &error));
        EXPECT_INVALID(pyrope_batch_next(NULL, &view, &error));
        EXPECT_INVALID(pyrope_batch_next(batch, NULL, &error));
        pyrope_batch_add(batch, NULL, NULL, NULL);
        EXPECT_INVALID(pyrope_batch_send(batch, NULL, &error));
        pyrope_batch_addf(batch, NULL, "");
        EXPECT_INVALID(pyrope_batch_send(batch, NULL, &error));
        pyrope_batch_addf(batch, "walk", NULL);
        EXPECT_INVALID(pyrope_batch_send(batch, NULL, &error));
        ck_assert_ptr_null(pyrope_batch_free(batch));
        ck_assert_ptr_null(pyrope_batch_free(NULL));
}
END_TEST

START_TEST(agents_refuse_what_is_none)
{
        pyrope_options options = { .runtime_dir = directory };
        pyrope_agent *agent = NULL;

        EXPECT_INVALID(pyrope_agent_new(&options, 0, NULL, &error));
        EXPECT_INVALID(pyrope_agent_serve(NULL, -1, &error));
        EXPECT_INVALID(pyrope_agent_stop(NULL, 0, &(size_t){ 0 }, &error));
        EXPECT_INVALID(pyrope_agent_stop(context, 0, NULL, &error));
        EXPECT_INVALID(pyrope_survey(NULL, 0, &(pyrope_value *){ NULL }, &error));
        EXPECT_INVALID(pyrope_survey(context, 0, NULL, &error));
        ck_assert_ptr_null(pyrope_agent_socket(NULL));
        ck_assert_ptr_null(pyrope_agent_free(NULL));
        ck_assert_int_eq(pyrope_agent_new(&options, 1, &agent, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_agent_serve(agent, -1, NULL), PYROPE_OK); /* idle soon */
        EXPECT_INVALID(pyrope_agent_serve(agent, -1, &error));
        ck_assert_ptr_null(pyrope_agent_free(agent));
}
END_TEST

START_TEST(no_instance_has_nothing)
{
        char *text;

        ck_assert_ptr_null(pyrope_instance_proxy(NULL));
        ck_assert_ptr_null(pyrope_instance_job(NULL));
        ck_assert_ptr_null(pyrope_instance_manager(NULL));
        EXPECT_INVALID(pyrope_instance_status(NULL, 0, &text, &error));
        EXPECT_INVALID(pyrope_put_file(NULL, path, "name", &error));
        EXPECT_INVALID(pyrope_get_file(NULL, "name", path, &error));
        ck_assert_int_eq(pyrope_release(NULL, 0, NULL), PYROPE_OK);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("null");
        TCase *data = tcase_create("data");
        TCase *live = tcase_create("live");

        tcase_add_test(data, no_error_reads_as_lack_of_memory);
        tcase_add_test(data, readers_refuse_a_place_that_is_none);
        tcase_add_loop_test(data, what_is_written_from_nothing_is_a_failure_that_sticks, 0,
                            sizeof(wrong_writes) / sizeof(wrong_writes[0]));
        tcase_add_test(data, a_writer_that_is_none_drops_what_is_written);
        tcase_add_checked_fixture(live, setup, teardown);
        tcase_add_test(live, a_daemon_refuses_what_is_none);
        tcase_add_test(live, a_whole_program_of_nothing_fails);
        tcase_add_loop_test(live, a_class_that_is_wrong_is_not_registered, 0,
                            sizeof(wrong_classes) / sizeof(wrong_classes[0]));
        tcase_add_test(live, registering_and_unregistering_twice_is_told);
        tcase_add_test(live, a_daemon_that_was_stopped_is_not_started_again);
        tcase_add_test(live, a_method_gets_nothing_for_nothing);
        tcase_add_test(live, a_context_refuses_what_is_none);
        tcase_add_test(live, what_is_none_cannot_be_published);
        tcase_add_test(live, a_proxy_refuses_what_is_none);
        tcase_add_test(live, options_of_a_call_that_are_wrong_are_refused);
        tcase_add_test(live, answers_streams_and_batches_refuse_what_is_none);
        tcase_add_test(live, agents_refuse_what_is_none);
        tcase_add_test(live, no_instance_has_nothing);
        suite_add_tcase(suite, data);
        suite_add_tcase(suite, live);
        return unit_run(suite);
}
