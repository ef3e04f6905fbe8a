#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Examination of a Host
 *
 * What a host permits and has, once it is logged in to: commands, channels to sockets, the sockets
 * of our daemons, versions, and how fast bytes go there. All that the host says is a stranger's.
 */

#include "client/doctor-login.h"

typedef struct DoctorPlace DoctorPlace;

/* What was learnt there; DOCTOR_PLACE_INIT. */
struct DoctorPlace {
        DoctorHost *host;        /* borrowed */
        const char *failed;      /* what stands between us and a daemon there: the name of a check;
                                  NULL: nothing that is known; static */
        bool has_commands;       /* runs ours, and prints nothing else */
        bool is_held;            /* the key is good for one command alone */
        char *directory;         /* the runtime directory; NULL: not told; owned */
        char *nameserver;        /* as it is named, else where `pyrope where nameserver` says; NULL:
                                  not known; owned */
        SshExamOutput listening; /* /proc/net/unix */
        char *daemon;            /* a socket of ours with somebody who listens; NULL; owned */
};

#define DOCTOR_PLACE_INIT                                                                          \
        {                                                                                          \
                .listening = SSH_EXAM_OUTPUT_INIT                                                  \
        }

void doctor_place_deinit(DoctorPlace *place);

/**
 * doctor_place() - commands, forwarding, sockets, versions
 * @wanted:     the socket that one wants to get to; NULL: none in particular; borrowed
 * @place:      host is set; if it is not logged in to, all of these are skipped
 */
void doctor_place(DoctorPlace *place, const char *wanted);

/** doctor_place_echo() - the round trip without a daemon. */
void doctor_place_echo(DoctorPlace *place);

/** doctor_place_throughput() - how fast bytes go, both ways, without a daemon. */
void doctor_place_throughput(DoctorPlace *place);

/**
 * doctor_listens() - whether somebody listens on a path, by Linux's /proc/net/unix; pure
 * @table:      NUL-terminated
 */
bool doctor_listens(const char *table, const char *path);
