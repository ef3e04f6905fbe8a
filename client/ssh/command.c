/* SPDX-License-Identifier: MIT */

#include "client/ssh/command.h"

#include "client/ssh/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#define READ_BYTES      4096u
#define EXIT_OF_FAILURE 255 /* of ssh itself; or of the command, or a signal ended it */

/* -- starting ---------------------------------------------------------------------------------- */

/* Whose reading end does not block. Return: 0, -1 with errno set. */
static int open_pipe(int ret_fds[static 2])
{
        if (pipe2(ret_fds, O_CLOEXEC) < 0)
                return -1;
        (void)fcntl(ret_fds[0], F_SETFL, O_NONBLOCK);
        return 0;
}

static pyrope_status fail(const SshMaster *master, const char *what, pyrope_error **error)
{
        return error_set(error, PYROPE_E_IO, "%s: %s: %s", master->label, what, strerror(errno));
}

/* Its input and output are the request's, or its output comes to us. */
static pyrope_status start(SshCommand *command, const SshMaster *master, pyrope_error **error)
{
        const SshRequest *request = command->request;
        CLEANUP(closep) int out_end = -1;
        CLEANUP(closep) int words_end = -1;
        int out[2] = { -1, -1 }, words[2];
        pyrope_status status;

        if (open_pipe(words) < 0)
                return fail(master, "pipe", error);
        command->words_fd = words[0];
        words_end = words[1];
        if (!request->is_piped) {
                if (open_pipe(out) < 0)
                        return fail(master, "pipe", error);
                command->out_fd = out[0];
                out_end = out[1];
        }
        status = ssh_master_run(
                master, request->command,
                (int[]){ request->fd, request->is_piped ? request->fd : out_end, words_end },
                &command->pid, error);
        if (status)
                return status;
        command->exit_fd = pidfd_open(command->pid, 0);
        return command->exit_fd < 0 ? fail(master, "pidfd", error) : PYROPE_OK;
}

pyrope_status ssh_command_new(const SshMaster *master, SshRequest *request, SshCommand **ret,
                              pyrope_error **error)
{
        SshCommand *command = calloc(1, sizeof(*command));
        pyrope_status status;

        if (!command)
                return error_nomem(error);
        *command = (SshCommand){
                .request = request, .exit_fd = -1, .out_fd = -1, .words_fd = -1, .exit_status = -1
        };
        status = start(command, master, error);
        if (status) {
                (void)ssh_command_free(command);
                return status;
        }
        closep(&request->fd); /* the process has it */
        *ret = command;
        return PYROPE_OK;
}

static void collect(SshCommand *command)
{
        command->exit_status = ssh_run_wait(command->pid);
        command->pid = 0;
}

SshCommand *ssh_command_free(SshCommand *command)
{
        if (!command)
                return NULL;
        if (command->pid) {
                (void)kill(-command->pid, SIGKILL);
                collect(command);
        }
        closep(&command->exit_fd);
        closep(&command->out_fd);
        closep(&command->words_fd);
        free(command);
        return NULL;
}

/* -- what it writes ---------------------------------------------------------------------------- */

void ssh_command_events(const SshCommand *command, struct pollfd ret[static SSH_COMMAND_FDS])
{
        const int fds[SSH_COMMAND_FDS] = { command->out_fd, command->words_fd,
                                           command->pid ? command->exit_fd : -1 };

        for (size_t i = 0; i < SSH_COMMAND_FDS; i++)
                ret[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
}

/* Return: how many bytes, 0 for none now; -1: the end, and the descriptor is closed. */
static ssize_t read_some(int *fd, char bytes[static READ_BYTES])
{
        ssize_t n = read(*fd, bytes, READ_BYTES);

        if (n > 0)
                return n;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        closep(fd);
        return -1;
}

static void read_output(SshCommand *command)
{
        Buffer *text = &command->request->output.text;
        char bytes[READ_BYTES];
        ssize_t n = read_some(&command->out_fd, bytes);

        if (n <= 0 || command->is_too_much)
                return;
        /* One byte of the limit is for the terminator. */
        command->is_too_much =
                text->n + (size_t)n > SSH_OUTPUT_MAX_BYTES || buffer_append(text, bytes, (size_t)n);
}

/* Of too many the first ones are kept. */
static void read_words(SshCommand *command)
{
        size_t room = sizeof(command->words) - 1 - command->n_words;
        char bytes[READ_BYTES];
        ssize_t n = read_some(&command->words_fd, bytes);

        if (n <= 0)
                return;
        room = (size_t)n < room ? (size_t)n : room;
        memcpy(command->words + command->n_words, bytes, room);
        command->n_words += room;
}

bool ssh_command_feed(SshCommand *command, const struct pollfd polled[static SSH_COMMAND_FDS])
{
        if (polled[0].revents)
                read_output(command);
        if (polled[1].revents)
                read_words(command);
        if (polled[2].revents)
                collect(command);
        /* Whom it left in the background may have its standard error for ever. */
        return !command->pid && command->out_fd < 0;
}

/* Words that only ssh itself says, where it could not run the command. */
static bool is_not_run(const SshCommand *command)
{
        return command->exit_status == EXIT_OF_FAILURE &&
               (strstr(command->words, "mux_client") || strstr(command->words, "Control socket") ||
                strstr(command->words, "Connection closed by UNKNOWN"));
}

pyrope_status ssh_command_result(SshCommand *command, const char *label, pyrope_error **error)
{
        SshOutput *output = &command->request->output;
        const char *text = command->request->command;

        if (is_not_run(command) && strstr(command->words, "open refused"))
                return error_set(error, PYROPE_E_DENIED,
                                 "%s: sshd does not run '%s': see MaxSessions in its configuration",
                                 label, text);
        if (is_not_run(command))
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: '%s' was not run: %.*s", label,
                                 text, (int)strcspn(command->words, "\r\n"), command->words);
        if (command->is_too_much)
                return error_set(error, PYROPE_E_TOO_LARGE, "%s: '%s' wrote more than %u bytes",
                                 label, text, SSH_OUTPUT_MAX_BYTES);
        if (buffer_append(&output->text, "", 1))
                return error_nomem(error);
        output->text.n--;
        output->exit_status = command->exit_status;
        return PYROPE_OK;
}
