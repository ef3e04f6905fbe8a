#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Host Key
 *
 * Whether the host is the one that known_hosts means. There is no other answer than yes that lets a
 * login go on, and no setting that changes it: an SshTrust comes from ssh_hostkey_check() alone,
 * and ssh_auth() takes nothing else.
 */

#include "client/ssh-settings.h"

#include <libssh/libssh.h>

typedef struct SshTrust SshTrust;
typedef struct SshHostKey SshHostKey;

/* A session whose host has proved to be the right one. */
struct SshTrust {
        ssh_session session;
        const SshSettings *settings;
};

/* What an error about a host key is made of. */
struct SshHostKey {
        const SshSettings *settings;
        const char *type;        /* ssh-ed25519 */
        const char *fingerprint; /* SHA256:... */
        const char *name;        /* as known_hosts has it: host, or [host]:port */
        const char *file;        /* the known_hosts file in question */
};

/**
 * ssh_hostkey_prepare() - tell libssh which known_hosts files count, before it connects
 *
 * libssh reads one of the user's and one of the system's: of several, the first that has an entry
 * for the host. The types of the keys there decide which key the host is asked for.
 *
 * Return: PYROPE_OK, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_hostkey_prepare(ssh_session session, const SshSettings *settings,
                                            pyrope_error **error);

/**
 * ssh_hostkey_check() - after the key exchange, before anything else
 * @ret:        valid as long as @session and @settings
 *
 * Return: PYROPE_OK; PYROPE_E_HOST_KEY; PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_NOMEM,
 * PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_hostkey_check(ssh_session session, const SshSettings *settings,
                                          const SshWatch *watch, SshTrust *ret,
                                          pyrope_error **error);

/** ssh_hostkey_refuse() - the words for a verdict that is not OK. Return: PYROPE_E_HOST_KEY. */
pyrope_status ssh_hostkey_refuse(const SshHostKey *key, enum ssh_known_hosts_e verdict,
                                 pyrope_error **error);
