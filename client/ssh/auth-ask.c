/* SPDX-License-Identifier: MIT */

#include "client/ssh/auth-ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROMPT_BYTES     1024u
#define QUOTED_MAX_BYTES 65536u /* of an instruction or a prompt, before it is cut for the eye */

/* -- passwords --------------------------------------------------------------------------------- */

static int try_password(ssh_session session, const void *userdata)
{
        return ssh_userauth_password(session, NULL, userdata);
}

pyrope_status ssh_auth_password(SshAuthTry *attempt, SshAnswer *ret)
{
        const SshSettings *settings = attempt->settings;
        char prompt[PROMPT_BYTES], answer[PYROPE_ANSWER_SIZE];
        const char *instruction = "";
        pyrope_status status = PYROPE_OK;

        *ret = SSH_ANSWER_NO;
        (void)snprintf(prompt, sizeof(prompt), "%s@%s's password: ", settings->user,
                       settings->host_name);
        for (int i = 0; !status && *ret == SSH_ANSWER_NO && i < settings->n_prompts; i++) {
                status = ssh_auth_ask(attempt, instruction, prompt, false, answer);
                if (!status)
                        status = ssh_auth_try(attempt, try_password, answer, " with a password",
                                              ret);
                instruction = "The host does not take this password.\n";
        }
        explicit_bzero(answer, sizeof(answer));
        ssh_identity_note(&attempt->tried, "password", NULL);
        return status;
}

/* -- questions of the host --------------------------------------------------------------------- */

static int try_questions(ssh_session session, const void *userdata)
{
        (void)userdata;
        return ssh_userauth_kbdint(session, NULL, NULL);
}

/* Each line begins with who says it, so that no host can have its words taken for ours, as in
 * "Enter passphrase for key ...". Return: 0, -ENOMEM, -EMSGSIZE. */
static int quote(const SshSettings *settings, const char *text, bool is_ended, Buffer *out)
{
        int r = 0;

        while (!r && text && *text) {
                size_t n = strcspn(text, "\n");
                bool is_line = text[n] || is_ended;

                r = buffer_append_printf(out, "(%s@%s) %.*s%s", settings->user, settings->host_name,
                                         (int)n, text, is_line ? "\n" : "");
                text += n + (text[n] != '\0');
        }
        return r;
}

/* What comes before the first question, and a question. */
static int quote_all(const SshAuthTry *attempt, unsigned i, char *ret_echo, Buffer *instruction,
                     Buffer *prompt)
{
        const SshSettings *settings = attempt->settings;
        const char *asked = ssh_userauth_kbdint_getprompt(attempt->session, i, ret_echo);
        int r = 0;

        if (i == 0) {
                r = quote(settings, ssh_userauth_kbdint_getname(attempt->session), true,
                          instruction);
                r = r ? r
                      : quote(settings, ssh_userauth_kbdint_getinstruction(attempt->session), true,
                              instruction);
        }
        r = r ? r : buffer_append(instruction, "", 1);
        r = r ? r : quote(settings, asked && *asked ? asked : "?", false, prompt);
        return r ? r : buffer_append(prompt, "", 1);
}

static pyrope_status answer_one(const SshAuthTry *attempt, unsigned i)
{
        CLEANUP(buffer_deinit) Buffer instruction = BUFFER_INIT(QUOTED_MAX_BYTES);
        CLEANUP(buffer_deinit) Buffer prompt = BUFFER_INIT(QUOTED_MAX_BYTES);
        char echo = 0, answer[PYROPE_ANSWER_SIZE];
        pyrope_status status;
        int r;

        r = quote_all(attempt, i, &echo, &instruction, &prompt);
        if (r == -EMSGSIZE)
                return error_set(attempt->error, PYROPE_E_AUTH, "%s: its questions are too long",
                                 attempt->settings->label);
        if (r)
                return error_nomem(attempt->error);
        status = ssh_auth_ask(attempt, (const char *)instruction.data, (const char *)prompt.data,
                              echo != 0, answer);
        if (!status)
                r = ssh_userauth_kbdint_setanswer(attempt->session, i, answer);
        explicit_bzero(answer, sizeof(answer));
        if (!status && r)
                return error_nomem(attempt->error);
        return status;
}

static pyrope_status answer_all(const SshAuthTry *attempt)
{
        int n = ssh_userauth_kbdint_getnprompts(attempt->session);
        pyrope_status status = PYROPE_OK;

        if (n < 0 || n > (int)SSH_AUTH_PROMPTS_MAX)
                return error_set(attempt->error, PYROPE_E_AUTH,
                                 "%s: asks %d questions at a time, above the limit of %u",
                                 attempt->settings->label, n, SSH_AUTH_PROMPTS_MAX);
        for (int i = 0; !status && i < n; i++)
                status = answer_one(attempt, (unsigned)i);
        return status;
}

/* From the first question to the host's word on the answers. */
static pyrope_status converse(const SshAuthTry *attempt, SshAnswer *ret)
{
        const char *const how = " with answers to its questions";
        pyrope_status status = ssh_auth_try(attempt, try_questions, NULL, how, ret);

        for (unsigned i = 0; !status && *ret == SSH_ANSWER_QUESTIONS; i++) {
                if (i == SSH_AUTH_ROUNDS_MAX)
                        return error_set(attempt->error, PYROPE_E_AUTH,
                                         "%s: asks more questions after %u answers",
                                         attempt->settings->label, SSH_AUTH_ROUNDS_MAX);
                status = answer_all(attempt);
                if (!status)
                        status = ssh_auth_try(attempt, try_questions, NULL, how, ret);
        }
        return status;
}

pyrope_status ssh_auth_questions(SshAuthTry *attempt, SshAnswer *ret)
{
        pyrope_status status = PYROPE_OK;

        *ret = SSH_ANSWER_NO;
        for (int i = 0; !status && *ret == SSH_ANSWER_NO && i < attempt->settings->n_prompts; i++)
                status = converse(attempt, ret);
        ssh_identity_note(&attempt->tried, "keyboard-interactive", NULL);
        return status;
}
