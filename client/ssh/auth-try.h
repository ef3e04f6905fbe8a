#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Auth Try: one login under way, and one try of it; what ssh_auth() is made of. */

#include "client/ssh/ask.h"
#include "client/ssh/hostkey.h"
#include "client/ssh/identity.h"

typedef struct SshAuthTry SshAuthTry;
typedef enum SshAnswer SshAnswer;

/* One login, and what will be said if it fails. */
struct SshAuthTry {
        ssh_session session;
        const SshSettings *settings;
        SshWatch *watch;
        pyrope_error **error;
        bool can_ask;    /* there is a person, who may be asked */
        Buffer tried;    /* "/home/me/.ssh/id_rsa, password" */
        Buffer unusable; /* "/home/me/.ssh/id_dsa (encrypted)" */
        size_t n_agent;  /* keys of the agent that were tried, beside those */
};

/* What the host said. */
enum SshAnswer {
        SSH_ANSWER_YES,
        SSH_ANSWER_NO,
        SSH_ANSWER_NOT_ENOUGH, /* yes, and now another method */
        SSH_ANSWER_QUESTIONS,
        SSH_ANSWER_BROKEN, /* none, for it hung up or sent what makes no sense */
};

/* Each try is one of these, called again until it has an answer: SSH_AUTH_*. */
typedef int (*SshAuthFn)(ssh_session session, const void *userdata);

/**
 * ssh_auth_try() - have it answered
 * @how:        " with the agent at /path", for a person; "" if there is nothing to say
 *
 * Return: PYROPE_OK with @ret; PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_auth_try(const SshAuthTry *attempt, SshAuthFn fn, const void *userdata,
                                     const char *how, SshAnswer *ret);

/**
 * ssh_auth_ask() - as ssh_ask(), for a login
 * @answer:     as there
 *
 * Return: as there; PYROPE_E_AUTH instead of PYROPE_E_DENIED.
 */
NODISCARD pyrope_status ssh_auth_ask(const SshAuthTry *attempt, const char *instruction,
                                     const char *prompt, bool is_echoed, char *answer);
