/* SPDX-License-Identifier: MIT */

/*
 * ssh-probe SSH_CONFIG COMMAND ...: the SSH part of the client, driven by tests/integration/ssh.sh
 * and others; through the agent, if PYROPE_SHARE says so
 *
 * PLACE is a location as people type it, "ssh://h1/./u:/path", "/path", "host:port" or, for a port
 * as seen from h1, "h1 HOST PORT" in one word with commas: "h1,127.0.0.1,80". Failures are one line
 * on standard error, "E_STATUS text", and exit status 1.
 */

#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "base/unix-socket.h"
#include "client/cli/terminal.h"
#include "client/forward.h"
#include "client/ssh/pool.h"
#include "client/ssh/share.h"
#include "client/tcp.h"
#include "proto/value.h"
#include "tests/integration/stream-bytes.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define CHUNK       65536u
#define STREAMS_MAX 256u
#define TIMEOUT_MS  15000

static SshPool *pool;

/* -- small things ------------------------------------------------------------------------------ */

static int fail(pyrope_status status, pyrope_error *error)
{
        fprintf(stderr, "%s %s\n", pyrope_status_name(status),
                error ? pyrope_error_text(error) : pyrope_strerror(status));
        (void)pyrope_error_free(error);
        return 1;
}

static int usage(void)
{
        fprintf(stderr, "usage: see the top of ssh-probe.c\n");
        return 2;
}

static Location place(const char *text)
{
        Location location = { 0 };
        char *copy, *rest;

        if (!strncmp(text, "ssh://", 6) || !strchr(text, ',')) {
                if (location_parse(text, &location))
                        exit(usage());
                return location;
        }
        rest = copy = strdup(text);
        assert(copy);
        location.ssh = strdup(strsep(&rest, ","));
        location.host = strdup(strsep(&rest, ","));
        location.port = (uint16_t)strtoul(rest, NULL, 10);
        free(copy);
        return location;
}

static pyrope_status open_place(const char *text, int timeout_ms, int *ret_fd, pyrope_error **error)
{
        CLEANUP(location_deinit) Location to = place(text);
        int r;

        if (to.ssh)
                return ssh_pool_open(pool, &to, deadline_in(timeout_ms), ret_fd, error);
        if (to.host)
                return tcp_connect(to.host, to.port, &(PortUsers){ .n = 0 },
                                   deadline_in(timeout_ms), ret_fd, error);
        r = unix_connect(to.path, deadline_in(timeout_ms), ret_fd);
        return r ? error_set(error, PYROPE_E_UNREACHABLE, "%s: %d", to.path, r) : PYROPE_OK;
}

static void wait_for(int fd, short events)
{
        struct pollfd polled = { .fd = fd, .events = events };

        (void)poll(&polled, 1, -1);
}

static bool send_all(int fd, const void *data, size_t n)
{
        const uint8_t *at = data;

        while (n) {
                ssize_t n_sent = send(fd, at, n, MSG_NOSIGNAL);

                if (n_sent < 0 && errno != EAGAIN)
                        return false;
                if (n_sent < 0) {
                        wait_for(fd, POLLOUT);
                        continue;
                }
                at += n_sent;
                n -= (size_t)n_sent;
        }
        return true;
}

/* Return: bytes; 0 at the end of the stream or if it broke. */
static size_t receive_some(int fd, void *data, size_t n)
{
        ssize_t n_got;

        while ((n_got = recv(fd, data, n, 0)) < 0 && errno == EAGAIN)
                wait_for(fd, POLLIN);
        return n_got < 0 ? 0 : (size_t)n_got;
}

static size_t receive_all(int fd, uint8_t *data, size_t n)
{
        size_t n_total = 0, n_got;

        while (n_total < n && (n_got = receive_some(fd, data + n_total, n - n_total)) > 0)
                n_total += n_got;
        return n_total;
}

static size_t entries(const char *path)
{
        DIR *dir = opendir(path);
        size_t n = 0;

        assert(dir);
        while (readdir(dir))
                n++;
        (void)closedir(dir);
        return n;
}

static void print_counts(void)
{
        SshPoolCounts counts;

        ssh_pool_counts(pool, &counts);
        printf("sessions %llu channels %llu\n", (unsigned long long)counts.n_sessions,
               (unsigned long long)counts.n_channels);
}

/* -- commands
 * --------------------------------------------------------------------------------------- */

/* open PLACE [TIMEOUT_MS]: open, and say so. */
static int run_open(int argc, char **argv)
{
        pyrope_error *error = NULL;
        pyrope_status status;
        int fd;

        status = open_place(argv[0], argc > 1 ? (int)strtol(argv[1], NULL, 10) : TIMEOUT_MS, &fd,
                            &error);
        if (status)
                return fail(status, error);
        printf("opened\n");
        (void)close(fd);
        return 0;
}

/* text PLACE TEXT: send it, end, and print what comes back. */
static int run_text(int argc, char **argv)
{
        pyrope_error *error = NULL;
        uint8_t chunk[CHUNK];
        pyrope_status status;
        size_t n;
        int fd;

        (void)argc;
        status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
        if (status)
                return fail(status, error);
        (void)send_all(fd, argv[1], strlen(argv[1]));
        (void)shutdown(fd, SHUT_WR);
        while ((n = receive_some(fd, chunk, sizeof(chunk))) > 0)
                (void)fwrite(chunk, 1, n, stdout);
        printf("\n");
        (void)close(fd);
        return 0;
}

typedef struct Bulk Bulk;

struct Bulk {
        int fd;
        unsigned long long n;
        uint64_t sum;
};

static void *bulk_sender(void *userdata)
{
        Bulk *bulk = userdata;
        uint64_t position = 0;
        uint8_t chunk[CHUNK];

        bulk->sum = STREAM_SUM_INIT;
        for (unsigned long long n_left = bulk->n; n_left;) {
                size_t n = n_left < sizeof(chunk) ? (size_t)n_left : sizeof(chunk);

                stream_fill(&position, chunk, n);
                bulk->sum = stream_sum(bulk->sum, chunk, n);
                if (!send_all(bulk->fd, chunk, n))
                        break;
                n_left -= n;
        }
        (void)shutdown(bulk->fd, SHUT_WR);
        return NULL;
}

/* Sends @n bytes and sums what comes back meanwhile, to the end. */
static bool exchange(int fd, unsigned long long n, unsigned long long *ret_n_back)
{
        Bulk bulk = { .fd = fd, .n = n };
        uint64_t sum = STREAM_SUM_INIT;
        uint8_t chunk[CHUNK];
        pthread_t sender;
        size_t n_got;

        if (pthread_create(&sender, NULL, bulk_sender, &bulk))
                return false;
        *ret_n_back = 0;
        while ((n_got = receive_some(fd, chunk, sizeof(chunk))) > 0) {
                sum = stream_sum(sum, chunk, n_got);
                *ret_n_back += n_got;
        }
        (void)pthread_join(sender, NULL);
        return *ret_n_back == n && sum == bulk.sum;
}

/* bulk PLACE BYTES: there and back through an echo server, at the same time. */
static int run_bulk(int argc, char **argv)
{
        unsigned long long n_back, n = strtoull(argv[1], NULL, 10);
        pyrope_error *error = NULL;
        pyrope_status status;
        bool is_equal;
        int fd;

        (void)argc;
        status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
        if (status)
                return fail(status, error);
        is_equal = exchange(fd, n, &n_back);
        (void)close(fd);
        printf("%llu bytes back, %s\n", n_back, is_equal ? "equal" : "DIFFERENT");
        return !is_equal;
}

static const char *many_place;

static void *many_thread(void *userdata)
{
        uintptr_t i = (uintptr_t)userdata;
        pyrope_error *error = NULL;
        pyrope_status status;
        unsigned long long n_back;
        bool is_equal;
        int fd;

        status = open_place(many_place, TIMEOUT_MS, &fd, &error);
        if (status) {
                (void)fail(status, error);
                return NULL;
        }
        is_equal = exchange(fd, 1000 * i + 1, &n_back);
        (void)close(fd);
        return is_equal ? (void *)1 : NULL;
}

/* many PLACE N: from N threads at once, an exchange each. */
static int run_many(int argc, char **argv)
{
        size_t n = strtoul(argv[1], NULL, 10), n_equal = 0;
        pthread_t threads[STREAMS_MAX];
        void *is_equal;

        (void)argc;
        many_place = argv[0];
        if (n > STREAMS_MAX)
                return usage();
        for (uintptr_t i = 0; i < n; i++) {
                if (pthread_create(&threads[i], NULL, many_thread, (void *)i))
                        return 1;
        }
        for (size_t i = 0; i < n; i++) {
                (void)pthread_join(threads[i], &is_equal);
                n_equal += is_equal != NULL;
        }
        printf("%zu of %zu equal\n", n_equal, n);
        print_counts();
        return n_equal != n;
}

/* two PLACE PLACE: open both and count, e.g. two names of one host. */
static int run_two(int argc, char **argv)
{
        pyrope_error *error = NULL;
        pyrope_status status = PYROPE_OK;
        int fds[2];

        (void)argc;
        for (int i = 0; !status && i < 2; i++)
                status = open_place(argv[i], TIMEOUT_MS, &fds[i], &error);
        if (status)
                return fail(status, error);
        print_counts();
        (void)close(fds[0]);
        (void)close(fds[1]);
        return 0;
}

/* show PLACE TEXT: send it, get it back, and print what each session of the pool is doing. */
static int run_show(int argc, char **argv)
{
        uint8_t back[CHUNK];
        pyrope_error *error = NULL;
        SshSession *sessions;
        pyrope_status status;
        size_t n, n_sessions;
        int fd;

        (void)argc;
        n = strlen(argv[1]);
        status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
        if (status)
                return fail(status, error);
        if (n > sizeof(back) || !send_all(fd, argv[1], n) || receive_all(fd, back, n) != n ||
            ssh_pool_sessions(pool, &sessions, &n_sessions))
                return fail(PYROPE_E_IO, NULL);
        for (size_t i = 0; i < n_sessions; i++)
                printf("%s logins %llu channels %zu sent %llu received %llu server %s\n",
                       ssh_state_name(sessions[i].state), (unsigned long long)sessions[i].n_logins,
                       sessions[i].n_channels, (unsigned long long)sessions[i].n_sent,
                       (unsigned long long)sessions[i].n_received, sessions[i].server);
        free(sessions);
        (void)close(fd);
        return 0;
}

/* exec TARGET COMMAND: its output, and how it ended. */
static int run_exec(int argc, char **argv)
{
        pyrope_error *error = NULL;
        pyrope_status status;
        SshOutput output;

        (void)argc;
        status = ssh_pool_exec(pool, argv[0], argv[1], deadline_in(TIMEOUT_MS), &output, &error);
        if (status)
                return fail(status, error);
        (void)fwrite(output.text.data, 1, output.text.n, stdout);
        printf("exit %d\n", output.exit_status);
        buffer_deinit(&output.text);
        return 0;
}

/* hold PLACE: open, say READY, wait for the hang-up; on a line of standard input, READY again. */
static int run_hold(int argc, char **argv)
{
        pyrope_error *error = NULL;
        pyrope_status status;
        const char *ready = "READY";
        uint8_t chunk[CHUNK];
        int fd;

        (void)argc;
        do {
                status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
                if (status)
                        return fail(status, error);
                printf("%s\n", ready);
                (void)fflush(stdout);
                ready = "READY again";
                while (receive_some(fd, chunk, sizeof(chunk)) > 0)
                        ;
                (void)close(fd);
                printf("hung up\n");
                print_counts();
                (void)fflush(stdout);
        } while (fgets((char *)chunk, sizeof(chunk), stdin));
        return 0;
}

/* Until a line came on standard input, or its end. */
static void await_line(void)
{
        int byte;

        do
                byte = getchar();
        while (byte != EOF && byte != '\n');
}

/* again PLACE TIMEOUT_MS: open, say READY; on a line of standard input once more, with the timeout.
 */
static int run_again(int argc, char **argv)
{
        pyrope_error *error = NULL;
        pyrope_status status;
        int fd;

        (void)argc;
        status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
        if (status)
                return fail(status, error);
        printf("READY\n");
        (void)fflush(stdout);
        await_line();
        printf("again\n");
        (void)fflush(stdout);
        status = run_open(argc, argv);
        (void)close(fd);
        print_counts();
        return status;
}

/* slow PLACE BYTES: one stream that nobody reads, and the same place through another. */
static int run_slow(int argc, char **argv)
{
        unsigned long long n = strtoull(argv[1], NULL, 10), n_total = 0;
        pyrope_error *error = NULL;
        uint8_t chunk[CHUNK];
        pyrope_status status;
        size_t n_got;
        int slow, quick;

        (void)argc;
        status = open_place(argv[0], TIMEOUT_MS, &slow, &error);
        if (!status)
                status = open_place(argv[0], TIMEOUT_MS, &quick, &error);
        if (status)
                return fail(status, error);
        while ((n_got = receive_some(quick, chunk, sizeof(chunk))) > 0)
                n_total += n_got;
        printf("quick %s\n", n_total == n ? "whole" : "CUT");
        for (n_total = 0; (n_got = receive_some(slow, chunk, sizeof(chunk))) > 0;)
                n_total += n_got;
        printf("slow %s\n", n_total == n ? "whole" : "CUT");
        (void)close(slow);
        (void)close(quick);
        return 0;
}

/* stop PLACE N: open N streams, end the pool under them; each must hang up. */
static int run_stop(int argc, char **argv)
{
        size_t n = strtoul(argv[1], NULL, 10), n_hung_up = 0;
        pyrope_error *error = NULL;
        pyrope_status status;
        int fds[STREAMS_MAX];
        char byte;

        (void)argc;
        if (n > STREAMS_MAX)
                return usage();
        for (size_t i = 0; i < n; i++) {
                status = open_place(argv[0], TIMEOUT_MS, &fds[i], &error);
                if (status)
                        return fail(status, error);
                (void)send(fds[i], fds, sizeof(fds), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        pool = ssh_pool_free(pool);
        for (size_t i = 0; i < n; i++) {
                while (recv(fds[i], &byte, 1, 0) > 0)
                        ;
                n_hung_up += errno != EAGAIN;
                (void)close(fds[i]);
        }
        printf("%zu of %zu hung up\n", n_hung_up, n);
        return n_hung_up != n;
}

/* late PLACE TIMEOUT_MS: end the pool while the login hangs, after a caller has given up. */
static int run_late(int argc, char **argv)
{
        (void)run_open(argc, argv);
        pool = ssh_pool_free(pool);
        printf("pool ended\n");
        return 0;
}

#ifdef __SANITIZE_THREAD__
#define SANITIZER_THREADS 1 /* it has one as soon as the program has a second */
#else
#define SANITIZER_THREADS 0
#endif

/* cycle PLACE ROUNDS: descriptors and threads are what they were, whatever was done. */
static int run_cycle(int argc, char **argv)
{
        size_t n_fds = entries("/proc/self/fd"), n_threads = entries("/proc/self/task");
        size_t rounds = strtoul(argv[1], NULL, 10);
        unsigned long long n_back;
        pyrope_error *error = NULL;
        pyrope_status status;
        int fd;

        (void)argc;
        for (size_t i = 0; i < rounds; i++) {
                status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
                if (status)
                        return fail(status, error);
                (void)exchange(fd, 10000, &n_back);
                (void)close(fd);
        }
        print_counts();
        pool = ssh_pool_free(pool);
        printf("descriptors %zd threads %zd\n",
               (ssize_t)(entries("/proc/self/fd") + 1 -
                         n_fds), /* the pool had one from the start */
               (ssize_t)(entries("/proc/self/task") - n_threads - SANITIZER_THREADS));
        return 0;
}

static pyrope_status forward_to(void *userdata, Location *ret, pyrope_error **error)
{
        (void)error;
        return location_copy(userdata, ret) ? PYROPE_E_NOMEM : PYROPE_OK;
}

/* forward PLACE SOCKET: say READY, forward until the end of standard input. */
static int run_forward(int argc, char **argv)
{
        CLEANUP(location_deinit) Location to = place(argv[0]);
        const ForwardWay way = { .find = forward_to, .userdata = &to };
        pyrope_error *error = NULL;
        pyrope_status status;
        Forward *forward;

        (void)argc;
        status = forward_new(pool, &(ForwardPlace){ .path = argv[1] }, &way, &forward, &error);
        if (status)
                return fail(status, error);
        printf("READY %s\n", forward_place(forward)->path);
        (void)fflush(stdout);
        await_line();
        (void)forward_free(forward);
        printf("ended\n");
        return 0;
}

static int compare(const void *one, const void *other)
{
        uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

        return (a > b) - (a < b);
}

static uint64_t now_ns(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ping PLACE N BYTES: round trips through an echo server. */
static int run_ping(int argc, char **argv)
{
        size_t n = strtoul(argv[1], NULL, 10), n_bytes = strtoul(argv[2], NULL, 10);
        pyrope_error *error = NULL;
        pyrope_status status = PYROPE_OK;
        uint8_t bytes[CHUNK] = { 0 };
        uint64_t *took = calloc(n, sizeof(*took)), from;
        int fd, r;

        (void)argc;
        if (!took || n_bytes > sizeof(bytes))
                return usage();
        if (argv[0][0] == '/') {
                r = unix_connect(argv[0], deadline_in(TIMEOUT_MS), &fd);
                if (r)
                        return fail(PYROPE_E_UNREACHABLE, NULL);
        } else {
                status = open_place(argv[0], TIMEOUT_MS, &fd, &error);
        }
        if (status)
                return fail(status, error);
        for (size_t i = 0; i < n; i++) {
                from = now_ns();
                if (!send_all(fd, bytes, n_bytes) || receive_all(fd, bytes, n_bytes) != n_bytes)
                        return fail(PYROPE_E_UNREACHABLE, NULL);
                took[i] = now_ns() - from;
        }
        qsort(took, n, sizeof(*took), compare);
        printf("round-trip-us p50 %.1f p99 %.1f\n", (double)took[n / 2] / 1e3,
               (double)took[n * 99 / 100] / 1e3);
        free(took);
        (void)close(fd);
        return 0;
}

static const struct {
        const char *name;
        int n_arguments;
        int (*run)(int argc, char **argv);
} commands[] = {
        { "again", 2, run_again }, { "open", 1, run_open },       { "text", 2, run_text },
        { "bulk", 2, run_bulk },   { "many", 2, run_many },       { "two", 2, run_two },
        { "exec", 2, run_exec },   { "show", 2, run_show },       { "hold", 1, run_hold },
        { "slow", 2, run_slow },   { "stop", 2, run_stop },       { "late", 2, run_late },
        { "cycle", 2, run_cycle }, { "forward", 2, run_forward }, { "ping", 3, run_ping },
};

/* $PROBE_BACKEND: "auto" or "program"; else libssh. */
static SshBackend backend(void)
{
        const char *text = getenv("PROBE_BACKEND");

        if (text && !strcmp(text, "auto"))
                return SSH_BACKEND_AUTO;
        return text && !strcmp(text, "program") ? SSH_BACKEND_PROGRAM : SSH_BACKEND_LIBSSH;
}

/* As a command does by default. */
static bool is_shared(void)
{
        const char *said = getenv("PYROPE_SHARE");
        bool is = false;

        return said && text_parse_bool(said, &is) == 0 && is;
}

int main(int argc, char **argv)
{
        const SshAsk ask = { .fn = terminal_find() ? terminal_ask : NULL };
        SshShare *share = NULL;
        int status = 2;

        log_init("ssh-probe", LOG_LEVEL_WARNING);
        if (argc < 3 || process_sanitize())
                return usage();
        pool = ssh_pool_new(argv[1], backend(), &ask);
        if (!pool || (is_shared() && ssh_share_new(argv[1], backend(), NULL, &share)))
                return 1;
        ssh_pool_share(pool, share);
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
                if (!strcmp(commands[i].name, argv[2]) && argc - 3 >= commands[i].n_arguments)
                        status = commands[i].run(argc - 3, argv + 3);
        }
        (void)ssh_pool_free(pool);
        return status == 2 ? usage() : status;
}
