/* SPDX-License-Identifier: MIT */

/*
 * Many connections of one user that send a byte now and then, of a handshake or of a call, leave
 * another client's calls as fast as they were. Run by root, another user's connections too.
 *
 *      load-drip [SECONDS]
 */

#include "tests/load/load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#define CONNECTIONS    1000
#define BYTES_PER_TURN 5 /* each turn of a ms: every connection sends some bytes a second */
#define STRANGER       65533
#define CALLS_MAX      1000000
#define P99_MAX_MS     50
#define RSS_MAX_MIB    256

typedef struct Drip Drip;

struct Drip {
        int fd;
        size_t n_sent;
};

static int connect_port(const LoadServer *server)
{
        const struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons((uint16_t)server->port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                load_die("connect");
        return fd;
}

/* Every second one has shaken hands and goes on with a call, the others never get so far. */
static void open_drip(const LoadServer *server, Drip *drip, bool is_open)
{
        *drip = (Drip){ .fd = server->guest ? connect_port(server) : load_connect(server) };
        if (is_open)
                load_shake_hands(drip->fd);
}

/* The next byte, which is never the last of its frame; who was cut comes again. */
static void send_byte(const LoadServer *server, Drip *drip, bool is_open, const uint8_t *frame,
                      size_t n_frame)
{
        if (drip->n_sent < n_frame - 1 &&
            send(drip->fd, frame + drip->n_sent, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
                drip->n_sent++;
                return;
        }
        (void)close(drip->fd);
        open_drip(server, drip, is_open);
}

/* Until it is killed. */
static void run_drips(const LoadServer *server, int ready_fd)
{
        static Drip drips[CONNECTIONS];
        size_t n_handshake;
        size_t n_call;
        uint8_t *handshake = load_connect_frame(&n_handshake);
        uint8_t *call = load_call_frame("drop", 10000, &n_call);

        if (server->guest && setuid(server->guest) < 0)
                load_die("setuid");
        for (size_t i = 0; i < CONNECTIONS; i++)
                open_drip(server, &drips[i], i % 2);
        (void)close(ready_fd);
        for (size_t i = 0;; i++) {
                bool is_open = i % CONNECTIONS % 2;

                send_byte(server, &drips[i % CONNECTIONS], is_open, is_open ? call : handshake,
                          is_open ? n_call : n_handshake);
                if (i % BYTES_PER_TURN == 0)
                        load_pause_ms(1);
        }
}

static double measure_p99(const LoadServer *server, long seconds)
{
        static double latencies[CALLS_MAX];
        Conn conn = load_open(server);
        double end_ms = load_now_ms() + (double)seconds * 1000;
        size_t n = 0;

        while (n < CALLS_MAX && load_now_ms() < end_ms) {
                double began_ms = load_now_ms();

                load_call(&conn, "echo", 1);
                latencies[n++] = load_now_ms() - began_ms;
        }
        conn_deinit(&conn);
        return load_percentile(latencies, n, 0.99);
}

static void run(Load *load, const char *name, uid_t guest, long seconds)
{
        LoadServer server = { .guest = guest };
        char figure[64];
        pid_t drips;
        int ready_fd;

        load_server_start(&server);
        drips = load_peer_start(run_drips, &server, &ready_fd);
        load_peer_await(ready_fd); /* all their connections are there */
        (void)snprintf(figure, sizeof(figure), "%s-p99-ms", name);
        load_report_time(load, figure, measure_p99(&server, seconds), P99_MAX_MS);
        (void)snprintf(figure, sizeof(figure), "%s-rss-mib", name);
        load_report_memory(load, figure, load_rss_mib(server.pid), RSS_MAX_MIB);
        load_kill(drips);
        load_server_stop(load, &server, name);
}

int main(int argc, char **argv)
{
        Load load;
        long seconds = load_begin(&load, argc, argv, 30, 2);

        load_raise_descriptors();
        run(&load, "T10-drip", 0, seconds);
        if (geteuid() == 0)
                run(&load, "G9-stranger", STRANGER, seconds);
        else
                printf("G9-stranger - <=%d SKIP a second user needs root\n", P99_MAX_MS);
        return load.failed;
}
