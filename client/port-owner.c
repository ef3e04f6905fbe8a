/* SPDX-License-Identifier: MIT */

#include "client/port-owner.h"

#include "base/account.h"
#include "base/loopback.h"
#include "proto/value.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define SEPARATORS ", \t"

int port_users_parse(const char *text, PortUsers *ret, ErrorText *error)
{
        CLEANUP(freep) char *copy = text ? strdup(text) : NULL;
        PortUsers users = { .n = 0 };
        char *rest = NULL;

        if (text && !copy)
                return -ENOMEM;
        for (char *word = copy ? strtok_r(copy, SEPARATORS, &rest) : NULL; word;
             word = strtok_r(NULL, SEPARATORS, &rest)) {
                if (users.n == PORT_USERS_MAX) {
                        error_text_set(error, "more than %u users", PORT_USERS_MAX);
                        return PORT_USERS_E_TOO_MANY;
                }
                if (account_uid(word, &users.uids[users.n])) {
                        error_text_set(error, "there is no user '%s'", word);
                        return PORT_USERS_E_UNKNOWN;
                }
                users.n++;
        }
        *ret = users;
        return 0;
}

static bool is_trusted(uid_t uid, const PortUsers *users)
{
        if (uid == geteuid() || uid == 0)
                return true;
        for (size_t i = 0; i < users->n; i++)
                if (users->uids[i] == uid)
                        return true;
        return false;
}

static pyrope_status hung_up(pyrope_error **error)
{
        return error_set(error, PYROPE_E_UNREACHABLE, "the daemon hung up at once");
}

static pyrope_status check_user(int fd, const char *where, const PortUsers *users,
                                pyrope_error **error)
{
        CLEANUP(closep) int diag_fd = -1;
        uid_t uid = 0;
        int r;

        r = loopback_diag_open(&diag_fd);
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS)
                return error_set(error, PYROPE_E_IO, "netlink: %s", strerror(-r));
        if (!r)
                r = loopback_server_uid(diag_fd, fd, &uid);
        if (r == LOOPBACK_E_CLOSED)
                return hung_up(error);
        if (r)
                return error_set(error, PYROPE_E_DENIED,
                                 "nothing was sent to %s, for the kernel does not say whose port "
                                 "it is (%s); reach the daemon by a Unix socket or ssh://",
                                 where,
                                 r < 0 ? strerror(-r)
                                       : "a container's, a redirection, or a user unknown here");
        if (is_trusted(uid, users))
                return PYROPE_OK;
        return error_set(
                error, PYROPE_E_DENIED,
                "nothing was sent to %s, which is a port of user %u; if that is who should "
                "serve it, name the user: --port-users %u, PYROPE_PORT_USERS; else your "
                "daemon has ended, and another program took its port",
                where, (unsigned)uid, (unsigned)uid);
}

pyrope_status port_owner_check(int fd, const PortUsers *users, pyrope_error **error)
{
        char where[LOOPBACK_WHERE_SIZE];

        switch (loopback_peer_where(fd, where)) {
        case 0:
                break;
        case LOOPBACK_E_CLOSED:
                return hung_up(error);
        default:
                return PYROPE_OK;
        }
        if (loopback_is_itself(fd))
                return error_set(error, PYROPE_E_UNREACHABLE, "nobody listens on %s", where);
        return check_user(fd, where, users, error);
}
