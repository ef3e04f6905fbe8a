/* SPDX-License-Identifier: MIT */

/*
 * What parses is written as a text that parses to the same, and again as that text; no host or SSH
 * target that is let through could be taken for an option or by a shell.
 */

#include "proto/uri.h"

#include "base/text.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool is_same_text(const char *one, const char *other)
{
        return one && other ? strcmp(one, other) == 0 : one == other;
}

static void check_place(const Location *location)
{
        static const char harmless[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                "._-+@:%[],";

        if (location->ssh) {
                PROPERTY(uri_is_ssh_way(location->ssh));
                PROPERTY(location->ssh[0] != '-' &&
                         strspn(location->ssh, harmless) == strlen(location->ssh));
        }
        if (location->host) {
                PROPERTY(uri_is_host(location->host) && location->port > 0);
                PROPERTY(location->host[0] != '-' &&
                         strspn(location->host, harmless) == strlen(location->host));
        }
        PROPERTY(!location->path || !location->host);
}

static void check_location(const char *text)
{
        CLEANUP(location_deinit) Location location = { .port = 0 };
        CLEANUP(location_deinit) Location again = { .port = 0 };
        CLEANUP(freep) char *written = NULL;
        CLEANUP(freep) char *rewritten = NULL;

        if (location_parse(text, &location))
                return;
        check_place(&location);
        written = location_format(&location);
        PROPERTY(location_parse(written, &again) == 0);
        PROPERTY(is_same_text(location.ssh, again.ssh) && is_same_text(location.path, again.path) &&
                 is_same_text(location.host, again.host) && location.port == again.port);
        rewritten = location_format(&again);
        PROPERTY(strcmp(written, rewritten) == 0);
}

static void check_uri(const char *text)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };
        CLEANUP(uri_deinit) Uri again = { .kind = URI_PYRO };
        CLEANUP(freep) char *written = NULL;
        const uint8_t *bytes;
        size_t n_bytes;
        bool is_pyro5s;

        pyrope_write_uri(writer, text);
        is_pyro5s = writer_finish(writer, &bytes, &n_bytes) == PYROPE_OK;
        if (uri_parse(text, &uri)) {
                PROPERTY(!is_pyro5s);
                return;
        }
        PROPERTY(is_pyro5s == !uri.location.ssh);
        PROPERTY(text_is_utf8(uri.object, strlen(uri.object)));
        check_place(&uri.location);
        written = uri_format(&uri);
        PROPERTY(strlen(written) > URI_TEXT_MAX_BYTES || uri_parse(written, &again) == 0);
        if (again.object)
                PROPERTY(uri.kind == again.kind && strcmp(uri.object, again.object) == 0 &&
                         is_same_text(uri.location.host, again.location.host) &&
                         is_same_text(uri.location.path, again.location.path) &&
                         uri.location.port == again.location.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = strndup((const char *)data, size);

        if (!text)
                abort();
        check_uri(text);
        check_location(text);
        (void)uri_is_host(text);
        PROPERTY(!uri_is_ssh_target(text) || uri_is_ssh_way(text));
        free(text);
        return 0;
}
