/* SPDX-License-Identifier: MIT */

/*
 * hostile-sshd SEED COUNTS [flood]: an SSH host that does everything wrong that one can
 *
 * Says "READY PORT KEY" (on 127.0.0.1; the key as in known_hosts), lets everybody in, and serves
 * one connection after another, each in a process of its own. Most of what it does is right, so
 * that clients come far; between it stand actions that are drawn from SEED and the number of the
 * connection: lies about lengths and windows, floods, channels that nobody asked for, answers to
 * nothing, silence, ends at each step. Each is named on standard error, a line a connection. With
 * "flood" it does nothing but let everybody in, and send without end.
 * COUNTS is a file of three 64-bit numbers: connections and actions so far, and channels that a
 * client let it open.
 */

#include "base/defs.h"
#include "tests/integration/hostile-actions.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LIFE_MS     6000 /* of a connection; clients give up before */
#define STEP_MS     20
#define ACTIONS_MAX 400u /* of one connection */

typedef struct Counts Counts;

struct Counts {
        _Atomic uint64_t n_connections, n_actions, n_let_in;
};

static Counts *counts;
static bool is_flooding;

/* -- what is right ----------------------------------------------------------------------------- */

static void confirm_open(Host *host, const Packet *packet)
{
        Channel *channel = &host->channels[host->n_channels % HOST_CHANNELS_MAX];
        char type[64];
        size_t at = 1;

        packet_get_text(packet, &at, type, sizeof(type));
        channel->theirs = packet_get_u32(packet, &at);
        if (host->n_channels < HOST_CHANNELS_MAX - 1)
                host->n_channels++;
        switch (host_draw(host, 12)) {
        case 0:
                host_refuse_open(host);
                break;
        case 1: /* window or packets of a strange size */
                host_confirm(host, channel->theirs, (uint32_t)(channel - host->channels),
                             host_draw_number(host), host_draw_number(host));
                break;
        case 2:
                break; /* no answer */
        default:
                host_confirm(host, channel->theirs, (uint32_t)(channel - host->channels), 1 << 20,
                             32768);
        }
}

/* The command's output and end. */
static void run_command(Host *host, const Packet *packet)
{
        size_t at = 1;
        uint32_t ours = packet_get_u32(packet, &at);
        uint32_t theirs = host->channels[ours % HOST_CHANNELS_MAX].theirs;
        Packet answer;

        packet_begin(&answer, MSG_CHANNEL_SUCCESS);
        packet_u32(&answer, theirs);
        host_send(host, &answer);
        host_send_data(host, theirs, 100, 0);
        packet_begin(&answer, MSG_CHANNEL_REQUEST);
        packet_u32(&answer, theirs);
        packet_string(&answer, "exit-status", 11);
        packet_u8(&answer, 0);
        packet_u32(&answer, host_draw(host, 3) ? 0 : host_draw_number(host));
        host_send(host, &answer);
        packet_begin(&answer, MSG_CHANNEL_EOF);
        packet_u32(&answer, theirs);
        host_send(host, &answer);
        packet_begin(&answer, MSG_CHANNEL_CLOSE);
        packet_u32(&answer, theirs);
        host_send(host, &answer);
}

static void echo(Host *host, const Packet *packet)
{
        size_t at = 1;
        uint32_t ours = packet_get_u32(packet, &at);
        Packet answer = *packet;
        uint32_t theirs = htonl(host->channels[ours % HOST_CHANNELS_MAX].theirs);

        memcpy(answer.bytes + 1, &theirs, sizeof(theirs));
        host_send(host, &answer);
}

static void let_in(Host *host, const Packet *packet)
{
        Packet answer;

        if (packet->bytes[0] == MSG_SERVICE_REQUEST) {
                packet_begin(&answer, MSG_SERVICE_ACCEPT);
                packet_string(&answer, "ssh-userauth", 12);
        } else {
                packet_begin(&answer, MSG_USERAUTH_SUCCESS);
        }
        host_send(host, &answer);
}

/* Return: whether the client is logged in by this. */
static bool answer_packet(Host *host, const Packet *packet)
{
        switch (packet->bytes[0]) {
        case MSG_KEXINIT:
                wire_take_kexinit(&host->wire, packet);
                if (!host->wire.is_rekeying)
                        wire_send_kexinit(&host->wire);
                break;
        case MSG_KEX_ECDH_INIT:
                wire_send_reply(&host->wire, packet, host_draw(host, 50) == 0);
                break;
        case MSG_SERVICE_REQUEST:
        case MSG_USERAUTH_REQUEST:
                let_in(host, packet);
                return packet->bytes[0] == MSG_USERAUTH_REQUEST;
        case MSG_CHANNEL_OPEN:
                if (!is_flooding)
                        confirm_open(host, packet);
                break;
        case MSG_CHANNEL_REQUEST:
                run_command(host, packet);
                break;
        case MSG_CHANNEL_DATA:
                echo(host, packet);
                break;
        case MSG_GLOBAL_REQUEST:
                host_answer_nothing(host);
                break;
        case MSG_CHANNEL_OPEN_CONFIRMATION:
                atomic_fetch_add(&counts->n_let_in, 1);
                break;
        case MSG_DISCONNECT:
                host->wire.is_broken = true;
                break;
        default:
                break;
        }
        return false;
}

/* -- a connection ------------------------------------------------------------------------------ */

static void greet(Host *host)
{
        static const char lines[] = "a line before the banner\r\n";

        switch (is_flooding ? 29 : host_draw(host, 30)) {
        case 0:
                for (unsigned i = 0; i < HOST_FLOOD; i++)
                        wire_write(&host->wire, lines, sizeof(lines) - 1);
                break;
        case 1:
                for (unsigned i = 0; i < 20000; i++)
                        wire_write(&host->wire, "x", 1);
                break;
        case 2:
                host->is_silent = true;
                return;
        case 3:
                host_send_noise(host);
                break;
        default:
                break;
        }
        wire_write(&host->wire, "SSH-2.0-hostile_1\r\n", 19);
        if (!wire_read_banner(&host->wire))
                host->wire.is_broken = true;
}

static void act(Host *host, bool is_logged_in)
{
        if (is_flooding)
                host_flood(host);
        else
                host_act(host, is_logged_in);
        atomic_fetch_add(&counts->n_actions, 1);
}

/* Until the client has gone, or it is time to. */
static void converse(Host *host)
{
        bool is_logged_in = false;
        Packet packet;

        for (int ms = 0; ms < LIFE_MS && !host->wire.is_broken;) {
                if (host->is_deaf || host->is_silent) {
                        (void)poll(NULL, 0, STEP_MS);
                        ms += STEP_MS;
                        if (host->is_silent && wire_receive(&host->wire, &packet, 0))
                                continue;
                        /* Whoever hung up is seen also by the deaf. */
                        if (recv(host->wire.fd, &packet, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
                                return;
                        continue;
                }
                if (wire_receive(&host->wire, &packet, is_flooding && is_logged_in ? 0 : STEP_MS))
                        is_logged_in = answer_packet(host, &packet) || is_logged_in;
                else
                        ms += STEP_MS;
                if (host->n_actions >= ACTIONS_MAX)
                        host_hang_up(host);
                else if (is_logged_in || (!is_flooding && host_draw(host, 25) == 0))
                        act(host, is_logged_in);
        }
}

static void serve(int fd, EVP_PKEY *host_key, uint32_t seed, uint64_t number)
{
        static Host host; /* large */

        host.random = seed * 2654435761u + (uint32_t)number * 40503u;
        if (!host.random)
                host.random = 1;
        for (int i = 0; i < 8; i++)
                (void)host_draw(&host, 2);
        wire_init(&host.wire, fd, host_key);
        greet(&host);
        converse(&host);
        fprintf(stderr, "\n");
        wire_deinit(&host.wire);
}

static int listen_somewhere(unsigned *ret_port)
{
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(at);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
            listen(fd, 128) < 0 || getsockname(fd, (struct sockaddr *)&at, &n) < 0)
                return -1;
        *ret_port = ntohs(at.sin_port);
        return fd;
}

static Counts *map_counts(const char *path)
{
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        void *mapped = MAP_FAILED;

        if (fd >= 0 && ftruncate(fd, sizeof(Counts)) == 0)
                mapped = mmap(NULL, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        closep(&fd);
        return mapped == MAP_FAILED ? NULL : mapped;
}

int main(int argc, char **argv)
{
        EVP_PKEY *host_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        uint32_t seed;
        unsigned port;
        int listen_fd, fd;

        if (argc < 3 || !host_key) {
                fprintf(stderr, "usage: see the top of hostile-sshd.c\n");
                return 2;
        }
        seed = (uint32_t)strtoul(argv[1], NULL, 10);
        is_flooding = argc > 3 && !strcmp(argv[3], "flood");
        counts = map_counts(argv[2]);
        listen_fd = listen_somewhere(&port);
        if (!counts || listen_fd < 0) {
                perror("hostile-sshd");
                return 1;
        }
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGCHLD, SIG_IGN); /* nobody waits for them */
        printf("READY %u ", port);
        wire_print_key(host_key);
        printf("\n");
        (void)fflush(stdout);
        (void)setvbuf(stderr, NULL, _IOFBF, 1 << 16); /* whole lines */
        while ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                uint64_t number = atomic_fetch_add(&counts->n_connections, 1);

                if (fork() == 0) {
                        (void)close(listen_fd);
                        fprintf(stderr, "%llu:", (unsigned long long)number);
                        serve(fd, host_key, seed, number);
                        (void)fflush(stderr);
                        _exit(0);
                }
                (void)close(fd);
        }
        perror("accept");
        return 1;
}
