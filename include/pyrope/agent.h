#ifndef PYROPE_AGENT_H
#define PYROPE_AGENT_H

/* SPDX-License-Identifier: MIT */

/*
 * The agent that keeps SSH sessions for several programs of one user, and what of ours runs here.
 *
 * A context that shares (pyrope_options, share) has its SSH sessions made by an agent, a process of
 * the same user on the same computer, which the first of them starts: `pyrope agent`. There is one
 * agent for all contexts that would make the same sessions: of the same HOME, SSH_AUTH_SOCK,
 * KRB5CCNAME, program ssh and SSH configuration. Its socket is in the runtime directory, which
 * nobody else can enter; it asks the kernel who connects. Passwords and codes that a login needs
 * are asked by the program that waits for it, and not kept.
 *
 * NULL: see <pyrope/error.h>.
 */

#include <pyrope/pyrope.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pyrope_agent pyrope_agent;

/**
 * pyrope_agent_new() - listen, as the agent for these options
 * @options: what an agent knows: ssh_config, runtime_dir; NULL: the defaults
 * @idle_ms: it ends when it was of no use for so long; 0: 10 minutes
 *
 * The process that calls it is the one that commands know, and pyrope_agent_stop() ends.
 *
 * Return: PYROPE_OK; PYROPE_E_EXISTS (there is one), PYROPE_E_DENIED (no place is private),
 * PYROPE_E_INVALID (the directory), PYROPE_E_IO, PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_agent_new(const pyrope_options *options, int64_t idle_ms,
                                          pyrope_agent **ret, pyrope_error **error);

/** pyrope_agent_socket() - the path of its socket. Return: borrowed from @agent. */
PYROPE_API const char *pyrope_agent_socket(const pyrope_agent *agent);

/**
 * pyrope_agent_serve() - until it is idle for long enough, or its socket is removed
 * @stop_fd: or until poll() finds this readable; -1: none
 *
 * Once. Return: PYROPE_OK, PYROPE_E_INVALID, PYROPE_E_IO, PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_agent_serve(pyrope_agent *agent, int stop_fd, pyrope_error **error);

/** pyrope_agent_free() - close its sessions and all that goes through them; NULL is fine. Return:
 * NULL. */
PYROPE_API pyrope_agent *pyrope_agent_free(pyrope_agent *agent);

/**
 * pyrope_agent_stop() - end every agent of this user in the runtime directories
 * @timeout_ms: until the last has ended
 * @ret:        how many ended
 *
 * Each is told to end, whatever the others do.
 *
 * Return: PYROPE_OK, also if there was none; PYROPE_E_TIMEOUT (one does not end, as @error says),
 * PYROPE_E_INVALID, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
PYROPE_API pyrope_status pyrope_agent_stop(pyrope_context *context, int64_t timeout_ms, size_t *ret,
                                           pyrope_error **error);

/**
 * pyrope_survey() - what of ours runs here for this user
 * @timeout_ms: for each that is asked
 * @ret: a map with the lists "agents" and "daemons"
 *
 * An agent is a map with socket and pid; and with error, a str, or else with version, ssh_config
 * (nil: the default), unused_ms (not used for so long), idle_ms (it ends after that), waiting (how
 * many commands it does something for now), and sessions. A session is a map with host, names,
 * state, since_ms (in that state for so long), reason, next_attempt_ms (until then; -1: none is
 * planned), logins, channels, received and sent (bytes since the last login), quiet_ms (since the
 * last byte came; -1: none did), server, cipher. A daemon is a map with socket and is_listening, a
 * bool.
 *
 * Return: PYROPE_OK, PYROPE_E_INVALID, PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_survey(pyrope_context *context, int64_t timeout_ms,
                                       pyrope_value **ret, pyrope_error **error);

#ifdef __cplusplus
}
#endif

#endif
