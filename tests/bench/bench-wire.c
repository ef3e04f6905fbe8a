/* SPDX-License-Identifier: MIT */

/*
 * A client of Pyro5 frames that sends many calls before it reads an answer, which none of the
 * libraries does. Only the mode pipeline; the address is that of a socket.
 */

#include "base/buffer.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/value.h"
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT       "bench"
#define RECEIVE_SIZE (64u * 1024)

typedef struct Wire Wire;

struct Wire {
        int fd;
        uint8_t call[512]; /* one frame */
        size_t n_call;
        uint8_t *block; /* @depth of them */
        size_t n_answer;
};

static void check(int r)
{
        if (r)
                bench_die("wire", "a frame cannot be made, or is no answer");
}

/* One whole frame; its size, header included. */
static size_t read_frame(int fd, uint8_t type)
{
        static _Thread_local uint8_t bytes[RECEIVE_SIZE];
        FrameHeader header;

        check(!bench_receive(fd, bytes, FRAME_HEADER_SIZE));
        check(frame_header_parse(bytes, FRAME_HEADER_SIZE, sizeof(bytes) - FRAME_HEADER_SIZE,
                                 &header));
        check(header.type != type || header.flags & FRAME_EXCEPTION);
        check(!bench_receive(fd, bytes, frame_size(&header) - FRAME_HEADER_SIZE));
        return frame_size(&header);
}

static size_t make_frame(uint8_t type, const uint8_t *payload, size_t n_payload, uint8_t *ret,
                         size_t n_ret)
{
        const FrameHeader header = {
                .type = type,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .seq = 1,
                .n_payload = (uint32_t)n_payload,
        };

        check(FRAME_HEADER_SIZE + n_payload > n_ret);
        frame_header_write(&header, ret);
        memcpy(ret + FRAME_HEADER_SIZE, payload, n_payload);
        return FRAME_HEADER_SIZE + n_payload;
}

static void make_call(Wire *wire)
{
        static const uint8_t message[BENCH_BYTES];
        CLEANUP(buffer_deinit) Buffer payload = BUFFER_INIT(sizeof(wire->call));

        check(message_invoke_begin(&payload, OBJECT, "echo"));
        check(codec_pack_list(&payload, 1));
        check(codec_pack_bytes(&payload, message, sizeof(message)));
        check(codec_pack_map(&payload, 0));
        wire->n_call =
                make_frame(FRAME_INVOKE, payload.data, payload.n, wire->call, sizeof(wire->call));
}

static void shake_hands(Wire *wire)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        uint8_t frame[512];
        const uint8_t *payload;
        size_t n_payload;

        check(!writer);
        message_connect_pack(writer, OBJECT);
        check(writer_finish(writer, &payload, &n_payload));
        bench_send(wire->fd, frame,
                   make_frame(FRAME_CONNECT, payload, n_payload, frame, sizeof(frame)));
        (void)read_frame(wire->fd, FRAME_CONNECTOK);
}

static void client_echo(void *connection)
{
        Wire *wire = connection;

        bench_send(wire->fd, wire->call, wire->n_call);
        wire->n_answer = read_frame(wire->fd, FRAME_RESULT);
}

static void *client_open(const char *address)
{
        Wire *wire = calloc(1, sizeof(*wire));

        check(!wire);
        wire->fd = bench_connect(address);
        shake_hands(wire);
        make_call(wire);
        client_echo(wire);
        return wire;
}

/* All calls by one send; all answers, which are of one size, by as few receives as there may be. */
static void client_pipeline(void *connection, unsigned depth)
{
        static uint8_t answers[4 * RECEIVE_SIZE];
        Wire *wire = connection;

        if (!wire->block) {
                wire->block = malloc(depth * wire->n_call);
                check(!wire->block || depth * wire->n_answer > sizeof(answers));
                for (unsigned i = 0; i < depth; i++)
                        memcpy(wire->block + i * wire->n_call, wire->call, wire->n_call);
        }
        bench_send(wire->fd, wire->block, depth * wire->n_call);
        check(!bench_receive(wire->fd, answers, depth * wire->n_answer));
}

int main(int argc, char **argv)
{
        static const BenchPeer peer = {
                .open = client_open,
                .echo = client_echo,
                .pipeline = client_pipeline,
        };

        return bench_main(&peer, argc, argv);
}
