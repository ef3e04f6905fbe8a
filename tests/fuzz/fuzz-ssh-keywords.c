/* SPDX-License-Identifier: MIT */

/*
 * Whatever stands in the answer of an `ssh -G`: what is accepted names a host, a user and a port,
 * its way and its paths are of the form that the rest relies on, and two answers that are equal
 * share a session.
 */

#include "client/ssh/keywords.h"

#include "proto/uri.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define DEFAULTS "host h\nciphers aes,chacha\nipqos lowdelay throughput\ncontrolmaster false\n"

static pyrope_status parse(const uint8_t *data, size_t size, SshSettings *settings)
{
        CLEANUP(freep) char *text = strndup((const char *)data, size);

        settings->target = strdup("gw,me@h");
        settings->hops = strdup("gw");
        settings->typed.host = strdup("h");
        PROPERTY(text && settings->target && settings->hops && settings->typed.host);
        return ssh_keywords_parse(text, DEFAULTS, settings, NULL);
}

static void check_paths(const SshNames *names)
{
        PROPERTY(names->n <= SSH_NAMES_MAX);
        for (size_t i = 0; i < names->n; i++)
                PROPERTY(names->names[i][0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        CLEANUP(ssh_settings_deinit) SshSettings again = SSH_SETTINGS_INIT;
        CLEANUP(freep) char *key = NULL;
        CLEANUP(freep) char *other_key = NULL;

        if (parse(data, size, &settings))
                return 0;
        PROPERTY(settings.host_name && settings.user && settings.port);
        PROPERTY(settings.name && settings.label && settings.known_as);
        PROPERTY(!settings.proxy_jump || uri_is_ssh_way(settings.proxy_jump));
        PROPERTY(settings.tos >= -1 && settings.tos <= 255);
        PROPERTY(settings.connect_timeout_ms >= -1);
        check_paths(&settings.user_known_hosts);
        check_paths(&settings.global_known_hosts);
        PROPERTY(parse(data, size, &again) == PYROPE_OK);
        key = ssh_settings_key(&settings);
        other_key = ssh_settings_key(&again);
        PROPERTY(key && other_key && !strcmp(key, other_key));
        return 0;
}
