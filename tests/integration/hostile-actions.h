#pragma once

/* SPDX-License-Identifier: MIT */

/* Hostile Actions: what hostile-sshd.c does wrong, drawn by a generator that can be repeated. */

#include "tests/support/ssh-wire.h"

#include <stdbool.h>
#include <stddef.h>

#define HOST_CHANNELS_MAX 64u
#define HOST_FLOOD        1000u

typedef struct Channel Channel;
typedef struct Host Host;

/* A channel of the client's, by our number, its index. */
struct Channel {
        uint32_t theirs;
};

/* One connection. */
struct Host {
        Wire wire;
        uint32_t random;
        Channel channels[HOST_CHANNELS_MAX];
        uint32_t n_channels;
        unsigned n_actions;
        bool is_silent; /* it does nothing any more but read */
        bool is_deaf;   /* nor that */
};

/** host_draw() - Return: below @n. */
uint32_t host_draw(Host *host, uint32_t n);

/** host_draw_number() - one that parsers like least. */
uint32_t host_draw_number(Host *host);

/** host_act() - one action, named on standard error. @is_logged_in: the client is. */
void host_act(Host *host, bool is_logged_in);

/* Some of them, and halves of what is right. */
void host_send(Host *host, const Packet *packet);

/** host_flood() - so much that nobody needs, once. */
void host_flood(Host *host);
void host_send_noise(Host *host);
void host_hang_up(Host *host);
void host_answer_nothing(Host *host);
void host_refuse_open(Host *host);
void host_confirm(Host *host, uint32_t theirs, uint32_t ours, uint32_t window, uint32_t most);
/* @n_told: 0, or the length that a few bytes claim to have instead of @n bytes. */
void host_send_data(Host *host, uint32_t theirs, size_t n, uint32_t n_told);
