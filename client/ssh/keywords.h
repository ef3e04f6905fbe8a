#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Keywords
 *
 * What each line of an answer of ssh -G means to us: it becomes a member of SshSettings, or is
 * refused by name. Pure.
 */

#include "client/ssh/settings.h"

/**
 * ssh_keywords_parse() - fill the settings from the answers of ssh -G
 * @text:       for the target; changed
 * @defaults:   with an empty configuration; NULL: none to compare with
 * @ret:        target, hops and typed are set already
 *
 * Return: PYROPE_OK, PYROPE_E_CONFIG, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_keywords_parse(char *text, const char *defaults, SshSettings *ret,
                                           pyrope_error **error);

/** ssh_keywords_are_ours() - whether a keyword, in any case, concerns sessions like ours at all. */
bool ssh_keywords_are_ours(const char *name);
