#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Destinations
 *
 * Where a master (ssh/master.h) listens for us: a socket for each place that streams lead to. Of
 * too many, the one that was used least recently makes room.
 */

#include "client/ssh/master.h"

#define SSH_DESTINATIONS_MAX 64u /* at a time */

typedef struct SshDestination SshDestination;
typedef struct SshDestinations SshDestinations;

struct SshDestination {
        Location to; /* without its SSH host, which is the master's; all NULL: none; owned */
        char path[SSH_MASTER_PATH_BYTES];
        uint64_t used_at; /* counts the uses of all */
};

/* {0} at first. */
struct SshDestinations {
        SshDestination all[SSH_DESTINATIONS_MAX];
        uint64_t n_uses;
};

/**
 * ssh_destinations_reach() - where to connect to for a stream
 * @ret_path:   borrowed until the next call
 *
 * Return: as ssh_master_listen(), and PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_destinations_reach(SshDestinations *destinations, SshMaster *master,
                                               const Location *to, const SshWatch *watch,
                                               const char **ret_path, pyrope_error **error);

/** ssh_destinations_end() - a master that goes on without us listens no more; and free. */
void ssh_destinations_end(SshDestinations *destinations, const SshMaster *master);
