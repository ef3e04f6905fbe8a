/* SPDX-License-Identifier: MIT */

/*
 * Peers that are killed while they write leave nothing behind in the daemon.
 *
 *      load-killed [PEERS]
 */

#include "tests/load/load.h"

#include <sys/socket.h>

#define AT_ONCE     8
#define CALL        100000 /* bytes: more than a socket takes at once, so most die within one */
#define GROW_MAX    8 /* MiB, for caches of the heap; a leak of one call a peer would be 1 GB */
#define WARM_UP     100
#define WAIT_MAX_MS 20000

/* Calls without end, and without a look at the answers for a while, until it is killed. */
static void write_until_killed(const LoadServer *server, int ready_fd)
{
        size_t n;
        uint8_t *frame = load_call_frame("echo", CALL, &n);
        char answers[65536];
        int fd = load_connect(server);

        load_shake_hands(fd);
        (void)close(ready_fd);
        for (;;) {
                (void)send(fd, frame, n, MSG_NOSIGNAL | MSG_DONTWAIT);
                (void)recv(fd, answers, sizeof(answers), MSG_DONTWAIT);
        }
}

/* Some are killed at once when they begin, some later. */
static void kill_peers(const LoadServer *server, long n_peers)
{
        for (long i = 0; i < n_peers; i += AT_ONCE) {
                pid_t pids[AT_ONCE];
                int ready_fds[AT_ONCE];

                for (size_t k = 0; k < AT_ONCE; k++)
                        pids[k] = load_peer_start(write_until_killed, server, &ready_fds[k]);
                for (size_t k = 0; k < AT_ONCE; k++) {
                        load_peer_await(ready_fds[k]);
                        if (i / AT_ONCE % 4 == 0)
                                load_pause_ms(1);
                        load_kill(pids[k]);
                }
        }
}

/* Descriptors in excess of @n, once the daemon has seen the last peer go. */
static unsigned descriptors_above(const LoadServer *server, unsigned n)
{
        double end_ms = load_now_ms() + WAIT_MAX_MS;

        while (load_descriptors(server->pid) > n && load_now_ms() < end_ms)
                load_pause_ms(1);
        return load_descriptors(server->pid) - n;
}

int main(int argc, char **argv)
{
        LoadServer server = { 0 };
        unsigned n_descriptors;
        double rss_mib;
        Load load;
        long n_peers = load_begin(&load, argc, argv, 10000, 200);
        Conn conn;

        load_server_start(&server);
        kill_peers(&server, WARM_UP);
        conn = load_open(&server);
        load_call(&conn, "echo", 1);
        n_descriptors = load_descriptors(server.pid);
        rss_mib = load_rss_mib(server.pid);

        kill_peers(&server, n_peers);
        load_call(&conn, "echo", 2);
        load_report(&load, "T18-descriptors-left", descriptors_above(&server, n_descriptors), 0);
        load_report_memory(&load, "T18-rss-grown-mib", load_rss_mib(server.pid) - rss_mib,
                           GROW_MAX);
        conn_deinit(&conn);
        load_server_stop(&load, &server, "T18");
        return load.failed;
}
