#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Resolve
 *
 * Host names to addresses, with a deadline: getaddrinfo() has none, so it runs in a thread of its
 * own, which is left behind if it takes longer and frees what it holds when it returns.
 */

#include "client/ssh/settings.h"
#include "proto/uri.h"

#include <netdb.h>

typedef struct SshAddresses SshAddresses;

/**
 * ssh_resolve() - the addresses of the settings' host name and port
 *
 * Return: PYROPE_OK with @ret owned by the caller, ssh_addresses_free(); PYROPE_E_UNREACHABLE (no
 * such name), PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_resolve(const SshSettings *settings, const SshWatch *watch,
                                    SshAddresses **ret, pyrope_error **error);

/** ssh_addresses_get() - the list, never empty. Return: borrowed from @addresses. */
const struct addrinfo *ssh_addresses_get(const SshAddresses *addresses);

SshAddresses *ssh_addresses_free(SshAddresses *addresses);
DEFINE_CLEANUP(SshAddresses, ssh_addresses_free);
