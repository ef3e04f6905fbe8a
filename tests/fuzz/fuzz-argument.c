/* SPDX-License-Identifier: MIT */

/*
 * Arguments of the nameserver's methods: an input is one msgpack item, taken as a name, as metadata
 * and as a URI; the elements of a list are taken as zone, ssh, nathost and natport too. What is let
 * through keeps the store's limits, and a URI is written and read again as the same.
 */

#include "nameserver/argument.h"

#include "base/text.h"
#include "nameserver/endpoint.h"
#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_name(pyrope_view item)
{
        StoreText name;

        if (argument_name(item, &name, NULL) == 0)
                PROPERTY(name.n <= STORE_NAME_MAX_BYTES && text_is_utf8(name.at, name.n));
}

static void check_tags(pyrope_view item)
{
        CLEANUP(argument_tags_deinit) ArgumentTags tags = { 0 };

        if (argument_tags(item, "metadata", &tags, NULL))
                return;
        PROPERTY(tags.n <= STORE_TAGS_MAX);
        for (size_t i = 0; i < tags.n; i++)
                PROPERTY(tags.items[i].n <= STORE_NAME_MAX_BYTES &&
                         text_is_utf8(tags.items[i].at, tags.items[i].n));
}

/* What is stored can be read again, and a stock client can take it. */
static void check_text(const char *text)
{
        CLEANUP(uri_deinit) Uri uri = { 0 };
        CLEANUP(freep) char *again = NULL;

        PROPERTY(uri_parse(text, &uri) == 0);
        PROPERTY(!uri.location.ssh);
        again = uri_format(&uri);
        PROPERTY(again && strcmp(again, text) == 0);
}

static void check_endpoint(const Uri *uri, pyrope_view list)
{
        ArgumentWay way = {
                .zone = pyrope_at(list, 1),
                .ssh = pyrope_at(list, 2),
                .nathost = pyrope_at(list, 3),
                .natport = pyrope_at(list, 4),
        };
        CLEANUP(freep) char *text = NULL;
        ArgumentEndpoint got;

        if (argument_endpoint(&way, uri, "here", &got, NULL))
                return;
        PROPERTY(!got.endpoint.path != !got.endpoint.host);
        PROPERTY(zone_is_valid(got.endpoint.zone));
        PROPERTY(!got.endpoint.ssh || uri_is_ssh_way(got.endpoint.ssh));
        PROPERTY(!got.endpoint.nathost == !got.endpoint.natport);
        text = endpoint_publish(uri->object, &got.endpoint, 1);
        PROPERTY(text);
        check_text(text);
}

static void check_uri(pyrope_view item, pyrope_view list)
{
        CLEANUP(uri_deinit) Uri uri = { 0 };
        CLEANUP(freep) char *text = NULL;

        if (argument_uri(item, &uri, NULL))
                return;
        text = uri_format(&uri);
        PROPERTY(text);
        check_text(text);
        check_endpoint(&uri, list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        pyrope_view item;

        if (codec_check(data, size, &item))
                return 0;
        check_name(item);
        check_tags(item);
        check_uri(item, (pyrope_view){ 0 });
        check_uri(pyrope_at(item, 0), item);
        return 0;
}
