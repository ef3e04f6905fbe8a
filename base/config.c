/* SPDX-License-Identifier: MIT */

#include "base/config.h"

#include "base/config-build.h"
#include "base/config-ini.h"
#include "base/config-value.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct ConfigSection {
        const Config *config;
        const ConfigSchema *schema;
        char *name;          /* NULL for a kind without names; owned */
        const char *file;    /* the last one that has it; borrowed from the Config */
        unsigned line;       /* in that file; 0 if it is in none */
        ConfigSection *next; /* in the order of the files; owned */
        size_t n_values;
        struct {
                ConfigValue value;
                const char *file; /* as the section's; NULL if the line is 0 */
                unsigned line;    /* 0 if it is the fallback, or there is none */
        } values[];               /* one for each key of the schema */
};

typedef struct ConfigFile ConfigFile;

struct ConfigFile {
        ConfigFile *next; /* the one before it; owned */
        char name[];      /* for messages */
};

struct Config {
        ConfigFile *files; /* the last one added first; owned */
        const ConfigSchema *schema;
        ConfigSection *first, **last; /* owned; where the next one goes */
        size_t n_sections;
};

/* What goes on while a file is read. */
typedef struct Reading Reading;

struct Reading {
        Config *config;
        const char *file;       /* which one; borrowed from the Config */
        ConfigSection *section; /* the last one begun */
        ErrorText *error;
        int r; /* why a callback stopped */
};

static ConfigSection *section_free(ConfigSection *section)
{
        if (!section)
                return NULL;
        for (size_t i = 0; i < section->n_values; i++) {
                config_value_deinit(&section->values[i].value);
        }
        free(section->name);
        free(section);
        return NULL;
}

DEFINE_CLEANUP(ConfigSection, section_free);

Config *config_free(Config *config)
{
        ConfigSection *next;
        ConfigFile *next_file;

        if (!config)
                return NULL;
        for (ConfigSection *section = config->first; section; section = next) {
                next = section->next;
                section_free(section);
        }
        for (ConfigFile *file = config->files; file; file = next_file) {
                next_file = file->next;
                free(file);
        }
        free(config);
        return NULL;
}

/* Says what is wrong at a line of a file; line 0 is the file as a whole. */
PRINTF(4, 0)
static int refuse_v(const char *file, unsigned line, ErrorText *error, const char *format,
                    va_list arguments)
{
        char number[16] = "";
        ErrorText what;

        error_text_vset(&what, format, arguments);
        if (line)
                snprintf(number, sizeof(number), "%u:", line);
        error_text_set(error, "%s:%s %s", file, number, what.text);
        return CONFIG_E_INVALID;
}

PRINTF(4, 5)
static int refuse(const char *file, unsigned line, ErrorText *error, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        refuse_v(file, line, error, format, arguments);
        va_end(arguments);
        return CONFIG_E_INVALID;
}

/*
 * The sections and keys of a file.
 */

typedef char SectionTitle[CONFIG_INI_SECTION_MAX + 4];

/* "[kind]" or "[kind name]", for messages. */
static const char *title_of(const ConfigSection *section, SectionTitle title)
{
        snprintf(title, sizeof(SectionTitle), "[%s%s%s]", section->schema->kind,
                 section->name ? " " : "", section->name ? section->name : "");
        return title;
}

static int section_add(Config *config, const ConfigSchema *schema, const char *name,
                       ConfigSection **ret)
{
        CLEANUP(section_freep) ConfigSection *section = NULL;
        size_t n_values = 0;

        while (schema->keys[n_values].name)
                n_values++;
        section = calloc(1, sizeof(*section) + n_values * sizeof(section->values[0]));
        if (!section)
                return error_origin(-ENOMEM);
        section->config = config;
        section->schema = schema;
        section->n_values = n_values;
        if (name) {
                section->name = strdup(name);
                if (!section->name)
                        return error_origin(-ENOMEM);
        }

        *ret = section;
        *config->last = section;
        config->last = &section->next;
        config->n_sections++;
        section = NULL; /* now the config's */
        return 0;
}

static const ConfigSchema *schema_find(const ConfigSchema *schema, const char *kind)
{
        for (; schema->kind; schema++)
                if (strcmp(schema->kind, kind) == 0)
                        return schema;
        return NULL;
}

/* Takes the blanks off the end. */
static void trim_end(char *text)
{
        size_t n = strlen(text);

        while (n > 0 && strchr(" \t", text[n - 1]))
                n--;
        text[n] = '\0';
}

static ConfigSection *section_find(const Config *config, const char *kind, const char *name)
{
        for (ConfigSection *section = config->first; section; section = section->next)
                if (strcmp(section->schema->kind, kind) == 0 &&
                    (!section->name || strcmp(section->name, name) == 0))
                        return section;
        return NULL;
}

/* A section that an earlier file has goes on; in one file it stands once. */
static int open_section(Reading *reading, unsigned line, const ConfigSchema *schema,
                        const char *name)
{
        Config *config = reading->config;
        ConfigSection *section = section_find(config, schema->kind, name);
        int r = 0;

        if (section && section->file == reading->file)
                return refuse(reading->file, line, reading->error,
                              "[%s%s%s] is there already, on line %u", schema->kind,
                              *name ? " " : "", name, section->line);
        if (!section && config->n_sections == CONFIG_SECTIONS_MAX)
                return refuse(reading->file, line, reading->error, "more than %u sections",
                              CONFIG_SECTIONS_MAX);
        if (!section)
                r = section_add(config, schema, schema->is_named ? name : NULL, &section);
        if (r)
                return r;
        section->file = reading->file;
        section->line = line;
        reading->section = section;
        return 0;
}

static int begin_section(Reading *reading, unsigned line, const char *kind, const char *name)
{
        const ConfigSchema *schema = schema_find(reading->config->schema, kind);

        if (!schema)
                return refuse(reading->file, line, reading->error, "unknown section [%s]", kind);
        if (schema->is_named && !*name)
                return refuse(reading->file, line, reading->error, "a name is missing: [%s NAME]",
                              kind);
        if (!schema->is_named && *name)
                return refuse(reading->file, line, reading->error, "[%s] has no name", kind);
        return open_section(reading, line, schema, name);
}

static int on_section(void *userdata, unsigned line, const char *text)
{
        Reading *reading = userdata;
        char header[CONFIG_INI_SECTION_MAX + 1];
        char *name;

        snprintf(header, sizeof(header), "%s", text + strspn(text, " \t"));
        trim_end(header);
        name = header + strcspn(header, " \t");
        if (*name) {
                *name++ = '\0';
                name += strspn(name, " \t");
        }
        reading->r = begin_section(reading, line, header, name);
        return reading->r;
}

static int set_key(Reading *reading, unsigned line, const char *name, const char *text)
{
        ConfigSection *section = reading->section;
        const ConfigKey *keys = section->schema->keys;
        SectionTitle title;
        ErrorText what;
        size_t i = 0;
        int r;

        while (i < section->n_values && strcmp(keys[i].name, name) != 0)
                i++;
        if (i == section->n_values)
                return refuse(reading->file, line, reading->error, "unknown key '%s' in %s", name,
                              title_of(section, title));
        if (section->values[i].file == reading->file)
                return refuse(reading->file, line, reading->error,
                              "'%s' is there already, on line %u", name, section->values[i].line);

        section->values[i].file = reading->file;
        section->values[i].line = line;
        config_value_deinit(&section->values[i].value);
        r = config_value_set(&section->values[i].value, &keys[i], text, &what);
        if (r > 0)
                return refuse(reading->file, line, reading->error, "%s", what.text);
        return r;
}

static int on_key(void *userdata, unsigned line, const char *name, const char *text)
{
        Reading *reading = userdata;

        reading->r = set_key(reading, line, name, text);
        return reading->r;
}

/* Fills in the fallbacks, and misses what is required. */
static int complete_section(ConfigSection *section, ErrorText *error)
{
        const ConfigKey *key = section->schema->keys;
        SectionTitle title;
        int r = 0;

        for (size_t i = 0; i < section->n_values && r == 0; i++, key++) {
                if (section->values[i].value.text)
                        continue;
                if (key->is_required)
                        return refuse(section->file, section->line, error, "%s needs the key '%s'",
                                      title_of(section, title), key->name);
                if (key->fallback)
                        r = config_value_set(&section->values[i].value, key, key->fallback, NULL);
                assert(r <= 0); /* a fallback outside its own limits */
        }
        return r;
}

int config_complete(Config *config, ErrorText *error)
{
        ConfigSection *section;
        int r;

        for (const ConfigSchema *schema = config->schema; schema->kind; schema++) {
                if (schema->is_named || section_find(config, schema->kind, NULL))
                        continue;
                r = section_add(config, schema, NULL, &section);
                if (r)
                        return r;
                section->file = config->files->name;
        }
        for (section = config->first; section; section = section->next) {
                r = complete_section(section, error);
                if (r)
                        return r;
        }
        return 0;
}

int config_new(Config **ret, const ConfigSchema *schema)
{
        Config *config = calloc(1, sizeof(*config));

        if (!config)
                return error_origin(-ENOMEM);
        config->schema = schema;
        config->last = &config->first;
        *ret = config;
        return 0;
}

static int add_file(Config *config, const char *name)
{
        size_t n_name = strlen(name) + 1;
        ConfigFile *file = malloc(sizeof(*file) + n_name);

        if (!file)
                return error_origin(-ENOMEM);
        memcpy(file->name, name, n_name);
        file->next = config->files;
        config->files = file;
        return 0;
}

int config_add(Config *config, const char *name, const char *text, size_t n_text, ErrorText *error)
{
        static const ConfigIniEvents events = { .on_section = on_section, .on_key = on_key };
        Reading reading = { .config = config, .error = error };
        ConfigIniError syntax;
        int r;

        r = add_file(config, name);
        if (r)
                return r;
        reading.file = config->files->name;
        if (n_text > CONFIG_FILE_MAX)
                return refuse(name, 0, error, "has more than %u bytes", CONFIG_FILE_MAX);
        r = config_ini_parse(text, n_text, &events, &reading, &syntax);
        if (r == CONFIG_INI_E_STOPPED)
                return reading.r;
        if (r == CONFIG_INI_E_SYNTAX)
                return refuse(name, syntax.line, error, "%s", syntax.what);
        return error_trace(r);
}

int config_parse(const char *name, const char *text, size_t n_text, const ConfigSchema *schema,
                 Config **ret, ErrorText *error)
{
        CLEANUP(config_freep) Config *config = NULL;
        int r;

        r = config_new(&config, schema);
        if (r == 0)
                r = config_add(config, name, text, n_text, error);
        if (r == 0)
                r = config_complete(config, error);
        if (r < 0)
                error_text_set(error, "%s: %s", name, strerror(-r));
        if (r)
                return r;

        *ret = TAKE(config);
        return 0;
}

/*
 * What the program asks for.
 */

const ConfigSection *config_section(const Config *config, const char *kind, const char *name)
{
        assert(schema_find(config->schema, kind));
        assert(schema_find(config->schema, kind)->is_named == !!name);

        return section_find(config, kind, name);
}

const ConfigSection *config_next(const Config *config, const char *kind,
                                 const ConfigSection *previous)
{
        const ConfigSection *section = previous ? previous->next : config->first;

        while (section && strcmp(section->schema->kind, kind) != 0)
                section = section->next;
        return section;
}

const char *config_name(const ConfigSection *section)
{
        return section->name;
}

/* The index of a key, which the schema has: a program that asks for another one is wrong from its
 * first start on, and ends there in every build. */
static size_t index_of(const ConfigSection *section, const char *key)
{
        for (size_t i = 0; i < section->n_values; i++)
                if (strcmp(section->schema->keys[i].name, key) == 0)
                        return i;
        abort();
}

/* The value of a key that is of one of the types in the set of bits. */
static const ConfigValue *value_of(const ConfigSection *section, const char *key, unsigned types)
{
        size_t i = index_of(section, key);

        if (!(types & 1u << section->schema->keys[i].type))
                abort();
        return &section->values[i].value;
}

bool config_has(const ConfigSection *section, const char *key)
{
        return section->values[index_of(section, key)].line > 0;
}

const char *config_get_string(const ConfigSection *section, const char *key)
{
        return value_of(section, key, 1u << CONFIG_STRING | 1u << CONFIG_PATH)->text;
}

int64_t config_get_int(const ConfigSection *section, const char *key)
{
        return value_of(section, key, 1u << CONFIG_INT | 1u << CONFIG_DURATION | 1u << CONFIG_SIZE)
                ->number;
}

bool config_get_bool(const ConfigSection *section, const char *key)
{
        return value_of(section, key, 1u << CONFIG_BOOL)->number;
}

char *const *config_get_words(const ConfigSection *section, const char *key, size_t *ret_n)
{
        static char *const none[] = { NULL };
        const ConfigValue *value = value_of(section, key, 1u << CONFIG_LIST | 1u << CONFIG_ARGV);

        if (ret_n)
                *ret_n = value->words.n;
        return value->words.items ? value->words.items : none;
}

int config_refuse(const ConfigSection *section, const char *key, ErrorText *error,
                  const char *format, ...)
{
        size_t i = key ? index_of(section, key) : 0;
        bool has_line = key && section->values[i].line;
        va_list arguments;

        va_start(arguments, format);
        refuse_v(has_line ? section->values[i].file : section->file,
                 has_line ? section->values[i].line : section->line, error, format, arguments);
        va_end(arguments);
        return CONFIG_E_INVALID;
}
