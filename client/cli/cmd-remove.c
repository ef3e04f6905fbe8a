/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

#include <inttypes.h>

static const char *prefix;
static const char *regex;

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *removed = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int64_t n = 0;
        int r;

        if (n_args + !!prefix + !!regex != 1)
                return command_misused("remove wants one of NAME, --prefix and --regex");
        r = command_nameserver(&context, &nameserver);
        if (r)
                return r;
        status = pyrope_callf(nameserver, "remove", &removed, &error, "sss",
                              n_args ? args[0] : NULL, prefix, regex);
        if (!status)
                status = pyrope_get_int(pyrope_value_view(removed), &n);
        if (status)
                return command_failed(status, error);

        if (command_settings.is_json)
                return command_print_json(json_pack("{s: I}", "removed", (json_int_t)n));
        printf("%" PRId64 "\n", n);
        return command_end();
}

static const Option options[] = {
        { .name = "prefix",
          .argument = "PREFIX",
          .help = "every name that begins with it",
          .string = &prefix },
        { .name = "regex",
          .argument = "REGEX",
          .help = "every name whose beginning matches it, as Python's re.match()",
          .string = &regex },
        { 0 },
};

const OptionsCommand command_remove = {
        .name = "remove",
        .usage = "[OPTION...] [NAME]",
        .summary = "take names away and print how many they were",
        .options = options,
        .n_args_max = 1,
        .run = run,
};
