/* SPDX-License-Identifier: MIT */

/*
 * agent-probe COMMAND ...: what tests/integration/agent.sh needs beside the programs
 *
 *      greet SOCKET                  says hello as a command without a key; prints what comes
 *      hostile SOCKET SEED N         N connections that keep to no protocol, some of them at a time
 *      impostor SOCKET VERSION       listens as an agent of that version
 *      ask CONFIG TARGET ANSWER      runs a command through the agent; prints each question, and
 *                                    answers it; "-": refuses to; "...": waits for its end
 *      opens CONFIG PLACE N          N streams, one after the other
 *      pipe CONFIG TARGET COMMAND    a stream to a command through the agent, until it ends
 */

#include "base/log.h"
#include "base/process.h"
#include "base/unix-message.h"
#include "base/unix-socket.h"
#include "client/ssh/share-call.h"
#include "client/ssh/share.h"
#include "proto/value.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TIMEOUT_MS 15000
#define HELD_MAX   50u /* connections that are open at a time */
#define BYTES_MAX  3000u

static uint64_t state;

/* xorshift64*: the same numbers everywhere. */
static uint32_t number(uint32_t below)
{
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32) % below;
}

static void fill(uint8_t *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                bytes[i] = (uint8_t)number(256);
}

/* -- hostile ----------------------------------------------------------------------------------- */

static const char *const ways[] = {
        "h1", "nobody@h1:1", "-oProxyCommand=id", "h1;id", "", "h1,h1,h1", "\x01", "127.0.0.1:1",
};

static void send_raw(const SshShareCall *call, const void *bytes, size_t n)
{
        (void)!send(call->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_noise(const SshShareCall *call)
{
        uint8_t bytes[BYTES_MAX];
        size_t n = number(BYTES_MAX);

        fill(bytes, n);
        send_raw(call, bytes, n);
}

static void send_length(const SshShareCall *call)
{
        uint8_t bytes[] = { (uint8_t)number(256), (uint8_t)number(256), (uint8_t)number(256),
                            (uint8_t)number(256), 0x80 };

        send_raw(call, bytes, sizeof(bytes));
}

/* A message in which some bytes are others, or that ends too early. */
static void send_damaged(const SshShareCall *call, const SshShareMessage *message)
{
        CLEANUP(buffer_deinit) Buffer packed = BUFFER_INIT(SSH_SHARE_MESSAGE_MAX_BYTES);

        if (ssh_share_message_pack(message, &packed))
                return;
        for (uint32_t i = number(4); i > 0; i--)
                packed.data[number((uint32_t)packed.n)] = (uint8_t)number(256);
        if (number(2))
                packed.n = number((uint32_t)packed.n);
        (void)!unix_message_send(call->fd, packed.data, packed.n, -1, deadline_in(0));
}

static void send_whole(const SshShareCall *call, const SshShareMessage *message, int passed_fd)
{
        (void)!ssh_share_call_say(call, message, passed_fd, deadline_in(0));
}

static void be_hostile(const SshShareCall *call)
{
        const SshShareMessage order = { .kind = (SshShareKind)number(SSH_SHARE_N),
                                        .version = "1",
                                        .key = "k",
                                        .ssh = ways[number(ARRAY_SIZE(ways))],
                                        .path = number(2) ? "/nowhere" : "relative",
                                        .host = number(2) ? "h" : NULL,
                                        .command = "true",
                                        .text = "t",
                                        .prompt = "p",
                                        .bytes = (const uint8_t *)"b",
                                        .n_bytes = 1,
                                        .port = number(65536),
                                        .ms = (int64_t)number(2000) - 1,
                                        .id = number(3),
                                        .is_fresh = number(2),
                                        .is_askable = number(2) };
        CLEANUP(closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (number(3))
                send_whole(call,
                           &(SshShareMessage){ .kind = SSH_SHARE_HELLO,
                                               .version = number(4) ? PYROPE_VERSION : "0",
                                               .key = number(4) ? "" : "k" },
                           -1);
        for (uint32_t i = number(4); i > 0; i--) {
                switch (number(5)) {
                case 0:
                        send_noise(call);
                        break;
                case 1:
                        send_length(call);
                        break;
                case 2:
                        send_damaged(call, &order);
                        break;
                case 3:
                        send_whole(call, &order, null_fd);
                        break;
                default:
                        send_whole(call, &order, number(2) ? call->fd : -1);
                }
        }
}

static int hostile(char **args)
{
        SshShareCall calls[HELD_MAX];
        unsigned long n = strtoul(args[2], NULL, 10);

        state = strtoul(args[1], NULL, 10) | 1;
        for (size_t i = 0; i < HELD_MAX; i++)
                calls[i] = (SshShareCall)SSH_SHARE_CALL_INIT;
        for (unsigned long i = 0; i < n; i++) {
                SshShareCall *call = &calls[number(HELD_MAX)];

                ssh_share_call_close(call);
                if (ssh_share_call_open(args[0], deadline_in(TIMEOUT_MS), call)) {
                        printf("connection %lu: nobody is there\n", i);
                        return 1;
                }
                be_hostile(call);
        }
        for (size_t i = 0; i < HELD_MAX; i++)
                ssh_share_call_close(&calls[i]);
        printf("%lu connections\n", n);
        return 0;
}

/* -- the others -------------------------------------------------------------------------------- */

static int greet(char **args)
{
        const SshShareMessage hello = { .kind = SSH_SHARE_HELLO,
                                        .version = PYROPE_VERSION,
                                        .key = "" };
        CLEANUP(ssh_share_message_deinit) SshShareMessage said = { 0 };
        CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT;

        /* Not ssh_share_call_open(), which talks to nobody but an agent of our own. */
        if (unix_connect(args[0], deadline_in(TIMEOUT_MS), &call.fd)) {
                puts("not let in");
                return 1;
        }
        if (ssh_share_call_say(&call, &hello, -1, deadline_in(TIMEOUT_MS)) ||
            ssh_share_call_hear(&call, deadline_in(TIMEOUT_MS), &said, NULL)) {
                puts("hung up on");
                return 1;
        }
        printf("welcome %s\n", said.version);
        return 0;
}

static int impostor(char **args)
{
        const SshShareMessage welcome = { .kind = SSH_SHARE_WELCOME,
                                          .version = args[1],
                                          .pid = getpid() };
        int listen_fd;

        if (unix_listen(args[0], 16, &listen_fd, NULL))
                return 1;
        printf("READY %s\n", args[0]);
        (void)fflush(stdout);
        for (;;) {
                struct pollfd polled = { .fd = listen_fd, .events = POLLIN };
                CLEANUP(ssh_share_message_deinit) SshShareMessage hello = { 0 };
                CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT;

                (void)poll(&polled, 1, -1);
                call.fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (call.fd >= 0 &&
                    !ssh_share_call_hear(&call, deadline_in(TIMEOUT_MS), &hello, NULL))
                        send_whole(&call, &welcome, -1);
        }
}

static pyrope_status answer(void *userdata, const pyrope_question *question, char *out)
{
        struct pollfd stop = { .fd = question->stop_fd, .events = POLLIN };
        const char *text = userdata;

        printf("asked by %s: %s%s\n", question->host, question->instruction, question->prompt);
        (void)fflush(stdout);
        if (strcmp(text, "-") == 0)
                return PYROPE_E_DENIED;
        if (strcmp(text, "...") == 0) {
                (void)poll(&stop, 1, -1);
                puts("of no use any more");
                return PYROPE_E_CLOSED;
        }
        (void)snprintf(out, PYROPE_ANSWER_SIZE, "%s", text);
        return PYROPE_OK;
}

/* Return: owned; NULL: no memory. */
static SshPool *shared_pool(const char *config, const SshAsk *asks)
{
        CLEANUP(ssh_pool_freep) SshPool *pool = ssh_pool_new(config, SSH_BACKEND_AUTO, asks);
        SshShare *share;

        if (!pool || ssh_share_new(config, SSH_BACKEND_AUTO, NULL, &share))
                return NULL;
        ssh_pool_share(pool, share);
        return TAKE(pool);
}

static int say_outcome(pyrope_status status, const pyrope_error *error)
{
        if (status)
                fprintf(stderr, "%s %s\n", pyrope_status_name(status), pyrope_error_text(error));
        else
                puts("READY");
        (void)fflush(stdout);
        return status != PYROPE_OK;
}

static int ask(char **args)
{
        const SshAsk asks = { .fn = answer, .userdata = args[2] };
        CLEANUP(ssh_pool_freep) SshPool *pool = shared_pool(args[0], &asks);
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshOutput output;
        pyrope_status status;

        if (!pool)
                return 1;
        status = ssh_pool_exec(pool, args[1], "anything", deadline_in(TIMEOUT_MS), &output, &error);
        if (!status)
                buffer_deinit(&output.text);
        return say_outcome(status, error);
}

static int opens(char **args)
{
        CLEANUP(ssh_pool_freep) SshPool *pool = shared_pool(args[0], NULL);
        CLEANUP(location_deinit) Location to = { 0 };

        if (!pool || location_parse(args[1], &to))
                return 1;
        for (unsigned long n = strtoul(args[2], NULL, 10); n > 0; n--) {
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                CLEANUP(closep) int fd = -1;
                pyrope_status status;

                status = ssh_pool_open(pool, &to, deadline_in(TIMEOUT_MS), &fd, &error);
                if (status)
                        return say_outcome(status, error);
        }
        return 0;
}

static int pipe_command(char **args)
{
        CLEANUP(ssh_pool_freep) SshPool *pool = shared_pool(args[0], NULL);
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(closep) int fd = -1;
        char byte;

        if (!pool ||
            say_outcome(ssh_pool_pipe(pool, args[1], args[2], deadline_in(TIMEOUT_MS), &fd, &error),
                        error))
                return 1;
        do {
                struct pollfd polled = { .fd = fd, .events = POLLIN };

                (void)poll(&polled, 1, -1);
        } while (recv(fd, &byte, 1, 0) > 0);
        return 0;
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                int n_args;
                int (*run)(char **args);
        } commands[] = {
                { "greet", 1, greet }, { "hostile", 3, hostile }, { "impostor", 2, impostor },
                { "ask", 3, ask },     { "opens", 3, opens },     { "pipe", 3, pipe_command },
        };

        log_init("agent-probe", LOG_LEVEL_WARNING);
        if (process_sanitize())
                return 1;
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
                if (argc == commands[i].n_args + 2 && strcmp(argv[1], commands[i].name) == 0)
                        return commands[i].run(argv + 2);
        }
        fprintf(stderr, "usage: see the top of agent-probe.c\n");
        return 2;
}
