#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share
 *
 * The sessions of the agent (ssh/share-server.h), as a pool of a command uses them. There is one
 * for the same settings, or it is started here; where that cannot be, or the one that is there does
 * not answer or is of another version, the pool goes without, for a while. Nothing is sent that an
 * agent did not welcome, and nothing that an agent took is done twice: only what was lost with it
 * is asked of the next one.
 *
 * Any thread.
 */

#include "client/ssh/pool.h"

#define SSH_SHARE_GREET_MS 5000  /* an agent that is alive has answered by then */
#define SSH_SHARE_START_MS 10000 /* for one to be started */
#define SSH_SHARE_OFF_MS   60000 /* without, after one was of no use */

typedef struct SshShare SshShare;

enum {
        SSH_SHARE_E_SUCCESS,

        SSH_SHARE_E_WITHOUT, /* do it yourself; the debug log has the reason */
};

/**
 * ssh_share_new() - nothing is connected yet
 * @config_file, @backend: as for ssh_pool_new(); copied
 * @runtime_dir: where agents have their sockets; copied; NULL: see base/runtime-dir.h
 *
 * Return: 0 with @ret owned by the caller, ssh_share_free(); -errno.
 */
NODISCARD int ssh_share_new(const char *config_file, SshBackend backend, const char *runtime_dir,
                            SshShare **ret);

/** ssh_share_free() - end what is joined; streams that callers hold stay. Return: NULL. */
SshShare *ssh_share_free(SshShare *share);

/**
 * ssh_share_run() - as ssh_pool_run(), by the agent
 * @order:      checked
 * @ask:        who answers questions of the login, in this thread; fn NULL: nobody
 * @ret_status: what ssh_pool_run() would return
 *
 * Return: 0; SSH_SHARE_E_WITHOUT.
 */
NODISCARD int ssh_share_run(SshShare *share, const SshOrder *order, const SshAsk *ask,
                            SshResult *ret, pyrope_status *ret_status, pyrope_error **error);

/**
 * ssh_share_join() - as ssh_pool_join(), by the agent
 * @fd:         taken if 0 is returned
 * @join:       the group is not 0, and what else there is, deadline apart, the same for all of one
 *
 * A login on behalf of it can ask nobody. Return: as ssh_share_run().
 */
NODISCARD int ssh_share_join(SshShare *share, const Location *to, int fd, const SshJoin *join);

/** ssh_share_leave() - as ssh_pool_leave(). */
void ssh_share_leave(SshShare *share, uint64_t group);
