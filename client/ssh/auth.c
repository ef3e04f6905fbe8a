/* SPDX-License-Identifier: MIT */

#include "client/ssh/auth.h"

#include "client/ssh/auth-ask.h"
#include "client/ssh/auth-key.h"
#include "client/ssh/auth-try.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX_BYTES 1024u
#define WHAT_BYTES      512u

typedef struct Login Login;

struct Login {
        SshAuthTry attempt;
        SshIdentities identities;
        bool is_searched;             /* for identities: only when they are needed */
        bool is_spent[SSH_METHODS_N]; /* methods to which the host said no */
        unsigned n_steps;             /* methods to which it said yes, and asked for more */
};

static const struct {
        unsigned flag; /* of libssh */
        bool is_asking;
} methods[SSH_METHODS_N] = {
        [SSH_METHOD_PUBLICKEY] = { SSH_AUTH_METHOD_PUBLICKEY, false },
        [SSH_METHOD_INTERACTIVE] = { SSH_AUTH_METHOD_INTERACTIVE, true },
        [SSH_METHOD_PASSWORD] = { SSH_AUTH_METHOD_PASSWORD, true },
};

static const char *list_text(const Buffer *list)
{
        return list->n ? (const char *)list->data : "none";
}

/* -- failures ---------------------------------------------------------------------------------- */

/* "3 of the agent, /home/me/.ssh/id_rsa, password" */
static void tried_text(const SshAuthTry *attempt, char *out, size_t n_out)
{
        char agent[64] = "";

        if (attempt->n_agent || attempt->settings->agent)
                (void)snprintf(agent, sizeof(agent), "%zu of the agent%s", attempt->n_agent,
                               attempt->tried.n ? ", " : "");
        (void)snprintf(out, n_out, "%s%s", agent,
                       attempt->tried.n || !agent[0] ? list_text(&attempt->tried) : "");
}

/* Some hosts tell why before they hang up: "; it said 'Your account has expired ...'". */
static void banner_text(const SshAuthTry *attempt, char out[static WHAT_BYTES])
{
        CLEANUP(freep) char *banner = ssh_get_issue_banner(attempt->session);
        char last[WHAT_BYTES - sizeof("; it said ''")];
        size_t n = banner ? strlen(banner) : 0;
        const char *line;

        while (n > 0 && strchr(" \r\n", banner[n - 1]))
                n--;
        line = n > 0 ? memrchr(banner, '\n', n) : NULL;
        line = line ? line + 1 : banner;
        out[0] = '\0';
        if (n == 0)
                return;
        (void)text_escape(line, n - (size_t)(line - banner), last, sizeof(last));
        (void)snprintf(out, WHAT_BYTES, "; it said '%s'", last);
}

static pyrope_status fail_broken(const SshAuthTry *attempt)
{
        char tried[2 * WORDS_MAX_BYTES], said[WHAT_BYTES];

        tried_text(attempt, tried, sizeof(tried));
        if (strstr(ssh_get_error(attempt->session), "Too many authentication failures"))
                return error_set(attempt->error, PYROPE_E_AUTH,
                                 "%s: hung up at the login after too many keys, %s; name the right "
                                 "one by IdentityFile in the SSH configuration",
                                 attempt->settings->label, tried);
        banner_text(attempt, said);
        return error_set(attempt->error, PYROPE_E_UNREACHABLE, "%s: hung up at the login: %s%s",
                         attempt->settings->label, ssh_get_error(attempt->session), said);
}

/* Names of the methods that the host allows. */
static void methods_text(unsigned allowed, char *out, size_t n_out)
{
        static const struct {
                unsigned flag;
                const char *name;
        } names[] = {
                { SSH_AUTH_METHOD_PUBLICKEY, "publickey" },
                { SSH_AUTH_METHOD_PASSWORD, "password" },
                { SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive" },
                { SSH_AUTH_METHOD_HOSTBASED, "hostbased" },
                { SSH_AUTH_METHOD_GSSAPI_MIC, "gssapi-with-mic" },
        };
        size_t n = 0;

        (void)snprintf(out, n_out, "nothing");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (allowed & names[i].flag && n < n_out)
                        n += (size_t)snprintf(out + n, n_out - n, "%s%s", n ? "," : "",
                                              names[i].name);
        }
}

/* What would be tried if there were a person to ask; NULL: nothing. */
static const char *missing_person(const Login *login, unsigned allowed)
{
        const SshSettings *settings = login->attempt.settings;

        if (login->attempt.can_ask)
                return NULL;
        for (size_t i = 0; i < settings->n_methods; i++) {
                if (methods[settings->methods[i]].is_asking &&
                    allowed & methods[settings->methods[i]].flag)
                        return ssh_method_name(settings->methods[i]);
        }
        return NULL;
}

static pyrope_status fail_denied(const Login *login)
{
        const SshAuthTry *attempt = &login->attempt;
        const unsigned allowed = (unsigned)ssh_userauth_list(attempt->session, NULL);
        const char *missing = missing_person(login, allowed);
        char command[WORDS_MAX_BYTES], allows[WHAT_BYTES], tried[2 * WORDS_MAX_BYTES];

        methods_text(allowed, allows, sizeof(allows));
        tried_text(attempt, tried, sizeof(tried));
        (void)ssh_settings_command(attempt->settings, "-v", command, sizeof(command));
        return error_set(attempt->error, PYROPE_E_AUTH,
                         "%s: login refused; the host allows %s%s; keys tried: %s; keys that "
                         "cannot be used: %s; %s%ssee '%s'",
                         attempt->settings->label, allows,
                         login->n_steps ? ", beside what it has accepted" : "", tried,
                         list_text(&attempt->unusable), missing ? missing : "",
                         missing ? " needs somebody to ask: a terminal, and no --batch or "
                                   "BatchMode; "
                                 : "",
                         command);
}

/* -- the login --------------------------------------------------------------------------------- */

static int try_none(ssh_session session, const void *userdata)
{
        (void)userdata;
        return ssh_userauth_none(session, NULL);
}

/* The first that both sides want, and that was not in vain yet. Return: SSH_METHODS_N for none. */
static SshMethod next_method(const Login *login)
{
        const SshSettings *settings = login->attempt.settings;
        const unsigned allowed = (unsigned)ssh_userauth_list(login->attempt.session, NULL);

        for (size_t i = 0; i < settings->n_methods; i++) {
                SshMethod method = settings->methods[i];

                if (allowed & methods[method].flag && !login->is_spent[method] &&
                    (login->attempt.can_ask || !methods[method].is_asking))
                        return method;
        }
        return SSH_METHODS_N;
}

static pyrope_status try_keys(Login *login, SshAnswer *ret)
{
        SshAuthTry *attempt = &login->attempt;
        pyrope_status status = PYROPE_OK;

        if (!login->is_searched)
                status = ssh_identities_find(attempt->settings, attempt->watch, &login->identities,
                                             &attempt->unusable, attempt->error);
        login->is_searched = true;
        return status ? status : ssh_auth_keys(attempt, &login->identities, ret);
}

static pyrope_status try_method(Login *login, SshMethod method, SshAnswer *ret)
{
        switch (method) {
        case SSH_METHOD_PUBLICKEY:
                return try_keys(login, ret);
        case SSH_METHOD_INTERACTIVE:
                return ssh_auth_questions(&login->attempt, ret);
        case SSH_METHOD_PASSWORD:
                return ssh_auth_password(&login->attempt, ret);
        case SSH_METHODS_N:
                break;
        }
        return fail_denied(login);
}

/* One of the methods that the host wants is done; for the next, all may be tried anew. */
static pyrope_status take_step(Login *login)
{
        if (++login->n_steps > SSH_AUTH_STEPS_MAX)
                return error_set(login->attempt.error, PYROPE_E_AUTH,
                                 "%s: asks for more than %u methods one after another",
                                 login->attempt.settings->label, SSH_AUTH_STEPS_MAX);
        memset(login->is_spent, 0, sizeof(login->is_spent));
        return PYROPE_OK;
}

/* A key has told already which one it is. */
static void note_method(const Login *login, SshMethod method)
{
        if (method == SSH_METHODS_N)
                ssh_watch_note(login->attempt.watch, "none, the host asks for nothing");
        else if (method != SSH_METHOD_PUBLICKEY)
                ssh_watch_note(login->attempt.watch, "%s%s", ssh_method_name(method),
                               login->n_steps ? ", after others" : "");
}

static pyrope_status run(Login *login)
{
        SshAuthTry *attempt = &login->attempt;
        SshMethod method = SSH_METHODS_N;
        SshAnswer answer = SSH_ANSWER_NO;
        pyrope_status status;

        status = ssh_auth_try(attempt, try_none, NULL, "", &answer);
        while (!status && answer != SSH_ANSWER_YES) {
                if (answer == SSH_ANSWER_BROKEN || answer == SSH_ANSWER_QUESTIONS)
                        return fail_broken(attempt);
                if (answer == SSH_ANSWER_NOT_ENOUGH)
                        status = take_step(login);
                else if (method != SSH_METHODS_N)
                        login->is_spent[method] = true;
                method = next_method(login);
                if (!status)
                        status = try_method(login, method, &answer);
        }
        if (!status)
                note_method(login, method);
        return status;
}

pyrope_status ssh_auth(const SshTrust *trust, SshWatch *watch, pyrope_error **error)
{
        Login *login = calloc(1, sizeof(*login));
        pyrope_status status;

        if (!login)
                return error_nomem(error);
        login->attempt = (SshAuthTry){ .session = ssh_trust_session(trust),
                                       .settings = ssh_trust_settings(trust),
                                       .watch = watch,
                                       .error = error,
                                       .tried = BUFFER_INIT(WORDS_MAX_BYTES),
                                       .unusable = BUFFER_INIT(WORDS_MAX_BYTES) };
        login->attempt.can_ask = ssh_ask_can(watch) && !login->attempt.settings->is_batch;
        status = run(login);
        buffer_deinit(&login->attempt.tried);
        buffer_deinit(&login->attempt.unusable);
        ssh_identities_deinit(&login->identities);
        free(login);
        return status;
}
