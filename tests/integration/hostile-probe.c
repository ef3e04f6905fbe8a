/* SPDX-License-Identifier: MIT */

/*
 * hostile-probe CONFIG COUNTS ACTIONS THREADS: clients of the SSH host "evil" (hostile-sshd.c)
 *
 * Threads with a pool of sessions each open streams, write and read, run commands, leave streams
 * unread and end their pools, until the host, which tells by the file COUNTS, has done ACTIONS.
 * Prints figures: each call ends by its deadline, ending a pool does not wait, memory is bounded.
 */

#include "base/log.h"
#include "base/process.h"
#include "client/ssh/pool.h"
#include "proto/value.h"
#include "tests/support/footprint.h"
#include "tests/support/patience.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#define THREADS_MAX  32
#define CALL_MS      1500
#define READ_MS      100
#define LATE_MS      1000 /* a machine that is busy otherwise may take so long to notice a deadline */
#define ROUNDS       8    /* of one pool */
#define STREAMS      4    /* open at once */
#define GROW_MAX_MIB 32
#define WARM_UP_PART 4 /* of the actions: each thread has its heap then */

#ifdef __SANITIZE_ADDRESS__
#define PEAK_MAX 4096 /* it keeps what was freed */
#else
#define PEAK_MAX 256 /* MiB, with all threads */
#endif

typedef struct Client {
        pthread_t thread;
        uint32_t random;
        double worst_late_ms, worst_free_ms;
        size_t n_good, n_bad;
} Client;

static const char *config;
static const _Atomic uint64_t *counts;
static uint64_t n_wanted;

static uint32_t draw(Client *client, uint32_t n)
{
        client->random ^= client->random << 13;
        client->random ^= client->random >> 17;
        client->random ^= client->random << 5;
        return client->random % n;
}

static double now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note(double *worst, double value)
{
        if (value > *worst)
                *worst = value;
}

/* A stream, or -1. */
static int open_stream(SshPool *pool, Client *client)
{
        const Location to = { .ssh = (char *)(uintptr_t) "evil",
                              .path = (char *)(uintptr_t) "/run/x.sock" };
        int fd = -1;

        if (draw(client, 3) == 0)
                return ssh_pool_pipe(pool, "evil", "pipe", deadline_in(CALL_MS), &fd, NULL) ? -1
                                                                                            : fd;
        return ssh_pool_open(pool, &to, deadline_in(CALL_MS), &fd, NULL) ? -1 : fd;
}

static bool run_command(SshPool *pool)
{
        SshOutput output;

        if (ssh_pool_exec(pool, "evil", "command", deadline_in(CALL_MS), &output, NULL))
                return false;
        buffer_deinit(&output.text);
        return true;
}

static void use_stream(Client *client, int fd)
{
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        uint8_t bytes[65536] = { 0 };

        (void)send(fd, bytes, 1 + draw(client, sizeof(bytes)), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (draw(client, 4) == 0)
                (void)shutdown(fd, SHUT_WR);
        for (int i = 0; i < 20 && poll(&polled, 1, READ_MS) == 1; i++) {
                if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
                        return;
        }
}

static void use_pool(Client *client, SshPool *pool)
{
        int fds[STREAMS] = { -1, -1, -1, -1 };

        for (unsigned i = 0; i < ROUNDS; i++) {
                int *fd = &fds[i % STREAMS];
                double begun_ms = now_ms();
                bool is_good;

                closep(fd);
                *fd = -1;
                if (draw(client, 4) == 0) {
                        is_good = run_command(pool);
                } else {
                        *fd = open_stream(pool, client);
                        is_good = *fd >= 0;
                }
                note(&client->worst_late_ms, now_ms() - begun_ms - CALL_MS);
                client->n_good += is_good;
                client->n_bad += !is_good;
                if (*fd >= 0 && draw(client, 4)) /* else nobody reads it */
                        use_stream(client, *fd);
        }
        for (size_t i = 0; i < STREAMS; i++)
                closep(&fds[i]);
}

static void run_once(Client *client)
{
        SshPool *pool = ssh_pool_new(config, SSH_BACKEND_LIBSSH, NULL);
        double begun_ms;

        if (!pool)
                return;
        use_pool(client, pool);
        begun_ms = now_ms();
        (void)ssh_pool_free(pool);
        note(&client->worst_free_ms, now_ms() - begun_ms);
}

static void *run(void *userdata)
{
        Client *client = userdata;

        while (atomic_load(&counts[1]) < n_wanted)
                run_once(client);
        return NULL;
}

static bool figure(const char *what, double value, double limit)
{
        printf("hostile-%s %.0f <=%.0f %s\n", what, value, limit, value <= limit ? "PASS" : "FAIL");
        return value <= limit;
}

static double peak_mib(void)
{
        FILE *file = fopen("/proc/self/status", "re");
        unsigned long kib = 0;
        char line[256];

        while (file && fgets(line, sizeof(line), file)) {
                if (!strncmp(line, "VmHWM:", 6))
                        kib = strtoul(line + 6, NULL, 10);
        }
        if (file)
                (void)fclose(file);
        return (double)kib / 1024;
}

static const void *map_counts(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        const void *mapped = MAP_FAILED;

        if (fd >= 0)
                mapped = mmap(NULL, 3 * sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
        closep(&fd);
        return mapped == MAP_FAILED ? NULL : mapped;
}

/* All threads, until the host has done @n_actions. Return: false: there are no threads. */
static bool run_clients(Client *clients, size_t n, uint64_t n_actions)
{
        n_wanted = n_actions;
        for (size_t i = 0; i < n; i++) {
                if (pthread_create(&clients[i].thread, NULL, run, &clients[i]))
                        return false;
        }
        for (size_t i = 0; i < n; i++)
                (void)pthread_join(clients[i].thread, NULL);
        return true;
}

static bool print_figures(const Client *clients, size_t n)
{
        Client sum = { 0 };
        bool is_good;

        for (size_t i = 0; i < n; i++) {
                note(&sum.worst_late_ms, clients[i].worst_late_ms);
                note(&sum.worst_free_ms, clients[i].worst_free_ms);
                sum.n_good += clients[i].n_good;
                sum.n_bad += clients[i].n_bad;
        }
        printf("# %zu streams and commands, %zu failed; %llu connections, %llu actions\n",
               sum.n_good + sum.n_bad, sum.n_bad, (unsigned long long)atomic_load(&counts[0]),
               (unsigned long long)atomic_load(&counts[1]));
        is_good = figure("channels-let-in", (double)atomic_load(&counts[2]), 0);
        is_good &= figure("calls-late-ms", sum.worst_late_ms, patience(LATE_MS));
        is_good &= figure("pool-end-ms", sum.worst_free_ms, patience(LATE_MS));
        return is_good;
}

int main(int argc, char **argv)
{
        static Client clients[THREADS_MAX];
        size_t n_clients = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
        uint64_t n_actions;
        Footprint before;
        bool is_good;

        log_init("hostile-probe", LOG_LEVEL_ERROR);
        if (argc < 5 || !n_clients || n_clients > THREADS_MAX || process_sanitize()) {
                fprintf(stderr, "usage: see the top of hostile-probe.c\n");
                return 2;
        }
        config = argv[1];
        counts = map_counts(argv[2]);
        n_actions = strtoull(argv[3], NULL, 10);
        if (!counts)
                return 1;
        for (size_t i = 0; i < n_clients; i++)
                clients[i].random = 77777u * (uint32_t)(i + 1);
        if (!run_clients(clients, n_clients, n_actions / WARM_UP_PART))
                return 1;
        before = footprint_now();
        if (!run_clients(clients, n_clients, n_actions))
                return 1;
        is_good = print_figures(clients, n_clients);
        is_good &= footprint_figures("hostile", before, GROW_MAX_MIB);
        is_good &= figure("peak-mib", peak_mib(), PEAK_MAX);
        return !is_good;
}
