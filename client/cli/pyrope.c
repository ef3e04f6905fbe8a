/* SPDX-License-Identifier: MIT */

/* The program `pyrope`: one row a subcommand. */

#include "client/cli/command.h"
#include "client/cli/commands.h"

static const OptionsCommand *const commands[] = {
        &command_list,
        &command_lookup,
        &command_register,
        &command_remove,
        &command_ping,
        &command_call,
        &command_where,
        &command_pipe,
        &command_tunnel,
        &command_doctor,
        &command_status,
        &command_agent,
        NULL,
};

static const Options options = {
        .program = "pyrope",
        .summary = "look at remote objects and call them",
        .environment = COMMAND_ENVIRONMENT,
        .options = command_options,
        .commands = commands,
};

int main(int argc, char **argv)
{
        int r = command_start(options.program);

        return r ? r : options_main(&options, argc, argv);
}
