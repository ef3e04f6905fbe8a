/* SPDX-License-Identifier: MIT */

/*
 * nat-ports ECHO N: takes a NAT port N times, and each time connects to it by both addresses of the
 * loopback interface, as a program that was told of it does. Meanwhile another user binds random
 * ports at all addresses that he can have, and answers whoever comes to him. Only root can run it.
 *
 * ECHO is the socket of a server that sends back what it gets. Prints how many allocations there
 * were, how many ports the other user had, and how many connections reached him or nobody.
 */

#include "base/defs.h"
#include "client/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pyrope/pyrope.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define STRANGER    65533u
#define SQUATTED    2000u /* ports that he holds at a time */
#define TOKEN_BYTES 8u
#define TIMEOUT_MS  10000

static atomic_ulong *n_squatted; /* shared with the stranger */

/* -- the stranger ------------------------------------------------------------------------------ */

static const struct {
        int family;
        const char *address;
} addresses[] = {
        { AF_INET, "127.0.0.1" },
        { AF_INET, "0.0.0.0" },
        { AF_INET6, "::1" },
        { AF_INET6, "::" },
};

static void port_range(unsigned *ret_first, unsigned *ret_n)
{
        unsigned first = 32768, last = 60999;
        FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

        if (file) {
                (void)!fscanf(file, "%u %u", &first, &last);
                (void)fclose(file);
        }
        *ret_first = first;
        *ret_n = last - first + 1;
}

/* Return: a socket that listens there; -1: he cannot have it. */
static int squat(size_t where, unsigned port)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
        bool is_v4 = addresses[where].family == AF_INET;
        CLEANUP(closep) int fd = socket(addresses[where].family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int on = 1;

        (void)inet_pton(AF_INET, addresses[where].address, &v4.sin_addr);
        (void)inet_pton(AF_INET6, addresses[where].address, &v6.sin6_addr);
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                 is_v4 ? sizeof(v4) : sizeof(v6)) < 0 ||
            listen(fd, 16) < 0)
                return -1;
        return TAKE_FD(fd);
}

static void answer_visitors(const struct pollfd *polled, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int fd = polled[i].revents ? accept(polled[i].fd, NULL, NULL) : -1;

                if (fd < 0)
                        continue;
                (void)!write(fd, "stranger", TOKEN_BYTES);
                (void)close(fd);
        }
}

/* Each port for a while, the oldest makes room for the next. Never returns. */
static void be_stranger(void)
{
        static struct pollfd polled[SQUATTED];
        unsigned first, n_ports, chance = (unsigned)getpid();

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setresgid(STRANGER, STRANGER, STRANGER) || setresuid(STRANGER, STRANGER, STRANGER))
                _exit(1);
        port_range(&first, &n_ports);
        for (size_t i = 0; i < SQUATTED; i++)
                polled[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
        for (size_t i = 0;; i = (i + 1) % SQUATTED) {
                size_t where = (size_t)rand_r(&chance) % ARRAY_SIZE(addresses);

                if (polled[i].fd >= 0)
                        (void)close(polled[i].fd);
                polled[i].fd = squat(where, first + (unsigned)rand_r(&chance) % n_ports);
                if (polled[i].fd >= 0)
                        atomic_fetch_add(n_squatted, 1);
                if (i % 64 == 0 && poll(polled, SQUATTED, 0) > 0)
                        answer_visitors(polled, SQUATTED);
        }
}

/* -- we ---------------------------------------------------------------------------------------- */

/* A foreign program does not ask whose a port is. */
static const PortUsers anybody = { .uids = { STRANGER }, .n = 1 };

/* Whether the echo server is behind that address, and nobody else. */
static bool is_right(const char *host, uint16_t port, unsigned long number)
{
        CLEANUP(closep) int fd = -1;
        char sent[TOKEN_BYTES + 1], got[TOKEN_BYTES] = "";
        struct pollfd polled = { .events = POLLIN };
        size_t n_got = 0;
        ssize_t n = 0;

        if (tcp_connect(host, port, &anybody, deadline_in(TIMEOUT_MS), &fd, NULL))
                return false;
        polled.fd = fd;
        (void)snprintf(sent, sizeof(sent), "%08lu", number % 100000000);
        if (send(fd, sent, TOKEN_BYTES, MSG_NOSIGNAL) != TOKEN_BYTES)
                return false;
        while (n_got < TOKEN_BYTES && poll(&polled, 1, TIMEOUT_MS) > 0) {
                n = recv(fd, got + n_got, TOKEN_BYTES - n_got, 0);
                if (n <= 0)
                        return false;
                n_got += (size_t)n;
        }
        return n_got == TOKEN_BYTES && !memcmp(got, sent, TOKEN_BYTES);
}

/* A port, its two addresses, and its end. Return: how many were wrong; -1: there is none. */
static int allocate(pyrope_context *context, const char *echo, unsigned long number)
{
        const pyrope_forward_options options = { .nat_port = PYROPE_ANY_PORT };
        pyrope_forward *forward = NULL;
        pyrope_error *error = NULL;
        uint16_t port;
        int n_wrong;

        if (pyrope_forward_to(context, echo, &options, TIMEOUT_MS, &forward, &error)) {
                (void)fprintf(stderr, "nat-ports: %s\n",
                              error ? pyrope_error_text(error) : "out of memory");
                pyrope_error_free(error);
                return -1;
        }
        port = (uint16_t)strtoul(strrchr(pyrope_forward_uri(forward), ':') + 1, NULL, 10);
        n_wrong = !is_right("127.0.0.1", port, number) + !is_right("::1", port, number);
        pyrope_forward_free(forward);
        return n_wrong;
}

static int run(const char *echo, unsigned long n)
{
        pyrope_context *context = NULL;
        unsigned long n_wrong = 0, i;
        int r = 0;

        if (pyrope_context_new(NULL, &context, NULL))
                return 1;
        for (i = 0; i < n && r >= 0; i++) {
                r = allocate(context, echo, i);
                n_wrong += r > 0 ? (unsigned long)r : 0;
        }
        pyrope_context_free(context);
        printf("%lu allocations, %lu ports squatted, %lu wrong peers\n", i, atomic_load(n_squatted),
               n_wrong);
        return r < 0 || n_wrong;
}

int main(int argc, char **argv)
{
        struct rlimit limit;
        pid_t stranger;
        int status;

        if (argc != 3 || getrlimit(RLIMIT_NOFILE, &limit))
                return 2;
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        n_squatted = mmap(NULL, sizeof(*n_squatted), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        stranger = n_squatted == MAP_FAILED ? -1 : fork();
        if (stranger < 0)
                return 1;
        if (!stranger)
                be_stranger();
        status = run(argv[1], strtoul(argv[2], NULL, 10));
        (void)kill(stranger, SIGKILL);
        (void)waitpid(stranger, NULL, 0);
        return status;
}
