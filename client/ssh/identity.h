#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Identity
 *
 * The keys that a login may be tried with, in the order of OpenSSH: certificates that the settings
 * name, keys of theirs that the agent has, its other keys (unless IdentitiesOnly), key files. Here
 * they are put together and key files are read; who offers them to a host is ssh-auth.
 */

#include "base/buffer.h"
#include "client/ssh/settings.h"

#include <libssh/libssh.h>

#define SSH_IDENTITIES_MAX     (4u * SSH_NAMES_MAX)
#define SSH_KEY_FILE_MAX_BYTES 65536u

typedef struct SshIdentity SshIdentity;
typedef struct SshIdentities SshIdentities;

/* All owned. It has a signer or a path. */
struct SshIdentity {
        char *name;   /* for a person: a path; NULL: the agent alone knows it */
        ssh_key key;  /* what is offered, as libssh has it; NULL for the agent's own, or if not
                         known before the file is opened */
        char *shown;  /* the same in base64, also for the agent's own: a key or a certificate */
        char *signer; /* the key of the agent that signs for it, in base64; NULL: not there */
        char *path;   /* private key file; NULL: none */
        bool is_certificate;
        bool is_tried;
};

struct SshIdentities {
        SshIdentity all[SSH_IDENTITIES_MAX];
        size_t n;
};

/**
 * ssh_identities_find() - all that the settings and the agent offer
 * @ret:        zeros; owned by the caller, ssh_identities_deinit(), whatever is returned
 * @unusable:   receives, as words for a person, what cannot be used and why
 *
 * An agent that does not answer before the watch's end is one that has no keys, as @unusable says.
 *
 * Return: PYROPE_OK, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_identities_find(const SshSettings *settings, const SshWatch *watch,
                                            SshIdentities *ret, Buffer *unusable,
                                            pyrope_error **error);

void ssh_identities_deinit(SshIdentities *identities);

/**
 * ssh_identity_read() - the text of a private key file that nobody else can read
 * @unusable:   as above
 *
 * A symbolic link counts as what it leads to. Return: owned by the caller, ssh_identity_forget();
 * NULL: there is no such file, or @unusable says why it is not used.
 */
NODISCARD char *ssh_identity_read(const char *path, Buffer *unusable);

/** ssh_identity_forget() - clear and free a secret; NULL is fine. */
void ssh_identity_forget(char *secret);

/** ssh_identity_note() - add to a list for a person's eyes, as far as there is room. @why may be
 * NULL. */
void ssh_identity_note(Buffer *list, const char *name, const char *why);
