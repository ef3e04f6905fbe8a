/* SPDX-License-Identifier: MIT */

#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MANY_MAX        256
#define CONNECTIONS_MAX 16384
#define HUGE_BYTES      (2u * 1024 * 1024)
#define BESIDE_PAUSE_MS 20  /* between small calls: they are rare beside the bulk */
#define WARM_UP_CALLS   200 /* by each connection, before anything counts */

typedef struct Lane Lane;

/* One connection of many. */
struct Lane {
        const BenchPeer *peer;
        const char *address;
        pthread_barrier_t *barrier;
        const atomic_bool *is_over;
        uint64_t n_calls;
};

void bench_die(const char *what, const char *why)
{
        fprintf(stderr, "bench: %s: %s\n", what, why ? why : strerror(errno));
        exit(1);
}

int64_t bench_now_ns(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void *bench_memory(size_t n_bytes)
{
        size_t n = (n_bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
        void *memory = aligned_alloc(HUGE_BYTES, n ? n : HUGE_BYTES);

        if (!memory)
                bench_die("memory", NULL);
        (void)madvise(memory, n, MADV_HUGEPAGE);
        memset(memory, 'x', n_bytes);
        return memory;
}

size_t bench_number(const char *text)
{
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (*end || end == text || n == 0)
                bench_die(text, "a number above 0 was expected");
        return n;
}

void bench_name(unsigned number, char ret[BENCH_NAME_SIZE])
{
        (void)snprintf(ret, BENCH_NAME_SIZE, "solver.%07u", number);
}

void bench_some_name(char ret[BENCH_NAME_SIZE])
{
        static atomic_uint n_seeds;
        static _Thread_local uint64_t state;
        static _Thread_local size_t n_names;

        if (!state) {
                const char *text = getenv("BENCH_NAMES");

                n_names = bench_number(text ? text : "");
                state = 0x9e3779b97f4a7c15u * (1 + atomic_fetch_add(&n_seeds, 1));
        }
        /* xorshift: no lock, and nothing of the C library's in the measurement. */
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bench_name((unsigned)((state >> 32) % n_names), ret);
}

static int compare(const void *left, const void *right)
{
        double a = *(const double *)left, b = *(const double *)right;

        return (a > b) - (a < b);
}

double bench_median(double *values, size_t n)
{
        qsort(values, n, sizeof(*values), compare);
        return values[n / 2];
}

double *bench_room(size_t n)
{
        double *values = calloc(n, sizeof(*values));

        if (!values)
                bench_die("memory", NULL);
        return values;
}

/* Connections stay until the process ends; held here, they are no leaks to a checker. */
static void *open_for_good(const BenchPeer *peer, const char *address)
{
        static void *connections[CONNECTIONS_MAX];
        static atomic_size_t n;
        size_t i = atomic_fetch_add(&n, 1);

        if (i >= CONNECTIONS_MAX)
                bench_die("too many connections", NULL);
        connections[i] = peer->open(address);
        return connections[i];
}

static void latency(const BenchPeer *peer, const char *address, size_t n)
{
        void *connection = open_for_good(peer, address);
        double *took_ns = bench_room(n);
        int64_t began_ns, now_ns;

        for (size_t i = 0; i < WARM_UP_CALLS; i++)
                peer->echo(connection);
        began_ns = bench_now_ns();
        for (size_t i = 0; i < n; i++) {
                peer->echo(connection);
                now_ns = bench_now_ns();
                took_ns[i] = (double)(now_ns - began_ns);
                began_ns = now_ns;
        }
        printf("%.3f\n", bench_median(took_ns, n) / 1e3);
        free(took_ns);
}

static void *lane_main(void *userdata)
{
        Lane *lane = userdata;
        void *connection = open_for_good(lane->peer, lane->address);

        for (size_t i = 0; i < WARM_UP_CALLS; i++)
                lane->peer->echo(connection);
        (void)pthread_barrier_wait(lane->barrier);
        while (!atomic_load_explicit(lane->is_over, memory_order_relaxed)) {
                lane->peer->echo(connection);
                lane->n_calls++;
        }
        return NULL;
}

static void pause_ms(size_t ms)
{
        const struct timespec time = { .tv_sec = (time_t)(ms / 1000),
                                       .tv_nsec = (long)(ms % 1000) * 1000000 };

        (void)nanosleep(&time, NULL);
}

static void many(const BenchPeer *peer, const char *address, size_t n, size_t ms)
{
        static pthread_t threads[MANY_MAX];
        static Lane lanes[MANY_MAX];
        atomic_bool is_over = false;
        pthread_barrier_t barrier;
        uint64_t n_calls = 0;
        int64_t began_ns;

        if (n > MANY_MAX || pthread_barrier_init(&barrier, NULL, (unsigned)n + 1))
                bench_die("many", "too many connections");
        for (size_t i = 0; i < n; i++) {
                lanes[i] = (Lane){ peer, address, &barrier, &is_over, 0 };
                if (pthread_create(&threads[i], NULL, lane_main, &lanes[i]))
                        bench_die("a thread", NULL);
        }
        (void)pthread_barrier_wait(&barrier);
        began_ns = bench_now_ns();
        pause_ms(ms);
        atomic_store(&is_over, true);
        for (size_t i = 0; i < n; i++) {
                (void)pthread_join(threads[i], NULL);
                n_calls += lanes[i].n_calls;
        }
        printf("%.0f\n", (double)n_calls * 1e9 / (double)(bench_now_ns() - began_ns));
}

static void pipeline(const BenchPeer *peer, const char *address, size_t depth, size_t ms)
{
        void *connection = open_for_good(peer, address);
        int64_t began_ns, now_ns;
        uint64_t n_calls = 0;

        if (!peer->pipeline)
                bench_die("pipeline", "this client cannot");
        peer->pipeline(connection, (unsigned)depth);
        began_ns = now_ns = bench_now_ns();
        while (now_ns - began_ns < (int64_t)ms * 1000000) {
                peer->pipeline(connection, (unsigned)depth);
                n_calls += depth;
                now_ns = bench_now_ns();
        }
        printf("%.0f\n", (double)n_calls * 1e9 / (double)(now_ns - began_ns));
}

/* A line of /proc/self/status, in bytes. */
static uint64_t status_bytes(const char *key)
{
        FILE *file = fopen("/proc/self/status", "re");
        uint64_t n_kib = 0;
        char line[256];

        if (!file)
                bench_die("/proc/self/status", NULL);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, key, strlen(key)) == 0)
                        n_kib = strtoull(line + strlen(key) + 1, NULL, 10);
        (void)fclose(file);
        return n_kib * 1024;
}

static void forget_peak(void)
{
        int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "5", 1) != 1)
                bench_die("/proc/self/clear_refs", NULL);
        (void)close(fd);
}

static void blob(const BenchPeer *peer, const char *address, int is_put, size_t n_bytes, size_t n)
{
        void *connection = open_for_good(peer, address);
        void *bytes = is_put ? bench_memory(n_bytes) : NULL;
        double *took_ns = bench_room(n);
        uint64_t before, after;
        int64_t began_ns;

        peer->echo(connection);
        forget_peak();
        before = status_bytes("VmRSS");
        for (size_t i = 0; i < n; i++) {
                began_ns = bench_now_ns();
                if (is_put)
                        peer->put(connection, bytes, n_bytes);
                else
                        peer->get(connection, n_bytes);
                took_ns[i] = (double)(bench_now_ns() - began_ns);
        }
        after = status_bytes("VmHWM");
        printf("%.0f %.3f\n", (double)n_bytes * 1e3 / bench_median(took_ns, n),
               (double)(after - before) / (double)n_bytes);
        free(took_ns);
        free(bytes);
}

/* -- a small call beside bulk ------------------------------------------------------------------ */

typedef struct Bulk Bulk;

struct Bulk {
        const BenchPeer *peer;
        const char *address;
        int is_put;
        size_t n_bytes; /* of one message */
        atomic_bool is_over;
        atomic_uint n_done;
        atomic_llong took_ns; /* for these, since the first was done */
};

static void *bulk_main(void *userdata)
{
        Bulk *bulk = userdata;
        void *connection = open_for_good(bulk->peer, bulk->address);
        void *bytes = bench_memory(bulk->n_bytes);
        int64_t began_ns = 0;

        while (!atomic_load(&bulk->is_over)) {
                if (bulk->is_put)
                        bulk->peer->put(connection, bytes, bulk->n_bytes);
                else
                        bulk->peer->get(connection, bulk->n_bytes);
                if (atomic_load(&bulk->n_done))
                        atomic_store(&bulk->took_ns, bench_now_ns() - began_ns);
                else
                        began_ns = bench_now_ns();
                atomic_fetch_add(&bulk->n_done, 1);
        }
        free(bytes);
        return NULL;
}

/* The first message is there before anything counts: by then every buffer on the way is full. */
static void await_bulk(const Bulk *bulk)
{
        while (!atomic_load(&bulk->n_done))
                pause_ms(1);
}

static void beside(const BenchPeer *peer, const char *address, int is_put, size_t n_bytes, size_t n)
{
        Bulk bulk = { .peer = peer, .address = address, .is_put = is_put, .n_bytes = n_bytes };
        void *connection = open_for_good(peer, address);
        double *took_ns = bench_room(n);
        int64_t began_ns;
        pthread_t thread;

        peer->echo(connection);
        if (pthread_create(&thread, NULL, bulk_main, &bulk))
                bench_die("a thread", NULL);
        await_bulk(&bulk);
        for (size_t i = 0; i < n; i++) {
                pause_ms(BESIDE_PAUSE_MS);
                began_ns = bench_now_ns();
                peer->echo(connection);
                took_ns[i] = (double)(bench_now_ns() - began_ns);
        }
        atomic_store(&bulk.is_over, true);
        (void)pthread_join(thread, NULL);
        printf("%.3f ", bench_median(took_ns, n) / 1e6);
        printf("%.3f ", took_ns[n - 1] / 1e6); /* they are sorted now */
        printf("%.3f\n", (double)(bulk.n_done - 1) * (double)n_bytes * 1e3 / (double)bulk.took_ns);
        free(took_ns);
}

static void hold(const BenchPeer *peer, const char *address, size_t n)
{
        for (size_t i = 0; i < n; i++)
                peer->echo(open_for_good(peer, address));
        puts("HELD");
        (void)fflush(stdout);
        while (getchar() != EOF) {
        }
}

unsigned bench_spin_us(void)
{
        const char *text = getenv("BENCH_SPIN_US");

        return text ? (unsigned)bench_number(text) : 0;
}

int bench_main(const BenchPeer *peer, int argc, char **argv)
{
        const char *mode = argc > 1 ? argv[1] : "";
        size_t a = argc > 3 ? bench_number(argv[3]) : 0;
        size_t b = argc > 4 ? bench_number(argv[4]) : 0;

        if (strcmp(mode, "latency") == 0 && a)
                latency(peer, argv[2], a);
        else if (strcmp(mode, "hold") == 0 && a)
                hold(peer, argv[2], a);
        else if (strcmp(mode, "many") == 0 && b)
                many(peer, argv[2], a, b);
        else if (strcmp(mode, "pipeline") == 0 && b)
                pipeline(peer, argv[2], a, b);
        else if ((strcmp(mode, "put") == 0 || strcmp(mode, "get") == 0) && b)
                blob(peer, argv[2], mode[0] == 'p', a, b);
        else if ((strcmp(mode, "beside-put") == 0 || strcmp(mode, "beside-get") == 0) && b)
                beside(peer, argv[2], mode[7] == 'p', a, b);
        else
                bench_die(mode, "see tests/bench/README.md");
        return 0;
}
