#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Agent
 *
 * Stands between libssh and the user's agent. libssh waits for an agent without limit, offers all
 * of its keys in the agent's order, and cannot have it sign for a certificate in a file; so libssh
 * gets one end of a socket pair, at which there are the keys that we want offered, and a thread
 * passes its requests to sign on, with a deadline. Nothing else of an agent can be had there.
 *
 * Protocol: draft-miller-ssh-agent, sections 3, 4.4 and 4.5. Signatures pass through unread.
 */

#include "base/buffer.h"
#include "client/ssh/settings.h"

#define SSH_AGENT_KEYS_MAX (2u * SSH_NAMES_MAX)

typedef struct SshAgent SshAgent;
typedef struct SshAgentKey SshAgentKey;

/**
 * ssh_agent_list() - the keys of the agent
 * @settings:   with an agent
 * @keys:       in base64, those that the settings name; they come first in the list, and with
 *              IdentitiesOnly they are all there is
 * @ret:        empty; owned by the caller, ssh_names_deinit()
 *
 * Return: PYROPE_OK; PYROPE_E_UNREACHABLE (nobody answers there, or not like an agent);
 * PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_agent_list(const SshSettings *settings, const SshWatch *watch,
                                       const SshNames *keys, SshNames *ret, pyrope_error **error);

/* A key, in base64; borrowed. */
struct SshAgentKey {
        const char *shown; /* what libssh is to offer: a key, or a certificate for it */
        const char *key;   /* what the agent has, and signs with */
};

/**
 * ssh_agent_start() - an agent with these keys, for libssh
 * @watch:      copied; after its deadline the agent is hung up
 * @keys:       in the order in which they are offered; at most SSH_AGENT_KEYS_MAX
 * @ret_fd:     for ssh_set_agent_socket(); owned by the caller
 * @ret:        owned by the caller, ssh_agent_end()
 *
 * Return: PYROPE_OK; PYROPE_E_UNREACHABLE (nobody answers there); PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_agent_start(const SshSettings *settings, const SshWatch *watch,
                                        const SshAgentKey *keys, size_t n_keys, int *ret_fd,
                                        SshAgent **ret, pyrope_error **error);

/**
 * ssh_agent_end() - hang up and free; libssh may use its end no more
 * @ret_n:      how many keys libssh had come to when it last had one sign; 0: it never had
 *
 * Return: NULL.
 */
SshAgent *ssh_agent_end(SshAgent *agent, size_t *ret_n);

/**
 * ssh_agent_filter() - the pure part: an agent's list of keys as libssh is to see it
 * @list:       an SSH_AGENT_IDENTITIES_ANSWER without its length; changed
 * @keys:       in base64; these come first
 * @is_only:    and no others
 * @offered:    becomes what is in the list then; at most SSH_NAMES_MAX
 *
 * Return: 0; -EBADMSG if it is no such list; -ENOMEM.
 */
NODISCARD int ssh_agent_filter(Buffer *list, const SshNames *keys, bool is_only, SshNames *offered);
