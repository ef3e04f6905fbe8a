/* SPDX-License-Identifier: MIT */

/* Pyro5's own classes as values: maps that stock Python rebuilds (docs/protocol.md, section 5). */

#include "proto/uri.h"
#include "proto/value.h"

#include <string.h>

static void write_optional(pyrope_writer *writer, const char *text)
{
        if (text)
                pyrope_write_str(writer, text);
        else
                pyrope_write_nil(writer);
}

static bool parse(pyrope_writer *writer, const char *text, Uri *ret)
{
        int r = text ? uri_parse(text, ret) : URI_E_INVALID;

        if (r == 0 && ret->location.ssh) {
                uri_deinit(ret);
                r = URI_E_INVALID;
        }
        if (r < 0)
                writer_fail(writer, PYROPE_E_NOMEM, "out of memory");
        else if (r)
                writer_fail(writer, PYROPE_E_INVALID, "a URI is not one of Pyro5's");
        return r == 0;
}

static void begin_class(pyrope_writer *writer, const char *name, size_t n_state)
{
        pyrope_write_map(writer, 2);
        pyrope_write_str(writer, "__class__");
        pyrope_write_str(writer, name);
        pyrope_write_str(writer, "state");
        pyrope_write_list(writer, n_state);
}

/* The tags of PYROMETA are a set in Python, which travels as a list. */
static void write_tags(pyrope_writer *writer, const char *tags)
{
        size_t n_tags = 1;
        size_t n;

        for (const char *p = tags; *p; p++)
                n_tags += *p == ',';
        pyrope_write_list(writer, n_tags);
        for (; n_tags > 0; n_tags--) {
                n = strcspn(tags, ",");
                pyrope_write_strn(writer, tags, n);
                tags += n + 1;
        }
}

void pyrope_write_uri(pyrope_writer *writer, const char *text)
{
        static const char *const protocols[] = { "PYRO", "PYRONAME", "PYROMETA" };
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };

        if (!parse(writer, text, &uri))
                return;
        begin_class(writer, "Pyro5.core.URI", 5);
        pyrope_write_str(writer, protocols[uri.kind]);
        if (uri.kind == URI_PYROMETA)
                write_tags(writer, uri.object);
        else
                pyrope_write_str(writer, uri.object);
        write_optional(writer, uri.location.path);
        write_optional(writer, uri.location.host);
        if (uri.location.host)
                pyrope_write_uint(writer, uri.location.port);
        else
                pyrope_write_nil(writer);
}

static void write_names(pyrope_writer *writer, pyrope_view metadata, const char *which)
{
        pyrope_view names = pyrope_find(metadata, which);

        if (names.at)
                pyrope_write_view(writer, names);
        else
                pyrope_write_list(writer, 0);
}

void writer_proxy(pyrope_writer *writer, const char *text, pyrope_view metadata)
{
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };

        if (!parse(writer, text, &uri))
                return;
        if (uri.kind != URI_PYRO) {
                writer_fail(writer, PYROPE_E_INVALID, "a proxy needs a PYRO: URI");
                return;
        }

        /* Without methods Python asks the daemon when it connects. The serializer must be named:
         * Python's default is another one, which no daemon of ours speaks. */
        begin_class(writer, "Pyro5.client.Proxy", 6);
        pyrope_write_str(writer, text);
        write_names(writer, metadata, "oneway");
        write_names(writer, metadata, "methods");
        write_names(writer, metadata, "attrs");
        pyrope_write_str(writer, "hello");
        pyrope_write_str(writer, "msgpack");
}

void pyrope_write_proxy(pyrope_writer *writer, const char *text)
{
        writer_proxy(writer, text, (pyrope_view){ NULL, NULL });
}
