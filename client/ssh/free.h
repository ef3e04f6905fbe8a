#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Free: what CLEANUP() needs for the objects of libssh, each of which may be NULL. */

#include <libssh/libssh.h>

static inline void ssh_session_freep(ssh_session *session)
{
        ssh_free(*session);
}

static inline void ssh_key_freep(ssh_key *key)
{
        ssh_key_free(*key);
}

/* Text that libssh allocated. */
static inline void ssh_text_freep(char **text)
{
        ssh_string_free_char(*text);
}
