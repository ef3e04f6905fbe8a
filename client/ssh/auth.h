#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Auth
 *
 * Logging in: "none", the keys of the agent, the key files and their certificates; and, where there
 * is somebody to ask (ssh/ask.h), answers to the host's questions and a password, in the order and
 * as often as the settings say. A host may want several of these one after another. Nothing is kept
 * of what was typed, and the agent is never lent to the host.
 */

#include "client/ssh/hostkey.h"

#define SSH_AUTH_STEPS_MAX 8u /* methods that a host may want one after another */

/**
 * ssh_auth() - log in to a host that has proved who it is
 * @trust:      from ssh_hostkey_check()
 * @watch:      as there
 *
 * Return: PYROPE_OK; PYROPE_E_AUTH with all that was tried and why it was not enough, or that
 * nobody answered; PYROPE_E_UNREACHABLE (hung up), PYROPE_E_TIMEOUT, PYROPE_E_CLOSED,
 * PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_auth(const SshTrust *trust, SshWatch *watch, pyrope_error **error);
