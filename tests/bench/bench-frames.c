/* SPDX-License-Identifier: MIT */

/*
 * The floor of a Pyro5 daemon: answers each frame by another that it made before, looking at
 * nothing but its size. What a Pyro5 client needs with it, it needs with every daemon.
 *
 *      bench-frames ADDRESS    prints "READY URI"
 */

#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"
#include "tests/bench/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_BYTES 4096u

typedef struct Ready Ready;

/* An answer that lacks only the number of its request. */
struct Ready {
        FrameHeader header;
        uint8_t bytes[FRAME_BYTES];
};

static Ready connectok, result;

static void make(Ready *ready, FrameType type, const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        const uint8_t *payload;
        size_t n_payload;
        va_list arguments;

        if (!writer)
                bench_die("memory", NULL);
        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        if (writer_finish(writer, &payload, &n_payload) ||
            n_payload > FRAME_BYTES - FRAME_HEADER_SIZE)
                bench_die("an answer", "it cannot be made");
        memcpy(ready->bytes + FRAME_HEADER_SIZE, payload, n_payload);
        ready->header = (FrameHeader){
                .type = type,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .n_payload = (uint32_t)n_payload,
        };
}

/* The whole of it lies behind the request, which comes in one piece. */
static void answer(int fd, const FrameHeader *request, const Ready *ready)
{
        uint8_t bytes[FRAME_BYTES];
        FrameHeader header = ready->header;

        header.seq = request->seq;
        frame_header_write(&header, bytes);
        memcpy(bytes + FRAME_HEADER_SIZE, ready->bytes + FRAME_HEADER_SIZE, header.n_payload);
        bench_send(fd, bytes, frame_size(&header));
}

static void *thread_main(void *userdata)
{
        int fd = (int)(intptr_t)userdata;
        uint8_t bytes[FRAME_BYTES];
        FrameHeader request;

        while (recv(fd, bytes, sizeof(bytes), 0) > 0) {
                if (frame_header_parse(bytes, FRAME_HEADER_SIZE, FRAME_BYTES, &request))
                        bench_die("a request", "it is no frame");
                answer(fd, &request, request.type == FRAME_CONNECT ? &connectok : &result);
        }
        (void)close(fd);
        return NULL;
}

int main(int argc, char **argv)
{
        static const uint8_t message[BENCH_BYTES];
        char address[128];
        pthread_t thread;
        int listen_fd;
        int fd;

        if (argc != 2)
                bench_die("usage", "bench-frames ADDRESS");
        make(&connectok, FRAME_CONNECTOK, "{s:s s:{s:[s] s:[] s:[]}}", "handshake", "hello", "meta",
             "methods", "echo", "oneway", "attrs");
        make(&result, FRAME_RESULT, "y", message, sizeof(message));
        listen_fd = bench_listen(argv[1], address, sizeof(address));
        printf("READY PYRO:bench@%s%s\n", strncmp(address, "u:", 2) == 0 ? "./" : "", address);
        (void)fflush(stdout);
        while ((fd = accept(listen_fd, NULL, NULL)) >= 0)
                if (pthread_create(&thread, NULL, thread_main, (void *)(intptr_t)fd) ||
                    pthread_detach(thread))
                        bench_die("a thread", NULL);
        return 1;
}
