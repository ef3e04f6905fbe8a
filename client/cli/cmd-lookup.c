/* SPDX-License-Identifier: MIT */

#include "base/text.h"
#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"

static const char *wait;

/* The time that --wait names. Return: 0, or the exit status. */
static int get_wait(int64_t *ret_ms)
{
        if (!wait || text_parse_duration(wait, ret_ms) == 0)
                return 0;
        return command_misused("--wait wants a time, such as 30s or 5m");
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *record = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        const char *uri = "";
        int64_t wait_ms = 0;
        size_t n = 0;
        int r;

        (void)n_args;
        r = get_wait(&wait_ms);
        if (!r)
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
          .argument = "TIME",
          .help = "if the name is not there, wait until it is, so long at most: 30s, 5m",
          .string = &wait },
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
