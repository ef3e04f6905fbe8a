/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"

static int64_t wait_ms;

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *record = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        const char *uri = "";
        size_t n = 0;
        int r;

        (void)n_args;
        r = command_context(&context);
        if (r)
                return r;
        status = wait_ms ? pyrope_wait_name(context, args[0], wait_ms, &record, &error)
                         : pyrope_resolve(context, args[0], 0, &record, &error);
        if (status)
                return command_failed(status, error);

        if (command_settings.is_json)
                return command_print_json(json_value_from(pyrope_value_view(record)));
        (void)pyrope_get_str(pyrope_find(pyrope_value_view(record), "uri"), &uri, &n);
        command_print_text(stdout, uri, n, "\n");
        return command_end();
}

static const Option options[] = {
        { .name = "wait",
          .argument = "DURATION",
          .help = "if the name is not there, wait until it is, so long at most: 30s, 5m",
          .duration_ms = &wait_ms },
        { 0 },
};

const OptionsCommand command_lookup = {
        .name = "lookup",
        .usage = "[OPTION...] NAME",
        .summary = "print the URI of a name",
        .details = "With --json, all that the nameserver knows about it.",
        .options = options,
        .n_args_min = 1,
        .n_args_max = 1,
        .run = run,
};
