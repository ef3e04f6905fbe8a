/* SPDX-License-Identifier: MIT */

#include "broker/dispatch.h"

#include "proto/codec.h"
#include "proto/value.h"
#include "tests/unit/dispatch-fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

/* -- the object that is called ---------------------------------------------------------------- */

static int n_calls; /* of count() */

static int add(pyrope_call *call, UNUSED void *self)
{
        double a, b;

        if (pyrope_arguments(call, "ff", &a, &b))
                return PYROPE_RAISED;
        return pyrope_reply(call, "f", a + b);
}

static int count(pyrope_call *call, UNUSED void *self)
{
        return pyrope_reply(call, "i", ++n_calls);
}

static int nothing(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

static int give_up(pyrope_call *call, UNUSED void *self)
{
        return pyrope_raise(call, "ValueError", "no %s", "luck");
}

static int fail_mutely(UNUSED pyrope_call *call, UNUSED void *self)
{
        return PYROPE_RAISED;
}

static int fail_in_latin1(pyrope_call *call, UNUSED void *self)
{
        return pyrope_raise(call, "ValueError", "caf\xe9");
}

static int recover(pyrope_call *call, UNUSED void *self)
{
        (void)pyrope_raise(call, "ValueError", "dealt with");
        return pyrope_reply(call, "s", "fine");
}

static int write_twice(pyrope_call *call, UNUSED void *self)
{
        pyrope_write_int(pyrope_result(call), 1);
        pyrope_write_int(pyrope_result(call), 2);
        return 0;
}

static int write_half(pyrope_call *call, UNUSED void *self)
{
        pyrope_write_list(pyrope_result(call), 2);
        pyrope_write_int(pyrope_result(call), 1);
        return 0;
}

static int write_bytes(pyrope_call *call, UNUSED void *self)
{
        static const uint8_t zeros[2 * RESULT_MAX];
        int n;

        if (pyrope_arguments(call, "i", &n))
                return PYROPE_RAISED;
        pyrope_write_bytes(pyrope_result(call), zeros, (size_t)n);
        return 0;
}

static int write_then_fail(pyrope_call *call, UNUSED void *self)
{
        pyrope_write_list(pyrope_result(call), 2);
        return pyrope_raise(call, "KeyError", "late");
}

static int64_t level = 5;

static int get_level(pyrope_call *call, UNUSED void *self)
{
        return pyrope_reply(call, "I", level);
}

static int set_level(pyrope_call *call, UNUSED void *self)
{
        return pyrope_arguments(call, "I", &level);
}

static int get_name(pyrope_call *call, UNUSED void *self)
{
        return pyrope_reply(call, "s", pyrope_call_object(call));
}

static const pyrope_method methods[] = {
        { "add", "a b", add, 0, NULL },
        { "count", NULL, count, 0, NULL },
        { "nothing", "[x]", nothing, PYROPE_ONEWAY, NULL },
        { "fail", NULL, give_up, 0, NULL },
        { "fail_mutely", NULL, fail_mutely, 0, NULL },
        { "fail_in_latin1", NULL, fail_in_latin1, 0, NULL },
        { "recover", NULL, recover, 0, NULL },
        { "write_twice", NULL, write_twice, 0, NULL },
        { "write_half", NULL, write_half, 0, NULL },
        { "write_bytes", "n", write_bytes, 0, NULL },
        { "write_then_fail", NULL, write_then_fail, 0, NULL },
        { 0 },
};

static const pyrope_attribute attributes[] = {
        { "level", get_level, set_level },
        { "name", get_name, NULL },
        { 0 },
};

static const pyrope_class target = {
        .name = "Target",
        .methods = methods,
        .attributes = attributes,
};

/* Each test has a fresh count. */
static void setup(void)
{
        n_calls = 0;
        dispatch_set_up(&target);
}

/* -- calls ------------------------------------------------------------------------------------ */

START_TEST(a_call_is_answered_by_its_result)
{
        pyrope_view payload;
        double value = 0;

        ASK(0, "[ss[ii]n]", "t", "add", 1, 2);
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_get_double(payload, &value), PYROPE_OK);
        ck_assert_double_eq(value, 3);
}
END_TEST

START_TEST(keywords_may_be_given_in_any_order)
{
        pyrope_view payload;
        double value = 0;

        ASK(0, "[ss[]{s:f,s:f}]", "t", "add", "b", 0.5, "a", 0.25);
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_get_double(payload, &value), PYROPE_OK);
        ck_assert_double_eq(value, 0.75);
}
END_TEST

START_TEST(arguments_and_keywords_may_be_nil)
{
        pyrope_view payload;

        ASK(0, "[ssnn]", "t", "nothing");
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_type_of(payload), PYROPE_NIL);
}
END_TEST

START_TEST(the_correlation_of_a_request_comes_back_and_no_other)
{
        pyrope_view payload;
        FrameHeader header;

        ASK(FRAME_CORRELATION | FRAME_STREAM | 0x8000, "[ssnn]", "t", "nothing");
        memset(asked.data + 20, 0xab, 16);
        header = answer(&payload);
        ck_assert_int_eq(header.flags, FRAME_CORRELATION);
        ck_assert_mem_eq(header.correlation, asked.data + 20, 16);

        ASK(0, "[ssnn]", "t", "nothing");
        memset(asked.data + 20, 0xab, 16);
        header = answer(&payload);
        ck_assert_int_eq(header.flags, 0);
        ck_assert_uint_eq(header.correlation[0], 0);
}
END_TEST

/* Methods that go wrong, and what the caller is told. */
static const struct {
        const char *method;
        const char *class_;
        const char *text;
} failures[] = {
        { "fail", "builtins.ValueError", "no luck" },
        { "fail_mutely", "builtins.RuntimeError",
          "Target.fail_mutely() failed and did not say why" },
        { "fail_in_latin1", "builtins.ValueError", "caf\\xe9" },
        { "write_twice", "builtins.RuntimeError",
          "the result of Target.write_twice() cannot be sent: more than one value" },
        { "write_half", "builtins.RuntimeError",
          "the result of Target.write_half() cannot be sent: a list or map lacks elements" },
        { "write_then_fail", "builtins.KeyError", "late" },
        { "add", "builtins.TypeError",
          "Target.add() missing 2 required positional arguments: 'a' and 'b'" },
        { "write_bytes", "builtins.TypeError",
          "Target.write_bytes() missing 1 required positional argument: 'n'" },
        { "no_such", "builtins.AttributeError", "'Target' object has no attribute 'no_such'" },
        { "", "builtins.AttributeError", "'Target' object has no attribute ''" },
        { "<batch>", "builtins.AttributeError", "'Target' object has no attribute '<batch>'" },
        { "add.__call__", "builtins.AttributeError",
          "'Target' object has no attribute 'add.__call__'" },
        { "_add", "builtins.AttributeError", "attempt to access private attribute '_add'" },
        { "__init__", "builtins.AttributeError", "attempt to access private attribute '__init__'" },
        { "level", "builtins.AttributeError", "attempt to access unexposed attribute 'level'" },
        { "a\nb", "builtins.AttributeError", "'Target' object has no attribute 'a\\x0ab'" },
};

START_TEST(a_failure_is_answered_by_an_exception)
{
        ASK(0, "[ss[]n]", "t", failures[_i].method);
        expect_raised(failures[_i].class_, failures[_i].text);
}
END_TEST

START_TEST(the_traceback_names_file_line_and_method)
{
        pyrope_view payload;
        pyrope_view lines;

        ASK(0, "[ss[]n]", "t", "fail");
        ck_assert_int_eq(answer(&payload).flags, FRAME_EXCEPTION);
        lines = pyrope_find(pyrope_find(payload, "attributes"), "_pyroTraceback");
        ck_assert(starts_with(pyrope_at(lines, 0), "Traceback (most recent call last):\n"
                                                   "  File \"test-dispatch.c\", line "));
}
END_TEST

START_TEST(an_exception_that_a_method_has_dealt_with_is_not_told)
{
        pyrope_view payload;

        ASK(0, "[ss[]n]", "t", "recover");
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert(pyrope_str_equals(payload, "fine"));
}
END_TEST

START_TEST(a_result_above_the_limit_is_an_exception_with_both_sizes)
{
        pyrope_view payload;

        ASK(0, "[ss[i]n]", "t", "write_bytes", (int)RESULT_MAX - 3); /* and a head of 3 bytes */
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_uint_eq(pyrope_count(payload), RESULT_MAX - 3);
        ASK(0, "[ss[i]n]", "t", "write_bytes", (int)RESULT_MAX - 2);
        expect_raised("builtins.RuntimeError",
                      "the result of Target.write_bytes() has 1001 bytes, the limit is 1000");
}
END_TEST

START_TEST(an_unknown_object_is_told)
{
        ASK(0, "[ss[]n]", "stranger", "add");
        expect_raised("Pyro5.errors.DaemonError", "unknown object");
        ASK(0, "[ss[]n]", "t ", "add");
        expect_raised("Pyro5.errors.DaemonError", "unknown object");
}
END_TEST

/* Payloads that are no call. */
static const struct {
        const char *bytes;
        size_t n;
        const char *class_;
} malformed[] = {
        { "", 0, "builtins.ValueError" },
        { "\xc1", 1, "builtins.ValueError" },
        { "\x94", 1, "builtins.ValueError" },
        { "\x07", 1, "builtins.ValueError" },
        { "\x80", 1, "builtins.ValueError" },
        { "\x93\xa1t\xa3"
          "add\x90",
          8, "builtins.ValueError" },
        { "\x94\x05\xa3"
          "add\x90\xc0",
          8, "builtins.ValueError" },
        { "\x94\xa1t\x05\x90\xc0", 6, "builtins.ValueError" },
        { "\x94\xa1t\xa3"
          "add\x05\xc0",
          9, "builtins.ValueError" },
        { "\x94\xa1t\xa3"
          "add\x90\x90",
          9, "builtins.ValueError" },
        { "\x94\xa1t\xa3"
          "add\x90\xc0\xc0",
          10, "builtins.ValueError" },
        { "\x94\xa1t\xa3"
          "add\x91\xa1\xff\xc0",
          11, "Pyro5.errors.SerializeError" },
        { "\xdd\xff\xff\xff\xff", 5, "builtins.ValueError" },
};

START_TEST(what_is_no_call_is_refused)
{
        FrameHeader header = {
                .type = FRAME_INVOKE,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .n_payload = (uint32_t)malformed[_i].n,
        };
        uint8_t bytes[FRAME_HEADER_SIZE];

        frame_header_write(&header, bytes);
        ck_assert_int_eq(buffer_append(&asked, bytes, sizeof(bytes)), 0);
        ck_assert_int_eq(buffer_append(&asked, malformed[_i].bytes, malformed[_i].n), 0);
        expect_raised(malformed[_i].class_, "");
}
END_TEST

/* -- attributes ------------------------------------------------------------------------------- */

START_TEST(attributes_are_read_and_written)
{
        pyrope_view payload;
        int64_t value = 0;

        ASK(0, "[ss[si]n]", "t", "__setattr__", "level", 8);
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_type_of(payload), PYROPE_NIL);
        ASK(0, "[ss[s]n]", "t", "__getattr__", "level");
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_get_int(payload, &value), PYROPE_OK);
        ck_assert_int_eq(value, 8);
        ASK(0, "[ss[s]n]", "t", "__getattr__", "name");
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert(pyrope_str_equals(payload, "t"));
}
END_TEST

static const struct {
        const char *name;
        bool is_set;
        const char *class_;
        const char *text;
} no_attributes[] = {
        { "add", false, "builtins.AttributeError",
          "attempt to access unexposed or unknown remote attribute 'add'" },
        { "no_such", true, "builtins.AttributeError",
          "attempt to access unexposed or unknown remote attribute 'no_such'" },
        { "name", true, "builtins.AttributeError",
          "attempt to access unexposed or unknown remote attribute 'name'" },
        { "_level", false, "builtins.AttributeError", "attempt to access private attribute" },
        { "__class__", true, "builtins.AttributeError", "attempt to access private attribute" },
        { "level", true, "builtins.TypeError",
          "Target.level() argument 'value' must be int of 64 bits, not str" },
};

START_TEST(what_is_no_attribute_is_refused)
{
        if (no_attributes[_i].is_set)
                ASK(0, "[ss[ss]n]", "t", "__setattr__", no_attributes[_i].name, "x");
        else
                ASK(0, "[ss[s]n]", "t", "__getattr__", no_attributes[_i].name);
        expect_raised(no_attributes[_i].class_, no_attributes[_i].text);
}
END_TEST

START_TEST(attribute_access_without_a_name_is_a_type_error)
{
        ASK(0, "[ss[]n]", "t", "__getattr__");
        expect_raised("builtins.TypeError", "__getattr__ takes a name");
        ASK(0, "[ss[i]n]", "t", "__getattr__", 1);
        expect_raised("builtins.TypeError", "__getattr__ takes a name");
        ASK(0, "[ss[s]n]", "t", "__setattr__", "level");
        expect_raised("builtins.TypeError", "__setattr__ takes a name and a value");
}
END_TEST

/* -- batches ---------------------------------------------------------------------------------- */

START_TEST(a_batch_is_answered_by_the_list_of_results)
{
        pyrope_view payload;

        ASK(FRAME_BATCH, "[ss[[s[]n][s[]{}][snn]]n]", "t", "<batch>", "count", "count", "nothing");
        ck_assert_int_eq(answer(&payload).flags, FRAME_BATCH);
        ck_assert_uint_eq(pyrope_count(payload), 3);
        ck_assert_int_eq(pyrope_type_of(pyrope_at(payload, 1)), PYROPE_INT);
        ck_assert_int_eq(pyrope_type_of(pyrope_at(payload, 2)), PYROPE_NIL);
        ASK(FRAME_BATCH, "[ss[]n]", "t", "<batch>");
        ck_assert_int_eq(answer(&payload).flags, FRAME_BATCH);
        ck_assert_uint_eq(pyrope_count(payload), 0);
        ck_assert_int_eq(pyrope_type_of(payload), PYROPE_LIST);
}
END_TEST

START_TEST(a_batch_ends_with_the_first_exception)
{
        pyrope_view payload;
        pyrope_view last;

        ASK(FRAME_BATCH, "[ss[[s[]n][s[]n][s[]n]]n]", "t", "<batch>", "count", "fail", "count");
        ck_assert_int_eq(answer(&payload).flags, FRAME_BATCH);
        ck_assert_uint_eq(pyrope_count(payload), 2);
        ck_assert_int_eq(n_calls, 1);
        last = pyrope_at(payload, 1);
        ck_assert(
                pyrope_str_equals(pyrope_find(last, "__class__"), "Pyro5.core._ExceptionWrapper"));
        ck_assert(pyrope_str_equals(pyrope_find(pyrope_find(last, "exception"), "__class__"),
                                    "builtins.ValueError"));
}
END_TEST

START_TEST(a_wrong_argument_ends_a_batch_like_any_exception)
{
        pyrope_view payload;

        ASK(FRAME_BATCH, "[ss[[s[]n][s[i]n]]n]", "t", "<batch>", "count", "count", 1);
        ck_assert_int_eq(answer(&payload).flags, FRAME_BATCH);
        ck_assert_uint_eq(pyrope_count(payload), 2);
}
END_TEST

START_TEST(an_unknown_method_fails_the_batch)
{
        ASK(FRAME_BATCH, "[ss[[s[]n][s[]n]]n]", "t", "<batch>", "count", "no_such");
        expect_raised("builtins.AttributeError", "'Target' object has no attribute 'no_such'");
        ck_assert_int_eq(n_calls, 1);
        ASK(FRAME_BATCH, "[ss[[s[s]n]]n]", "t", "<batch>", "__getattr__", "level");
        expect_raised("builtins.AttributeError", "attempt to access private attribute");
}
END_TEST

START_TEST(what_is_no_call_fails_the_batch)
{
        ASK(FRAME_BATCH, "[ss[[s[]]]n]", "t", "<batch>", "count");
        expect_raised("builtins.ValueError", "a call of a batch");
        ASK(FRAME_BATCH, "[ss[[s{}n]]n]", "t", "<batch>", "count");
        expect_raised("builtins.ValueError", "a call of a batch");
        ASK(FRAME_BATCH, "[ss[i]n]", "t", "<batch>", 5);
        expect_raised("builtins.ValueError", "a call of a batch");
        ck_assert_int_eq(n_calls, 0);
}
END_TEST

START_TEST(results_of_a_batch_above_the_limit_are_refused)
{
        ASK(FRAME_BATCH, "[ss[[s[i]n][s[i]n]]n]", "t", "<batch>", "write_bytes", 600, "write_bytes",
            600);
        expect_raised("builtins.RuntimeError", "the results of the batch have more bytes than the "
                                               "limit of 1000");
}
END_TEST

/* -- handshake -------------------------------------------------------------------------------- */

static int connect(Answer *ret)
{
        const Frame frame = frame_of(&asked);

        call_reset(&the_call);
        return dispatch_connect(&registry, &frame, &the_call, ret);
}

START_TEST(a_handshake_gives_the_metadata)
{
        pyrope_view payload;
        Answer result;

        wire_frame(&asked, FRAME_CONNECT, 0, 77, "{s:n,s:s,s:i}", "handshake", "object", "t",
                   "more", 1);
        ck_assert_int_eq(connect(&result), 0);
        ck_assert_int_eq(result.header.type, FRAME_CONNECTOK);
        ck_assert_uint_eq(result.header.seq, 77);
        ck_assert_int_eq(codec_check(result.payload, result.header.n_payload, &payload), 0);
        ck_assert(pyrope_str_equals(pyrope_find(payload, "handshake"), "hello"));
        payload = pyrope_find(payload, "meta");
        ck_assert_uint_eq(pyrope_count(pyrope_find(payload, "methods")), ARRAY_SIZE(methods) - 1);
        ck_assert_uint_eq(pyrope_count(pyrope_find(payload, "oneway")), 1);
        ck_assert_uint_eq(pyrope_count(pyrope_find(payload, "attrs")), 2);
}
END_TEST

static void expect_connectfail(const char *text)
{
        pyrope_view payload;
        Answer result;

        ck_assert_int_eq(connect(&result), DISPATCH_E_RAISED);
        ck_assert_int_eq(result.header.type, FRAME_CONNECTFAIL);
        ck_assert_uint_eq(result.header.seq, 5);
        ck_assert_int_eq(codec_check(result.payload, result.header.n_payload, &payload), 0);
        ck_assert(pyrope_str_equals(payload, text));
        buffer_clear(&asked);
}

START_TEST(a_handshake_that_fails_is_told_why)
{
        wire_frame(&asked, FRAME_CONNECT, 0, 5, "{s:s,s:s}", "handshake", "hello", "object", "x");
        expect_connectfail("unknown object");
        wire_frame(&asked, FRAME_CONNECT, 0, 5, "{s:s,s:i}", "handshake", "hello", "object", 5);
        expect_connectfail("the handshake is not a map of handshake and object");
        wire_frame(&asked, FRAME_CONNECT, 0, 5, "{s:s}", "handshake", "hello");
        expect_connectfail("'object'");
        wire_frame(&asked, FRAME_CONNECT, 0, 5, "{s:s}", "object", "t");
        expect_connectfail("'handshake'");
        wire_frame(&asked, FRAME_CONNECT, 0, 5, "[s]", "object");
        expect_connectfail("the handshake is not a map of handshake and object");
}
END_TEST

START_TEST(who_speaks_no_msgpack_is_turned_away_in_json)
{
        const SessionReject reject = {
                .seq = 3,
                .serializer = SESSION_SERIALIZER_JSON,
                .text = "speak msgpack",
        };
        Answer result;

        call_reset(&the_call);
        ck_assert_int_eq(dispatch_reject(&reject, &the_call, &result), 0);
        ck_assert_int_eq(result.header.type, FRAME_CONNECTFAIL);
        ck_assert_int_eq(result.header.serializer, SESSION_SERIALIZER_JSON);
        ck_assert_uint_eq(result.header.n_payload, strlen("\"speak msgpack\""));
        ck_assert_mem_eq(result.payload, "\"speak msgpack\"", result.header.n_payload);
}
END_TEST

START_TEST(a_ping_is_answered_whatever_it_holds)
{
        const Frame ping = {
                .header = { .type = FRAME_PING, .serializer = 42, .seq = 65535, .n_payload = 7 },
        };
        Answer result;

        dispatch_ping(&ping, &result);
        ck_assert_int_eq(result.header.type, FRAME_PING);
        ck_assert_int_eq(result.header.serializer, 42);
        ck_assert_uint_eq(result.header.seq, 65535);
        ck_assert_mem_eq(result.payload, "pong", result.header.n_payload);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("dispatch");
        TCase *tcase = tcase_create("dispatch");

        tcase_add_checked_fixture(tcase, setup, dispatch_tear_down);
        tcase_add_test(tcase, a_call_is_answered_by_its_result);
        tcase_add_test(tcase, keywords_may_be_given_in_any_order);
        tcase_add_test(tcase, arguments_and_keywords_may_be_nil);
        tcase_add_test(tcase, the_correlation_of_a_request_comes_back_and_no_other);
        tcase_add_loop_test(tcase, a_failure_is_answered_by_an_exception, 0, ARRAY_SIZE(failures));
        tcase_add_test(tcase, the_traceback_names_file_line_and_method);
        tcase_add_test(tcase, an_exception_that_a_method_has_dealt_with_is_not_told);
        tcase_add_test(tcase, a_result_above_the_limit_is_an_exception_with_both_sizes);
        tcase_add_test(tcase, an_unknown_object_is_told);
        tcase_add_loop_test(tcase, what_is_no_call_is_refused, 0, ARRAY_SIZE(malformed));
        tcase_add_test(tcase, attributes_are_read_and_written);
        tcase_add_loop_test(tcase, what_is_no_attribute_is_refused, 0, ARRAY_SIZE(no_attributes));
        tcase_add_test(tcase, attribute_access_without_a_name_is_a_type_error);
        tcase_add_test(tcase, a_batch_is_answered_by_the_list_of_results);
        tcase_add_test(tcase, a_batch_ends_with_the_first_exception);
        tcase_add_test(tcase, a_wrong_argument_ends_a_batch_like_any_exception);
        tcase_add_test(tcase, an_unknown_method_fails_the_batch);
        tcase_add_test(tcase, what_is_no_call_fails_the_batch);
        tcase_add_test(tcase, results_of_a_batch_above_the_limit_are_refused);
        tcase_add_test(tcase, a_handshake_gives_the_metadata);
        tcase_add_test(tcase, a_handshake_that_fails_is_told_why);
        tcase_add_test(tcase, who_speaks_no_msgpack_is_turned_away_in_json);
        tcase_add_test(tcase, a_ping_is_answered_whatever_it_holds);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
