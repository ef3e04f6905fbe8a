/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"

#include <string.h>

static OptionList keywords;

/* One argument; @what names it in a complaint. */
static int write_json(pyrope_writer *writer, const char *text, const char *what)
{
        JsonProblem problem;
        int r = json_value_parse(writer, text, &problem);

        if (r == JSON_VALUE_E_INVALID)
                return command_misused(
                        "%s is not JSON: %s (a string wants double quotes: '\"%s\"')", what,
                        problem.text, "text");
        return r ? command_failed(PYROPE_E_NOMEM, NULL) : 0;
}

static int take(pyrope_writer *writer, pyrope_value **ret)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = pyrope_writer_take(writer, ret, &error);

        return status ? command_failed(status, error) : 0;
}

static int arguments_new(int n_args, char **args, pyrope_value **ret)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        char what[32];

        if (!writer)
                return command_failed(PYROPE_E_NOMEM, NULL);
        pyrope_write_list(writer, (size_t)n_args);
        for (int i = 0; i < n_args; i++) {
                int r;

                (void)snprintf(what, sizeof(what), "argument %d", i + 1);
                r = write_json(writer, args[i], what);
                if (r)
                        return r;
        }
        return take(writer, ret);
}

static int keywords_new(pyrope_value **ret)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        char what[96];

        if (!writer)
                return command_failed(PYROPE_E_NOMEM, NULL);
        pyrope_write_map(writer, keywords.n);
        for (size_t i = 0; i < keywords.n; i++) {
                const char *keyword = keywords.values[i];
                const char *equals = strchr(keyword, '=');
                int r;

                if (!equals || equals == keyword)
                        return command_misused("--keyword: '%s' is not of the form NAME=JSON",
                                               keyword);
                (void)snprintf(what, sizeof(what), "--keyword %.*s", (int)(equals - keyword),
                               keyword);
                pyrope_write_strn(writer, keyword, (size_t)(equals - keyword));
                r = write_json(writer, equals + 1, what);
                if (r)
                        return r;
        }
        return take(writer, ret);
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *positional = NULL, *named = NULL, *result = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        r = arguments_new(n_args - 2, args + 2, &positional);
        if (!r)
                r = keywords_new(&named);
        if (!r)
                r = command_context(&context);
        if (r)
                return r;

        status = pyrope_proxy_new(context, args[0], 0, &proxy, &error);
        if (!status)
                status = pyrope_call_method(proxy, args[1], positional, named, 0, &result, &error);
        if (status)
                return command_failed(status, error);
        return command_print_json(json_value_from(pyrope_value_view(result)));
}

static const Option options[] = {
        { .name = "keyword",
          .letter = 'k',
          .argument = "NAME=JSON",
          .help = "an argument by keyword; may be repeated",
          .list = &keywords },
        { 0 },
};

const OptionsCommand command_call = {
        .name = "call",
        .usage = "[OPTION...] URI|NAME METHOD [JSON...]",
        .summary = "call a method and print its result as JSON",
        .details = "Each argument is JSON: 1.5, '\"text\"', '[1, 2]', null. What JSON lacks:\n"
                   "  {\"$bytes\": \"AAEC\"}  bytes, as base64\n"
                   "  {\"$int\": \"18446744073709551615\"}  an int above 2^63 - 1\n"
                   "  {\"$float\": \"nan\"}  nan, inf or -inf\n"
                   "  {\"$map\": [[key, value], ...]}  a map whose keys are not text\n"
                   "Results look the same; a numeric array is printed as nested lists. A negative\n"
                   "number stands behind --.",
        .options = options,
        .n_args_min = 2,
        .n_args_max = OPTIONS_ANY,
        .run = run,
};
