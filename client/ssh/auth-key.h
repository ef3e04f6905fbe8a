#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Auth Key: to log in with keys, of the agent and in files. */

#include "client/ssh/auth-try.h"

/**
 * ssh_auth_keys() - try those that were not tried yet, until the host says yes
 * @ret:        SSH_ANSWER_NO: to all of them; else the host's answer to the last one tried
 *
 * The passphrase of a key file is asked for where the host would take its key. Return: as
 * ssh_auth_try(), and PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_auth_keys(SshAuthTry *attempt, SshIdentities *identities,
                                      SshAnswer *ret);
