#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share Place
 *
 * Which agent has the sessions that we would make ourselves: its key has all that a session depends
 * on beside the host, and a hash of it is in the name of its socket. So an agent never gives
 * anybody a session of other keys, another configuration or another home; and one environment is
 * enough for it, that of the command which started it.
 */

#include "base/defs.h"
#include "base/runtime-dir.h"
#include "client/ssh/pool.h"

#define SSH_SHARE_PREFIX "agent-" /* of the sockets of all agents ... */
#define SSH_SHARE_SUFFIX ".sock"  /* ... which end so */

typedef struct SshSharePlace SshSharePlace;

struct SshSharePlace {
        SshBackend backend;
        char *config_file;               /* absolute; NULL: the default ones; owned */
        char *key;                       /* lines; owned */
        char name[RUNTIME_NAME_MAX + 1]; /* of the socket in the runtime directory */
};

/**
 * ssh_share_place_init() - by these settings and the environment
 * @config_file, @backend: as for ssh_pool_new()
 *
 * The key also has what the files of the configuration are now (inode, size, time), so whoever
 * changes it has another agent from then on; and the variables that they name, so that a session
 * never has the key that another shell's variable meant.
 *
 * Return: 0 with @ret owned by the caller, ssh_share_place_deinit(); -EMSGSIZE, -E2BIG, -ENOSPC or
 * -ENAMETOOLONG: there is too much of it; another -errno.
 */
NODISCARD int ssh_share_place_init(const char *config_file, SshBackend backend, SshSharePlace *ret);

void ssh_share_place_deinit(SshSharePlace *place);
