/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"
#include "client/cli/list-watch.h"

#include <string.h>

static const char *prefix;
static const char *regex;
static bool is_watch;

typedef struct Entry {
        char *name, *uri; /* as they are shown; owned */
} Entry;

typedef struct Table {
        Entry *all;
        size_t n;
} Table;

static void table_deinit(Table *table)
{
        for (size_t i = 0; i < table->n; i++) {
                free(table->all[i].name);
                free(table->all[i].uri);
        }
        free(table->all);
}

static int by_name(const void *one, const void *other)
{
        const Entry *a = one, *b = other;

        return strcmp(a->name, b->name);
}

/* The characters of UTF-8 text. */
static size_t width(const char *text)
{
        size_t n_chars = 0;

        for (; *text; text++)
                n_chars += ((unsigned char)*text & 0xc0) != 0x80;
        return n_chars;
}

static char *shown(pyrope_view item)
{
        const char *text = "";
        size_t n = 0;

        (void)pyrope_get_str(item, &text, &n);
        return command_harmless(text, n);
}

/* What the nameserver sent, sorted by name. Return: false if memory is out. */
static bool table_init(Table *table, pyrope_view map)
{
        pyrope_view key, value;

        table->all = calloc(pyrope_count(map) + 1, sizeof(*table->all));
        if (!table->all)
                return false;
        for (pyrope_iter it = pyrope_each(map); pyrope_next(&it, &key, &value); table->n++) {
                Entry *entry = &table->all[table->n];

                *entry = (Entry){ .name = shown(key), .uri = shown(value) };
                if (!entry->name || !entry->uri) {
                        free(entry->name);
                        free(entry->uri);
                        return false;
                }
        }
        qsort(table->all, table->n, sizeof(*table->all), by_name);
        return true;
}

static int print_table(pyrope_view map)
{
        CLEANUP(table_deinit) Table table = { 0 };
        size_t column = 0;

        if (!table_init(&table, map))
                return command_failed(PYROPE_E_NOMEM, NULL);
        for (size_t i = 0; i < table.n; i++) {
                size_t here = width(table.all[i].name);

                column = here > column ? here : column;
        }
        for (size_t i = 0; i < table.n; i++)
                printf("%s%*s  %s\n", table.all[i].name, (int)(column - width(table.all[i].name)),
                       "", table.all[i].uri);
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
        if (is_watch && regex)
                return command_misused("--watch goes with --prefix, not with --regex");
        r = command_nameserver(&context, &nameserver);
        if (r)
                return r;
        if (is_watch)
                return list_watch(nameserver, prefix);
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
        { .name = "watch",
          .help = "go on and print each change as it happens: what, name, URI",
          .flag = &is_watch },
        { 0 },
};

const OptionsCommand command_list = {
        .name = "list",
        .usage = "[OPTION...]",
        .summary = "print the names that the nameserver knows",
        .options = options,
        .run = run,
};
