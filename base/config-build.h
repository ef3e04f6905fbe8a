#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Configuration in the Making
 *
 * A Config from several files, of which a later one wins key by key. For base/config*.c alone;
 * others read whole files (config.h).
 */

#include "base/config.h"

/** config_new() - nothing in it yet; @schema as for config_read(). Return: 0, -ENOMEM. */
NODISCARD int config_new(Config **ret, const ConfigSchema *schema);

/**
 * config_add() - the sections and keys of one more file
 * @name:       what messages call it, copied
 * @text:       @n_text bytes, borrowed for the call
 *
 * Return: 0, CONFIG_E_INVALID with @error set, -ENOMEM; not to be completed then.
 */
NODISCARD int config_add(Config *config, const char *name, const char *text, size_t n_text,
                         ErrorText *error);

/** config_complete() - after the last file: the fallbacks, and what is required. Return: as
 * config_add(). */
NODISCARD int config_complete(Config *config, ErrorText *error);
