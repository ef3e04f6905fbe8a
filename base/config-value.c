/* SPDX-License-Identifier: MIT */

#include "base/config-value.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int parse_int(const char *text, int64_t *ret)
{
        return text_parse_int64(text, INT64_MIN, INT64_MAX, ret);
}

static int parse_bool(const char *text, int64_t *ret)
{
        bool value;

        if (text_parse_bool(text, &value))
                return TEXT_E_INVALID;
        *ret = value;
        return 0;
}

/* What a value of each type looks like, and what its limits count. */
static const struct {
        const char *what;
        const char *unit;
        int (*parse)(const char *text, int64_t *ret); /* NULL if it is no number */
} types[] = {
        [CONFIG_STRING] = { "text", " bytes", NULL },
        [CONFIG_PATH] = { "an absolute path", " bytes", NULL },
        [CONFIG_INT] = { "a number", "", parse_int },
        [CONFIG_BOOL] = { "yes or no", "", parse_bool },
        [CONFIG_DURATION] = { "a time such as 500ms, 30s, 2m, 1h", " ms", text_parse_duration },
        [CONFIG_SIZE] = { "a size such as 512, 64K, 10M, 1G", " bytes", text_parse_size },
        [CONFIG_LIST] = { "words", " words", NULL },
        [CONFIG_ARGV] = { "a command with an absolute path", " words", NULL },
};

static int parse_number(ConfigValue *value, const ConfigKey *key, ErrorText *what)
{
        int r;

        r = types[key->type].parse(value->text, &value->number);
        if (r == TEXT_E_INVALID)
                error_text_set(what, "'%s' must be %s, not '%s'", key->name, types[key->type].what,
                               value->text);
        else if (r)
                error_text_set(what, "'%s' is out of range: '%s'", key->name, value->text);
        return r ? CONFIG_E_INVALID : 0;
}

static const char *words_problem(int r)
{
        switch (r) {
        case WORDS_E_QUOTE:
                return "a quote is not closed";
        case WORDS_E_BACKSLASH:
                return "nothing follows the backslash";
        default:
                return "too many words";
        }
}

static int parse_words(ConfigValue *value, const ConfigKey *key, ErrorText *what)
{
        int r;

        r = words_split(value->text, &value->words);
        if (r < 0)
                return r;
        if (r)
                error_text_set(what, "'%s': %s", key->name, words_problem(r));
        value->number = (int64_t)value->words.n;
        return r ? CONFIG_E_INVALID : 0;
}

/* The path that must be absolute: "" if there is none, NULL if there need not be one. */
static const char *path_of(const ConfigValue *value, const ConfigKey *key)
{
        if (key->type == CONFIG_ARGV)
                return value->words.n ? value->words.items[0] : "";
        return key->type == CONFIG_PATH ? value->text : NULL;
}

static int parse(ConfigValue *value, const ConfigKey *key, ErrorText *what)
{
        const char *path;
        int r = 0;

        if (types[key->type].parse)
                r = parse_number(value, key, what);
        else if (key->type == CONFIG_LIST || key->type == CONFIG_ARGV)
                r = parse_words(value, key, what);
        else
                value->number = (int64_t)strlen(value->text);
        if (r)
                return r;

        path = path_of(value, key);
        if (path && path[0] != '/') {
                error_text_set(what, "'%s' must be %s, not '%s'", key->name, types[key->type].what,
                               value->text);
                return CONFIG_E_INVALID;
        }
        return 0;
}

int config_value_set(ConfigValue *value, const ConfigKey *key, const char *text, ErrorText *what)
{
        int r;

        value->text = strdup(text);
        if (!value->text)
                return error_origin(-ENOMEM);
        r = parse(value, key, what);
        if (r)
                return r;
        if ((key->min || key->max) && (value->number < key->min || value->number > key->max)) {
                error_text_set(what,
                               "'%s' must be within %" PRId64 " to %" PRId64 "%s, not %" PRId64,
                               key->name, key->min, key->max, types[key->type].unit, value->number);
                return CONFIG_E_INVALID;
        }
        return 0;
}

void config_value_deinit(ConfigValue *value)
{
        free(value->text);
        words_deinit(&value->words);
        *value = (ConfigValue){ 0 };
}
