/* SPDX-License-Identifier: MIT */

#include "proto/message.h"

#include "base/text.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"
#include "tests/unit/unit.h"
#include "tests/unit/writer-fixture.h"

#include <string.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static pyrope_view view_of(const uint8_t *bytes, size_t n_bytes)
{
        pyrope_view view = { NULL, NULL };

        ck_assert_int_eq(codec_check(bytes, n_bytes, &view), 0);
        return view;
}

START_TEST(connect_is_read_as_it_was_packed)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        MessageConnect connect;

        message_connect_pack(writer, "Pyro.NameServer");
        value = taken();

        ck_assert_int_eq(message_connect_unpack(pyrope_value_view(value), &connect), 0);
        ck_assert(pyrope_str_equals(connect.handshake, "hello"));
        ck_assert(pyrope_str_equals(connect.object, "Pyro.NameServer"));
}
END_TEST

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
        int r;
} connects[] = {
        { BYTES("\x80"), 0 }, /* both are missing: for the caller to refuse */
        { BYTES("\x81\xa6object\xa1o"), 0 },
        { BYTES("\x82\xa6object\xa1o\xa5other\1"), 0 },
        { BYTES("\x81\xa6object\1"), MESSAGE_E_SHAPE },
        { BYTES("\x81\xa6object\xc0"), MESSAGE_E_SHAPE },
        { BYTES("\x90"), MESSAGE_E_SHAPE },
        { BYTES("\xc0"), MESSAGE_E_SHAPE },
};

START_TEST(connect_must_be_a_map)
{
        MessageConnect connect;

        ck_assert_int_eq(
                message_connect_unpack(view_of(connects[_i].bytes, connects[_i].n_bytes), &connect),
                connects[_i].r);
}
END_TEST

START_TEST(connectok_holds_the_metadata)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view meta;

        pyrope_pack(writer, "{s:s s:{s:[s s] s:[] s:[]}}", "handshake", "hello", "meta", "methods",
                    "a", "b", "oneway", "attrs");
        value = taken();

        ck_assert_int_eq(message_connectok_unpack(pyrope_value_view(value), &meta), 0);
        ck_assert_uint_eq(pyrope_count(pyrope_find(meta, "methods")), 2);
}
END_TEST

static const struct {
        const char *key, *format;
} bad_metas[] = {
        { "meta", "{s:[] s:[]}" }, { "meta", "{s:[] s:[] s:i}" },  { "meta", "{s:[] s:[] s:[i]}" },
        { "meta", "[]" },          { "none", "{s:[] s:[] s:[]}" },
};

START_TEST(connectok_without_whole_metadata_is_refused)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view meta;

        pyrope_pack(writer, "{s:s}", "handshake", "hello");
        value = taken();
        ck_assert_int_eq(message_connectok_unpack(pyrope_value_view(value), &meta),
                         MESSAGE_E_SHAPE);
        value = pyrope_value_free(value);

        pyrope_write_map(writer, 1);
        pyrope_write_str(writer, bad_metas[_i].key);
        pyrope_pack(writer, bad_metas[_i].format, "methods", "oneway", "attrs", 1);
        value = taken();
        ck_assert_int_eq(message_connectok_unpack(pyrope_value_view(value), &meta),
                         MESSAGE_E_SHAPE);
}
END_TEST

static const struct {
        uint8_t serializer;
        const uint8_t *bytes;
        size_t n_bytes;
        const char *text;
} fails[] = {
        { 4, BYTES("\xaeunknown object"), "unknown object" },
        { 4,
          BYTES("\xa3"
                "a\nb"),
          "a\\x0ab" },
        { 4, BYTES("\1"), "\\x01" },
        { 4,
          BYTES("\xa9"
                "cut"),
          "\\xa9cut" },
        { 2, BYTES("\xfa\x0cinvalid data"), "invalid data" },
        { 2, BYTES("z\5short"), "short" },
        { 2, BYTES("Z\5short"), "short" },
        { 2, BYTES("\xda\5short"), "short" },
        { 2, BYTES("a\5\0\0\0short"), "short" },
        { 2, BYTES("\xe1\5\0\0\0short"), "short" },
        { 2, BYTES("u\3\0\0\0h\xc3\xa9"), "h\xc3\xa9" },
        { 2, BYTES("z\6short"), "z\\x06short" },
        { 2, BYTES("z"), "z" },
        { 2, BYTES("u\xff\xff\xff\xffx"), "u\\xff\\xff\\xff\\xffx" },
        { 2, BYTES("N"), "N" },
        { 2, BYTES("\0\1"), "\\x00\\x01" },
        { 2, BYTES("\x80\1"), "\\x80\\x01" },
        { 2, BYTES(""), "" },
        { 1, BYTES("# serpent utf-8\n'no'"), "# serpent utf-8\\x0a'no'" },
};

START_TEST(the_reason_of_a_connectfail_is_read_from_any_serializer)
{
        char text[64];
        uint8_t *exact = malloc(fails[_i].n_bytes + 1);

        memcpy(exact, fails[_i].bytes, fails[_i].n_bytes);
        exact = realloc(exact, fails[_i].n_bytes ? fails[_i].n_bytes : 1);

        message_connectfail_text(fails[_i].serializer, exact, fails[_i].n_bytes, text,
                                 sizeof(text));

        ck_assert_str_eq(text, fails[_i].text);
        message_connectfail_text(fails[_i].serializer, exact, fails[_i].n_bytes, text,
                                 TEXT_ESCAPE_MIN);
        ck_assert_uint_lt(strlen(text), TEXT_ESCAPE_MIN);
        free(exact);
}
END_TEST

START_TEST(invoke_is_read)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        MessageInvoke invoke;

        pyrope_pack(writer, "[s s [i] {s:i}]", "obj", "method", 1, "k", 2);
        value = taken();

        ck_assert_int_eq(message_invoke_unpack(pyrope_value_view(value), &invoke), 0);
        ck_assert(pyrope_str_equals(invoke.object, "obj"));
        ck_assert(pyrope_str_equals(invoke.method, "method"));
        ck_assert_uint_eq(pyrope_count(invoke.args), 1);
        ck_assert_uint_eq(pyrope_count(invoke.kwargs), 1);
}
END_TEST

START_TEST(invoke_takes_nil_for_arguments_and_keywords)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        MessageInvoke invoke;

        pyrope_pack(writer, "[s s n n]", "obj", "method");
        value = taken();

        ck_assert_int_eq(message_invoke_unpack(pyrope_value_view(value), &invoke), 0);
        ck_assert_ptr_null(invoke.args.at);
        ck_assert_ptr_null(invoke.kwargs.at);
}
END_TEST

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
} bad_invokes[] = {
        { BYTES("\xc0") },
        { BYTES("\x90") },
        { BYTES("\x93\xa1o\xa1m\x90") },
        { BYTES("\x95\xa1o\xa1m\x90\x80\xc0") },
        { BYTES("\x94\1\xa1m\x90\x80") },
        { BYTES("\x94\xa1o\1\x90\x80") },
        { BYTES("\x94\xc4\1o\xa1m\x90\x80") },
        { BYTES("\x94\xa1o\xa1m\x80\x80") },
        { BYTES("\x94\xa1o\xa1m\xa1x\x80") },
        { BYTES("\x94\xa1o\xa1m\x90\x90") },
        { BYTES("\x94\xa1o\xa1m\x90\x81\xc4\1k\1") },
        { BYTES("\x84\xa1o\xa1m\xa1p\xa1q\xa1r\xa1s\xa1t\xa1u") },
};

START_TEST(other_values_are_no_invoke)
{
        pyrope_view view = view_of(bad_invokes[_i].bytes, bad_invokes[_i].n_bytes);
        MessageInvoke invoke = { .object = { NULL, NULL } };

        ck_assert_int_eq(message_invoke_unpack(view, &invoke), MESSAGE_E_SHAPE);
        ck_assert_ptr_null(invoke.object.at);
}
END_TEST

START_TEST(a_call_of_a_batch_is_read)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        MessageInvoke invoke;

        pyrope_pack(writer, "[[s [i] {}] [s n n] [s []] [i [] {}]]", "one", 1, "two", "three", 4);
        value = taken();

        ck_assert_int_eq(message_batch_unpack(pyrope_at(pyrope_value_view(value), 0), &invoke), 0);
        ck_assert(pyrope_str_equals(invoke.method, "one"));
        ck_assert_ptr_null(invoke.object.at);
        ck_assert_int_eq(message_batch_unpack(pyrope_at(pyrope_value_view(value), 1), &invoke), 0);
        ck_assert_ptr_null(invoke.args.at);
        for (size_t i = 2; i < 5; i++)
                ck_assert_int_eq(
                        message_batch_unpack(pyrope_at(pyrope_value_view(value), i), &invoke),
                        MESSAGE_E_SHAPE);
}
END_TEST

/* Object and method of every length mod 8, then as long as msgpack changes its heads. */
START_TEST(arguments_begin_at_a_multiple_of_8_bytes)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(4096);
        MessageInvoke invoke;
        char object[256];
        char method[32];

        memset(object, 'o', sizeof(object));
        memset(method, 'm', sizeof(method));
        object[_i / 31 < 8 ? 1 + _i / 31 : 200 + _i / 31] = '\0';
        method[1 + _i % 31] = '\0';

        ck_assert_int_eq(buffer_append(&buffer, "head", 4), 0);
        ck_assert_int_eq(message_invoke_begin(&buffer, object, method), 0);
        ck_assert_uint_eq((buffer.n - 4) % 8, 0);
        ck_assert_int_eq(buffer_append(&buffer, "\x91\1\x80", 3), 0);
        ck_assert_int_eq(message_invoke_unpack(view_of(buffer.data + 4, buffer.n - 4), &invoke), 0);
        ck_assert(pyrope_str_equals(invoke.object, object));
        ck_assert(pyrope_str_equals(invoke.method, method));
        ck_assert_uint_eq(pyrope_count(invoke.args), 1);
}
END_TEST

#define FAILURE "\x81\xa9__class__\xbcPyro5.core._ExceptionWrapper"

static const struct {
        const char *what;
        const uint8_t *payload;
        size_t n_payload;
        size_t n_calls;
        int r;
} results[] = {
        { "no call", BYTES("\x90"), 0, 0 },
        { "as many", BYTES("\x92\1\2"), 2, 0 },
        { "too many", BYTES("\x92\1\2"), 1, MESSAGE_E_SHAPE },
        { "one for none", BYTES("\x91\1"), 0, MESSAGE_E_SHAPE },
        { "too few", BYTES("\x91\1"), 2, MESSAGE_E_SHAPE },
        { "none", BYTES("\x90"), 1, MESSAGE_E_SHAPE },
        { "a failure last", BYTES("\x92\1" FAILURE), 3, 0 },
        { "a failure of the last", BYTES("\x92\1" FAILURE), 2, 0 },
        { "a failure earlier", BYTES("\x92" FAILURE "\1"), 3, MESSAGE_E_SHAPE },
        { "no list", BYTES("\x80"), 0, MESSAGE_E_SHAPE },
        { "nil", BYTES("\xc0"), 0, MESSAGE_E_SHAPE },
};

START_TEST(results_of_a_batch_are_as_many_as_its_calls)
{
        pyrope_view view = view_of(results[_i].payload, results[_i].n_payload);

        ck_assert_msg(message_batch_results_check(view, results[_i].n_calls) == results[_i].r, "%s",
                      results[_i].what);
}
END_TEST

START_TEST(names_of_any_length_can_be_called)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1u << 20);
        MessageInvoke invoke;
        char *name = malloc(70001);

        memset(name, 'n', 70000);
        name[70000] = '\0';

        ck_assert_int_eq(message_invoke_begin(&buffer, name, name), 0);
        ck_assert_int_eq(buffer_append(&buffer, "\x90\x80", 2), 0);

        ck_assert_int_eq(message_invoke_unpack(view_of(buffer.data, buffer.n), &invoke), 0);
        ck_assert(pyrope_str_equals(invoke.method, name));
        free(name);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("message");
        TCase *tcase = tcase_create("message");

        tcase_add_checked_fixture(tcase, writer_set_up, writer_tear_down);
        tcase_add_test(tcase, connect_is_read_as_it_was_packed);
        tcase_add_loop_test(tcase, connect_must_be_a_map, 0, ARRAY_SIZE(connects));
        tcase_add_test(tcase, connectok_holds_the_metadata);
        tcase_add_loop_test(tcase, connectok_without_whole_metadata_is_refused, 0,
                            ARRAY_SIZE(bad_metas));
        tcase_add_loop_test(tcase, the_reason_of_a_connectfail_is_read_from_any_serializer, 0,
                            ARRAY_SIZE(fails));
        tcase_add_test(tcase, invoke_is_read);
        tcase_add_test(tcase, invoke_takes_nil_for_arguments_and_keywords);
        tcase_add_loop_test(tcase, other_values_are_no_invoke, 0, ARRAY_SIZE(bad_invokes));
        tcase_add_test(tcase, a_call_of_a_batch_is_read);
        tcase_add_loop_test(tcase, results_of_a_batch_are_as_many_as_its_calls, 0,
                            ARRAY_SIZE(results));
        tcase_add_loop_test(tcase, arguments_begin_at_a_multiple_of_8_bytes, 0, 16 * 31);
        tcase_add_test(tcase, names_of_any_length_can_be_called);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
