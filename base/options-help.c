/* SPDX-License-Identifier: MIT */

#include "base/options-help.h"

#include <ctype.h>
#include <string.h>

#define LINE_WIDTH  79
#define TEXT_COLUMN 28 /* where help begins; a longer name has it on the next line */
#define NAME_SIZE   128u

/* Prints the words from TEXT_COLUMN on, in as many lines as they need; we are at @column. */
static void print_words(FILE *out, int column, const char *text)
{
        while (*text) {
                int n_word = (int)strcspn(text, " ");

                if (column > TEXT_COLUMN && column + 1 + n_word > LINE_WIDTH) {
                        fputc('\n', out);
                        column = 0;
                }
                if (column < TEXT_COLUMN)
                        column += fprintf(out, "%*s", TEXT_COLUMN - column, "");
                else
                        column += fprintf(out, " ");
                column += fprintf(out, "%.*s", n_word, text);
                text += n_word;
                text += strspn(text, " ");
        }
        fputc('\n', out);
}

static void print_row(FILE *out, const char *name, const char *text)
{
        int column = fprintf(out, "%s", name);

        if (column > TEXT_COLUMN - 2) {
                fputc('\n', out);
                column = 0;
        }
        print_words(out, column, text);
}

static void print_option(FILE *out, const Option *option)
{
        char letter[8] = "    ";
        char name[NAME_SIZE];

        if (option->letter)
                snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        snprintf(name, sizeof(name), "  %s--%s%s%s", letter, option->name,
                 option->argument ? "=" : "", option->argument ? option->argument : "");
        print_row(out, name, option->help);
}

static void print_options(FILE *out, const char *title, const Option *options)
{
        static const Option always[] = {
                { .name = "help", .letter = 'h', .help = "print this help" },
                { .name = "version", .help = "print the version" },
        };

        fprintf(out, "\n%s:\n", title);
        for (; options && options->name; options++)
                print_option(out, options);
        for (size_t i = 0; i < ARRAY_SIZE(always); i++)
                print_option(out, &always[i]);
}

static void print_commands(FILE *out, const OptionsCommand *const *commands)
{
        char name[NAME_SIZE];

        fprintf(out, "\nCommands:\n");
        for (; *commands; commands++)
                if (!(*commands)->is_hidden) {
                        snprintf(name, sizeof(name), "  %s", (*commands)->name);
                        print_row(out, name, (*commands)->summary);
                }
}

static void print_usage(FILE *out, const Options *program, const OptionsCommand *command)
{
        const char *usage = command ? command->usage : program->usage;

        fprintf(out, "Usage: %s%s%s %s\n", program->program, command ? " " : "",
                command ? command->name : "", usage ? usage : "[OPTION...] COMMAND [...]");
}

/* The summary is written as in a list of commands; here it is a sentence. */
static void print_summary(FILE *out, const char *summary, const char *details)
{
        fprintf(out, "%c%s.\n", toupper((unsigned char)summary[0]), summary + 1);
        if (details)
                fprintf(out, "\n%s\n", details);
}

void options_help_print(const Options *program, const OptionsCommand *command, FILE *out)
{
        print_usage(out, program, command);
        if (command) {
                print_summary(out, command->summary, command->details);
                print_options(out, "Options", command->options);
        } else {
                print_summary(out, program->summary, program->details);
                if (program->commands)
                        print_commands(out, program->commands);
                print_options(out, "Options", program->options);
        }
        if (command && program->options) {
                fprintf(out, "\nOptions of every command:\n");
                for (const Option *option = program->options; option->name; option++)
                        print_option(out, option);
        }
        if (program->environment)
                fprintf(out, "\nEnvironment:\n%s\n", program->environment);
}
