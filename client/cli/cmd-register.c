/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

static bool is_safe;
static OptionList tags;

static pyrope_status arguments_new(const char *name, const char *uri, pyrope_value **ret,
                                   pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        if (!writer)
                return PYROPE_E_NOMEM;
        pyrope_write_list(writer, 4);
        pyrope_pack(writer, "ssb", name, uri, (int)is_safe);
        pyrope_write_list(writer, tags.n);
        for (size_t i = 0; i < tags.n; i++)
                pyrope_write_str(writer, tags.values[i]);
        return pyrope_writer_take(writer, ret, error);
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        (void)n_args;
        status = arguments_new(args[0], args[1], &arguments, &error);
        if (status)
                return command_failed(status, error);
        r = command_nameserver(&context, &nameserver);
        if (r)
                return r;
        status = pyrope_call_method(nameserver, "register", arguments, NULL, 0, NULL, &error);
        if (status)
                return command_failed(status, error);

        return command_settings.is_json ? command_print_json(json_object()) : OPTIONS_EXIT_DONE;
}

static const Option options[] = {
        { .name = "safe",
          .help = "refuse if the name is there already, instead of replacing it",
          .flag = &is_safe },
        { .name = "tag",
          .argument = "TAG",
          .help = "a word by which it can be found; may be repeated",
          .list = &tags },
        { 0 },
};

const OptionsCommand command_register = {
        .name = "register",
        .usage = "[OPTION...] NAME URI",
        .summary = "give an object a name",
        .options = options,
        .n_args_min = 2,
        .n_args_max = 2,
        .run = run,
};
