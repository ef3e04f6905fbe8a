/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"

#include <string.h>

static const char *prefix;
static const char *regex;

typedef struct Entry {
        const char *name, *uri;
        size_t n_name, n_uri;
} Entry;

static int by_name(const void *one, const void *other)
{
        const Entry *a = one, *b = other;
        size_t n = a->n_name < b->n_name ? a->n_name : b->n_name;
        int order = memcmp(a->name, b->name, n);

        return order ? order : (a->n_name > b->n_name) - (a->n_name < b->n_name);
}

/* The characters of UTF-8 text. */
static size_t width(const char *text, size_t n)
{
        size_t n_chars = 0;

        for (size_t i = 0; i < n; i++)
                n_chars += ((unsigned char)text[i] & 0xc0) != 0x80;
        return n_chars;
}

/* What the nameserver sent, sorted by name. Return: entries; NULL: out of memory. */
static Entry *entries(pyrope_view map, size_t *ret_n)
{
        Entry *all = calloc(pyrope_count(map) + 1, sizeof(*all));
        pyrope_view key, value;
        size_t n = 0;

        if (!all)
                return NULL;
        for (pyrope_iter it = pyrope_each(map); pyrope_next(&it, &key, &value);) {
                Entry *entry = &all[n];

                if (!pyrope_get_str(key, &entry->name, &entry->n_name) &&
                    !pyrope_get_str(value, &entry->uri, &entry->n_uri))
                        n++;
        }
        qsort(all, n, sizeof(*all), by_name);

        *ret_n = n;
        return all;
}

static int print_table(pyrope_view map)
{
        size_t n = 0, column = 0;
        CLEANUP(freep) Entry *all = entries(map, &n);

        if (!all)
                return command_failed(PYROPE_E_NOMEM, NULL);
        for (size_t i = 0; i < n; i++) {
                size_t here = width(all[i].name, all[i].n_name);

                column = here > column ? here : column;
        }
        for (size_t i = 0; i < n; i++) {
                command_print_text(stdout, all[i].name, all[i].n_name, "");
                printf("%*s  ", (int)(column - width(all[i].name, all[i].n_name)), "");
                command_print_text(stdout, all[i].uri, all[i].n_uri, "\n");
        }
        return command_end();
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *names = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        (void)n_args;
        (void)args;
        if (prefix && regex)
                return command_misused("--prefix and --regex exclude each other");
        r = command_nameserver(&context, &nameserver);
        if (r)
                return r;
        status = pyrope_callf(nameserver, "list", &names, &error, "ss", prefix, regex);
        if (status)
                return command_failed(status, error);

        if (command_settings.is_json)
                return command_print_json(json_value_from(pyrope_value_view(names)));
        return print_table(pyrope_value_view(names));
}

static const Option options[] = {
        { .name = "prefix",
          .argument = "PREFIX",
          .help = "only names that begin with it",
          .string = &prefix },
        { .name = "regex",
          .argument = "REGEX",
          .help = "only names whose beginning matches it, as Python's re.match()",
          .string = &regex },
        { 0 },
};

const OptionsCommand command_list = {
        .name = "list",
        .usage = "[OPTION...]",
        .summary = "print the names that the nameserver knows",
        .options = options,
        .run = run,
};
