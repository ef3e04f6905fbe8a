/* SPDX-License-Identifier: MIT */

/*
 * stream-server SOCKET MODE [BYTES]: the far end of channels in tests
 *
 *      echo    sends back what it gets, until end of file
 *      count   reads to the end of file, then answers "BYTES FNV1A\n"
 *      source  sends BYTES bytes and ends
 *      stall   accepts and does nothing more
 *
 * Says "READY SOCKET", then serves until it is killed; a thread per connection.
 */

#include "tests/integration/stream-bytes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 65536u

static const char *mode;
static unsigned long long n_source;

static int send_all(int fd, const uint8_t *data, size_t n)
{
        while (n) {
                ssize_t n_sent = send(fd, data, n, MSG_NOSIGNAL);

                if (n_sent < 0)
                        return -errno;
                data += n_sent;
                n -= (size_t)n_sent;
        }
        return 0;
}

static void serve_reader(int fd, bool is_echo)
{
        uint64_t sum = STREAM_SUM_INIT;
        unsigned long long n_total = 0;
        uint8_t chunk[CHUNK];
        char line[64];
        ssize_t n;

        while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
                n_total += (unsigned long long)n;
                sum = stream_sum(sum, chunk, (size_t)n);
                if (is_echo && send_all(fd, chunk, (size_t)n))
                        return;
        }
        if (is_echo)
                return;
        n = snprintf(line, sizeof(line), "%llu %016llx\n", n_total, (unsigned long long)sum);
        (void)send_all(fd, (const uint8_t *)line, (size_t)n);
}

static void serve_source(int fd)
{
        unsigned long long n_left = n_source;
        uint64_t position = 0;
        uint8_t chunk[CHUNK];

        while (n_left) {
                size_t n = n_left < sizeof(chunk) ? (size_t)n_left : sizeof(chunk);

                stream_fill(&position, chunk, n);
                if (send_all(fd, chunk, n))
                        return;
                n_left -= n;
        }
}

static void *serve(void *userdata)
{
        int fd = (int)(intptr_t)userdata;

        if (!strcmp(mode, "source"))
                serve_source(fd);
        else if (!strcmp(mode, "stall"))
                (void)pause();
        else
                serve_reader(fd, !strcmp(mode, "echo"));
        (void)close(fd);
        return NULL;
}

static int listen_at(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
                return -1;
        memcpy(address.sun_path, path, strlen(path) + 1);
        (void)unlink(path);
        if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 512) < 0)
                return -1;
        return fd;
}

int main(int argc, char **argv)
{
        pthread_t thread;
        int listen_fd, fd;

        if (argc < 3) {
                fprintf(stderr, "usage: stream-server SOCKET echo|count|source|stall [BYTES]\n");
                return 2;
        }
        mode = argv[2];
        n_source = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
        (void)signal(SIGPIPE, SIG_IGN);
        listen_fd = listen_at(argv[1]);
        if (listen_fd < 0) {
                perror(argv[1]);
                return 1;
        }
        printf("READY %s\n", argv[1]);
        (void)fflush(stdout);
        while ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR) {
                if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
                        (void)pthread_detach(thread);
        }
        perror("accept");
        return 1;
}
