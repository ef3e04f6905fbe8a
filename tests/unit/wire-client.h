#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Wire Client
 *
 * A peer for tests of the broker: writes frames to a socket and reads the answers, one at a time
 * and without any politeness. What does not come within a minute fails the test.
 */

#include "base/buffer.h"
#include "proto/frame.h"

#include <pyrope/value.h>
#include <stdbool.h>

typedef struct WireClient WireClient;
typedef struct WireAnswer WireAnswer;

struct WireClient {
        int fd;
        uint16_t seq; /* of the last request */
};

struct WireAnswer {
        FrameHeader header;
        Buffer bytes;        /* of the payload */
        pyrope_view payload; /* absent if it is no msgpack */
};

/* Connects, without a handshake. */
WireClient wire_connect(const char *path);

/* Connects and shakes hands for an object. */
WireClient wire_open(const char *path, const char *object);

/* The same through a port of 127.0.0.1. */
WireClient wire_open_port(const char *port, const char *object);

void wire_close(WireClient *client);

/* A whole frame, appended to @ret; the payload as pyrope_pack() writes it. */
void wire_frame(Buffer *ret, FrameType type, uint16_t flags, uint16_t seq, const char *format, ...);

void wire_send_bytes(WireClient *client, const void *bytes, size_t n_bytes);

/* Sends an INVOKE; @format is that of the list of arguments, "[if]". */
void wire_invoke(WireClient *client, uint16_t flags, const char *object, const char *method,
                 const char *format, ...);

/* Whether so many bytes came, not the end. */
bool wire_receive_bytes(WireClient *client, void *ret, size_t n_bytes);

/* Whether an answer came, not the end; to be given to wire_answer_deinit(). */
bool wire_receive(WireClient *client, WireAnswer *ret);
void wire_answer_deinit(WireAnswer *answer);

/* The next answer is the RESULT of the last request: an int, a str, an exception. */
void wire_expect_int(WireClient *client, int64_t expected);
void wire_expect_str(WireClient *client, const char *expected);
void wire_expect_exception(WireClient *client, const char *class_, const char *text);

/* The connection ends without another answer. */
void wire_expect_end(WireClient *client);
