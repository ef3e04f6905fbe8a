#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * What the clients of the benchmarks share: the measurements. A program describes how its
 * middleware is spoken to by a BenchPeer, and bench_main() does the rest, so that all of them do
 * the same. Any failure ends the program with one line; there is nothing to go on with.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_BYTES 64 /* of a small message, there and back */

typedef struct BenchPeer BenchPeer;

struct BenchPeer {
        void *(*open)(const char *address); /* one connection */
        void (*echo)(void *connection);     /* BENCH_BYTES there and back */
        void (*put)(void *connection, const void *bytes, size_t n_bytes); /* until acknowledged */
        void (*get)(void *connection, size_t n_bytes); /* until all of it is here, and given up */
        /* Blocks of @depth messages, one behind the other; NULL: it cannot. */
        void (*pipeline)(void *connection, unsigned depth);
};

/* $BENCH_SPIN_US, or 0. */
unsigned bench_spin_us(void);

/**
 * bench_main() - the life of a client, see tests/bench/README.md
 *
 *      latency ADDRESS N           prints the median of N round trips, in microseconds
 *      many ADDRESS CONNECTIONS MS prints calls per second, one thread for each connection
 *      pipeline ADDRESS DEPTH MS   prints calls per second over one connection
 *      put|get ADDRESS BYTES N     prints MB/s (median of N), and memory beyond the caller's own
 *                                  data in units of BYTES
 *      beside-put|beside-get ADDRESS BYTES N
 *                                  prints the median and the longest of N round trips while
 * messages of BYTES follow each other on another connection, in milliseconds, and the MB/s of these
 *      hold ADDRESS N              opens N connections, prints "HELD", waits for the end of stdin
 */
int bench_main(const BenchPeer *peer, int argc, char **argv);

/* One line to standard error, and the end. @why may be NULL: what errno says. */
void bench_die(const char *what, const char *why) __attribute__((noreturn));

int64_t bench_now_ns(void);

/* An argument above 0. */
size_t bench_number(const char *text);

/* Memory for @n measured values; and their median, which sorts them. */
double *bench_room(size_t n);
double bench_median(double *values, size_t n);

/* Of the nameservers: the name with a number, and one of the $BENCH_NAMES that are there. */
#define BENCH_NAME_SIZE 32
void bench_name(unsigned number, char ret[BENCH_NAME_SIZE]);
void bench_some_name(char ret[BENCH_NAME_SIZE]);

/* Sockets of "u:PATH" and "ADDRESS:PORT", tuned as raw sockets are best. */
int bench_connect(const char *address);
int bench_listen(const char *address, char *ret_address, size_t n_ret);
void bench_send(int fd, const void *bytes, size_t n_bytes);
int bench_receive(int fd, void *ret, size_t n_bytes); /* returns 0 at the end of the stream */

/* Memory for a large message: huge pages, touched. */
void *bench_memory(size_t n_bytes);

#ifdef __cplusplus
}
#endif
