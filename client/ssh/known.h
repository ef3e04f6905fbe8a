#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Known
 *
 * What known_hosts files say that libssh passes over: lines with a mark, @revoked and
 * @cert-authority, and names that a line excepts with a '!'; and how a key comes into such a file,
 * once a person has said that it is right. Which lines mean a host, and how its name is hashed, is
 * ssh-keygen's to say.
 */

#include "client/ssh/settings.h"

typedef enum SshMark SshMark;

/* What is found in a file; bits. */
enum SshMark {
        SSH_MARK_REVOKED = 1,   /* the host's very key must not be trusted */
        SSH_MARK_AUTHORITY = 2, /* for this host there is a key that signs certificates */
        SSH_MARK_NAMED = 4,     /* this is the host's key; only told if ssh-keygen was asked */
        SSH_MARK_EXCEPTED = 8,  /* there are names with a '!', so libssh may take a line for one of
                                   this host that is none */
        SSH_MARK_UNREAD = 16,   /* a line has a mark; which and whose, ssh-keygen knows */
};

/* A host and its key. */
typedef struct SshKnown {
        const char *label; /* of the login, for errors */
        const char *name;  /* as known_hosts has it: host, or [host]:port */
        const char *key;   /* in base64 */
} SshKnown;

/**
 * ssh_known_marks() - look through a file
 * @file:       it need not exist
 * @is_thorough: ask ssh-keygen also about a file that has nothing that libssh passes over
 * @ret:        SSH_MARK_* together, but SSH_MARK_UNREAD
 *
 * Return: PYROPE_OK; PYROPE_E_HOST_KEY (the file, or its marks, cannot be read);
 * PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_known_marks(const SshKnown *known, const char *file, bool is_thorough,
                                        const SshWatch *watch, unsigned *ret, pyrope_error **error);

/**
 * ssh_known_scan() - the pure part: what a byte of a file says about whether libssh reads it right
 * @state:      0 at the beginning of the file
 *
 * Return: 0, SSH_MARK_UNREAD, SSH_MARK_EXCEPTED.
 */
unsigned ssh_known_scan(int byte, unsigned *state);

/**
 * ssh_known_parse() - the pure part: what ssh-keygen -F says of a host
 * @text:       changed
 *
 * Return: SSH_MARK_REVOKED, _AUTHORITY and _NAMED, together.
 */
unsigned ssh_known_parse(char *text, const char *key);

/**
 * ssh_known_add() - append a line to the user's first file, which is made if need be
 * @line:       "NAME TYPE KEY\n"; its name is hashed if the settings want that
 *
 * Return: PYROPE_OK; PYROPE_E_HOST_KEY (it cannot be written, or not hashed); PYROPE_E_TIMEOUT,
 * PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_known_add(const SshSettings *settings, const char *line,
                                      const SshWatch *watch, pyrope_error **error);
