/* SPDX-License-Identifier: MIT */

/*
 * session-probe SSH_CONFIG: the life of SSH sessions, driven by tests/integration/ssh-sessions.sh
 *
 * Each line of standard input is an order, answered by one line:
 *
 *      open N PLACE MS      a stream, known as N from then on: "OK", or "E_STATUS text"
 *      echo N TEXT          there and back: "OK TEXT"; "GONE"
 *      push N BYTES         sends so many, and the end: "OK", as soon as they are taken; "GONE"
 *      wait N MS            for its end: "OK gone", "OK there"
 *      close N
 *      hammer PLACE N MS    open and close N times: "OK opened N tried N told N", the last of
 *                           which were failures from memory; then the last failure
 *      storm PLACE THREADS MS  each thread opens, echoes and closes again and again, until the
 *                           next order comes: "OK began N came N lost N failed N", and the first
 *                           failure that an outage does not explain
 *      enough               "OK"
 *      sessions             "OK [TARGETS: STATE logins=N channels=N next=0|1] ..."
 *      deaf                 a port of 127.0.0.1 where nobody accepts: "OK PORT"
 *      end                  of the pool: "OK"; nothing else may follow
 *
 * PLACE is a location, ssh://h1/./u:/path.
 */

#include "base/log.h"
#include "base/process.h"
#include "client/ssh/pool.h"
#include "proto/value.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define STREAMS_MAX 10
#define THREADS_MAX 64
#define WORDS_MAX   6
#define FILL_MAX    16
#define ECHO_MS     20000

static SshPool *pool;
static int streams[STREAMS_MAX];

static pyrope_status open_place(const char *place, const char *ms, int *ret_fd,
                                pyrope_error **error)
{
        CLEANUP(location_deinit) Location to = { 0 };

        if (location_parse(place, &to))
                return error_set(error, PYROPE_E_INVALID, "%s: no place", place);
        return ssh_pool_open(pool, &to, deadline_in(strtol(ms, NULL, 10)), ret_fd, error);
}

static void answer(pyrope_status status, pyrope_error *error)
{
        if (status)
                printf("%s %s\n", pyrope_status_name(status),
                       error ? pyrope_error_text(error) : pyrope_strerror(status));
        else
                printf("OK\n");
        (void)pyrope_error_free(error);
}

static int *stream(const char *digit)
{
        assert(digit[0] >= '0' && digit[0] <= '9');
        return &streams[digit[0] - '0'];
}

static bool is_readable(int fd, int ms)
{
        struct pollfd polled = { .fd = fd, .events = POLLIN };

        return poll(&polled, 1, ms) > 0;
}

/* Return: whether it came back. */
static bool echo(int fd, const char *text)
{
        size_t n = strlen(text), n_back = 0;
        char back[256];
        ssize_t r;

        if (n > sizeof(back) || send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
                return false;
        while (n_back < n && is_readable(fd, ECHO_MS)) {
                r = recv(fd, back + n_back, n - n_back, 0);
                if (r <= 0)
                        return false;
                n_back += (size_t)r;
        }
        return n_back == n && !memcmp(text, back, n);
}

/* -- orders ------------------------------------------------------------------------------------ */

static void do_open(char **words)
{
        pyrope_error *error = NULL;
        pyrope_status status = open_place(words[2], words[3], stream(words[1]), &error);

        answer(status, error);
}

static void do_echo(char **words)
{
        if (echo(*stream(words[1]), words[2]))
                printf("OK %s\n", words[2]);
        else
                printf("GONE\n");
}

static void do_push(char **words)
{
        static const char bytes[65536];
        size_t n = strtoul(words[2], NULL, 10);
        struct pollfd polled = { .fd = *stream(words[1]), .events = POLLOUT };
        ssize_t r = 0;

        for (; n && r >= 0 && poll(&polled, 1, ECHO_MS) > 0; n -= r > 0 ? (size_t)r : 0)
                r = send(polled.fd, bytes, n < sizeof(bytes) ? n : sizeof(bytes), MSG_NOSIGNAL);
        (void)shutdown(polled.fd, SHUT_WR);
        printf(n ? "GONE\n" : "OK\n");
}

static void do_wait(char **words)
{
        char byte;

        if (!is_readable(*stream(words[1]), (int)strtol(words[2], NULL, 10)))
                printf("OK there\n");
        else
                printf("OK %s\n", recv(*stream(words[1]), &byte, 1, 0) > 0 ? "bytes" : "gone");
}

static void do_close(char **words)
{
        (void)close(*stream(words[1]));
        answer(PYROPE_OK, NULL);
}

static void do_hammer(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        unsigned n_opened = 0, n_tried = 0, n_told = 0;

        for (long n = strtol(words[2], NULL, 10); n > 0; n--) {
                int fd;

                error = pyrope_error_free(error);
                if (!open_place(words[1], words[3], &fd, &error)) {
                        n_opened++;
                        (void)close(fd);
                } else if (strstr(pyrope_error_text(error), "; next attempt in ")) {
                        n_told++;
                } else {
                        n_tried++;
                }
        }
        printf("OK opened %u tried %u told %u %s %s\n", n_opened, n_tried, n_told,
               pyrope_status_name(pyrope_error_status(error)), pyrope_error_text(error));
}

typedef struct Storm {
        pthread_mutex_t lock;
        char **words;
        unsigned n_began, n_came, n_lost, n_failed;
        char text[1024]; /* of the first failure that an outage does not explain */
} Storm;

static void storm_count(Storm *storm, unsigned *count, pyrope_status status,
                        const pyrope_error *error)
{
        (void)pthread_mutex_lock(&storm->lock);
        ++*count;
        if (status && status != PYROPE_E_UNREACHABLE && status != PYROPE_E_TIMEOUT &&
            !storm->text[0])
                (void)snprintf(storm->text, sizeof(storm->text), " %s %s",
                               pyrope_status_name(status), pyrope_error_text(error));
        (void)pthread_mutex_unlock(&storm->lock);
}

static void *storm_thread(void *userdata)
{
        Storm *storm = userdata;

        while (!is_readable(STDIN_FILENO, 0)) {
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                pyrope_status status;
                int fd;

                storm_count(storm, &storm->n_began, PYROPE_OK, NULL);
                status = open_place(storm->words[1], storm->words[3], &fd, &error);
                if (status) {
                        storm_count(storm, &storm->n_failed, status, error);
                        continue;
                }
                storm_count(storm, echo(fd, "hello") ? &storm->n_came : &storm->n_lost, PYROPE_OK,
                            NULL);
                (void)close(fd);
        }
        return NULL;
}

static void do_storm(char **words)
{
        Storm storm = { .lock = PTHREAD_MUTEX_INITIALIZER, .words = words };
        size_t n = strtoul(words[2], NULL, 10);
        pthread_t threads[THREADS_MAX];

        assert(n <= THREADS_MAX);
        for (size_t i = 0; i < n; i++) {
                if (pthread_create(&threads[i], NULL, storm_thread, &storm))
                        abort();
        }
        for (size_t i = 0; i < n; i++)
                (void)pthread_join(threads[i], NULL);
        printf("OK began %u came %u lost %u failed %u%s\n", storm.n_began, storm.n_came,
               storm.n_lost, storm.n_failed, storm.text);
}

static void do_enough(char **words)
{
        (void)words;
        answer(PYROPE_OK, NULL);
}

static void do_sessions(char **words)
{
        SshSession *sessions;
        size_t n;

        (void)words;
        if (ssh_pool_sessions(pool, &sessions, &n))
                abort();
        printf("OK");
        for (size_t i = 0; i < n; i++)
                printf(" [%s: %s logins=%llu channels=%zu next=%d]", sessions[i].targets,
                       ssh_state_name(sessions[i].state), (unsigned long long)sessions[i].n_logins,
                       sessions[i].n_channels, sessions[i].next_attempt_ms >= 0);
        printf("\n");
        free(sessions);
}

/* Its queue is full, so the kernel drops what comes. The descriptors stay open. */
static void do_deaf(char **words)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)words;
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) || listen(fd, 0) ||
            getsockname(fd, (struct sockaddr *)&address, &n))
                abort();
        for (int i = 0; i < FILL_MAX; i++) {
                int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

                if (filler < 0)
                        abort();
                (void)connect(filler, (struct sockaddr *)&address, n);
        }
        printf("OK %u\n", ntohs(address.sin_port));
}

static void do_end(char **words)
{
        (void)words;
        pool = ssh_pool_free(pool);
        answer(PYROPE_OK, NULL);
}

static const struct {
        const char *name;
        int n_words;
        void (*run)(char **words);
} orders[] = {
        { "open", 4, do_open },     { "echo", 3, do_echo },         { "wait", 3, do_wait },
        { "close", 2, do_close },   { "hammer", 4, do_hammer },     { "storm", 4, do_storm },
        { "enough", 1, do_enough }, { "sessions", 1, do_sessions }, { "deaf", 1, do_deaf },
        { "end", 1, do_end },       { "push", 3, do_push },
};

static void run_line(char *line)
{
        char *words[WORDS_MAX] = { NULL };
        char *rest = NULL;
        int n = 0;

        for (char *word = strtok_r(line, " \n", &rest); word && n < WORDS_MAX;
             word = strtok_r(NULL, " \n", &rest))
                words[n++] = word;
        for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
                if (n == orders[i].n_words && !strcmp(words[0], orders[i].name)) {
                        orders[i].run(words);
                        return;
                }
        }
        printf("what?\n");
}

int main(int argc, char **argv)
{
        char line[1024];

        log_init("session-probe", LOG_LEVEL_INFO);
        if (argc != 2 || process_sanitize())
                return 2;
        pool = ssh_pool_new(argv[1], SSH_BACKEND_LIBSSH, NULL);
        if (!pool)
                return 1;
        while (fgets(line, sizeof(line), stdin)) {
                run_line(line);
                (void)fflush(stdout);
        }
        (void)ssh_pool_free(pool);
        return 0;
}
