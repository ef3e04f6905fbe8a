#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * A Connection and the Daemon Behind It
 *
 * The daemon's end of a socket pair is played by the test: it writes the answer before the call is
 * made, and reads the request afterwards; a thread plays it where a message exceeds the buffers.
 */

#include "proto/conn.h"

#include "proto/frame.h"
#include "proto/value.h"

#define LIMIT       (1u << 20)
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define HEADER(type_, serializer_, seq_, flags_)                                                   \
        {                                                                                          \
                .type = (type_), .serializer = (serializer_), .seq = (seq_), .flags = (flags_)     \
        }

extern Conn conn;
extern int daemon_fd;
extern pyrope_error *error; /* freed at the end of a test */
extern pyrope_value *value; /* freed at the end of a test */
extern const ConnCall adder_add;

/* A connection of that limit; conn_set_up() makes one of LIMIT. */
void conn_begin(uint32_t n_message_max);
void conn_set_up(void);
void conn_tear_down(void);

void daemon_sends(const void *bytes, size_t n_bytes);
void daemon_answers(FrameHeader header, const uint8_t *payload, size_t n_payload);
void daemon_hangs_up(void);

/* Reads one request, whose payload has at most @n_room bytes. */
FrameHeader daemon_reads(uint8_t *payload, size_t n_room);
bool daemon_has_nothing_to_read(void);

/* The same with annotations between header and payload. */
void daemon_answers_beside(FrameHeader header, const uint8_t *annotations, size_t n_annotations,
                           const uint8_t *payload, size_t n_payload);
FrameHeader daemon_reads_beside(uint8_t *annotations, uint8_t *payload, size_t n_room);

/* The header of the answer to the next call. */
FrameHeader result_header(uint16_t flags);

/* Calls without limit of time, into value and error. */
pyrope_status conn_add(const ConnCall *what);
void assert_conn_error(pyrope_status status, const char *text);
