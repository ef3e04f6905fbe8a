#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Configuration Value
 *
 * One value of a configuration file: its text, and what the type of its key makes of it. Knows
 * nothing of files and sections.
 */

#include "base/config.h"
#include "base/words.h"

typedef struct ConfigValue ConfigValue;

/* All zero is "no value". */
struct ConfigValue {
        char *text;     /* as written; NULL if there is none; owned */
        int64_t number; /* of the numeric types and CONFIG_BOOL; of others what their limits count
                         */
        Words words;    /* of CONFIG_LIST and CONFIG_ARGV */
};

/**
 * config_value_set() - read a text as the value of a key
 * @value:      has none yet; to be deinitialized whatever is returned
 * @what:       NULL, or says for CONFIG_E_INVALID what is wrong, naming the key
 *
 * Return: 0, CONFIG_E_INVALID, -ENOMEM.
 */
NODISCARD int config_value_set(ConfigValue *value, const ConfigKey *key, const char *text,
                               ErrorText *what);

void config_value_deinit(ConfigValue *value);
