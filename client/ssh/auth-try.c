/* SPDX-License-Identifier: MIT */

#include "client/ssh/auth-try.h"

#include "client/ssh/step.h"

#include <stdio.h>
#include <string.h>

#define WHAT_BYTES 512u

static SshAnswer answer_of(int auth)
{
        switch (auth) {
        case SSH_AUTH_SUCCESS:
                return SSH_ANSWER_YES;
        case SSH_AUTH_DENIED:
                return SSH_ANSWER_NO;
        case SSH_AUTH_PARTIAL:
                return SSH_ANSWER_NOT_ENOUGH;
        case SSH_AUTH_INFO:
                return SSH_ANSWER_QUESTIONS;
        default:
                return SSH_ANSWER_BROKEN; /* "again", too */
        }
}

/* libssh drops a message with more questions than it can hold, and would wait for the next one. */
static bool is_dropped(ssh_session session)
{
        const char *words = ssh_get_error(session);

        return ssh_get_error_code(session) == SSH_FATAL &&
               (strstr(words, "INFO_REQUEST") || strstr(words, "Too much prompts"));
}

pyrope_status ssh_auth_try(const SshAuthTry *attempt, SshAuthFn fn, const void *userdata,
                           const char *how, SshAnswer *ret)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        char what[WHAT_BYTES];
        pyrope_status status;
        int auth;

        (void)snprintf(what, sizeof(what), "%s: logging in%s", attempt->settings->label, how);
        ssh_watch_tell(attempt->watch, what); /* the agent is waited for within libssh */
        while ((auth = fn(attempt->session, userdata)) == SSH_AUTH_AGAIN) {
                if (is_dropped(attempt->session))
                        break;
                status = ssh_step_wait(attempt->session, attempt->watch, what, &why);
                if (status == PYROPE_E_UNREACHABLE)
                        break;
                if (status && attempt->error)
                        *attempt->error = TAKE(why);
                if (status)
                        return status;
        }
        *ret = answer_of(auth);
        return PYROPE_OK;
}

pyrope_status ssh_auth_ask(const SshAuthTry *attempt, const char *instruction, const char *prompt,
                           bool is_echoed, char *answer)
{
        const pyrope_question question = { .host = attempt->settings->label,
                                           .instruction = instruction,
                                           .prompt = prompt,
                                           .is_echoed = is_echoed };
        pyrope_status status = ssh_ask(attempt->watch, &question, answer, attempt->error);

        return status == PYROPE_E_DENIED ? PYROPE_E_AUTH : status;
}
