/* SPDX-License-Identifier: MIT */

/*
 * The floor: sockets and nothing else. A message has BENCH_BYTES; the first 8 of them are the
 * length of a blob that follows, the next 8 that of one which is to follow the answer.
 *
 *      bench-raw serve thread|epoll ADDRESS    prints "READY ADDRESS"
 *      bench-raw MODE ...                      as a client, see bench.h
 *      bench-raw first N COMMAND...            prints the median of N times, in milliseconds, from
 * the start of a command to a message's return through it
 */

#include "tests/bench/bench.h"

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECEIVE_BYTES 65536
#define EVENTS_MAX    64

typedef struct Message Message;
typedef struct Client Client;

struct Message {
        uint64_t n_follow; /* bytes behind the message */
        uint64_t n_back;   /* bytes behind its answer */
        char rest[BENCH_BYTES - 16];
};

struct Client {
        int fd;
        void *blob;
        size_t n_blob;
};

/* Memory for a blob, the same one again. */
static void *blob_memory(Client *client, size_t n_bytes)
{
        if (client->n_blob < n_bytes) {
                free(client->blob);
                client->blob = bench_memory(n_bytes);
                client->n_blob = n_bytes;
        }
        return client->blob;
}

/* -- server ----------------------------------------------------------------------------------- */

static void serve_message(Client *client, const Message *message)
{
        if (message->n_follow &&
            !bench_receive(client->fd, blob_memory(client, message->n_follow), message->n_follow))
                return;
        bench_send(client->fd, message, sizeof(*message));
        if (message->n_back)
                bench_send(client->fd, blob_memory(client, message->n_back), message->n_back);
}

static void *thread_main(void *userdata)
{
        Client client = { .fd = (int)(intptr_t)userdata };
        Message message;

        while (bench_receive(client.fd, &message, sizeof(message)))
                serve_message(&client, &message);
        (void)close(client.fd);
        free(client.blob);
        return NULL;
}

static void serve_by_threads(int listen_fd)
{
        pthread_t thread;
        int fd;

        while ((fd = accept(listen_fd, NULL, NULL)) >= 0)
                if (pthread_create(&thread, NULL, thread_main, (void *)(intptr_t)fd) ||
                    pthread_detach(thread))
                        bench_die("a thread", NULL);
}

static void watch(int epoll_fd, int fd)
{
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

        if (fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
                bench_die("epoll_ctl", NULL);
}

/* Receives greedily. Messages of BENCH_BYTES come whole: none of our clients sends a part of one.
 */
static void on_readable(int fd)
{
        Message messages[RECEIVE_BYTES / BENCH_BYTES];
        Client client = { .fd = fd };
        ssize_t n = recv(fd, messages, sizeof(messages), 0);

        if (n <= 0)
                (void)close(fd);
        for (ssize_t i = 0; i < n / BENCH_BYTES; i++)
                serve_message(&client, &messages[i]);
}

static void serve_by_epoll(int listen_fd)
{
        struct epoll_event events[EVENTS_MAX];
        int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        int n;

        watch(epoll_fd, listen_fd);
        for (;;) {
                n = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
                if (n < 0 && errno != EINTR)
                        bench_die("epoll_wait", NULL);
                for (int i = 0; i < n; i++)
                        if (events[i].data.fd == listen_fd)
                                watch(epoll_fd, accept(listen_fd, NULL, NULL));
                        else
                                on_readable(events[i].data.fd);
        }
}

static void serve(const char *how, const char *where)
{
        char address[128];
        int fd = bench_listen(where, address, sizeof(address));

        printf("READY %s\n", address);
        (void)fflush(stdout);
        if (strcmp(how, "thread") == 0)
                serve_by_threads(fd);
        serve_by_epoll(fd);
}

/* -- client ----------------------------------------------------------------------------------- */

static void *client_open(const char *address)
{
        Client *client = calloc(1, sizeof(*client));

        if (!client)
                bench_die("memory", NULL);
        client->fd = bench_connect(address);
        return client;
}

static void receive(const Client *client, void *ret, size_t n_bytes)
{
        if (!bench_receive(client->fd, ret, n_bytes))
                bench_die("the server", "hung up");
}

static void client_echo(void *connection)
{
        Client *client = connection;
        Message message = { .rest = "ping" };

        bench_send(client->fd, &message, sizeof(message));
        receive(client, &message, sizeof(message));
}

static void client_put(void *connection, const void *bytes, size_t n_bytes)
{
        Client *client = connection;
        Message message = { .n_follow = n_bytes };

        bench_send(client->fd, &message, sizeof(message));
        bench_send(client->fd, bytes, n_bytes);
        receive(client, &message, sizeof(message));
}

static void client_get(void *connection, size_t n_bytes)
{
        Client *client = connection;
        Message message = { .n_back = n_bytes };

        bench_send(client->fd, &message, sizeof(message));
        receive(client, &message, sizeof(message));
        receive(client, blob_memory(client, n_bytes), n_bytes);
}

static void client_pipeline(void *connection, unsigned depth)
{
        static char bytes[RECEIVE_BYTES];
        Client *client = connection;

        if (depth * BENCH_BYTES > sizeof(bytes))
                bench_die("pipeline", "too deep");
        bench_send(client->fd, bytes, depth * BENCH_BYTES);
        receive(client, bytes, depth * BENCH_BYTES);
}

/* -- through a command ------------------------------------------------------------------------ */

static pid_t start(char **argv, int fd)
{
        posix_spawn_file_actions_t actions;
        pid_t pid;

        if (posix_spawn_file_actions_init(&actions) ||
            posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO) ||
            posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO) ||
            posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
                bench_die(argv[0], "does not start");
        (void)posix_spawn_file_actions_destroy(&actions);
        return pid;
}

static double first_answer_ms(char **argv)
{
        int64_t began_ns = bench_now_ns();
        Client client = { .fd = -1 };
        double took_ms;
        int fds[2];
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                bench_die("socketpair", NULL);
        pid = start(argv, fds[1]);
        (void)close(fds[1]);
        client.fd = fds[0];
        client_echo(&client);
        took_ms = (double)(bench_now_ns() - began_ns) / 1e6;
        (void)close(fds[0]);
        (void)waitpid(pid, NULL, 0);
        return took_ms;
}

static void first(size_t n, char **argv)
{
        double *took_ms = bench_room(n);

        for (size_t i = 0; i < n; i++)
                took_ms[i] = first_answer_ms(argv);
        printf("%.3f\n", bench_median(took_ms, n));
        free(took_ms);
}

int main(int argc, char **argv)
{
        static const BenchPeer peer = {
                client_open, client_echo, client_put, client_get, client_pipeline,
        };

        if (argc == 4 && strcmp(argv[1], "serve") == 0)
                serve(argv[2], argv[3]);
        if (argc > 3 && strcmp(argv[1], "first") == 0) {
                first(bench_number(argv[2]), argv + 3);
                return 0;
        }
        return bench_main(&peer, argc, argv);
}
