/* SPDX-License-Identifier: MIT */

/*
 * A configuration that parses is printed in one plain form; that parses too, and prints the same.
 * A refusal is one line that begins with the file's name and could be shown to anybody.
 */

#include "base/buffer.h"
#include "base/config-ini.h"
#include "base/config.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define PRINTED_MAX (16u << 20) /* every byte of the largest file quoted, and the keys */

static const ConfigKey daemon_keys[] = {
        { .name = "title", .type = CONFIG_STRING, .max = 64 },
        { .name = "dir", .type = CONFIG_PATH, .fallback = "/var/lib/x" },
        { .name = "jobs", .type = CONFIG_INT, .min = 1, .max = 64, .fallback = "4" },
        { .name = "offset", .type = CONFIG_INT },
        { .name = "verbose", .type = CONFIG_BOOL },
        { .name = "timeout", .type = CONFIG_DURATION },
        { .name = "limit", .type = CONFIG_SIZE },
        { .name = "hosts", .type = CONFIG_LIST },
        { 0 },
};

static const ConfigKey application_keys[] = {
        { .name = "command", .type = CONFIG_ARGV, .is_required = true },
        { 0 },
};

static const ConfigSchema schema[] = {
        { .kind = "daemon", .keys = daemon_keys },
        { .kind = "application", .is_named = true, .keys = application_keys },
        { 0 },
};

static void print_words(Buffer *out, char *const *words)
{
        for (; *words; words++) {
                PROPERTY(buffer_append(out, " \"", 2) == 0);
                for (const char *c = *words; *c; c++)
                        PROPERTY(buffer_append_printf(out, "%s%c", strchr("\\\"", *c) ? "\\" : "",
                                                      *c) == 0);
                PROPERTY(buffer_append(out, "\"", 1) == 0);
        }
}

static void print_value(Buffer *out, const ConfigSection *section, const ConfigKey *key)
{
        int r = 0;

        switch (key->type) {
        case CONFIG_STRING:
        case CONFIG_PATH:
                r = buffer_append_printf(out, "%s", config_get_string(section, key->name));
                break;
        case CONFIG_INT:
        case CONFIG_SIZE:
                r = buffer_append_printf(out, "%" PRId64, config_get_int(section, key->name));
                break;
        case CONFIG_DURATION:
                r = buffer_append_printf(out, "%" PRId64 "ms", config_get_int(section, key->name));
                break;
        case CONFIG_BOOL:
                r = buffer_append_printf(out, "%d", config_get_bool(section, key->name));
                break;
        case CONFIG_LIST:
        case CONFIG_ARGV:
                print_words(out, config_get_words(section, key->name, NULL));
                break;
        }
        PROPERTY(r == 0);
}

static void print_section(Buffer *out, const char *kind, const ConfigKey *keys,
                          const ConfigSection *section)
{
        const char *name = config_name(section);

        PROPERTY(buffer_append_printf(out, "[%s %s]\n", kind, name ? name : "") == 0);
        for (; keys->name; keys++) {
                if (!config_has(section, keys->name))
                        continue;
                PROPERTY(buffer_append_printf(out, "%s =", keys->name) == 0);
                print_value(out, section, keys);
                PROPERTY(buffer_append(out, "\n", 1) == 0);
        }
}

static void print(Buffer *out, const Config *config)
{
        for (const ConfigSchema *kind = schema; kind->kind; kind++) {
                const ConfigSection *section = NULL;

                while ((section = config_next(config, kind->kind, section)))
                        print_section(out, kind->kind, kind->keys, section);
        }
}

/* Quotes make words longer: then the printed form is no file any more. */
static bool fits(const Buffer *text)
{
        const uint8_t *line = text->data;
        const uint8_t *end = text->data + text->n;
        const uint8_t *newline;

        for (; line < end; line = newline + 1) {
                newline = memchr(line, '\n', (size_t)(end - line));
                if (newline - line > CONFIG_INI_LINE_MAX)
                        return false;
        }
        return text->n <= CONFIG_FILE_MAX;
}

static void check_refusal(const ErrorText *error)
{
        size_t n = strlen(error->text);

        PROPERTY(strncmp(error->text, "f:", 2) == 0);
        PROPERTY(text_is_utf8(error->text, n));
        for (size_t i = 0; i < n; i++)
                PROPERTY((unsigned char)error->text[i] >= ' ' && error->text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buffer_deinit) Buffer first = BUFFER_INIT(PRINTED_MAX);
        CLEANUP(buffer_deinit) Buffer second = BUFFER_INIT(PRINTED_MAX);
        CLEANUP(config_freep) Config *config = NULL;
        CLEANUP(config_freep) Config *again = NULL;
        ErrorText error;

        if (config_parse("f", (const char *)data, size, schema, &config, &error)) {
                check_refusal(&error);
                return 0;
        }
        print(&first, config);
        if (!fits(&first))
                return 0;
        PROPERTY(config_parse("f", (char *)first.data, first.n, schema, &again, NULL) == 0);
        print(&second, again);
        PROPERTY(first.n == second.n && memcmp(first.data, second.data, first.n) == 0);
        return 0;
}
