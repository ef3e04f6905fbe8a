#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Configuration File
 *
 *      # a comment has a line of its own, as has one with ;
 *      [jobman]
 *      work-dir = /var/lib/pyrope/jobs
 *
 *      [application thermal]
 *      command = /opt/solvers/thermal --mesh "my mesh.vtk"
 *
 * A schema in the program says which sections and keys there are and what their values look like.
 * A file is refused, with one line `FILE:LINE: what`, for anything the schema does not know, for a
 * key or section that stands twice in one file, and for a value outside its limits; so whoever
 * holds a Config asks for values without errors.
 *
 * config-ini.h has the form of lines, words.h that of lists and command lines.
 *
 * Beside FILE there may be a directory FILE.d, whose files *.conf are read after it in the order of
 * their names; where several files have a key, the last one counts.
 *
 * A Config never changes after it is made, so threads may share it.
 */

#include "base/error.h"

#include <stdbool.h>

#define CONFIG_FILE_MAX     1048576u /* bytes of a file */
#define CONFIG_SECTIONS_MAX 1024u /* sections of all files; config-ini.h limits lines and names */
#define CONFIG_DROP_INS_MAX 256u  /* files in FILE.d */

enum {
        CONFIG_E_SUCCESS,

        CONFIG_E_NOT_FOUND, /* no such file */
        CONFIG_E_UNSAFE,    /* somebody else may write it */
        CONFIG_E_INVALID,   /* its contents do not fit the schema */
};

typedef enum ConfigType {
        CONFIG_STRING,   /* the rest of the line, blanks around it removed; limits on its bytes */
        CONFIG_PATH,     /* the same, an absolute path */
        CONFIG_INT,      /* text_parse_int64() */
        CONFIG_BOOL,     /* text_parse_bool() */
        CONFIG_DURATION, /* text_parse_duration(); limits in milliseconds */
        CONFIG_SIZE,     /* text_parse_size(); limits in bytes */
        CONFIG_LIST,     /* words; limits on their number */
        CONFIG_ARGV,     /* words, of which the first is an absolute path */
} ConfigType;

typedef struct ConfigKey ConfigKey;
typedef struct ConfigSchema ConfigSchema;
typedef struct Config Config;
typedef struct ConfigSection ConfigSection;

struct ConfigKey {
        const char *name; /* NULL ends an array */
        ConfigType type;
        int64_t min, max;     /* inclusive; both 0 is no limit beyond the type's */
        const char *fallback; /* the value where the file has none, as it would be written there */
        bool is_required;     /* in each section of the kind; then there is no fallback */
};

struct ConfigSchema {
        const char *kind; /* NULL ends an array */
        bool is_named;    /* [kind NAME], any number of them; otherwise [kind], once or never */
        const ConfigKey *keys;
};

/**
 * config_read() - read and check a file, and those in FILE.d
 * @path:       absolute: the working directory may be anybody's
 * @schema:     array of section kinds; borrowed as long as the result lives
 * @ret:        owned by the caller, config_free()
 * @error:      NULL, or says for a non-zero return what is wrong
 *
 * Each file must be a regular one, owned by root or our effective uid, and writable by nobody else;
 * so must FILE.d, a directory.
 *
 * Return: 0, CONFIG_E_NOT_FOUND, CONFIG_E_UNSAFE, CONFIG_E_INVALID, -errno.
 */
NODISCARD int config_read(const char *path, const ConfigSchema *schema, Config **ret,
                          ErrorText *error);

/**
 * config_parse() - check a configuration in memory
 * @name:       what messages call it, copied
 * @text:       @n_text bytes, borrowed for the call; "" gives the fallbacks
 *
 * Return: 0, CONFIG_E_INVALID, -ENOMEM.
 */
NODISCARD int config_parse(const char *name, const char *text, size_t n_text,
                           const ConfigSchema *schema, Config **ret, ErrorText *error);

Config *config_free(Config *config);
DEFINE_CLEANUP(Config, config_free);

/**
 * config_section() - find a section
 * @kind:       of the schema
 * @name:       for a named kind, else NULL
 *
 * A kind without names always has its section: where the file has none, it holds the fallbacks.
 *
 * Return: the section, borrowed from the Config; NULL if there is no such name.
 */
const ConfigSection *config_section(const Config *config, const char *kind, const char *name);

/**
 * config_next() - go through the sections of a kind in the order of the file
 * @previous:   NULL for the first
 *
 * Return: the next one, borrowed; NULL after the last.
 */
const ConfigSection *config_next(const Config *config, const char *kind,
                                 const ConfigSection *previous);

/* The NAME of [kind NAME], borrowed; NULL for a kind without names. */
const char *config_name(const ConfigSection *section);

/*
 * Values. The key must be one of the section's kind and of the type asked for; anything else is a
 * bug of the program. What is returned is borrowed from the Config.
 */

/* Whether the file has the key. */
bool config_has(const ConfigSection *section, const char *key);

/* A CONFIG_STRING or CONFIG_PATH; NULL without value and fallback. */
const char *config_get_string(const ConfigSection *section, const char *key);

/* A CONFIG_INT, CONFIG_DURATION (milliseconds) or CONFIG_SIZE (bytes); 0 without value and fallback
 */
int64_t config_get_int(const ConfigSection *section, const char *key);

/* A CONFIG_BOOL; false without value and fallback. */
bool config_get_bool(const ConfigSection *section, const char *key);

/* A CONFIG_LIST or CONFIG_ARGV: its words, NULL after the last; the NULL alone without value and
 * fallback. @ret_n: NULL, or receives the number of words. */
char *const *config_get_words(const ConfigSection *section, const char *key, size_t *ret_n);

/**
 * config_refuse() - say what is wrong with a value that the schema let pass
 * @key:        NULL for the section as a whole
 * @error:      NULL, or receives `FILE:LINE: what`
 *
 * Return: CONFIG_E_INVALID, always.
 */
int config_refuse(const ConfigSection *section, const char *key, ErrorText *error,
                  const char *format, ...) PRINTF(4, 5);
