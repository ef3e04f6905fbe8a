#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * The INI Form of a Configuration
 *
 * The only place that knows the INI library, inih. It turns text into sections and keys with their
 * line numbers and knows nothing of what they mean:
 *
 *      # comment, on a line of its own; so is ; comment
 *      [section]
 *      key = value, to the end of the line
 *
 * Blanks around a key and a value are removed; `key: value` is the same.
 * Nothing continues on the next line.
 */

#include "base/defs.h"

#define CONFIG_INI_LINE_MAX    4096 /* bytes of a line without its end */
#define CONFIG_INI_SECTION_MAX 48   /* bytes between the brackets */

enum {
        CONFIG_INI_E_SUCCESS,

        CONFIG_INI_E_SYNTAX,  /* see ConfigIniError */
        CONFIG_INI_E_STOPPED, /* a callback returned non-zero */
};

typedef struct ConfigIniEvents ConfigIniEvents;
typedef struct ConfigIniError ConfigIniError;

/* What is called for each line; the strings are borrowed until the callback returns. A return that
 * is not 0 ends the parsing. */
struct ConfigIniEvents {
        int (*on_section)(void *userdata, unsigned line, const char *section);
        int (*on_key)(void *userdata, unsigned line, const char *key, const char *value);
};

struct ConfigIniError {
        unsigned line;    /* counted from 1 */
        const char *what; /* constant text */
};

/**
 * config_ini_parse() - call back for each section and key in order
 * @text:       @n_text bytes, borrowed for the call
 * @ret_error:  written for CONFIG_INI_E_SYNTAX only
 *
 * Any thread, but several wait for each other: inih keeps its settings in global variables.
 *
 * Return: 0, CONFIG_INI_E_SYNTAX, CONFIG_INI_E_STOPPED, -ENOMEM.
 */
NODISCARD int config_ini_parse(const char *text, size_t n_text, const ConfigIniEvents *events,
                               void *userdata, ConfigIniError *ret_error);
