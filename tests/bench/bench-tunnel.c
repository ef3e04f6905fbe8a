/* SPDX-License-Identifier: MIT */

/*
 * Streams of a session, and nothing around them. PLACE is a bench-raw behind an SSH host.
 *
 *      bench-tunnel first CONFIG PLACE N       prints the median of N times, in milliseconds, that
 *                                              pass until a message is back through a new session;
 *                                              the same through its second channel; and through
 *                                              each of the next, for a session that is in use
 *      bench-tunnel stall CONFIG PLACE N MS    prints the longest time, in milliseconds, for which
 * a session with N streams looked at nothing: one sends bulk, one receives it, the others small
 * messages
 */

#include "client/ssh/direct.h"
#include "tests/bench/bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BULK_BYTES  (1024u * 1024u)
#define STREAMS_MAX 512u
#define TIMEOUT_MS  30000
#define N_FURTHER   10u /* channels of each session, after the second */

typedef struct Message Message;

/* As bench-raw has it. */
struct Message {
        uint64_t n_follow, n_back;
        char rest[BENCH_BYTES - 16];
};

static SshPool *pool;
static Location place;
static atomic_bool is_over;

static void pool_open(const char *config)
{
        pool = ssh_pool_new(config, SSH_BACKEND_LIBSSH, NULL);
        if (!pool)
                bench_die("pool", NULL);
}

static SshDirect *stream_open(int *ret_fd)
{
        const SshOrder order = { .to = place,
                                 .may_be_direct = true,
                                 .deadline = deadline_in(TIMEOUT_MS) };
        SshResult result = { .direct = NULL };
        pyrope_error *error = NULL;

        if (ssh_pool_run(pool, &order, &result, &error))
                bench_die("stream", pyrope_error_text(error));
        if (!result.direct)
                bench_die("stream", "it is not direct");
        *ret_fd = result.fd;
        return result.direct;
}

static void stream_send(SshDirect *stream, const void *bytes, size_t n)
{
        const char *at = bytes;

        for (ssize_t n_now; n; at += n_now, n -= (size_t)n_now) {
                const struct iovec part = { .iov_base = (void *)(uintptr_t)at, .iov_len = n };

                n_now = ssh_direct_send(stream, &part, 1, deadline_in(TIMEOUT_MS));
                if (n_now < 0)
                        bench_die("send", NULL);
        }
}

static void stream_receive(SshDirect *stream, void *ret, size_t n)
{
        char *at = ret;

        for (ssize_t n_now; n; at += n_now, n -= (size_t)n_now) {
                n_now = ssh_direct_receive(stream, at, n, deadline_in(TIMEOUT_MS));
                if (n_now <= 0)
                        bench_die("receive", n_now ? NULL : "hung up");
        }
}

static double first_answer_ms(void)
{
        int64_t began_ns = bench_now_ns();
        Message message = { .n_follow = 0 };
        SshDirect *stream;
        double took_ms;
        int fd;

        stream = stream_open(&fd);
        stream_send(stream, &message, sizeof(message));
        stream_receive(stream, &message, sizeof(message));
        took_ms = (double)(bench_now_ns() - began_ns) / 1e6;
        (void)ssh_direct_close(stream);
        (void)close(fd);
        return took_ms;
}

static void first(const char *config, size_t n)
{
        double *alone = bench_room(n), *second = bench_room(n),
               *further = bench_room(n * N_FURTHER);

        for (size_t i = 0; i < n; i++) {
                pool_open(config);
                alone[i] = first_answer_ms();
                second[i] = first_answer_ms();
                for (size_t k = 0; k < N_FURTHER; k++)
                        further[i * N_FURTHER + k] = first_answer_ms();
                pool = ssh_pool_free(pool);
        }
        printf("%.3f %.3f %.3f\n", bench_median(alone, n), bench_median(second, n),
               bench_median(further, n * N_FURTHER));
        free(alone);
        free(second);
        free(further);
}

static void *lane_main(void *userdata)
{
        size_t i = (size_t)(uintptr_t)userdata;
        size_t n_bytes = i < 2 ? BULK_BYTES : 0;
        Message sent = { .n_follow = i ? 0 : n_bytes, .n_back = i ? n_bytes : 0 }, got;
        void *bulk = bench_memory(n_bytes);
        SshDirect *stream;
        int fd;

        stream = stream_open(&fd);
        while (!atomic_load(&is_over)) {
                stream_send(stream, &sent, sizeof(sent));
                stream_send(stream, bulk, sent.n_follow);
                stream_receive(stream, &got, sizeof(got));
                stream_receive(stream, bulk, sent.n_back);
        }
        (void)ssh_direct_close(stream);
        (void)close(fd);
        free(bulk);
        return NULL;
}

static double longest_turn_ms(void)
{
        SshSession *sessions;
        uint64_t longest_us = 0;
        size_t n;

        if (ssh_pool_sessions(pool, &sessions, &n))
                bench_die("sessions", NULL);
        for (size_t i = 0; i < n; i++)
                longest_us = sessions[i].longest_turn_us > longest_us ? sessions[i].longest_turn_us
                                                                      : longest_us;
        free(sessions);
        return (double)longest_us / 1e3;
}

static void stall(const char *config, size_t n, size_t ms)
{
        const struct timespec time = { .tv_sec = (time_t)(ms / 1000),
                                       .tv_nsec = (long)(ms % 1000) * 1000000 };
        static pthread_t threads[STREAMS_MAX];

        if (n > STREAMS_MAX)
                bench_die("stall", "too many streams");
        pool_open(config);
        for (size_t i = 0; i < n; i++)
                if (pthread_create(&threads[i], NULL, lane_main, (void *)i))
                        bench_die("a thread", NULL);
        (void)nanosleep(&time, NULL);
        atomic_store(&is_over, true);
        for (size_t i = 0; i < n; i++)
                (void)pthread_join(threads[i], NULL);
        printf("%.3f\n", longest_turn_ms());
        (void)ssh_pool_free(pool);
}

int main(int argc, char **argv)
{
        if (argc < 5 || location_parse(argv[3], &place))
                bench_die("usage", "see the top of bench-tunnel.c");
        if (argc == 5 && strcmp(argv[1], "first") == 0)
                first(argv[2], bench_number(argv[4]));
        else if (argc == 6 && strcmp(argv[1], "stall") == 0)
                stall(argv[2], bench_number(argv[4]), bench_number(argv[5]));
        else
                bench_die(argv[1], "see the top of bench-tunnel.c");
        location_deinit(&place);
        return 0;
}
