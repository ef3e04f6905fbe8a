#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * The socket of a connection: bytes out and in, before a deadline
 *
 * For proto/conn only. What fails here closes the connection.
 */

#include "proto/conn.h"
#include "proto/parcel.h"

#define CONN_FIRST_BYTES   4096u /* received together with the header */
#define CONN_MESSAGE_PARTS 5u    /* header, annotations, beginning, arguments, keywords */

typedef struct Part Part;
typedef struct Message Message;

/* What is sent: each part is bytes, or a parcel. */
struct Part {
        const uint8_t *bytes;
        size_t n;
        const Parcel *parcel; /* instead of bytes; NULL: none */
};

struct Message {
        Part parts[CONN_MESSAGE_PARTS];
        size_t n_parts;
        size_t n;     /* bytes in all */
        bool goes_on; /* with a request whose answer is awaited already */
};

static inline void message_add(Message *message, Part part)
{
        message->parts[message->n_parts++] = part;
        message->n += part.n;
}

/* conn_fail() - hang up, for `return conn_fail(conn, error_set(...))`. Return: @status. */
pyrope_status conn_fail(Conn *conn, pyrope_status status);
/* The same with an error of its own. */
pyrope_status conn_no_memory(Conn *conn, pyrope_error **error);
pyrope_status conn_too_late(Conn *conn, pyrope_error **error);

/**
 * conn_send() - all of a message
 *
 * Return: PYROPE_OK, also with conn->is_cut where the daemon has hung up: its answer is to be
 * looked for; PYROPE_E_CLOSED if it had hung up before; PYROPE_E_TIMEOUT, PYROPE_E_UNREACHABLE,
 * PYROPE_E_IO.
 */
NODISCARD pyrope_status conn_send(Conn *conn, const Message *message, Deadline deadline,
                                  pyrope_error **error);

/**
 * conn_receive() - some bytes, behind those in conn->in
 * @n_wanted: how many are missing
 *
 * Return: PYROPE_OK, also if none came; PYROPE_E_TIMEOUT, PYROPE_E_UNREACHABLE, PYROPE_E_NOMEM,
 * PYROPE_E_IO.
 */
NODISCARD pyrope_status conn_receive(Conn *conn, size_t n_wanted, Deadline deadline,
                                     pyrope_error **error);
