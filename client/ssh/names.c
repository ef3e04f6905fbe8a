/* SPDX-License-Identifier: MIT */

#include "client/ssh/names.h"

#include <errno.h>
#include <string.h>

int ssh_names_add(SshNames *names, const char *name)
{
        char *copy;

        if (names->n == SSH_NAMES_MAX)
                return -ENOSPC;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        names->names[names->n++] = copy;
        return 0;
}

bool ssh_names_have(const SshNames *names, const char *name)
{
        for (size_t i = 0; i < names->n; i++) {
                if (!strcmp(names->names[i], name))
                        return true;
        }
        return false;
}

void ssh_names_deinit(SshNames *names)
{
        for (size_t i = 0; i < names->n; i++)
                free(names->names[i]);
        names->n = 0;
}
