/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"

#include <string.h>

static OptionList keywords;
static bool is_oneway;

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

/* -- attributes ------------------------------------------------------------------------------- */

/* Whether @name is that of an attribute, ".name", without its dot then. */
static bool is_attribute(const char *name, const char **ret)
{
        *ret = name + 1;
        return name[0] == '.' && name[1] != '\0';
}

static int check_attribute(int n_values)
{
        if (keywords.n > 0 || is_oneway)
                return command_misused("an attribute takes neither --keyword nor --oneway");
        return n_values > 1 ? command_misused("an attribute takes one value") : 0;
}

/* Reads it, or sets it where there is a value. */
static int use_attribute(pyrope_proxy *proxy, const char *name, const pyrope_value *values)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_view wanted = pyrope_at(pyrope_value_view(values), 0);
        pyrope_status status;

        if (!wanted.at) {
                status = pyrope_get_attribute(proxy, name, 0, &value, &error);
                return status ? command_failed(status, error)
                              : command_print_json(json_value_from(pyrope_value_view(value)));
        }
        if (!writer)
                return command_failed(PYROPE_E_NOMEM, NULL);
        pyrope_write_view(writer, wanted);
        status = pyrope_writer_take(writer, &value, &error);
        if (!status)
                status = pyrope_set_attribute(proxy, name, value, 0, &error);
        return status ? command_failed(status, error) : 0;
}

/* -- methods ---------------------------------------------------------------------------------- */

/* Each item as soon as it is there. */
static int print_items(pyrope_stream *stream)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        int r = 0;

        while (r == 0) {
                CLEANUP(pyrope_value_freep) pyrope_value *item = NULL;
                pyrope_status status = pyrope_stream_next(stream, 0, &item, &error);

                if (status)
                        return command_failed(status, error);
                if (!item)
                        break;
                r = command_print_json(json_value_from(pyrope_value_view(item)));
        }
        return r;
}

static int call_method(pyrope_proxy *proxy, const char *method, const pyrope_value *positional,
                       const pyrope_value *named)
{
        const pyrope_call_options options = { .flags = is_oneway ? PYROPE_CALL_ONEWAY : 0 };
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_stream_freep) pyrope_stream *stream = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        status = pyrope_call_with(proxy, method, positional, named, &options, &answer, &error);
        if (status)
                return command_failed(status, error);
        if (is_oneway)
                return 0;
        stream = pyrope_answer_take_stream(answer);
        return stream ? print_items(stream)
                      : command_print_json(json_value_from(pyrope_answer_result(answer)));
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *positional = NULL, *named = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        const char *attribute;
        int r = 0;

        if (is_attribute(args[1], &attribute))
                r = check_attribute(n_args - 2);
        if (!r)
                r = arguments_new(n_args - 2, args + 2, &positional);
        if (!r)
                r = keywords_new(&named);
        if (!r)
                r = command_context(&context);
        if (r)
                return r;

        status = pyrope_proxy_new(context, args[0], 0, &proxy, &error);
        if (status)
                return command_failed(status, error);
        return is_attribute(args[1], &attribute) ? use_attribute(proxy, attribute, positional)
                                                 : call_method(proxy, args[1], positional, named);
}

static const Option options[] = {
        { .name = "keyword",
          .letter = 'k',
          .argument = "NAME=JSON",
          .help = "an argument by keyword; may be repeated",
          .list = &keywords },
        { .name = "oneway",
          .help = "only send the call: nothing is printed, and a failure is not heard of",
          .flag = &is_oneway },
        { 0 },
};

const OptionsCommand command_call = {
        .name = "call",
        .usage = "[OPTION...] URI|NAME METHOD|.ATTRIBUTE [JSON...]",
        .summary = "call a method and print its result as JSON",
        .details = "Each argument is JSON: 1.5, '\"text\"', '[1, 2]', null. What JSON lacks:\n"
                   "  {\"$bytes\": \"AAEC\"}  bytes, as base64\n"
                   "  {\"$int\": \"18446744073709551615\"}  an int above 2^63 - 1\n"
                   "  {\"$float\": \"nan\"}  nan, inf or -inf\n"
                   "  {\"$map\": [[key, value], ...]}  a map whose keys are not text\n"
                   "Results look the same; a numeric array is printed as nested lists. A negative\n"
                   "number stands behind --. Of an item stream each item is a line, as soon as it\n"
                   "is there. An attribute, .NAME, is printed, or set to the one value given.",
        .options = options,
        .n_args_min = 2,
        .n_args_max = OPTIONS_ANY,
        .run = run,
};
