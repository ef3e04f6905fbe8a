/* SPDX-License-Identifier: MIT */

/*
 * unasking-sshd HOSTKEY N: an SSH host that opens channels which nobody asked for
 *
 * Says "READY PORT" (on 127.0.0.1) and serves one client, whom it lets in without a key. Asked to
 * run a command, it opens N channels of each kind that a client may be offered, one by one, and
 * writes to the command's output how many of them were refused.
 */

#include "tests/support/sshd-bind.h"

#include <libssh/libssh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, void *whose)
{
        fprintf(stderr, "%s: %s\n", what, ssh_get_error(whose));
        return 1;
}

/* Answers what the client asks until it is of this kind; the message is the caller's. */
static ssh_message wait_for(ssh_session session, int type, int subtype)
{
        ssh_message message;

        while ((message = ssh_message_get(session))) {
                if (ssh_message_type(message) == type && ssh_message_subtype(message) == subtype)
                        return message;
                (void)ssh_message_reply_default(message);
                ssh_message_free(message);
        }
        return NULL;
}

static int let_in(ssh_session session)
{
        ssh_message message = wait_for(session, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_NONE);

        if (!message)
                return fail("login", session);
        (void)ssh_message_auth_reply_success(message, 0);
        ssh_message_free(message);
        return 0;
}

/* The channel of the command, which is now running as far as the client knows. */
static ssh_channel take_command(ssh_session session)
{
        ssh_message message = wait_for(session, SSH_REQUEST_CHANNEL_OPEN, SSH_CHANNEL_SESSION);
        ssh_channel channel;

        if (!message)
                return NULL;
        channel = ssh_message_channel_request_open_reply_accept(message);
        ssh_message_free(message);
        message = wait_for(session, SSH_REQUEST_CHANNEL, SSH_CHANNEL_REQUEST_EXEC);
        if (!message)
                return NULL;
        (void)ssh_message_channel_request_reply_success(message);
        ssh_message_free(message);
        return channel;
}

static int open_unasked(ssh_session session, unsigned kind)
{
        ssh_channel channel = ssh_channel_new(session);
        int r;

        if (kind == 0)
                r = ssh_channel_open_reverse_forward(channel, "127.0.0.1", 80, "127.0.0.1", 1);
        else if (kind == 1)
                r = ssh_channel_open_x11(channel, "127.0.0.1", 6000);
        else
                r = ssh_channel_open_auth_agent(channel);
        ssh_channel_free(channel);
        return r;
}

static int serve(ssh_session session, unsigned n)
{
        unsigned n_refused = 0;
        ssh_channel channel;
        char line[64];

        if (ssh_handle_key_exchange(session))
                return fail("key exchange", session);
        if (let_in(session))
                return 1;
        channel = take_command(session);
        if (!channel)
                return fail("command", session);
        for (unsigned i = 0; i < 3 * n; i++)
                n_refused += open_unasked(session, i % 3) == SSH_ERROR;
        (void)snprintf(line, sizeof(line), "%u of %u refused\n", n_refused, 3 * n);
        (void)ssh_channel_write(channel, line, (uint32_t)strlen(line));
        (void)ssh_channel_request_send_exit_status(channel, 0);
        (void)ssh_channel_close(channel);
        (void)ssh_blocking_flush(session, 5000);
        (void)wait_for(session, -1, -1); /* until the client is gone */
        return 0;
}

int main(int argc, char **argv)
{
        ssh_bind bind_ = ssh_bind_new();
        ssh_session session = ssh_new();

        if (argc < 3 || !bind_ || !session) {
                fprintf(stderr, "usage: unasking-sshd HOSTKEY N\n");
                return 2;
        }
        if (!sshd_bind(bind_, argv[1]))
                return fail("listen", bind_);
        if (ssh_bind_accept(bind_, session))
                return fail("accept", bind_);
        ssh_set_auth_methods(session, SSH_AUTH_METHOD_NONE);
        if (serve(session, (unsigned)strtoul(argv[2], NULL, 10)))
                return 1;
        ssh_free(session);
        ssh_bind_free(bind_);
        return 0;
}
