/* SPDX-License-Identifier: MIT */

#include "tests/unit/wire-client.h"

#include "base/unix-socket.h"
#include "proto/codec.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define WAIT_MS 60000

WireClient wire_connect(const char *path)
{
        WireClient client = { .fd = -1 };

        ck_assert_int_eq(unix_connect(path, deadline_in(WAIT_MS), &client.fd), 0);
        return client;
}

void wire_close(WireClient *client)
{
        (void)close(client->fd);
}

static void append_frame(Buffer *ret, FrameType type, uint16_t flags, uint16_t seq,
                         pyrope_writer *writer)
{
        FrameHeader header = {
                .type = type,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .flags = flags,
                .seq = seq,
        };
        uint8_t bytes[FRAME_HEADER_SIZE];
        const uint8_t *payload;
        size_t n_payload;

        ck_assert_int_eq(writer_finish(writer, &payload, &n_payload), PYROPE_OK);
        header.n_payload = (uint32_t)n_payload;
        frame_header_write(&header, bytes);
        ck_assert_int_eq(buffer_append(ret, bytes, sizeof(bytes)), 0);
        ck_assert_int_eq(buffer_append(ret, payload, n_payload), 0);
}

void wire_frame(Buffer *ret, FrameType type, uint16_t flags, uint16_t seq, const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        va_list arguments;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        append_frame(ret, type, flags, seq, writer);
}

static void wait_for(int fd, short events)
{
        struct pollfd pollfd = { .fd = fd, .events = events };

        ck_assert_int_eq(poll(&pollfd, 1, WAIT_MS), 1);
}

void wire_send_bytes(WireClient *client, const void *bytes, size_t n_bytes)
{
        const uint8_t *at = bytes;
        ssize_t n;

        while (n_bytes > 0) {
                wait_for(client->fd, POLLOUT);
                n = send(client->fd, at, n_bytes, MSG_NOSIGNAL);
                if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
                        return; /* it shows at the next receive */
                ck_assert_int_gt(n, 0);
                at += n;
                n_bytes -= (size_t)n;
        }
}

void wire_invoke(WireClient *client, uint16_t flags, const char *object, const char *method,
                 const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        va_list arguments;

        pyrope_write_list(writer, 4);
        pyrope_write_str(writer, object);
        pyrope_write_str(writer, method);
        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        pyrope_write_nil(writer);
        append_frame(&frame, FRAME_INVOKE, flags, ++client->seq, writer);
        wire_send_bytes(client, frame.data, frame.n);
}

bool wire_receive_bytes(WireClient *client, void *ret, size_t n_bytes)
{
        uint8_t *bytes = ret;
        ssize_t n;

        while (n_bytes > 0) {
                wait_for(client->fd, POLLIN);
                n = recv(client->fd, bytes, n_bytes, 0);
                if (n == 0 || (n < 0 && errno == ECONNRESET))
                        return false;
                ck_assert_int_gt(n, 0);
                bytes += n;
                n_bytes -= (size_t)n;
        }
        return true;
}

bool wire_receive(WireClient *client, WireAnswer *ret)
{
        uint8_t header[FRAME_HEADER_SIZE];

        *ret = (WireAnswer){ .bytes = BUFFER_INIT(SIZE_MAX) };
        if (!wire_receive_bytes(client, header, sizeof(header)))
                return false;
        ck_assert_int_eq(frame_header_parse(header, sizeof(header), UINT32_MAX, &ret->header), 0);
        ck_assert_uint_eq(ret->header.n_annotations, 0);
        ck_assert_int_eq(buffer_reserve(&ret->bytes, ret->header.n_payload), 0);
        ck_assert(wire_receive_bytes(client, ret->bytes.data, ret->header.n_payload));
        ret->bytes.n = ret->header.n_payload;
        if (codec_check(ret->bytes.data, ret->bytes.n, &ret->payload))
                ret->payload = (pyrope_view){ NULL, NULL };
        return true;
}

void wire_answer_deinit(WireAnswer *answer)
{
        buffer_deinit(&answer->bytes);
}

static void expect_result(WireClient *client, uint16_t flags, WireAnswer *ret)
{
        ck_assert_msg(wire_receive(client, ret), "the connection ended");
        ck_assert_int_eq(ret->header.type, FRAME_RESULT);
        ck_assert_int_eq(ret->header.flags, flags);
        ck_assert_int_eq(ret->header.serializer, FRAME_SERIALIZER_MSGPACK);
        ck_assert_uint_eq(ret->header.seq, client->seq);
}

void wire_expect_int(WireClient *client, int64_t expected)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        int64_t value = ~expected;

        expect_result(client, 0, &answer);
        ck_assert_int_eq(pyrope_get_int(answer.payload, &value), PYROPE_OK);
        ck_assert_int_eq(value, expected);
}

void wire_expect_str(WireClient *client, const char *expected)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };

        expect_result(client, 0, &answer);
        ck_assert(pyrope_str_equals(answer.payload, expected));
}

void wire_expect_exception(WireClient *client, const char *class_, const char *text)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        const char *got = "";
        size_t n_got = 0;

        expect_result(client, FRAME_EXCEPTION, &answer);
        ck_assert(pyrope_str_equals(pyrope_find(answer.payload, "__class__"), class_));
        (void)pyrope_get_str(pyrope_at(pyrope_find(answer.payload, "args"), 0), &got, &n_got);
        ck_assert_msg(n_got == strlen(text) && memcmp(got, text, n_got) == 0, "'%.*s'", (int)n_got,
                      got);
}

void wire_expect_end(WireClient *client)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };

        ck_assert_msg(!wire_receive(client, &answer), "it answered");
}

static void shake_hands(WireClient *client, const char *object)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);

        wire_frame(&frame, FRAME_CONNECT, 0, 0, "{s:s,s:s}", "handshake", "hello", "object",
                   object);
        wire_send_bytes(client, frame.data, frame.n);
        ck_assert_msg(wire_receive(client, &answer), "the connection ended");
        ck_assert_int_eq(answer.header.type, FRAME_CONNECTOK);
}

WireClient wire_open(const char *path, const char *object)
{
        WireClient client = wire_connect(path);

        shake_hands(&client, object);
        return client;
}

WireClient wire_open_port(const char *port, const char *object)
{
        const struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        WireClient client = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

        ck_assert_int_eq(connect(client.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        shake_hands(&client, object);
        return client;
}
