#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Auth Ask: to log in with what a person knows: a password, a code, whatever the host asks. */

#include "client/ssh/auth-try.h"

#define SSH_AUTH_PROMPTS_MAX 16u /* questions of a host at a time */
#define SSH_AUTH_ROUNDS_MAX  16u /* how often it may come with more of them */

/**
 * ssh_auth_password() - ask for a password, as often as the settings allow
 * @ret:        the host's answer to the last one
 *
 * Return: as ssh_auth_try(), and PYROPE_E_AUTH if nobody answers.
 */
NODISCARD pyrope_status ssh_auth_password(SshAuthTry *attempt, SshAnswer *ret);

/** ssh_auth_questions() - the same for keyboard-interactive; PYROPE_E_AUTH also above the limits.
 */
NODISCARD pyrope_status ssh_auth_questions(SshAuthTry *attempt, SshAnswer *ret);
