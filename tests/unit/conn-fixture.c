/* SPDX-License-Identifier: MIT */

#include "tests/unit/conn-fixture.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

Conn conn;
int daemon_fd = -1;
pyrope_error *error;
pyrope_value *value;

void conn_begin(uint32_t n_message_max)
{
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        conn_init(&conn, fds[0], n_message_max);
        daemon_fd = fds[1];
}

void conn_set_up(void)
{
        conn_begin(LIMIT);
}

void conn_tear_down(void)
{
        conn_deinit(&conn);
        closep(&daemon_fd);
        error = pyrope_error_free(error);
        value = pyrope_value_free(value);
}

void daemon_sends(const void *bytes, size_t n_bytes)
{
        const uint8_t *at = bytes;
        ssize_t n;

        for (; n_bytes > 0; at += n, n_bytes -= (size_t)n) {
                n = send(daemon_fd, at, n_bytes, MSG_NOSIGNAL);
                ck_assert_int_gt(n, 0);
        }
}

void daemon_answers_beside(FrameHeader header, const uint8_t *annotations, size_t n_annotations,
                           const uint8_t *payload, size_t n_payload)
{
        uint8_t bytes[FRAME_HEADER_SIZE];

        header.n_annotations = (uint32_t)n_annotations;
        header.n_payload = (uint32_t)n_payload;
        frame_header_write(&header, bytes);
        daemon_sends(bytes, sizeof(bytes));
        daemon_sends(annotations, n_annotations);
        daemon_sends(payload, n_payload);
}

void daemon_answers(FrameHeader header, const uint8_t *payload, size_t n_payload)
{
        daemon_answers_beside(header, NULL, 0, payload, n_payload);
}

FrameHeader result_header(uint16_t flags)
{
        return (FrameHeader){
                .type = FRAME_RESULT,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .flags = flags,
                .seq = (uint16_t)(conn.seq + 1),
        };
}

void daemon_hangs_up(void)
{
        closep(&daemon_fd);
}

/* Reads one request; both have room for @n_room bytes. */
FrameHeader daemon_reads_beside(uint8_t *annotations, uint8_t *payload, size_t n_room)
{
        uint8_t bytes[FRAME_HEADER_SIZE];
        FrameHeader header;

        ck_assert_int_eq(recv(daemon_fd, bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
        ck_assert_int_eq(frame_header_parse(bytes, sizeof(bytes), n_room, &header), 0);
        ck_assert_int_eq(recv(daemon_fd, annotations, header.n_annotations, MSG_WAITALL),
                         header.n_annotations);
        ck_assert_int_eq(recv(daemon_fd, payload, header.n_payload, MSG_WAITALL), header.n_payload);
        return header;
}

FrameHeader daemon_reads(uint8_t *payload, size_t n_room)
{
        FrameHeader header = daemon_reads_beside(NULL, payload, n_room);

        ck_assert_uint_eq(header.n_annotations, 0);
        return header;
}

bool daemon_has_nothing_to_read(void)
{
        char byte;

        return recv(daemon_fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

const ConnCall adder_add = { .object = "adder", .method = "add" };

pyrope_status conn_add(const ConnCall *what)
{
        return conn_invoke(&conn, what, DEADLINE_NONE, &value, &error);
}

void assert_conn_error(pyrope_status status, const char *text)
{
        ck_assert_ptr_nonnull(error);
        ck_assert_int_eq(pyrope_error_status(error), status);
        ck_assert_msg(strstr(pyrope_error_text(error), text), "'%s' lacks '%s'",
                      pyrope_error_text(error), text);
}
