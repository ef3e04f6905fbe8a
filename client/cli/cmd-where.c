/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

#include <string.h>

static int print(const char *key, const char *path)
{
        if (command_settings.is_json)
                return command_print_json(json_pack("{s: s}", key, path));
        puts(path);
        return command_end();
}

static int print_nameserver(pyrope_context *context)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(freep) char *location = NULL;
        pyrope_status status = pyrope_where_nameserver(context, &location, &error);

        return status ? command_failed(status, error) : print("nameserver", location);
}

static int print_directory(pyrope_context *context)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(freep) char *directory = NULL;
        pyrope_status status = pyrope_where(context, &directory, &error);

        return status ? command_failed(status, error) : print("runtime_dir", directory);
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        int r;

        if (n_args && strcmp(args[0], "nameserver") != 0)
                return command_misused("where knows nothing of '%s', only of 'nameserver'",
                                       args[0]);
        r = command_context(&context);
        if (r)
                return r;
        return n_args ? print_nameserver(context) : print_directory(context);
}

const OptionsCommand command_where = {
        .name = "where",
        .usage = "[OPTION...] [nameserver]",
        .summary = "print the runtime directory, or the nameserver's location",
        .n_args_max = 1,
        .run = run,
};
