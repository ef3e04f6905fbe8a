/* SPDX-License-Identifier: MIT */

#include "tests/load/load.h"

#include "base/unix-socket.h"
#include "proto/value.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pyrope/daemon.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define CALL_MS  60000
#define DRAIN_MS 20000
#define OBJECT   "load"

void load_die(const char *what)
{
        fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
        exit(1);
}

static void die_of(pyrope_error *error)
{
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, pyrope_error_text(error));
        exit(1);
}

long load_begin(Load *load, int argc, char **argv, long whole, long brief)
{
        long n = whole;

        *load = (Load){ .is_short = argc == 2 && strcmp(argv[1], "short") == 0 };
        if (load->is_short)
                return brief;
        if (argc == 2)
                n = strtol(argv[1], NULL, 10);
        if (argc > 2 || n < 1) {
                fprintf(stderr, "usage: %s [short|NUMBER]\n", program_invocation_short_name);
                exit(2);
        }
        return n;
}

static bool print(const char *name, double value, double max)
{
        bool passes = value <= max;

        printf("%s %g <=%g %s\n", name, value, max, passes ? "PASS" : "FAIL");
        fflush(stdout);
        return passes;
}

void load_report(Load *load, const char *name, double value, double max)
{
        if (!print(name, value, max))
                load->failed = 1;
}

void load_report_time(Load *load, const char *name, double value, double max)
{
        if (!print(name, value, max) && !load->is_short)
                load->failed = 1;
}

void load_report_memory(Load *load, const char *name, double value, double max)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        (void)load;
        printf("%s %g <=%g SKIP a sanitizer has memory of its own\n", name, value, max);
#else
        load_report(load, name, value, max);
#endif
}

/* -- the server ------------------------------------------------------------------------------- */

static int echo(pyrope_call *call, UNUSED void *self)
{
        pyrope_write_view(pyrope_result(call), pyrope_argument(call, 0));
        return 0;
}

static int fill(pyrope_call *call, UNUSED void *self)
{
        int64_t n;
        void *bytes;

        if (pyrope_arguments(call, "I", &n))
                return PYROPE_RAISED;
        bytes = calloc(1, (size_t)n);
        pyrope_write_bytes(pyrope_result(call), bytes, (size_t)n);
        free(bytes);
        return 0;
}

static int drop(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

static const pyrope_method methods[] = {
        { "echo", "x", echo, 0, NULL },
        { "fill", "n", fill, 0, NULL },
        { "drop", "x", drop, 0, NULL },
        { 0 },
};
static const pyrope_class class_ = {
        .name = "Load",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};

static void limit_descriptors(rlim_t n)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                load_die("getrlimit");
        limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                load_die("setrlimit");
}

void load_raise_descriptors(void)
{
        limit_descriptors(RLIM_INFINITY);
}

static pyrope_daemon *make_daemon(const LoadServer *server)
{
        const pyrope_daemon_options options = {
                .socket = server->path,
                .n_workers_max = server->n_workers,
                .message_max_bytes = server->message_max,
                .allowed_uids = &server->guest,
                .n_allowed_uids = server->guest ? 1 : 0,
                .listen = server->guest ? "127.0.0.1:0" : NULL,
        };
        pyrope_daemon *daemon = NULL;
        pyrope_error *error = NULL;

        if (pyrope_daemon_new(&options, &daemon, &error) ||
            pyrope_daemon_register(daemon, OBJECT, &class_, NULL, &error) ||
            pyrope_daemon_start(daemon, &error))
                die_of(error);
        return daemon;
}

/* Tells its port and serves until it is asked to end. */
static void serve(const LoadServer *server, int ready_fd)
{
        pyrope_daemon *daemon;
        unsigned port = 0;
        sigset_t end;
        char *uri;
        int signal;

        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        sigprocmask(SIG_BLOCK, &end, NULL);
        load_raise_descriptors();
        if (server->n_descriptors)
                limit_descriptors(server->n_descriptors);
        daemon = make_daemon(server);
        uri = pyrope_daemon_tcp_uri(daemon, NULL);
        if (uri)
                port = (unsigned)strtoul(strrchr(uri, ':') + 1, NULL, 10);
        free(uri);
        if (write(ready_fd, &port, sizeof(port)) != (ssize_t)sizeof(port))
                load_die("write");
        (void)close(ready_fd);
        (void)sigwait(&end, &signal);
        pyrope_daemon_stop(daemon);
        if (pyrope_daemon_wait(daemon, DRAIN_MS))
                exit(1);
        pyrope_daemon_free(daemon);
        exit(0);
}

void load_server_start(LoadServer *server)
{
        int pipe_fds[2];

        (void)snprintf(server->directory, sizeof(server->directory), "/tmp/pyrope-load.XXXXXX");
        if (!mkdtemp(server->directory))
                load_die("mkdtemp");
        (void)snprintf(server->path, sizeof(server->path), "%s/s", server->directory);
        if (pipe(pipe_fds) < 0)
                load_die("pipe");
        server->pid = fork();
        if (server->pid < 0)
                load_die("fork");
        if (server->pid == 0) {
                (void)close(pipe_fds[0]);
                serve(server, pipe_fds[1]);
        }
        (void)close(pipe_fds[1]);
        if (read(pipe_fds[0], &server->port, sizeof(server->port)) != (ssize_t)sizeof(server->port))
                load_die("the server did not start");
        (void)close(pipe_fds[0]);
}

pid_t load_peer_start(void (*fn)(const LoadServer *server, int ready_fd), const LoadServer *server,
                      int *ret_ready_fd)
{
        int pipe_fds[2];
        pid_t pid;

        if (pipe(pipe_fds) < 0)
                load_die("pipe");
        pid = fork();
        if (pid < 0)
                load_die("fork");
        if (pid == 0) {
                (void)close(pipe_fds[0]);
                fn(server, pipe_fds[1]);
                load_die("a peer ended");
        }
        (void)close(pipe_fds[1]);
        *ret_ready_fd = pipe_fds[0];
        return pid;
}

void load_peer_await(int ready_fd)
{
        char byte;

        if (read(ready_fd, &byte, 1) != 0)
                load_die("read");
        (void)close(ready_fd);
}

void load_kill(pid_t pid)
{
        int status = 0;

        (void)kill(pid, SIGKILL);
        if (waitpid(pid, &status, 0) < 0)
                load_die("waitpid");
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
                load_die("a client ended before it was killed");
}

void load_server_stop(Load *load, LoadServer *server, const char *name)
{
        char figure[64];
        int status = -1;

        (void)kill(server->pid, SIGTERM);
        if (waitpid(server->pid, &status, 0) < 0)
                load_die("waitpid");
        (void)rmdir(server->directory);
        (void)snprintf(figure, sizeof(figure), "%s-server", name);
        load_report(load, figure, status != 0, 0);
}

/* -- a process -------------------------------------------------------------------------------- */

static double status_of(pid_t pid, const char *key)
{
        char line[256];
        char path[64];
        double value = -1;
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        file = fopen(path, "r");
        if (!file)
                load_die(path);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, key, strlen(key)) == 0)
                        value = strtod(line + strlen(key), NULL);
        (void)fclose(file);
        return value;
}

double load_rss_mib(pid_t pid)
{
        return status_of(pid, "VmRSS:") / 1024;
}

unsigned load_threads(pid_t pid)
{
        return (unsigned)status_of(pid, "Threads:");
}

unsigned load_descriptors(pid_t pid)
{
        unsigned n = 0;
        char path[64];
        DIR *directory;

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        directory = opendir(path);
        if (!directory)
                load_die(path);
        while (readdir(directory))
                n++;
        (void)closedir(directory);
        return n - 2; /* . and .. */
}

double load_cpu_ms(pid_t pid)
{
        clockid_t clock;
        struct timespec time;

        if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time) < 0)
                load_die("clock of a process");
        return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* -- clients ---------------------------------------------------------------------------------- */

int load_connect(const LoadServer *server)
{
        int fd = -1;

        if (unix_connect(server->path, deadline_in(CALL_MS), &fd))
                load_die("connect");
        return fd;
}

bool load_try(const LoadServer *server, Conn *ret)
{
        CLEANUP(pyrope_value_freep) pyrope_value *metadata = NULL;

        conn_init(ret, load_connect(server), FRAME_MESSAGE_MAX_BYTES);
        return conn_connect(ret, OBJECT, deadline_in(CALL_MS), &metadata, NULL) == PYROPE_OK;
}

Conn load_open(const LoadServer *server)
{
        CLEANUP(pyrope_value_freep) pyrope_value *metadata = NULL;
        pyrope_error *error = NULL;
        Conn conn;

        conn_init(&conn, load_connect(server), FRAME_MESSAGE_MAX_BYTES);
        if (conn_connect(&conn, OBJECT, deadline_in(CALL_MS), &metadata, &error))
                die_of(error);
        return conn;
}

void load_call(Conn *conn, const char *method, int64_t argument)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;
        ConnCall call = { .object = OBJECT, .method = method };
        pyrope_error *error = NULL;

        pyrope_pack(writer, "[I]", argument);
        if (pyrope_writer_take(writer, &arguments, &error))
                die_of(error);
        call.args = pyrope_value_view(arguments);
        if (conn_invoke(conn, &call, deadline_in(CALL_MS), &result, &error))
                die_of(error);
}

static uint8_t *frame_of(FrameType type, pyrope_writer *writer, size_t *ret_n)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        FrameHeader header = { .type = type, .serializer = FRAME_SERIALIZER_MSGPACK, .seq = 1 };
        pyrope_view view;
        uint8_t *bytes;

        if (pyrope_writer_take(writer, &value, NULL))
                load_die("out of memory");
        view = pyrope_value_view(value);
        header.n_payload = (uint32_t)(view.end - view.at);
        bytes = malloc(FRAME_HEADER_SIZE + header.n_payload);
        if (!bytes)
                load_die("malloc");
        frame_header_write(&header, bytes);
        memcpy(bytes + FRAME_HEADER_SIZE, view.at, header.n_payload);
        *ret_n = FRAME_HEADER_SIZE + header.n_payload;
        return bytes;
}

uint8_t *load_connect_frame(size_t *ret_n)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        pyrope_pack(writer, "{s:s,s:s}", "handshake", "hello", "object", OBJECT);
        return frame_of(FRAME_CONNECT, writer, ret_n);
}

uint8_t *load_call_frame(const char *method, size_t n_bytes, size_t *ret_n)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(freep) char *bytes = calloc(1, n_bytes);

        pyrope_pack(writer, "[ss[y]n]", OBJECT, method, bytes, n_bytes);
        return frame_of(FRAME_INVOKE, writer, ret_n);
}

uint8_t *load_int_frame(const char *method, int64_t argument, size_t *ret_n)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        pyrope_pack(writer, "[ss[I]n]", OBJECT, method, argument);
        return frame_of(FRAME_INVOKE, writer, ret_n);
}

void load_shake_hands(int fd)
{
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };
        CLEANUP(freep) uint8_t *frame = NULL;
        uint8_t answer[4096]; /* more than the metadata of the object have */
        FrameHeader header;
        ssize_t n_answer;
        size_t n;

        frame = load_connect_frame(&n);
        if (send(fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n || poll(&pollfd, 1, CALL_MS) != 1)
                load_die("handshake");
        n_answer = recv(fd, answer, sizeof(answer), 0);
        if (n_answer < 0 || frame_header_parse(answer, (size_t)n_answer, sizeof(answer), &header) ||
            header.type != FRAME_CONNECTOK)
                load_die("the handshake was refused");
}

/* -- time ------------------------------------------------------------------------------------- */

static int compare(const void *one, const void *two)
{
        double a = *(const double *)one;
        double b = *(const double *)two;

        return (a > b) - (a < b);
}

double load_percentile(double *values, size_t n, double part)
{
        size_t at = (size_t)((double)n * part);

        qsort(values, n, sizeof(*values), compare);
        return values[at < n ? at : n - 1];
}

double load_now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void load_pause_ms(int ms)
{
        (void)poll(NULL, 0, ms);
}
