/* SPDX-License-Identifier: MIT */

/*
 * asking-sshd HOSTKEY STEP...: an SSH host that wants to know something of whoever logs in
 *
 * Says "READY PORT" (on 127.0.0.1) and serves clients one after another until it is killed. A login
 * takes all the steps, one after another:
 *
 *      key             any key, or certificate, whose signature is right
 *      password:WORD   a password
 *      code:WORD       one question, unseen
 *      two:WORD:WORD   two questions at a time, of which the second is echoed
 *      late:WORD       no question, and then one
 *      rude:WORD       one question, whose words are meant to harm a terminal and deceive a person
 *      many:N          N questions at a time
 *      endless         a question after each answer
 *      again           yes to whatever comes, and it is never enough
 *
 * Whoever is in may run commands, each of which writes "there" and ends. Each try of a login is a
 * line of standard output: "try METHOD".
 */

#define SSH_SUPPRESS_DEPRECATED    /* what takes the place of ssh_message_auth_password() needs    \
                                      callbacks */

#include "tests/support/sshd-bind.h"

#include <libssh/libssh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTIONS_MAX 300u
#define WORD_BYTES    4096u

static char **steps;
static int n_steps;

/* One login. */
typedef struct Client {
        ssh_session session;
        int step;
        int n_rounds; /* questions asked in this step */
} Client;

static int fail(const char *what, void *whose)
{
        fprintf(stderr, "%s: %s\n", what, ssh_get_error(whose));
        return 1;
}

static int is_step(const Client *client, const char *name)
{
        return client->step < n_steps && !strncmp(steps[client->step], name, strlen(name));
}

/* The WORD of the step; from the @i-th colon on. */
static void word_of(const Client *client, int i, char out[static WORD_BYTES])
{
        const char *at = steps[client->step];

        while (i-- > 0 && at)
                at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL;
        (void)snprintf(out, WORD_BYTES, "%.*s", at ? (int)strcspn(at, ":") : 0, at ? at : "");
}

static int is_asking(const Client *client)
{
        static const char *const names[] = {
                "code:", "two:", "late:", "rude:", "many:", "endless"
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                if (is_step(client, names[i]))
                        return 1;
        }
        return 0;
}

static int allowed(const Client *client)
{
        if (is_step(client, "again"))
                return SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD;
        if (is_step(client, "key"))
                return SSH_AUTH_METHOD_PUBLICKEY;
        return is_asking(client) ? SSH_AUTH_METHOD_INTERACTIVE : SSH_AUTH_METHOD_PASSWORD;
}

static void refuse(const Client *client, ssh_message message)
{
        (void)ssh_message_auth_set_methods(message, allowed(client));
        (void)ssh_message_reply_default(message);
}

/* The step is done: in, or on to the next one. */
static void accept_step(Client *client, ssh_message message)
{
        if (!is_step(client, "again"))
                client->step++;
        client->n_rounds = 0;
        ssh_set_auth_methods(client->session, allowed(client));
        (void)ssh_message_auth_set_methods(message, allowed(client));
        (void)ssh_message_auth_reply_success(message, client->step < n_steps);
}

/* -- questions --------------------------------------------------------------------------------- */

static void ask(Client *client, ssh_message message)
{
        static const char *prompts[QUESTIONS_MAX];
        static char echoes[QUESTIONS_MAX];
        const char *name = "", *words = "";
        unsigned n = 1;
        char word[WORD_BYTES];

        prompts[0] = "Code: ";
        echoes[0] = echoes[1] = 0;
        if (is_step(client, "two:")) {
                n = 2;
                name = "Two factors";
                words = "First what you know,\nthen what you have.";
                prompts[0] = "Word: ";
                prompts[1] = "Code: ";
                echoes[1] = 1;
        } else if (is_step(client, "late:") && client->n_rounds == 0) {
                n = 0;
        } else if (is_step(client, "rude:")) {
                words = "\33]0;owned\7\33[2Jhello\r\nEnter passphrase for key '/home/me/.ssh/id':";
                prompts[0] = "a\nb\nEnter passphrase for key '/home/me/.ssh/id': ";
        } else if (is_step(client, "many:")) {
                word_of(client, 1, word);
                n = (unsigned)strtoul(word, NULL, 10);
                for (unsigned i = 0; i < n && i < QUESTIONS_MAX; i++) {
                        prompts[i] = "Code: ";
                        echoes[i] = 1;
                }
        }
        client->n_rounds++;
        (void)ssh_message_auth_interactive_request(message, name, words, n, prompts, echoes);
}

static int is_answer(const Client *client, unsigned i, int at)
{
        const char *answer = ssh_userauth_kbdint_getanswer(client->session, i);
        char word[WORD_BYTES];

        word_of(client, at, word);
        return answer && !strcmp(answer, word);
}

static void judge(Client *client, ssh_message message)
{
        int is_right;

        if (is_step(client, "endless") || (is_step(client, "late:") && client->n_rounds == 1)) {
                ask(client, message);
                return;
        }
        is_right = is_step(client, "many:") || is_answer(client, 0, 1);
        if (is_step(client, "two:"))
                is_right = is_right && is_answer(client, 1, 2);
        client->n_rounds = 0;
        if (is_right)
                accept_step(client, message);
        else
                refuse(client, message);
}

/* -- logins ------------------------------------------------------------------------------------ */

static void take_key(Client *client, ssh_message message)
{
        if (!is_step(client, "key") && !is_step(client, "again"))
                refuse(client, message);
        else if (ssh_message_auth_publickey_state(message) == SSH_PUBLICKEY_STATE_NONE)
                (void)ssh_message_auth_reply_pk_ok_simple(message);
        else if (ssh_message_auth_publickey_state(message) == SSH_PUBLICKEY_STATE_VALID)
                accept_step(client, message);
        else
                refuse(client, message);
}

static void take_password(Client *client, ssh_message message)
{
        char word[WORD_BYTES];

        word_of(client, 1, word);
        if (is_step(client, "again") ||
            (is_step(client, "password:") && !strcmp(ssh_message_auth_password(message), word)))
                accept_step(client, message);
        else
                refuse(client, message);
}

static void take_login(Client *client, ssh_message message)
{
        const int method = ssh_message_subtype(message);
        const char *name = "none";

        if (method == SSH_AUTH_METHOD_PUBLICKEY)
                name = "publickey";
        else if (method == SSH_AUTH_METHOD_PASSWORD)
                name = "password";
        else if (method == SSH_AUTH_METHOD_INTERACTIVE)
                name = "keyboard-interactive";
        printf("try %s\n", name);
        (void)fflush(stdout);
        if (method == SSH_AUTH_METHOD_PUBLICKEY)
                take_key(client, message);
        else if (method == SSH_AUTH_METHOD_PASSWORD)
                take_password(client, message);
        else if (method != SSH_AUTH_METHOD_INTERACTIVE || !is_asking(client))
                refuse(client, message);
        else if (ssh_message_auth_kbdint_is_response(message))
                judge(client, message);
        else
                ask(client, message);
}

static void run_command(Client *client, ssh_channel channel, ssh_message message)
{
        (void)ssh_message_channel_request_reply_success(message);
        (void)ssh_channel_write(channel, "there\n", 6);
        (void)ssh_channel_request_send_exit_status(channel, 0);
        (void)ssh_channel_send_eof(channel);
        (void)ssh_channel_close(channel);
        (void)ssh_blocking_flush(client->session, 5000);
}

static void serve(Client *client)
{
        ssh_channel channel = NULL;
        ssh_message message;

        if (ssh_handle_key_exchange(client->session)) {
                (void)fail("key exchange", client->session);
                return;
        }
        ssh_set_auth_methods(client->session, allowed(client));
        while ((message = ssh_message_get(client->session))) {
                const int type = ssh_message_type(message);

                if (type == SSH_REQUEST_AUTH)
                        take_login(client, message);
                else if (type == SSH_REQUEST_CHANNEL_OPEN && client->step == n_steps)
                        channel = ssh_message_channel_request_open_reply_accept(message);
                else if (type == SSH_REQUEST_CHANNEL && channel &&
                         ssh_message_subtype(message) == SSH_CHANNEL_REQUEST_EXEC)
                        run_command(client, channel, message);
                else
                        (void)ssh_message_reply_default(message);
                ssh_message_free(message);
        }
}

int main(int argc, char **argv)
{
        ssh_bind bind_ = ssh_bind_new();

        if (argc < 3 || !bind_) {
                fprintf(stderr, "usage: asking-sshd HOSTKEY STEP...\n");
                return 2;
        }
        steps = argv + 2;
        n_steps = argc - 2;
        if (!sshd_bind(bind_, argv[1]))
                return fail("listen", bind_);
        for (;;) {
                Client client = { .session = ssh_new() };

                if (!client.session || ssh_bind_accept(bind_, client.session))
                        return fail("accept", bind_);
                serve(&client);
                ssh_free(client.session);
        }
}
