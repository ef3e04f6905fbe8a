/* SPDX-License-Identifier: MIT */

/*
 * Peers that send and never read make a daemon hold no more than the quota of their user, and
 * others wait no longer for them.
 *
 *      load-deaf [SECONDS]
 */

#include "tests/load/load.h"

#include "base/pages.h"
#include "broker/quota.h"

#include <errno.h>
#include <sys/socket.h>

#define MIB         (1u << 20)
#define PEERS       256
#define MESSAGE_MAX (8 * MIB)
#define WORKERS     4
#define ANSWER      MIB /* so much each makes the daemon answer, again and again */
#define P99_MAX_MS  50
#define CALLS_MAX   100000

/* The quota, and as much again for holes in the heap; what a worker has in hand, argument and
 * answer; and what is kept of memory. All that the peers ask for would be 256 MiB. */
#define QUOTA_MIB   (QUOTA_MESSAGES_MAX * MESSAGE_MAX / MIB)
#define RSS_MAX_MIB (2 * QUOTA_MIB + 2 * (WORKERS + 1) + 2 * PAGES_KEPT_MAX)

typedef struct Deaf Deaf;

struct Deaf {
        int fd;
        const uint8_t *frame; /* that it sends over and over; borrowed */
        size_t n_frame;
        size_t n_sent; /* of the current one */
};

static void open_deaf(const LoadServer *server, Deaf *deaf)
{
        deaf->fd = load_connect(server);
        deaf->n_sent = 0;
        load_shake_hands(deaf->fd);
}

/* As much of a frame as the socket takes. Who was cut comes again. */
static void send_more(const LoadServer *server, Deaf *deaf)
{
        ssize_t n = send(deaf->fd, deaf->frame + deaf->n_sent, deaf->n_frame - deaf->n_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
                deaf->n_sent = (deaf->n_sent + (size_t)n) % deaf->n_frame;
        } else if (errno != EAGAIN) {
                (void)close(deaf->fd);
                open_deaf(server, deaf);
        }
}

/* Every second one sends much, the others ask for much. */
static void open_all(const LoadServer *server, Deaf *deafs)
{
        size_t n_ask;
        size_t n_echo;
        uint8_t *ask = load_int_frame("fill", ANSWER, &n_ask);
        uint8_t *echo = load_call_frame("echo", ANSWER, &n_echo);

        for (size_t i = 0; i < PEERS; i++) {
                deafs[i].frame = i % 2 ? ask : echo;
                deafs[i].n_frame = i % 2 ? n_ask : n_echo;
                open_deaf(server, &deafs[i]);
        }
}

int main(int argc, char **argv)
{
        LoadServer server = { .message_max = MESSAGE_MAX, .n_workers = WORKERS };
        static double latencies[CALLS_MAX];
        static Deaf deafs[PEERS];
        double first_mib;
        double most_mib = 0;
        double end_ms;
        size_t n = 0;
        Load load;
        long seconds = load_begin(&load, argc, argv, 20, 2);
        Conn conn;

        load_server_start(&server);
        first_mib = load_rss_mib(server.pid);
        conn = load_open(&server);
        open_all(&server, deafs);
        end_ms = load_now_ms() + (double)seconds * 1000;
        while (n < CALLS_MAX && load_now_ms() < end_ms) {
                double began_ms = load_now_ms();
                double more_mib;

                load_call(&conn, "echo", 1);
                latencies[n++] = load_now_ms() - began_ms;
                send_more(&server, &deafs[n % PEERS]);
                more_mib = load_rss_mib(server.pid) - first_mib;
                most_mib = more_mib > most_mib ? more_mib : most_mib;
                load_pause_ms(1);
        }
        load_report_memory(&load, "T12-rss-mib", most_mib, RSS_MAX_MIB);
        load_report_time(&load, "T12-p99-ms", load_percentile(latencies, n, 0.99), P99_MAX_MS);
        for (size_t i = 0; i < PEERS; i++)
                (void)close(deafs[i].fd);
        conn_deinit(&conn);
        load_server_stop(&load, &server, "T12");
        return load.failed;
}
