/* SPDX-License-Identifier: MIT */

#include "tests/integration/hostile-actions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

typedef struct Action Action;

struct Action {
        const char *name;
        unsigned weight;
        void (*run)(Host *host);
};

uint32_t host_draw(Host *host, uint32_t n)
{
        host->random ^= host->random << 13;
        host->random ^= host->random >> 17;
        host->random ^= host->random << 5;
        return host->random % n;
}

/* A number that parsers like least. */
uint32_t host_draw_number(Host *host)
{
        static const uint32_t numbers[] = { 0,          1,          4,          255,
                                            35000,      65536,      0x7fffffff, 0x80000000,
                                            0xffffffff, 0xfffffffc, 1000000,    32768 };

        return numbers[host_draw(host, ARRAY_SIZE(numbers))];
}

/* A channel that the client has, most of the time. */
static uint32_t draw_channel(Host *host)
{
        if (!host->n_channels || host_draw(host, 8) == 0)
                return host_draw_number(host);
        return host->channels[host_draw(host, host->n_channels)].theirs;
}

void host_send(Host *host, const Packet *packet)
{
        wire_send(&host->wire, packet, 0);
}

/* -- actions, whatever the state --------------------------------------------------------------- */

static void flood(Host *host, uint8_t type)
{
        Packet packet;

        packet_begin(&packet, type);
        if (type == MSG_DEBUG)
                packet_u8(&packet, 1);
        packet_string(&packet, "flood flood flood flood", 23);
        if (type == MSG_DEBUG || type == MSG_USERAUTH_BANNER)
                packet_string(&packet, "", 0);
        for (unsigned i = 0; i < HOST_FLOOD; i++)
                host_send(host, &packet);
}

static void flood_ignore(Host *host)
{
        flood(host, MSG_IGNORE);
}

void host_flood(Host *host)
{
        flood_ignore(host);
}

static void flood_debug(Host *host)
{
        flood(host, MSG_DEBUG);
}

static void flood_banners(Host *host)
{
        flood(host, MSG_USERAUTH_BANNER);
}

static void lie_about_length(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_IGNORE);
        packet_string(&packet, "x", 1);
        wire_send(&host->wire, &packet, host_draw_number(host) | 1);
}

void host_send_noise(Host *host)
{
        uint8_t noise[512];

        for (size_t i = 0; i < sizeof(noise); i++)
                noise[i] = (uint8_t)host_draw(host, 256);
        wire_write(&host->wire, noise, 1 + host_draw(host, sizeof(noise)));
}

/* Any type, with any bytes behind it. */
static void send_anything(Host *host)
{
        Packet packet;

        packet_begin(&packet, (uint8_t)(1 + host_draw(host, 120)));
        for (uint32_t n = host_draw(host, 64); n; n--)
                packet_u8(&packet, (uint8_t)(host_draw(host, 3) ? host_draw(host, 256) : 0));
        host_send(host, &packet);
}

static void send_unimplemented(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_UNIMPLEMENTED);
        packet_u32(&packet, host_draw_number(host));
        host_send(host, &packet);
}

static void say_goodbye(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_DISCONNECT);
        packet_u32(&packet, host_draw(host, 20));
        packet_lie(&packet, "bye", host_draw(host, 2) ? 3 : host_draw_number(host));
        host_send(host, &packet);
        host->is_silent = true;
}

void host_hang_up(Host *host)
{
        (void)shutdown(host->wire.fd, SHUT_RDWR);
        host->wire.is_broken = true;
}

static void reset(Host *host)
{
        (void)setsockopt(host->wire.fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
                         sizeof(struct linger));
        host->wire.is_broken = true;
}

static void fall_silent(Host *host)
{
        host->is_silent = true;
}

static void go_deaf(Host *host)
{
        host->is_deaf = true;
}

static void send_new_keys(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_NEWKEYS);
        host_send(host, &packet);
}

static void send_bad_kexinit(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_KEXINIT);
        for (int i = 0; i < 16; i++)
                packet_u8(&packet, 7);
        for (uint32_t i = host_draw(host, 12); i; i--)
                packet_lie(&packet, "curve25519-sha256,none",
                           host_draw(host, 2) ? 22 : host_draw_number(host));
        host_send(host, &packet);
}

/* -- actions of a session ---------------------------------------------------------------------- */

static void open_unasked(Host *host)
{
        static const char *const types[] = { "session",
                                             "x11",
                                             "auth-agent@openssh.com",
                                             "forwarded-tcpip",
                                             "forwarded-streamlocal@openssh.com",
                                             "direct-tcpip",
                                             "tun@openssh.com",
                                             "" };
        const char *type = types[host_draw(host, ARRAY_SIZE(types))];
        Packet packet;

        packet_begin(&packet, MSG_CHANNEL_OPEN);
        packet_lie(&packet, type,
                   host_draw(host, 8) ? (uint32_t)strlen(type) : host_draw_number(host));
        packet_u32(&packet, 1000 + host_draw(host, 1000));
        packet_u32(&packet, host_draw_number(host));
        packet_u32(&packet, host_draw_number(host));
        packet_lie(&packet, "127.0.0.1", host_draw(host, 4) ? 9 : host_draw_number(host));
        packet_u32(&packet, 80);
        packet_string(&packet, "127.0.0.1", 9);
        packet_u32(&packet, 1);
        host_send(host, &packet);
}

static void open_many_unasked(Host *host)
{
        for (unsigned i = 0; i < 100; i++)
                open_unasked(host);
}

static void global_request(Host *host)
{
        static const char *const names[] = { "keepalive@openssh.com", "hostkeys-00@openssh.com",
                                             "tcpip-forward", "no-more-sessions@openssh.com",
                                             "nobody-knows@it" };
        const char *name = names[host_draw(host, ARRAY_SIZE(names))];
        Packet packet;

        packet_begin(&packet, MSG_GLOBAL_REQUEST);
        packet_lie(&packet, name,
                   host_draw(host, 6) ? (uint32_t)strlen(name) : host_draw_number(host));
        packet_u8(&packet, (uint8_t)host_draw(host, 2));
        packet_lie(&packet, "more", host_draw_number(host));
        host_send(host, &packet);
}

static void flood_requests(Host *host)
{
        for (unsigned i = 0; i < HOST_FLOOD / 4; i++)
                global_request(host);
}

void host_answer_nothing(Host *host)
{
        static const uint8_t types[] = { MSG_REQUEST_SUCCESS, MSG_REQUEST_FAILURE,
                                         MSG_CHANNEL_SUCCESS, MSG_CHANNEL_FAILURE };
        uint8_t type = types[host_draw(host, ARRAY_SIZE(types))];
        Packet packet;

        packet_begin(&packet, type);
        if (type == MSG_CHANNEL_SUCCESS || type == MSG_CHANNEL_FAILURE)
                packet_u32(&packet, draw_channel(host));
        host_send(host, &packet);
}

void host_confirm(Host *host, uint32_t theirs, uint32_t ours, uint32_t window, uint32_t most)
{
        Packet packet;

        packet_begin(&packet, MSG_CHANNEL_OPEN_CONFIRMATION);
        packet_u32(&packet, theirs);
        packet_u32(&packet, ours);
        packet_u32(&packet, window);
        packet_u32(&packet, most);
        host_send(host, &packet);
}

static void confirm_again(Host *host)
{
        host_confirm(host, draw_channel(host), host_draw_number(host), host_draw_number(host),
                     host_draw_number(host));
}

void host_refuse_open(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_CHANNEL_OPEN_FAILURE);
        packet_u32(&packet, draw_channel(host));
        packet_u32(&packet, host_draw_number(host));
        packet_lie(&packet, "no", host_draw(host, 2) ? 2 : host_draw_number(host));
        packet_string(&packet, "", 0);
        host_send(host, &packet);
}

static void adjust_window(Host *host)
{
        Packet packet;

        packet_begin(&packet, MSG_CHANNEL_WINDOW_ADJUST);
        packet_u32(&packet, draw_channel(host));
        packet_u32(&packet, host_draw_number(host));
        host_send(host, &packet);
}

void host_send_data(Host *host, uint32_t theirs, size_t n, uint32_t n_told)
{
        static const uint8_t bytes[32768];
        bool is_extended = host_draw(host, 4) == 0;
        Packet packet;

        packet_begin(&packet, is_extended ? MSG_CHANNEL_EXTENDED_DATA : MSG_CHANNEL_DATA);
        packet_u32(&packet, theirs);
        if (is_extended)
                packet_u32(&packet, host_draw(host, 3));
        if (n_told) {
                packet_lie(&packet, "some bytes", n_told);
        } else {
                packet_string(&packet, bytes, n);
        }
        host_send(host, &packet);
}

static void send_unasked_data(Host *host)
{
        host_send_data(host, draw_channel(host), host_draw(host, 32768), 0);
}

static void lie_about_data(Host *host)
{
        host_send_data(host, draw_channel(host), 0, host_draw_number(host));
}

/* More than any window of libssh. */
static void send_beyond_window(Host *host)
{
        uint32_t theirs = draw_channel(host);

        for (unsigned i = 0; i < 200 && !host->wire.is_broken; i++)
                host_send_data(host, theirs, 32768, 0);
}

static void send_for_channel(Host *host, uint8_t type)
{
        Packet packet;

        packet_begin(&packet, type);
        packet_u32(&packet, draw_channel(host));
        host_send(host, &packet);
}

static void send_eof(Host *host)
{
        send_for_channel(host, MSG_CHANNEL_EOF);
}

static void send_close(Host *host)
{
        send_for_channel(host, MSG_CHANNEL_CLOSE);
}

static void channel_request(Host *host)
{
        static const char *const names[] = { "exit-status",
                                             "exit-signal",
                                             "eow@openssh.com",
                                             "exec",
                                             "window-change",
                                             "xon-xoff",
                                             "auth-agent-req@openssh.com",
                                             "nobody-knows" };
        const char *name = names[host_draw(host, ARRAY_SIZE(names))];
        Packet packet;

        packet_begin(&packet, MSG_CHANNEL_REQUEST);
        packet_u32(&packet, draw_channel(host));
        packet_lie(&packet, name,
                   host_draw(host, 8) ? (uint32_t)strlen(name) : host_draw_number(host));
        packet_u8(&packet, (uint8_t)host_draw(host, 2));
        switch (host_draw(host, 4)) {
        case 0:
                packet_u32(&packet, host_draw_number(host));
                break;
        case 1:
                packet_lie(&packet, "KILL", host_draw(host, 2) ? 4 : host_draw_number(host));
                packet_u8(&packet, 1);
                packet_lie(&packet, "words", 5);
                packet_lie(&packet, "", host_draw_number(host));
                break;
        default:
                break; /* cut off */
        }
        host_send(host, &packet);
}

static void exchange_keys_again(Host *host)
{
        if (!host->wire.is_rekeying)
                wire_send_kexinit(&host->wire);
}

/* Begins, and never goes on. */
static void exchange_keys_half(Host *host)
{
        wire_send_kexinit(&host->wire);
        wire_send_kexinit(&host->wire);
        host->is_silent = true;
}

static void log_in_again(Host *host)
{
        static const uint8_t types[] = { MSG_USERAUTH_SUCCESS, MSG_USERAUTH_FAILURE,
                                         MSG_USERAUTH_INFO_REQUEST, MSG_SERVICE_ACCEPT };
        Packet packet;

        packet_begin(&packet, types[host_draw(host, ARRAY_SIZE(types))]);
        packet_lie(&packet, "publickey,password", host_draw(host, 2) ? 18 : host_draw_number(host));
        packet_u8(&packet, 0);
        packet_u32(&packet, host_draw_number(host));
        packet_u32(&packet, host_draw_number(host));
        host_send(host, &packet);
}

/* What ends a session is rare, so that there are sessions in which something can be done. */
static const Action in_session[] = {
        { "open-unasked", 30, open_unasked },
        { "open-many-unasked", 3, open_many_unasked },
        { "global-request", 20, global_request },
        { "answer-nothing", 15, host_answer_nothing },
        { "adjust-window", 20, adjust_window },
        { "unasked-data", 15, send_unasked_data },
        { "eof", 8, send_eof },
        { "close", 6, send_close },
        { "channel-request", 25, channel_request },
        { "rekey", 8, exchange_keys_again },
        { "unimplemented", 5, send_unimplemented },
        { "flood-ignore", 1, flood_ignore },
        { "flood-debug", 1, flood_debug },
        { "flood-banners", 1, flood_banners },
        { "flood-requests", 1, flood_requests },
        { "confirm-again", 4, confirm_again },
        { "refuse-open", 4, host_refuse_open },
        { "lie-about-data", 2, lie_about_data },
        { "beyond-window", 1, send_beyond_window },
        { "log-in-again", 3, log_in_again },
        { "anything", 3, send_anything },
        { "new-keys", 1, send_new_keys },
        { "bad-kexinit", 1, send_bad_kexinit },
        { "rekey-half", 1, exchange_keys_half },
        { "lie-about-length", 1, lie_about_length },
        { "noise", 1, host_send_noise },
        { "goodbye", 1, say_goodbye },
        { "hang-up", 1, host_hang_up },
        { "reset", 1, reset },
        { "silent", 1, fall_silent },
        { "deaf", 1, go_deaf },
};

static const Action before_session[] = {
        { "flood-ignore", 3, flood_ignore },
        { "flood-debug", 2, flood_debug },
        { "flood-banners", 3, flood_banners },
        { "unimplemented", 5, send_unimplemented },
        { "log-in-again", 8, log_in_again },
        { "open-unasked", 5, open_unasked },
        { "global-request", 5, global_request },
        { "answer-nothing", 4, host_answer_nothing },
        { "unasked-data", 3, send_unasked_data },
        { "anything", 8, send_anything },
        { "new-keys", 3, send_new_keys },
        { "bad-kexinit", 5, send_bad_kexinit },
        { "lie-about-length", 5, lie_about_length },
        { "noise", 5, host_send_noise },
        { "goodbye", 4, say_goodbye },
        { "hang-up", 4, host_hang_up },
        { "reset", 4, reset },
        { "silent", 1, fall_silent },
        { "deaf", 1, go_deaf },
};

void host_act(Host *host, bool is_logged_in)
{
        const Action *action = is_logged_in ? in_session : before_session;
        size_t n = is_logged_in ? ARRAY_SIZE(in_session) : ARRAY_SIZE(before_session);
        unsigned sum = 0;
        uint32_t at;

        for (size_t i = 0; i < n; i++)
                sum += action[i].weight;
        at = host_draw(host, sum);
        while (at >= action->weight)
                at -= (action++)->weight;
        fprintf(stderr, " %s", action->name);
        action->run(host);
        host->n_actions++;
}
