/* SPDX-License-Identifier: MIT */

/*
 * All that a call can be, from C, against the object of stock_daemon.py.
 *
 *      stock-calls URI [HOST]
 *
 * Prints "ok - SENTENCE" or "NOT OK - SENTENCE" for each check. Objects that Python shall call are
 * served in this process: on a Unix socket, or on HOST where it is given.
 */

#include "tests/integration/stock-check.h"
#include "tests/integration/stock-object.h"
#include "tests/integration/stock-streams.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define N_THREADS 8
#define N_CALLS   50

static StockObject *object; /* of ours, for callbacks */

/* -- attributes ------------------------------------------------------------------------------- */

static bool attribute_is(const char *name, int64_t wanted)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = pyrope_get_attribute(stock, name, 0, &value, &error);

        return is_status(status, PYROPE_OK, error) && is_int(pyrope_value_view(value), wanted);
}

static pyrope_status set_attribute(const char *name, const char *format, pyrope_error **error, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_status status;
        va_list list;

        va_start(list, error);
        pyrope_vpack(writer, format, list);
        va_end(list);
        status = pyrope_writer_take(writer, &value, error);
        return status ? status : pyrope_set_attribute(stock, name, value, 0, error);
}

static void refuses_attribute(const char *name, bool is_set, const char *class_, const char *part,
                              const char *sentence)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = is_set ? set_attribute(name, "s", &error, "bad")
                                      : pyrope_get_attribute(stock, name, 0, NULL, &error);

        check(fails_as(status, error, class_, part), sentence);
}

static void check_attributes(void)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        check(attribute_is("number", 7), "an attribute is read");
        check(is_status(set_attribute("number", "i", &error, 8), PYROPE_OK, error),
              "an attribute is set");
        check(attribute_is("number", 8), "and has its new value");
        check(is_status(pyrope_set_attribute(stock, "number", NULL, 0, &error), PYROPE_OK, error),
              "no value is nil");
        (void)set_attribute("number", "i", NULL, 7);
        refuses_attribute("readonly", true, "builtins.AttributeError", "readonly",
                          "an attribute that is only read is not set");
        refuses_attribute("number", true, "builtins.ValueError", "a bad number",
                          "the exception of a setter comes back");
        refuses_attribute("nothing", false, "builtins.AttributeError", "nothing",
                          "an attribute that is none is an AttributeError");
        refuses_attribute("echo", false, "builtins.AttributeError", "echo",
                          "a method is no attribute");
        refuses_attribute("_private", false, "builtins.AttributeError", "private",
                          "a private attribute is not read");
}

/* -- oneway ----------------------------------------------------------------------------------- */

static void check_oneway(void)
{
        const pyrope_call_options oneway = { .flags = PYROPE_CALL_ONEWAY };
        CLEANUP(pyrope_value_freep) pyrope_value *nil = call("keep_oneway", "[s]", "marked");
        CLEANUP(pyrope_value_freep) pyrope_value *marked = call("take", "[i]", 1);
        CLEANUP(pyrope_value_freep) pyrope_value *taken = NULL, *opened = NULL;
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        check(pyrope_type_of(pyrope_value_view(nil)) == PYROPE_NIL,
              "a method that is oneway by the metadata gives nil");
        check(pyrope_str_equals(pyrope_at(pyrope_value_view(marked), 0), "marked"),
              "and is run all the same");

        pyrope_pack(writer, "[s]", "later");
        (void)pyrope_writer_take(writer, &arguments, NULL);
        status = pyrope_call_with(stock, "keep_when_opened", arguments, NULL, &oneway, &answer,
                                  &error);
        check(is_status(status, PYROPE_OK, error), "any method may be called oneway");
        check(answer && !pyrope_answer_result(answer).at && !pyrope_answer_take_stream(answer),
              "whose answer has no result");
        opened = call("open", "[]"); /* only now may it end */
        taken = call("take", "[i]", 1);
        check(pyrope_str_equals(pyrope_at(pyrope_value_view(taken), 0), "later"),
              "it was not waited for, and has run");
        status = pyrope_call_with(stock, "fail", arguments, NULL, &oneway, NULL, &error);
        check(is_status(status, PYROPE_OK, error), "its exception is not heard of");
}

/* -- batches ---------------------------------------------------------------------------------- */

static void check_batch_results(pyrope_batch *batch)
{
        CLEANUP(pyrope_value_freep) pyrope_value *keywords = NULL;
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_view result = { NULL, NULL };
        pyrope_status status;

        pyrope_pack(writer, "{s:i}", "k", 5);
        (void)pyrope_writer_take(writer, &keywords, NULL);
        pyrope_batch_addf(batch, "echo", "i", 1);
        pyrope_batch_addf(batch, "echo", "s", "two");
        pyrope_batch_add(batch, "describe", NULL, keywords);
        status = pyrope_batch_send(batch, NULL, &error);
        check(is_status(status, PYROPE_OK, error), "a batch is answered");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && is_int(result, 1),
              "its first result");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK &&
                      pyrope_str_equals(result, "two"),
              "its second result");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK &&
                      pyrope_str_equals(pyrope_find(result, "kwargs"), "[('k', 5)]"),
              "keywords in a batch");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && !result.at &&
                      pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && !result.at,
              "nothing behind the last result");
}

static void check_batch_failures(pyrope_batch *batch)
{
        CLEANUP(pyrope_error_freep) pyrope_error *in_place = NULL, *whole = NULL, *misused = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *taken = NULL;
        pyrope_view result = { NULL, NULL };
        pyrope_status status;

        pyrope_batch_addf(batch, "echo", "i", 1);
        pyrope_batch_addf(batch, "fail_with_attributes", "");
        pyrope_batch_addf(batch, "keep", "s", "never");
        check(pyrope_batch_send(batch, NULL, NULL) == PYROPE_OK,
              "a batch with a call that fails is answered");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && is_int(result, 1),
              "the results before it count");
        status = pyrope_batch_next(batch, &result, &in_place);
        check(fails_as(status, in_place, "builtins.ValueError", "why not"),
              "the failure stands in its place");
        check(in_place && is_int(pyrope_error_attribute(in_place, "code"), 42),
              "with the attributes of the exception");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && !result.at,
              "and what is behind it did not run");

        pyrope_batch_addf(batch, "echo", "i", 1);
        pyrope_batch_addf(batch, "nothing", "");
        status = pyrope_batch_send(batch, NULL, &whole);
        check(fails_as(status, whole, "builtins.AttributeError", "nothing"),
              "a method that does not exist fails the batch as a whole");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && !result.at,
              "which then has no results");

        pyrope_batch_addf(batch, "echo", "?");
        pyrope_batch_addf(batch, "keep", "s", "never");
        status = pyrope_batch_send(batch, NULL, &misused);
        check(is_status(status, PYROPE_E_INVALID, misused),
              "a wrong format is told by the sending");
        taken = call("take", "[i]", 0);
        check(pyrope_count(pyrope_value_view(taken)) == 0, "and nothing was sent");
}

static void check_batches(void)
{
        const pyrope_call_options oneway = { .flags = PYROPE_CALL_ONEWAY };
        CLEANUP(pyrope_batch_freep) pyrope_batch *batch = pyrope_batch_new(stock);
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *taken = NULL;
        pyrope_view result = { NULL, NULL };
        pyrope_status status;

        check_batch_results(batch);
        check_batch_failures(batch);
        status = pyrope_batch_send(batch, NULL, &error);
        check(is_status(status, PYROPE_OK, error), "a batch without calls is answered");
        for (int i = 0; i < 3; i++)
                pyrope_batch_addf(batch, "keep", "i", i);
        status = pyrope_batch_send(batch, &oneway, &error);
        check(is_status(status, PYROPE_OK, error), "a batch may be oneway");
        check(pyrope_batch_next(batch, &result, NULL) == PYROPE_OK && !result.at,
              "and has no results then");
        taken = call("take", "[i]", 3);
        check(is_int(pyrope_at(pyrope_value_view(taken), 0), 0) &&
                      is_int(pyrope_at(pyrope_value_view(taken), 2), 2),
              "but runs, in its order");
}

/* -- beside arguments and result -------------------------------------------------------------- */

static const unsigned char correlation[16] = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 2,  3,
                                               4,    5,    6,    7,    8, 9, 10, 11 };

static void check_annotations(void)
{
        static const pyrope_annotation sent[] = { { "TEST", "a\0b", 3 }, { "MORE", "", 0 } };
        const pyrope_call_options options = { .annotations = sent,
                                              .n_annotations = ARRAY_SIZE(sent),
                                              .correlation = correlation };
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_view annotations = { NULL, NULL };
        unsigned char id[16] = { 0 };
        pyrope_status status;
        const void *data;
        size_t n = 0;

        status = pyrope_call_with(stock, "context", NULL, NULL, &options, &answer, &error);
        check(is_status(status, PYROPE_OK, error), "a call with annotations");
        if (!answer)
                return;
        annotations = pyrope_find(pyrope_answer_result(answer), "annotations");
        check(is_bytes(pyrope_find(annotations, "TEST"), "a\0b", 3) &&
                      is_bytes(pyrope_find(annotations, "MORE"), "", 0),
              "Python reads what we annotated");
        check(is_bytes(pyrope_find(pyrope_answer_result(answer), "correlation"), correlation, 16),
              "and the correlation id");
        check(pyrope_answer_annotation(answer, "ANSW", &data, &n) && n == 11 &&
                      memcmp(data, "from Python", n) == 0,
              "we read what Python annotated");
        check(!pyrope_answer_annotation(answer, "NONE", &data, &n), "and nothing else");
        check(pyrope_answer_correlation(answer, id) && memcmp(id, correlation, 16) == 0,
              "the answer repeats the correlation id");
}

static void check_bad_options(void)
{
        static const pyrope_annotation strange = { "STRM", "x", 1 };
        static const pyrope_annotation short_ = { "abc", "x", 1 };
        pyrope_annotation many[61];
        const struct {
                pyrope_call_options options;
                pyrope_status status;
                const char *sentence;
        } bad[] = {
                { { .annotations = &strange, .n_annotations = 1 },
                  PYROPE_E_INVALID,
                  "Pyro5's own annotations are refused" },
                { { .annotations = &short_, .n_annotations = 1 },
                  PYROPE_E_INVALID,
                  "an id of three letters is refused" },
                { { .annotations = many, .n_annotations = 61 },
                  PYROPE_E_TOO_LARGE,
                  "61 annotations are refused" },
                { { .flags = 0x80 }, PYROPE_E_INVALID, "unknown flags are refused" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                many[i] = (pyrope_annotation){ "MANY", "x", 1 };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                pyrope_status status = pyrope_call_with(stock, "context", NULL, NULL,
                                                        &bad[i].options, NULL, &error);

                check(is_status(status, bad[i].status, error), bad[i].sentence);
        }
}

/* -- exceptions, time, connections ------------------------------------------------------------ */

static void check_exceptions(void)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL, *annotated = NULL, *odd = NULL;
        pyrope_status status = pyrope_callf(stock, "fail_with_attributes", NULL, &error, "");
        const void *data;
        size_t n = 0;

        check(fails_as(status, error, "builtins.ValueError", "('why not', 7)"),
              "an exception has class and text");
        check(holds(pyrope_error_traceback(error), "fail_with_attributes"),
              "a traceback that names the method");
        check(is_int(pyrope_at(pyrope_error_arguments(error), 1), 7), "its arguments");
        check(is_int(pyrope_error_attribute(error, "code"), 42) &&
                      pyrope_count(pyrope_error_attribute(error, "places")) == 2,
              "and its attributes");
        check(!pyrope_error_attribute(error, "none").at, "of which a missing one is absent");

        status = pyrope_call_with(stock, "key", NULL, NULL, NULL, NULL, &annotated);
        check(fails_as(status, annotated, "builtins.KeyError", "'missing'") &&
                      pyrope_error_annotation(annotated, "DAEM", &data, &n) && n == 6,
              "what is annotated beside an exception is read");
        status = pyrope_callf(stock, "unknown_class", NULL, &odd, "");
        check(is_status(status, PYROPE_E_REMOTE, odd) && holds(pyrope_error_class(odd), "Odd"),
              "a class that nobody knows keeps its name");
}

static void check_connections(void)
{
        const pyrope_call_options hurry = { .timeout_ms = 50 };
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL, *one = NULL, *two = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        pyrope_pack(writer, "[f]", 0.3);
        (void)pyrope_writer_take(writer, &arguments, NULL);
        status = pyrope_call_with(stock, "sleep", arguments, NULL, &hurry, NULL, &error);
        check(is_status(status, PYROPE_E_TIMEOUT, error) &&
                      holds(pyrope_error_text(error), "sleep: no answer in time"),
              "a call has its own deadline, and its error names the method");
        one = call("echo", "[i]", 1);
        check(is_int(pyrope_value_view(one), 1), "the proxy goes on after it");
        check(is_dropped(), "the end of a connection is noticed");
        two = call("echo", "[i]", 2);
        check(is_int(pyrope_value_view(two), 2), "and the next call connects anew");
}

static void check_compression(void)
{
        CLEANUP(pyrope_value_freep) pyrope_value *on = call("compress", "[b]", 1);
        CLEANUP(pyrope_value_freep) pyrope_value *data = call("make_bytes", "[i]", 1 << 20);
        CLEANUP(pyrope_value_freep) pyrope_value *off = call("compress", "[b]", 0);

        check(on && off && pyrope_count(pyrope_value_view(data)) == 1 << 20,
              "a compressed answer is inflated");
}

static void *calls_many(void *userdata)
{
        long n_done = 0;

        (void)userdata;
        for (int i = 0; i < N_CALLS; i++) {
                CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;

                if (pyrope_callf(stock, "echo", &result, NULL, "i", i) == PYROPE_OK &&
                    is_int(pyrope_value_view(result), i))
                        n_done++;
        }
        return (void *)n_done;
}

static void check_threads(void)
{
        pthread_t threads[N_THREADS];
        long n_done = 0;
        void *n;

        for (int i = 0; i < N_THREADS; i++)
                if (pthread_create(&threads[i], NULL, calls_many, NULL))
                        exit(1);
        for (int i = 0; i < N_THREADS; i++) {
                (void)pthread_join(threads[i], &n);
                n_done += (long)n;
        }
        check(n_done == N_THREADS * N_CALLS, "a proxy is used from any thread");
}

/* -- other objects, and callbacks ------------------------------------------------------------- */

static void check_friends(void)
{
        CLEANUP(pyrope_value_freep) pyrope_value *proxy = call("friend", "[]");
        CLEANUP(pyrope_value_freep) pyrope_value *uri = call("own_uri", "[]");
        CLEANUP(pyrope_value_freep) pyrope_value *name = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *friend_ = NULL, *self = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        status = pyrope_proxy_received(stock, pyrope_value_view(proxy), 0, &friend_, &error);
        check(is_status(status, PYROPE_OK, error), "a proxy that is a result is connected to");
        if (friend_)
                (void)pyrope_callf(friend_, "name", &name, NULL, "");
        check(pyrope_str_equals(pyrope_value_view(name), "friend"), "and called");
        status = pyrope_proxy_received(stock, pyrope_value_view(uri), 0, &self, &error);
        check(is_status(status, PYROPE_OK, error) &&
                      strcmp(pyrope_proxy_uri(self), pyrope_proxy_uri(stock)) == 0,
              "a URI too");
}

/* A method of Python's that is given a proxy of our object. */
static pyrope_value *call_with_object(const char *method, const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL, *rest = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_value *result = NULL;
        pyrope_status status;
        pyrope_view item;
        va_list list;

        va_start(list, format);
        pyrope_vpack(writer, format, list);
        va_end(list);
        (void)pyrope_writer_take(writer, &rest, NULL);
        pyrope_write_list(writer, 1 + pyrope_count(pyrope_value_view(rest)));
        pyrope_write_proxy(writer, stock_object_uri(object));
        for (pyrope_iter it = pyrope_each(pyrope_value_view(rest)); pyrope_next(&it, NULL, &item);)
                pyrope_write_view(writer, item);
        (void)pyrope_writer_take(writer, &arguments, NULL);
        status = pyrope_call_method(stock, method, arguments, NULL, 0, &result, &error);
        (void)is_status(status, PYROPE_OK, error);
        return result;
}

static bool str_holds(pyrope_view item, const char *part)
{
        const char *text;
        size_t n;

        return pyrope_get_str(item, &text, &n) == PYROPE_OK && memmem(text, n, part, strlen(part));
}

static void check_callbacks(void)
{
        CLEANUP(pyrope_value_freep)
        pyrope_value *sum = call_with_object("call_back", "[sii]", "add", 2, 3);
        CLEANUP(pyrope_value_freep)
        pyrope_value *raised = call_with_object("call_back_failing", "[ss]", "fail", "ValueError");
        CLEANUP(pyrope_value_freep)
        pyrope_value *odd =
                call_with_object("call_back_failing", "[ss]", "fail", "solver.Diverged");
        CLEANUP(pyrope_value_freep) pyrope_value *later = NULL;
        pyrope_view seen = pyrope_value_view(raised);

        check(is_int(pyrope_value_view(sum), 5), "Python calls an object of this process");
        check(pyrope_str_equals(pyrope_find(seen, "class"), "ValueError") &&
                      pyrope_str_equals(pyrope_find(seen, "text"), "from C"),
              "and gets its exceptions");
        check(str_holds(pyrope_find(seen, "traceback"), "stock-object.c"),
              "with the C file in the traceback");
        seen = pyrope_value_view(odd);
        check(pyrope_str_equals(pyrope_find(seen, "class"), "PyroError") &&
                      pyrope_str_equals(pyrope_find(seen, "pyro_class"), "solver.Diverged"),
              "one that it cannot rebuild as PyroError with the class in its attributes");
        later = call_with_object("call_back_later", "[i]", 9);
        check(later && stock_object_noticed(object) == 9, "also when the call is long over");
}

static bool is_received(const pyrope_value *result, const char *info)
{
        pyrope_view view = pyrope_value_view(result);

        return (info ? pyrope_str_equals(pyrope_at(view, 0), info)
                     : pyrope_type_of(pyrope_at(view, 0)) == PYROPE_NIL) &&
               is_int(pyrope_find(pyrope_at(view, 1), "a"), 1);
}

/* Pyro5's blobs: a dispatcher in Python hands on what it never looked into. */
static void check_blobs(void)
{
        CLEANUP(pyrope_value_freep)
        pyrope_value *published = call_with_object("publish", "[s{s:i}]", "topic", "a", 1);
        CLEANUP(pyrope_value_freep)
        pyrope_value *unnamed = call_with_object("publish", "[[ss]{s:i}]", "a", "b", "a", 1);
        CLEANUP(pyrope_value_freep)
        pyrope_value *forwarded =
                call("publish_by_dispatcher", "[s{s:i}]", stock_object_uri(object), "a", 1);
        CLEANUP(pyrope_value_freep)
        pyrope_value *misfit = call_with_object("publish_refused", "[s]", "add");

        check(is_received(published, "topic"), "a method gets info and content of a blob");
        check(is_received(unnamed, NULL), "also of one whose info is no text");
        check(is_received(forwarded, stock_object_uri(object)),
              "a blob that a dispatcher hands on reaches whom its annotation names");
        check(str_holds(pyrope_value_view(misfit), "missing 1 required positional argument: 'b'"),
              "a method that takes more than a blob is a TypeError");
}

/* Our own object calls Python inside its method, with the id of the call that it serves. */
static void check_propagation(void)
{
        const pyrope_call_options options = { .correlation = correlation };
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *own = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        status = pyrope_proxy_new(context, stock_object_uri(object), 0, &own, &error);
        check(is_status(status, PYROPE_OK, error), "an object of this process is called here too");
        if (!own)
                return;
        pyrope_pack(writer, "[s]", pyrope_proxy_uri(stock));
        (void)pyrope_writer_take(writer, &arguments, NULL);
        status = pyrope_call_with(own, "relay", arguments, NULL, &options, &answer, &error);
        check(is_status(status, PYROPE_OK, error) &&
                      is_bytes(pyrope_answer_result(answer), correlation, 16),
              "a method hands the correlation id on to the calls that it makes");
}

static void check_metadata(void)
{
        pyrope_view metadata = pyrope_proxy_metadata(stock);

        check(pyrope_count(pyrope_find(metadata, "methods")) > 20 &&
                      pyrope_count(pyrope_find(metadata, "oneway")) == 3 &&
                      pyrope_count(pyrope_find(metadata, "attrs")) == 2,
              "the proxy knows methods, oneway methods and attributes");
}

int main(int argc, char **argv)
{
        const pyrope_options options = { .timeout_ms = STOCK_TIMEOUT_MS };
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        setvbuf(stdout, NULL, _IOLBF, 0); /* what was found counts even if the end is bad */
        if (argc < 2 || pyrope_context_new(&options, &context, &error) ||
            pyrope_proxy_new(context, argv[1], 0, &stock, &error)) {
                fprintf(stderr, "%s\n", error ? pyrope_error_text(error) : "no URI");
                return 1;
        }
        object = stock_object_new(context, argv[2]);
        check_metadata();
        check_attributes();
        check_oneway();
        check_batches();
        check_streams();
        check_annotations();
        check_bad_options();
        check_exceptions();
        check_connections();
        check_compression();
        check_threads();
        check_friends();
        check_callbacks();
        check_blobs();
        check_propagation();

        stock_object_free(object);
        pyrope_proxy_free(stock);
        pyrope_context_free(context);
        return n_failed > 0;
}
