#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Auth
 *
 * Logging in without asking anybody: "none", the keys of the agent, the key files. Nothing is read
 * from a terminal, nothing is written to ~/.ssh.
 */

#include "client/ssh-hostkey.h"

/**
 * ssh_auth() - log in to a host that has proved who it is
 * @trust:      from ssh_hostkey_check()
 * @watch:      as there
 *
 * Return: PYROPE_OK; PYROPE_E_AUTH with all that was tried and why it was not enough;
 * PYROPE_E_UNREACHABLE (hung up), PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_auth(const SshTrust *trust, SshWatch *watch, pyrope_error **error);
