#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Host Key
 *
 * Whether the host is the one that known_hosts means. There is no other answer than yes that lets a
 * login go on, and no setting that changes it. Of a host that nobody knows, a person may say that
 * its key is right, which is then kept; of a key that is other than known, nobody may. An SshTrust
 * comes from ssh_hostkey_check() alone, for what is in it only ssh/hostkey.c knows; and ssh_auth(),
 * the only way to log in, takes nothing else. tests/lint/logins looks after both.
 */

#include "client/ssh/settings.h"

#include <libssh/libssh.h>

typedef struct SshTrust SshTrust;
typedef struct SshHostKey SshHostKey;

/* What an error about a host key is made of. */
struct SshHostKey {
        const SshSettings *settings;
        const char *type;           /* ssh-ed25519 */
        const char *text;           /* in base64 */
        const char *fingerprint;    /* SHA256:... */
        const char *name;           /* as known_hosts has it: host, or [host]:port */
        const char *file;           /* the known_hosts file in question */
        const char *authority_file; /* that names an authority for the host; NULL: none does */
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
 * @watch:      may wait longer afterwards, by the time that a person took to answer
 * @ret:        a session whose host has proved to be the right one; owned by the caller,
 *              ssh_trust_free(), before @session and @settings
 *
 * Return: PYROPE_OK; PYROPE_E_HOST_KEY; PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_NOMEM,
 * PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_hostkey_check(ssh_session session, const SshSettings *settings,
                                          SshWatch *watch, SshTrust **ret, pyrope_error **error);

/* Borrowed from whoever called ssh_hostkey_check(). */
ssh_session ssh_trust_session(const SshTrust *trust);
const SshSettings *ssh_trust_settings(const SshTrust *trust);

/** ssh_trust_free() - NULL is fine. Return: NULL. */
SshTrust *ssh_trust_free(SshTrust *trust);
DEFINE_CLEANUP(SshTrust, ssh_trust_free);

/** ssh_hostkey_refuse() - the words for a verdict that is not OK. Return: PYROPE_E_HOST_KEY. */
pyrope_status ssh_hostkey_refuse(const SshHostKey *key, enum ssh_known_hosts_e verdict,
                                 pyrope_error **error);
