#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Load
 *
 * What the programs of this folder share: a daemon in a process of its own, clients of it, what the
 * kernel tells about a process, and the lines "name value limit PASS|FAIL". They are called
 *
 *      load-NAME short         small, for every build: nothing is judged by time
 *      load-NAME [ARGUMENT]    whole; each says what its argument is
 *
 * Any failure that is no figure ends the program with one line.
 */

#include "proto/conn.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct Load Load;
typedef struct LoadServer LoadServer;

struct Load {
        bool is_short;
        int failed; /* the exit status */
};

/* One object, "load", whose calls run side by side: echo(x) gives x, fill(n) n bytes, drop(x)
 * nothing. */
struct LoadServer {
        /* To be set before the start; 0: by default. */
        unsigned n_descriptors; /* RLIMIT_NOFILE */
        unsigned n_workers;
        uint64_t message_max;
        uid_t guest; /* another user, who may come by the port */

        pid_t pid;
        char directory[32]; /* private */
        char path[64];      /* of its socket */
        unsigned port;      /* of 127.0.0.1, where there is a guest */
};

void load_die(const char *what) __attribute__((noreturn));

/* Reads "short" or a number from the command line. Return: the number, @whole by default, @brief if
 * it is to be short. */
long load_begin(Load *load, int argc, char **argv, long whole, long brief);

/* A figure, and how it is judged: not above @max. */
void load_report(Load *load, const char *name, double value, double max);
/* The same of time, which counts only in a whole run. */
void load_report_time(Load *load, const char *name, double value, double max);
/* The same of memory, which does not count under a sanitizer, for that has its own. */
void load_report_memory(Load *load, const char *name, double value, double max);

/* Forks; so call it before there are threads. */
void load_server_start(LoadServer *server);

/* Ends it in peace. Reports "NAME-server" as the number of servers that crashed or leaked. */
void load_server_stop(Load *load, LoadServer *server, const char *name);

/* A peer in a process of its own, who runs until he is killed, and closes @ready_fd once he is
 * there. Forks. */
pid_t load_peer_start(void (*fn)(const LoadServer *server, int ready_fd), const LoadServer *server,
                      int *ret_ready_fd);

/* Until he is there; closes @ready_fd. */
void load_peer_await(int ready_fd);

/* Kills a process that was made to run until then; if it did not, the figures are worth nothing. */
void load_kill(pid_t pid);

/* Of a process. */
double load_rss_mib(pid_t pid);
unsigned load_descriptors(pid_t pid);
unsigned load_threads(pid_t pid);
double load_cpu_ms(pid_t pid);

/* The calling process may have as many descriptors as the system lets it. */
void load_raise_descriptors(void);

/* -- clients ---------------------------------------------------------------------------------- */

/* A connected socket; load_open() has shaken hands, and load_try() too, if it could. */
int load_connect(const LoadServer *server);
Conn load_open(const LoadServer *server);
bool load_try(const LoadServer *server, Conn *ret);

/* Calls @method with one int, before a minute is over. The result is dropped. */
void load_call(Conn *conn, const char *method, int64_t argument);

/* The bytes of a CONNECT, and of a call with @n_bytes bytes as its argument; owned, free(). */
uint8_t *load_connect_frame(size_t *ret_n);
uint8_t *load_call_frame(const char *method, size_t n_bytes, size_t *ret_n);
uint8_t *load_int_frame(const char *method, int64_t argument, size_t *ret_n);

/* Shakes hands on a socket that then belongs to one who does not keep to anything. */
void load_shake_hands(int fd);

/* The longest of the calls that were the fastest @part of all. Sorts them. */
double load_percentile(double *values, size_t n, double part);

double load_now_ms(void);
void load_pause_ms(int ms);
