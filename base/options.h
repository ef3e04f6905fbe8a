#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Command Line
 *
 * A program's options are one table, from which they are read (GNU style: --name=value, --name
 * value, -n value, unambiguous beginnings of names, before or after the other arguments, until --)
 * and from which --help is printed. --help and --version are there by themselves.
 *
 *      static const char *socket;
 *      static int64_t timeout_ms = 10000;
 *
 *      static const Option options[] = {
 *              { .name = "socket", .letter = 's', .argument = "PATH", .help = "listen there",
 *                .string = &socket },
 *              { .name = "timeout", .argument = "TIME", .help = "give up after it (default 10s)",
 *                .duration_ms = &timeout_ms },
 *              { 0 },
 *      };
 *
 * Programs with subcommands list them; options of the program may stand before or after the
 * subcommand, those of the subcommand after it.
 */

#include "base/defs.h"

#include <stdbool.h>

#define OPTIONS_MAX      64u  /* options of a program and one subcommand together */
#define OPTIONS_LIST_MAX 64u  /* values of one option that may be repeated */
#define OPTIONS_ANY      (-1) /* no limit on the number of arguments */

/* What main() returns: done, failed, misused. */
enum {
        OPTIONS_EXIT_DONE = 0,
        OPTIONS_EXIT_FAILED = 1,
        OPTIONS_EXIT_MISUSED = 2,
};

enum {
        OPTIONS_E_SUCCESS,

        OPTIONS_E_SHOWN,   /* help or version is printed: leave with OPTIONS_EXIT_DONE */
        OPTIONS_E_MISUSED, /* said why on standard error: leave with OPTIONS_EXIT_MISUSED */
};

typedef struct Option Option;
typedef struct OptionList OptionList;
typedef struct OptionsCommand OptionsCommand;
typedef struct Options Options;
typedef struct OptionsResult OptionsResult;

struct OptionList {
        const char *values[OPTIONS_LIST_MAX]; /* borrowed from argv */
        size_t n;
};

/* One option; exactly one of the targets is set, and says how the value is read. */
struct Option {
        const char *name;     /* "timeout"; NULL ends an array */
        char letter;          /* 't', or 0 */
        const char *argument; /* "TIME", as help shows it; NULL for a flag */
        const char *help;

        bool *flag;           /* set to true */
        const char **string;  /* the last one counts; borrowed from argv */
        OptionList *list;     /* appended */
        int64_t *number;      /* text_parse_int64() within min..max */
        int64_t *size_bytes;  /* text_parse_size() within min..max */
        int64_t *duration_ms; /* text_parse_duration() within min..max */
        int64_t min, max;     /* inclusive; both 0 is no limit */
};

struct OptionsCommand {
        const char *name;           /* "lookup" */
        const char *usage;          /* what follows in the usage line, "[OPTION...] NAME" */
        const char *summary;        /* one line, small letter, no full stop */
        const char *details;        /* more text for --help, lines broken; NULL if none */
        bool is_hidden;             /* not listed by --help */
        const Option *options;      /* NULL if none */
        int n_args_min, n_args_max; /* how many arguments; OPTIONS_ANY */

        /* Does the work; @args is NULL terminated. Returns the exit status. */
        int (*run)(int n_args, char **args);
};

struct Options {
        const char *program;
        const char *usage; /* NULL for a program with subcommands: "[OPTION...] COMMAND [...]" */
        const char *summary;
        const char *details;
        const char *environment;    /* the variables and what they do, lines broken; NULL if none */
        const Option *options;      /* NULL if none */
        int n_args_min, n_args_max; /* of a program without subcommands */
        const OptionsCommand *const *commands; /* NULL terminated array; NULL without subcommands */
};

struct OptionsResult {
        const OptionsCommand *command; /* NULL without subcommands */
        int n_args;                    /* arguments that are no options */
        char **args;                   /* part of argv; NULL after the last */
};

/**
 * options_parse() - read a command line into the targets
 * @argv:       borrowed as long as its strings are used; its order is changed
 * @ret:        what is left
 *
 * Help and version go to standard output; a mistake is one line on standard error,
 * `PROGRAM: what; try 'PROGRAM --help'`. Targets may be written whatever is returned. Not thread
 * safe.
 *
 * Return: 0, OPTIONS_E_SHOWN, OPTIONS_E_MISUSED.
 */
NODISCARD int options_parse(const Options *options, int argc, char **argv, OptionsResult *ret);

/**
 * options_main() - parse, and run the subcommand
 *
 * Return: the exit status for main().
 */
int options_main(const Options *options, int argc, char **argv);
