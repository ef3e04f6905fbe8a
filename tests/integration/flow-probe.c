/* SPDX-License-Identifier: MIT */

/*
 * flow-probe SSH_CONFIG PLACE COMMAND ...: bytes of many streams of a session; ssh-flow.sh
 *
 * HOW is "fd" (a descriptor that the session's thread serves), "direct" (the caller moves the bytes
 * himself) or "both", by turns. Failures are one line on standard error, and exit status 1.
 */

#include "base/log.h"
#include "base/process.h"
#include "client/ssh/direct.h"
#include "proto/value.h"
#include "tests/integration/stream-bytes.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define CHUNK_BYTES 65536u
#define STREAMS_MAX 1024u
#define TIMEOUT_MS  60000
#define QUIET_MS    500 /* nothing moves for so long: it is stuck, as it should be */
#define LOOK_MS     50

static SshPool *pool;
static Location place;

static void die(const char *what)
{
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
}

/* -- a stream of either kind ------------------------------------------------------------------- */

typedef struct Stream {
        int fd;
        SshDirect *direct;
} Stream;

static bool stream_open(Stream *stream, bool is_direct)
{
        const SshOrder order = { .to = place,
                                 .may_be_direct = is_direct,
                                 .deadline = deadline_in(TIMEOUT_MS) };
        pyrope_error *error = NULL;
        SshResult result = { .direct = NULL };
        pyrope_status status = ssh_pool_run(pool, &order, &result, &error);

        if (status)
                fprintf(stderr, "%s %s\n", pyrope_status_name(status), pyrope_error_text(error));
        (void)pyrope_error_free(error);
        *stream = (Stream){ .fd = status ? -1 : result.fd, .direct = result.direct };
        return !status && !is_direct == !stream->direct;
}

static void stream_close(Stream *stream)
{
        (void)ssh_direct_close(stream->direct);
        closep(&stream->fd);
}

/* Return: 0 if nothing moved for @quiet_ms. */
static bool await(const Stream *stream, short events, int quiet_ms)
{
        struct pollfd polled = { .fd = stream->fd, .events = events };

        return poll(&polled, 1, quiet_ms) > 0;
}

static size_t stream_send(const Stream *stream, const uint8_t *bytes, size_t n, int quiet_ms)
{
        const struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = n };
        ssize_t n_sent;

        if (stream->direct)
                n_sent = ssh_direct_send(stream->direct, &part, 1, deadline_in(quiet_ms));
        else if (await(stream, POLLOUT, quiet_ms))
                n_sent = send(stream->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
                n_sent = -1;
        return n_sent < 0 ? 0 : (size_t)n_sent;
}

static size_t stream_receive(const Stream *stream, uint8_t *bytes, size_t n)
{
        ssize_t n_got = -1;

        if (stream->direct)
                n_got = ssh_direct_receive(stream->direct, bytes, n, deadline_in(TIMEOUT_MS));
        else if (await(stream, POLLIN, TIMEOUT_MS))
                n_got = recv(stream->fd, bytes, n, MSG_DONTWAIT);
        return n_got < 0 ? 0 : (size_t)n_got;
}

/* -- what the pool says ------------------------------------------------------------------------ */

/* Of all sessions together. */
static SshSession sum(void)
{
        SshSession *sessions, ret = { .n_channels = 0 };
        size_t n;

        if (ssh_pool_sessions(pool, &sessions, &n))
                die("sessions");
        for (size_t i = 0; i < n; i++) {
                ret.n_channels += sessions[i].n_channels;
                ret.n_received += sessions[i].n_received;
        }
        free(sessions);
        return ret;
}

static uint64_t received(void)
{
        return sum().n_received;
}

/* -- many at once ------------------------------------------------------------------------------ */

typedef struct Lane {
        pthread_t thread;
        pthread_barrier_t *barrier; /* all of them are open before one sends */
        bool is_direct;
        size_t n_bytes; /* or times */
        bool is_equal;
} Lane;

/* There and back by pieces that fit the buffers on the way, for one thread does both. */
static bool echo(const Stream *stream, size_t n_bytes)
{
        static const size_t piece_bytes = 16384;
        uint8_t sent[16384], got[16384];
        uint64_t position = 0;

        for (size_t n_left = n_bytes, n; n_left; n_left -= n) {
                size_t n_sent = 0, n_got = 0, n_now;

                n = n_left < piece_bytes ? n_left : piece_bytes;
                stream_fill(&position, sent, n);
                for (; n_sent < n; n_sent += n_now) {
                        n_now = stream_send(stream, sent + n_sent, n - n_sent, TIMEOUT_MS);
                        if (!n_now)
                                return false;
                }
                for (; n_got < n; n_got += n_now) {
                        n_now = stream_receive(stream, got + n_got, n - n_got);
                        if (!n_now)
                                return false;
                }
                if (memcmp(sent, got, n) != 0)
                        return false;
        }
        return true;
}

static void *lane_main(void *userdata)
{
        Lane *lane = userdata;
        Stream stream;
        bool is_open = stream_open(&stream, lane->is_direct);

        (void)pthread_barrier_wait(lane->barrier);
        if (is_open)
                lane->is_equal = echo(&stream, lane->n_bytes);
        stream_close(&stream);
        return NULL;
}

static int run_lanes(char **argv, void *(*run)(void *lane))
{
        static Lane lanes[STREAMS_MAX];
        size_t n = strtoul(argv[1], NULL, 10), n_equal = 0;
        pthread_barrier_t barrier;
        SshPoolCounts counts;

        if (!n || n > STREAMS_MAX || pthread_barrier_init(&barrier, NULL, (unsigned)n))
                die("crowd");
        for (size_t i = 0; i < n; i++) {
                lanes[i].barrier = &barrier;
                lanes[i].is_direct = argv[0][0] == 'd' || (argv[0][0] == 'b' && i % 2);
                lanes[i].n_bytes = strtoul(argv[2], NULL, 10);
                if (pthread_create(&lanes[i].thread, NULL, run, &lanes[i]))
                        return 1;
        }
        for (size_t i = 0; i < n; i++) {
                (void)pthread_join(lanes[i].thread, NULL);
                n_equal += lanes[i].is_equal;
        }
        (void)pthread_barrier_destroy(&barrier);
        ssh_pool_counts(pool, &counts);
        printf("%zu of %zu equal, sessions %llu\n", n_equal, n,
               (unsigned long long)counts.n_sessions);
        return n_equal != n;
}

/* crowd HOW N BYTES: N streams, all open at the same time, an echo of BYTES on each. */
static int run_crowd(char **argv)
{
        return run_lanes(argv, lane_main);
}

/* -- short streams ----------------------------------------------------------------------------- */

static bool await_channels(size_t n)
{
        const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 / 10 };
        Deadline deadline = deadline_in(TIMEOUT_MS);

        while (sum().n_channels != n && !deadline_passed(deadline))
                (void)nanosleep(&pause, NULL);
        return sum().n_channels == n;
}

static void *churn_main(void *userdata)
{
        Lane *lane = userdata;
        bool is_equal = true;
        Stream stream;

        (void)pthread_barrier_wait(lane->barrier);
        for (size_t i = 0; i < lane->n_bytes && is_equal; i++) {
                is_equal = stream_open(&stream, lane->is_direct) && echo(&stream, i + 1);
                stream_close(&stream);
        }
        lane->is_equal = is_equal;
        return NULL;
}

/* The place gives everything back. */
static void *wait_main(void *userdata)
{
        const Stream *stream = userdata;
        uint8_t byte;

        (void)stream_receive(stream, &byte, 1);
        return NULL;
}

/* churn HOW N TIMES: N threads, each opens a stream, has an echo and closes it, and so on. */
static int run_churn(char **argv)
{
        int status = run_lanes(argv, churn_main);

        printf("%s\n", await_channels(0) ? "all closed" : "NOT ALL CLOSED");
        return status;
}

/* beside: a caller waits in one stream; another one is opened, used and closed. */
static int run_beside(char **argv)
{
        Stream waiting, other;
        pthread_t thread;
        bool is_closed;

        (void)argv;
        if (!stream_open(&waiting, true) || pthread_create(&thread, NULL, wait_main, &waiting) ||
            !stream_open(&other, true) || !echo(&other, 64))
                return 1;
        stream_close(&other);
        is_closed = await_channels(1);
        if (!stream_send(&waiting, (const uint8_t *)"x", 1, TIMEOUT_MS))
                return 1;
        (void)pthread_join(thread, NULL);
        stream_close(&waiting);
        printf("%s, %s\n", is_closed ? "closed" : "OPEN", await_channels(0) ? "all" : "NOT ALL");
        return !is_closed;
}

/* one-way: a message for whose answer nobody waits, behind one that was answered. */
static int run_one_way(char **argv)
{
        Deadline deadline = deadline_in(TIMEOUT_MS);
        uint64_t n_before;
        Stream stream;

        (void)argv;
        if (!stream_open(&stream, true) || !echo(&stream, 64))
                return 1;
        n_before = received();
        if (!stream_send(&stream, (const uint8_t *)"x", 1, TIMEOUT_MS))
                return 1;
        while (received() == n_before && !deadline_passed(deadline))
                (void)sched_yield();
        printf("%s\n", received() > n_before ? "gone" : "STUCK");
        stream_close(&stream);
        return 0;
}

/* -- ends that are slow ------------------------------------------------------------------------ */

static long resident_kib(void)
{
        FILE *file = fopen("/proc/self/statm", "re");
        long n_all, n_resident;

        if (!file || fscanf(file, "%ld %ld", &n_all, &n_resident) != 2)
                die("/proc/self/statm");
        (void)fclose(file);
        return n_resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void await_quiet(void)
{
        const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };
        uint64_t n_before = 0;

        for (int quiet_ms = 0; quiet_ms < QUIET_MS; quiet_ms += LOOK_MS) {
                uint64_t n_now = received();

                if (n_now != n_before)
                        quiet_ms = 0;
                n_before = n_now;
                (void)nanosleep(&pause, NULL);
        }
}

/* Somebody looks at the processes meanwhile. */
static void pause_for_line(const char *what, unsigned long long n_bytes, long grown_kib)
{
        int byte;

        printf("%s %llu bytes, grown by %ld KiB\n", what, n_bytes, grown_kib);
        (void)fflush(stdout);
        do
                byte = getchar();
        while (byte != EOF && byte != '\n');
}

/* deaf HOW BYTES: the place sends BYTES, nobody reads until a line comes on standard input. */
static int run_deaf(char **argv)
{
        unsigned long long n_bytes = strtoull(argv[1], NULL, 10), n_total = 0;
        static uint8_t chunk[CHUNK_BYTES], wanted[CHUNK_BYTES];
        uint64_t n_before, position = 0;
        bool is_equal = true;
        Stream stream;
        long kib;
        size_t n;

        if (!stream_open(&stream, argv[0][0] == 'd'))
                return 1;
        n_before = received();
        kib = resident_kib();
        await_quiet();
        pause_for_line("held", (unsigned long long)(received() - n_before), resident_kib() - kib);
        while ((n = stream_receive(&stream, chunk, sizeof(chunk))) > 0) {
                stream_fill(&position, wanted, n);
                is_equal = is_equal && memcmp(wanted, chunk, n) == 0;
                n_total += n;
        }
        stream_close(&stream);
        printf("%s\n", is_equal && n_total == n_bytes ? "whole" : "CUT");
        return !is_equal || n_total != n_bytes;
}

/* late-end: the place has sent all and hung up before anybody reads, which is more than is kept for
 * a caller who moves the bytes himself. Nothing comes from the host any more. */
static int run_late_end(char **argv)
{
        static uint8_t chunk[CHUNK_BYTES];
        Stream stream;
        ssize_t n;

        (void)argv;
        if (!stream_open(&stream, true))
                return 1;
        await_quiet();
        do
                n = ssh_direct_receive(stream.direct, chunk, sizeof(chunk),
                                       deadline_in(TIMEOUT_MS));
        while (n > 0);
        stream_close(&stream);
        printf("%s\n", n ? "STUCK" : "end");
        return n != 0;
}

/* flood HOW: send to a place that reads nothing, until nothing is taken any more. */
static int run_flood(char **argv)
{
        static const uint8_t chunk[CHUNK_BYTES];
        unsigned long long n_total = 0;
        Stream stream;
        long kib;
        size_t n;

        if (!stream_open(&stream, argv[0][0] == 'd'))
                return 1;
        kib = resident_kib();
        while ((n = stream_send(&stream, chunk, sizeof(chunk), QUIET_MS)) > 0)
                n_total += n;
        pause_for_line("taken", n_total, resident_kib() - kib);
        stream_close(&stream);
        return 0;
}

static const struct {
        const char *name;
        int n_arguments;
        int (*run)(char **argv);
} commands[] = {
        { "crowd", 3, run_crowd },       { "churn", 3, run_churn }, { "beside", 0, run_beside },
        { "one-way", 0, run_one_way },   { "deaf", 2, run_deaf },   { "flood", 1, run_flood },
        { "late-end", 0, run_late_end },
};

int main(int argc, char **argv)
{
        int status = 2;

        log_init("flow-probe", LOG_LEVEL_WARNING);
        if (argc < 4 || process_sanitize() || location_parse(argv[2], &place)) {
                fprintf(stderr, "usage: see the top of flow-probe.c\n");
                return 2;
        }
        pool = ssh_pool_new(argv[1], SSH_BACKEND_LIBSSH, NULL);
        if (!pool)
                return 1;
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
                if (!strcmp(commands[i].name, argv[3]) && argc - 4 == commands[i].n_arguments)
                        status = commands[i].run(argv + 4);
        }
        (void)ssh_pool_free(pool);
        location_deinit(&place);
        return status;
}
