#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Expand
 *
 * The ~, %tokens and ${VARIABLES} of ssh_config values, of which ssh -G replaces few itself. A
 * token that is not known is refused, for a path or command with a hole in it would be a wrong one.
 */

#include "proto/value.h"

typedef struct SshTokens SshTokens;

/* What the tokens stand for; borrowed. */
struct SshTokens {
        const char *alias;     /* %n */
        const char *host_name; /* %h */
        const char *known_as;  /* %k */
        const char *user;      /* %r */
        unsigned port;         /* %p */
};

/**
 * ssh_expand_path() - ~, ~user is refused, ${VARIABLE}, %% %d %h %i %k %l %L %n %p %r %u
 * @what:       name of the setting, for errors
 * @ret:        owned by the caller, free()
 *
 * Return: PYROPE_OK, PYROPE_E_CONFIG, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_expand_path(const SshTokens *tokens, const char *what, const char *text,
                                        char **ret, pyrope_error **error);

/** ssh_expand_command() - the %tokens alone: ~ and $ are for the shell. */
NODISCARD pyrope_status ssh_expand_command(const SshTokens *tokens, const char *what,
                                           const char *text, char **ret, pyrope_error **error);

/** ssh_expand_login_home() - the home directory that the account has, by which ssh itself goes.
 * Return: owned, free(); NULL: not known. */
NODISCARD char *ssh_expand_login_home(void);

/** ssh_expand_home() - that of $HOME, else of the account. Return: owned, free(); NULL: not known.
 */
NODISCARD char *ssh_expand_home(void);
