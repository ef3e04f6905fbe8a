#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Fallback
 *
 * The SSH configuration as libssh reads it, for a computer without the ssh program. libssh passes
 * over what it does not know, so a file that has one of those keywords that matter is refused by
 * name, wherever in the file it stands; what does not matter that much is told.
 */

#include "base/buffer.h"
#include "client/ssh/settings.h"

/**
 * ssh_fallback_ask() - what `ssh -G` would have answered, as far as libssh knows it
 * @settings:   target, hops, typed and config_file are set; gets unhonoured
 * @answer:     receives the lines, NUL-terminated
 *
 * Return: PYROPE_OK; PYROPE_E_CONFIG; PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_fallback_ask(SshSettings *settings, Buffer *answer,
                                         pyrope_error **error);
