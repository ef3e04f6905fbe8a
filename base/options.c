/* SPDX-License-Identifier: MIT */

#include "base/options.h"

#include "base/error.h"
#include "base/options-help.h"
#include "base/text.h"

#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TITLE_SIZE 128u

/* What getopt_long() returns: a letter, or one of these. */
enum {
        VALUE_LONG = 256, /* and the index of the option */
        VALUE_HELP = VALUE_LONG + OPTIONS_MAX,
        VALUE_VERSION,
};

/* One run over a command line, or over the part before or after its subcommand. */
typedef struct Parser Parser;

struct Parser {
        const Options *program;
        const OptionsCommand *command; /* NULL before, or without, a subcommand */
        char title[TITLE_SIZE];        /* "pyrope lookup" */
        const Option *options[OPTIONS_MAX];
        size_t n_options;
        struct option longs[OPTIONS_MAX + 3]; /* with help, version and the end */
        char letters[2 * OPTIONS_MAX + 8];    /* as getopt() wants them, ended by NUL */
        size_t n_letters;
};

static void parser_add_options(Parser *parser, const Option *options)
{
        for (; options && options->name; options++) {
                assert(parser->n_options < OPTIONS_MAX);
                assert(!options->argument == !!options->flag);
                parser->options[parser->n_options++] = options;
        }
}

static void parser_add_letter(Parser *parser, char letter, bool has_argument)
{
        assert(letter == ':' || !strchr(parser->letters, letter));
        parser->letters[parser->n_letters++] = letter;
        if (has_argument)
                parser->letters[parser->n_letters++] = ':';
}

/* Fills the tables of getopt_long() from ours. */
static void parser_init(Parser *parser, const Options *program, const OptionsCommand *command)
{
        struct option *next = parser->longs;

        *parser = (Parser){ .program = program, .command = command };
        snprintf(parser->title, sizeof(parser->title), "%s%s%s", program->program,
                 command ? " " : "", command ? command->name : "");
        if (command)
                parser_add_options(parser, command->options);
        parser_add_options(parser, program->options);

        if (program->commands && !command)
                parser_add_letter(parser, '+', false); /* stop at the subcommand */
        parser_add_letter(parser, ':', false);         /* tell a missing argument from the rest */
        parser_add_letter(parser, 'h', false);
        for (size_t i = 0; i < parser->n_options; i++) {
                const Option *option = parser->options[i];
                int argument = option->argument ? required_argument : no_argument;

                *next++ = (struct option){ option->name, argument, NULL, VALUE_LONG + (int)i };
                if (option->letter)
                        parser_add_letter(parser, option->letter, option->argument);
        }
        *next++ = (struct option){ "help", no_argument, NULL, VALUE_HELP };
        *next = (struct option){ "version", no_argument, NULL, VALUE_VERSION };
}

/* Says what is wrong with the command line, in one line. Returns OPTIONS_E_MISUSED. */
PRINTF(2, 3) static int misused(const Parser *parser, const char *format, ...)
{
        ErrorText error;
        va_list arguments;

        va_start(arguments, format);
        error_text_vset(&error, format, arguments);
        va_end(arguments);
        fprintf(stderr, "%s: %s; try '%s --help'\n", parser->title, error.text, parser->title);
        return OPTIONS_E_MISUSED;
}

static int parse_number(const char *text, int64_t *ret)
{
        return text_parse_int64(text, INT64_MIN, INT64_MAX, ret);
}

/* How the value of a target is read, and what messages call it. */
typedef struct Reading Reading;

struct Reading {
        int64_t *target;
        int (*parse)(const char *text, int64_t *ret);
        const char *what;
        const char *unit; /* of the limits */
};

static Reading reading_of(const Option *option)
{
        if (option->number)
                return (Reading){ option->number, parse_number, "a number", "" };
        if (option->size_bytes)
                return (Reading){ option->size_bytes, text_parse_size,
                                  "a size such as 512, 64K, 10M, 1G", " bytes" };
        assert(option->duration_ms);
        return (Reading){ option->duration_ms, text_parse_duration,
                          "a time such as 500ms, 30s, 2m, 1h", " ms" };
}

static int set_integer(const Parser *parser, const Option *option, const char *text)
{
        bool is_limited = option->min || option->max;
        Reading reading = reading_of(option);
        int64_t value = 0;
        int r;

        r = reading.parse(text, &value);
        if (r == TEXT_E_INVALID)
                return misused(parser, "--%s=%s is not %s", option->name, text, reading.what);
        if (r && !is_limited)
                return misused(parser, "--%s=%s is too large", option->name, text);
        if (r || (is_limited && (value < option->min || value > option->max)))
                return misused(parser, "--%s=%s is not within %" PRId64 " to %" PRId64 "%s",
                               option->name, text, option->min, option->max, reading.unit);

        *reading.target = value;
        return 0;
}

static int set_list(const Parser *parser, const Option *option, const char *text)
{
        if (option->list->n == OPTIONS_LIST_MAX)
                return misused(parser, "more than %u times --%s", OPTIONS_LIST_MAX, option->name);
        option->list->values[option->list->n++] = text;
        return 0;
}

static int set_option(const Parser *parser, const Option *option, const char *text)
{
        if (option->list)
                return set_list(parser, option, text);
        if (option->flag)
                *option->flag = true;
        else if (option->string)
                *option->string = text;
        else
                return set_integer(parser, option, text);
        return 0;
}

/* The option getopt_long() found by its letter or its name; NULL if it is none of ours. */
static const Option *find_option(const Parser *parser, int value)
{
        if (value >= VALUE_LONG && value < VALUE_LONG + (int)parser->n_options)
                return parser->options[value - VALUE_LONG];
        for (size_t i = 0; i < parser->n_options; i++)
                if (parser->options[i]->letter == value)
                        return parser->options[i];
        return NULL;
}

/* Says why getopt_long() did not take the option, whose text it has just passed. */
static int refuse_option(const Parser *parser, const char *text)
{
        size_t n_name = strcspn(text, "=");
        const struct option *first = NULL;

        if (optopt >= VALUE_LONG)
                return misused(parser, "%.*s takes no value", (int)n_name, text);
        if (optopt)
                return misused(parser, "unknown option '-%c'", optopt);

        /* Neither known nor one letter: a name that is the beginning of none, or of several. */
        for (const struct option *o = parser->longs; o->name; o++) {
                if (n_name <= 2 || strncmp(o->name, text + 2, n_name - 2) != 0)
                        continue;
                if (first)
                        return misused(parser, "%.*s may be --%s or --%s", (int)n_name, text,
                                       first->name, o->name);
                first = o;
        }
        return misused(parser, "unknown option '%.*s'", (int)n_name, text);
}

static int refuse_missing(const Parser *parser, const char *text)
{
        const Option *option = find_option(parser, optopt);

        assert(option);
        return misused(parser, "%s needs a value: --%s=%s", text, option->name, option->argument);
}

static int show_help(const Parser *parser)
{
        options_help_print(parser->program, parser->command, stdout);
        return OPTIONS_E_SHOWN;
}

static int show_version(const Parser *parser)
{
        printf("%s %s\n", parser->program->program, PYROPE_VERSION);
        return OPTIONS_E_SHOWN;
}

static int take_option(const Parser *parser, int value, char **argv)
{
        switch (value) {
        case VALUE_HELP:
        case 'h':
                return show_help(parser);
        case VALUE_VERSION:
                return show_version(parser);
        case ':':
                return refuse_missing(parser, argv[optind - 1]);
        case '?':
                return refuse_option(parser, argv[optind - 1]);
        default:
                return set_option(parser, find_option(parser, value), optarg);
        }
}

/* Reads all options; *ret_first is the index of the first argument that is none. */
static int parser_run(const Parser *parser, int argc, char **argv, int *ret_first)
{
        int value;
        int r;

        optind = 0; /* glibc: begin anew */
        opterr = 0;
        while ((value = getopt_long(argc, argv, parser->letters, parser->longs, NULL)) != -1) {
                r = take_option(parser, value, argv);
                if (r)
                        return r;
        }
        *ret_first = optind;
        return 0;
}

static int check_arguments(const Parser *parser, int n_min, int n_max, int n_args, char **args)
{
        const char *usage = parser->command ? parser->command->usage : parser->program->usage;

        if (n_args < n_min)
                return misused(parser, "an argument is missing: %s %s", parser->title, usage);
        if (n_max != OPTIONS_ANY && n_args > n_max)
                return misused(parser, "'%s' is an argument too many", args[n_max]);
        return 0;
}

/* Reads the options on both sides of the arguments of a program, or of a subcommand. */
static int parse_rest(const Options *options, const OptionsCommand *command, int argc, char **argv,
                      OptionsResult *ret)
{
        OptionsResult result = { .command = command };
        Parser parser;
        int first;
        int r;

        parser_init(&parser, options, command);
        r = parser_run(&parser, argc, argv, &first);
        if (r)
                return r;
        result.n_args = argc - first;
        result.args = argv + first;
        r = check_arguments(&parser, command ? command->n_args_min : options->n_args_min,
                            command ? command->n_args_max : options->n_args_max, result.n_args,
                            result.args);
        if (r)
                return r;

        *ret = result;
        return 0;
}

static int find_command(const Parser *parser, const char *name, const OptionsCommand **ret)
{
        const OptionsCommand *const *command = parser->program->commands;

        if (!name)
                return misused(parser, "a command is missing");
        while (*command && strcmp((*command)->name, name) != 0)
                command++;
        if (!*command)
                return misused(parser, "unknown command '%s'", name);
        *ret = *command;
        return 0;
}

int options_parse(const Options *options, int argc, char **argv, OptionsResult *ret)
{
        const OptionsCommand *command = NULL;
        Parser parser;
        int first;
        int r;

        if (!options->commands)
                return parse_rest(options, NULL, argc, argv, ret);

        parser_init(&parser, options, NULL);
        r = parser_run(&parser, argc, argv, &first);
        if (r)
                return r;
        r = find_command(&parser, argv[first], &command);
        if (r)
                return r;
        return parse_rest(options, command, argc - first, argv + first, ret);
}

int options_main(const Options *options, int argc, char **argv)
{
        OptionsResult result;
        int r;

        r = options_parse(options, argc, argv, &result);
        if (r)
                return r == OPTIONS_E_SHOWN ? OPTIONS_EXIT_DONE : OPTIONS_EXIT_MISUSED;
        return result.command->run(result.n_args, result.args);
}
