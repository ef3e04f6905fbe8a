/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

#include <string.h>

static bool is_safe;
static const char *ssh;
static OptionList tags;

/* Of register(), or, with a way, of register_endpoint(). */
static pyrope_status arguments_new(const char *name, const char *uri, const char *zone,
                                   pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        if (!writer)
                return PYROPE_E_NOMEM;
        pyrope_write_list(writer, ssh ? 8 : 4);
        pyrope_pack(writer, "ss", name, uri);
        if (ssh)
                pyrope_pack(writer, "ssnn", zone, ssh);
        pyrope_pack(writer, "b", (int)is_safe);
        pyrope_write_list(writer, tags.n);
        for (size_t i = 0; i < tags.n; i++)
                pyrope_write_str(writer, tags.values[i]);
        return pyrope_writer_take(writer, ret, error);
}

/* The nameserver is told our zone: what is registered may mean something there only. */
static pyrope_status register_with(pyrope_proxy *nameserver, const pyrope_value *arguments,
                                   const char *zone, pyrope_error **error)
{
        const pyrope_annotation annotation = { .id = "ZONE", .data = zone, .n_data = strlen(zone) };
        const pyrope_call_options call_options = { .annotations = &annotation, .n_annotations = 1 };

        return pyrope_call_with(nameserver, ssh ? "register_endpoint" : "register", arguments, NULL,
                                &call_options, NULL, error);
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
        r = command_nameserver(&context, &nameserver);
        if (r)
                return r;
        status = arguments_new(args[0], args[1], pyrope_zone(context), &arguments, &error);
        if (!status)
                status = register_with(nameserver, arguments, pyrope_zone(context), &error);
        if (status)
                return command_failed(status, error);

        return command_settings.is_json ? command_print_json(json_object()) : OPTIONS_EXIT_DONE;
}

static const Option options[] = {
        { .name = "safe",
          .help = "refuse if the name is there already, instead of replacing it",
          .flag = &is_safe },
        { .name = "ssh",
          .argument = "[USER@]HOST[:PORT]",
          .help = "the SSH host by which others reach this machine, or GATEWAY,...,HOST",
          .string = &ssh },
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
