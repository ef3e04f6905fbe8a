#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Agent
 *
 * Stands between libssh and the user's agent. libssh waits for an agent without limit, offers all
 * of its keys in the agent's order, and does not say which; so libssh gets one end of a socket
 * pair, and a thread passes its questions on, with a deadline. Of the list of keys those that the
 * settings name come first; with IdentitiesOnly they are all there is.
 *
 * Protocol: draft-miller-ssh-agent, sections 3 and 4.4. Signatures pass through unread.
 */

#include "base/buffer.h"
#include "client/ssh-settings.h"

typedef struct SshAgent SshAgent;

/**
 * ssh_agent_start() - connect to the agent of the settings
 * @settings:   with an agent; borrowed until ssh_agent_end()
 * @watch:      copied; after its deadline the agent is hung up
 * @keys:       public halves, in base64, of the keys that the settings name; borrowed likewise
 * @ret_fd:     for ssh_set_agent_socket(); owned by the caller
 * @ret:        owned by the caller, ssh_agent_end()
 *
 * Return: PYROPE_OK; PYROPE_E_UNREACHABLE (nobody answers there); PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_agent_start(const SshSettings *settings, const SshWatch *watch,
                                        const SshNames *keys, int *ret_fd, SshAgent **ret,
                                        pyrope_error **error);

/**
 * ssh_agent_end() - hang up and free; libssh may use its end no more
 * @ret_offered: receives the public halves of the keys in the list that libssh saw
 *
 * Return: NULL.
 */
SshAgent *ssh_agent_end(SshAgent *agent, SshNames *ret_offered);

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
