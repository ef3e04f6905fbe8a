/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

#include <string.h>

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        (void)n_args;
        if (strcmp(args[0], "nameserver") != 0)
                return command_misused("pipe knows nothing of '%s', only of 'nameserver'", args[0]);
        r = command_context(&context);
        if (r)
                return r;
        status = pyrope_pipe_nameserver(context, STDIN_FILENO, STDOUT_FILENO, &error);
        return status ? command_failed(status, error) : OPTIONS_EXIT_DONE;
}

const OptionsCommand command_pipe = {
        .name = "pipe",
        .usage = "[OPTION...] nameserver",
        .summary = "connect standard input and output to the nameserver",
        .details =
                "For a key that shall be good for nothing else, in ~/.ssh/authorized_keys of the\n"
                "nameserver's account:\n"
                "  command=\"pyrope pipe nameserver\",restrict ssh-ed25519 AAAA...",
        .n_args_min = 1,
        .n_args_max = 1,
        .run = run,
};
