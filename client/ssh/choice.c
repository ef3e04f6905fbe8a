/* SPDX-License-Identifier: MIT */

#include "client/ssh/choice.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A key in a security token, for which libssh has no way to ask: its public half is in a file. */
static bool is_hardware_key(const char *path)
{
        CLEANUP(freep) char *public_path = NULL;
        CLEANUP(closep) int fd = -1;
        char kind[3];

        if (asprintf(&public_path, "%s.pub", path) < 0) {
                public_path = NULL;
                return false;
        }
        fd = open(public_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        return fd >= 0 && read(fd, kind, sizeof(kind)) == sizeof(kind) &&
               !memcmp(kind, "sk-", sizeof(kind));
}

static bool has_hardware_keys_only(const SshNames *identities)
{
        bool has_any = false;

        for (size_t i = 0; i < identities->n; i++) {
                if (is_hardware_key(identities->names[i]))
                        has_any = true;
                else if (access(identities->names[i], F_OK) == 0)
                        return false;
        }
        return has_any;
}

pyrope_status ssh_choice(SshBackend backend, const SshSettings *settings, bool *ret_is_program,
                         pyrope_error **error)
{
        switch (backend) {
        case SSH_BACKEND_PROGRAM:
                *ret_is_program = true;
                return PYROPE_OK;
        case SSH_BACKEND_LIBSSH:
                *ret_is_program = false;
                return ssh_settings_check(settings, error);
        case SSH_BACKEND_AUTO:
        case SSH_BACKEND_N:
                break;
        }
        *ret_is_program = settings->unsupported || !settings->n_methods ||
                          has_hardware_keys_only(&settings->identities);
        return PYROPE_OK;
}
