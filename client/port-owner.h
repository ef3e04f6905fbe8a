#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Port Owner
 *
 * A port of the loopback interface is whoever's who binds it first: when a daemon has ended, any
 * user of the machine may listen in its place. So before anything is sent there the kernel is asked
 * whose it is.
 */

#include "base/error.h"

#include <pyrope/error.h>
#include <sys/types.h>

#define PORT_USERS_MAX 64u

typedef struct PortUsers PortUsers;

/* Whose ports are used beside our own and root's. */
struct PortUsers {
        uid_t uids[PORT_USERS_MAX];
        size_t n;
};

enum {
        PORT_USERS_E_SUCCESS,

        PORT_USERS_E_UNKNOWN,  /* neither a name that the system knows nor a number */
        PORT_USERS_E_TOO_MANY, /* more than PORT_USERS_MAX */
};

/**
 * port_users_parse() - names or numbers of users, separated by commas and blanks
 * @text:  NULL: none
 * @error: NULL, or says for a positive return what is wrong
 *
 * Return: 0, PORT_USERS_E_UNKNOWN, PORT_USERS_E_TOO_MANY, -ENOMEM.
 */
NODISCARD int port_users_parse(const char *text, PortUsers *ret, ErrorText *error);

/**
 * port_owner_check() - whether the other end of a connection that we made may be told anything
 * @fd:    TCP; connections to other addresses than the loopback interface's may
 * @users: borrowed
 *
 * It must be our own user's, root's (who could look into every program anyway), or that of one of
 * @users. What the kernel does not tell is not believed.
 *
 * Return: PYROPE_OK; PYROPE_E_DENIED (another user's, or not known), PYROPE_E_UNREACHABLE (it hung
 * up, or is connected to itself), PYROPE_E_IO (descriptors).
 */
NODISCARD pyrope_status port_owner_check(int fd, const PortUsers *users, pyrope_error **error);
