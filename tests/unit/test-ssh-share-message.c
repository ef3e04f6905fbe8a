/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-message.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <errno.h>

static Buffer packed = BUFFER_INIT(SSH_SHARE_MESSAGE_MAX_BYTES);
static SshShareMessage got;

static void teardown(void)
{
        buffer_deinit(&packed);
        ssh_share_message_deinit(&got);
}

static int there_and_back(const SshShareMessage *message)
{
        int r;

        buffer_clear(&packed);
        r = ssh_share_message_pack(message, &packed);
        ck_assert_int_eq(r, 0);
        return ssh_share_message_unpack(packed.data, packed.n, &got);
}

START_TEST(what_is_packed_is_unpacked)
{
        const SshShareMessage open = { .kind = SSH_SHARE_OPEN,
                                       .ssh = "h1",
                                       .host = "db",
                                       .port = 65535,
                                       .ms = -1,
                                       .is_askable = true };

        ck_assert_int_eq(there_and_back(&open), 0);
        ck_assert_int_eq(got.kind, SSH_SHARE_OPEN);
        ck_assert_str_eq(got.ssh, "h1");
        ck_assert_str_eq(got.host, "db");
        ck_assert_ptr_null(got.path);
        ck_assert_int_eq(got.port, 65535);
        ck_assert_int_eq(got.ms, -1);
        ck_assert(got.is_askable);
}
END_TEST

START_TEST(bytes_may_be_none_and_hold_anything)
{
        const SshShareMessage none = { .kind = SSH_SHARE_DONE, .bytes = (const uint8_t *)"" };
        const SshShareMessage some = { .kind = SSH_SHARE_DONE,
                                       .bytes = (const uint8_t *)"a\0b",
                                       .n_bytes = 3 };

        ck_assert_int_eq(there_and_back(&none), 0);
        ck_assert_ptr_nonnull(got.bytes);
        ck_assert_uint_eq(got.n_bytes, 0);
        ssh_share_message_deinit(&got);
        ck_assert_int_eq(there_and_back(&some), 0);
        ck_assert_mem_eq(got.bytes, "a\0b", 4);
}
END_TEST

START_TEST(what_is_not_of_the_kind_is_left_out)
{
        const SshShareMessage survey = { .kind = SSH_SHARE_SURVEY, .ssh = "h1", .ms = 5 };

        ck_assert_int_eq(there_and_back(&survey), 0);
        ck_assert_ptr_null(got.ssh);
        ck_assert_int_eq(got.ms, 0);
}
END_TEST

static char *text_of(size_t n)
{
        char *text = malloc(n + 1);

        ck_assert_ptr_nonnull(text);
        memset(text, 'x', n);
        text[n] = '\0';
        return text;
}

START_TEST(a_text_has_a_limit)
{
        CLEANUP(freep) char *most = text_of(SSH_SHARE_TEXT_MAX_BYTES);
        CLEANUP(freep) char *more = text_of(SSH_SHARE_TEXT_MAX_BYTES + 1);
        SshShareMessage done = { .kind = SSH_SHARE_DONE, .status = 7, .text = most };

        ck_assert_int_eq(there_and_back(&done), 0);
        done.text = more;
        buffer_clear(&packed);
        ck_assert_int_eq(ssh_share_message_pack(&done, &packed), -EMSGSIZE);
}
END_TEST

/* As msgpack, for what a pack cannot make. */
static int unpack_written(const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        const uint8_t *bytes;
        va_list arguments;
        size_t n;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        ck_assert_int_eq(writer_finish(writer, &bytes, &n), PYROPE_OK);
        return ssh_share_message_unpack(bytes, n, &got);
}

START_TEST(what_comes_has_the_same_limits)
{
        CLEANUP(freep) char *text = text_of(SSH_SHARE_BYTES_MAX + 1);

        ck_assert_int_eq(unpack_written("{s:s s:y}", "kind", "state", "bytes", text,
                                        (size_t)SSH_SHARE_BYTES_MAX),
                         0);
        ssh_share_message_deinit(&got);
        ck_assert_int_eq(unpack_written("{s:s s:y}", "kind", "state", "bytes", text,
                                        (size_t)SSH_SHARE_BYTES_MAX + 1),
                         SSH_SHARE_MESSAGE_E_INVALID);
        text[SSH_SHARE_TEXT_MAX_BYTES + 1] = '\0';
        ck_assert_int_eq(unpack_written("{s:s s:s}", "kind", "open", "ssh", text),
                         SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("{s:s s:s s:i}", "kind", "open", "ssh", "h", "port", 65535),
                         0);
        ssh_share_message_deinit(&got);
        ck_assert_int_eq(unpack_written("{s:s s:s s:i}", "kind", "open", "ssh", "h", "port", 65536),
                         SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("{s:s s:s s:i}", "kind", "open", "ssh", "h", "ms", -2),
                         SSH_SHARE_MESSAGE_E_INVALID);
}
END_TEST

START_TEST(what_is_missing_or_foreign_is_refused)
{
        ck_assert_int_eq(unpack_written("{s:s}", "kind", "open"), SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("{s:s s:s}", "kind", "survey", "ssh", "h"),
                         SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("{s:s s:s}", "kind", "survey", "what", "h"),
                         SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("{s:s s:i s:i}", "kind", "answer", "id", 1, "id", 1),
                         SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("{s:s}", "kind", "other"), SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(unpack_written("[s]", "kind"), SSH_SHARE_MESSAGE_E_INVALID);
        ck_assert_int_eq(ssh_share_message_unpack(NULL, 0, &got), SSH_SHARE_MESSAGE_E_INVALID);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-share-message");
        TCase *tcase = tcase_create("ssh-share-message");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_test(tcase, what_is_packed_is_unpacked);
        tcase_add_test(tcase, bytes_may_be_none_and_hold_anything);
        tcase_add_test(tcase, what_is_not_of_the_kind_is_left_out);
        tcase_add_test(tcase, a_text_has_a_limit);
        tcase_add_test(tcase, what_comes_has_the_same_limits);
        tcase_add_test(tcase, what_is_missing_or_foreign_is_refused);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
