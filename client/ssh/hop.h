#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Hop
 *
 * How a login gets a byte stream to a host that stands behind others (ProxyJump): from whoever has
 * sessions to these. The login itself knows nothing of pools and threads.
 */

#include "client/ssh/settings.h"

typedef struct SshHop SshHop;

struct SshHop {
        /**
         * open() - a stream to settings->host_name and port, seen from the last host of
         * settings->proxy_jump, whose own way there is a matter of its own settings
         * @ret_fd:     a stream socket, close-on-exec and non-blocking; owned by the caller
         *
         * Return: what ssh_pool_open() returns; the error names the host that failed.
         */
        pyrope_status (*open)(void *userdata, const SshSettings *settings, const SshWatch *watch,
                              int *ret_fd, pyrope_error **error);
        void *userdata;
};
