/* SPDX-License-Identifier: MIT */

/*
 * What a hostile nameserver or daemon says of a place leads to one that may be connected to: a
 * socket or a port that are what they seem, never through an SSH host that a daemon names.
 */

#include "client/reach.h"
#include "client/target.h"

#include "base/unix-socket.h"
#include "proto/codec.h"
#include "proto/uri.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define TELLER "teller"

static void check_place(const Location *at)
{
        PROPERTY(!at->path != !at->host);
        if (at->path)
                PROPERTY(unix_path_check(at->path, NULL) == 0);
        if (at->host)
                PROPERTY(uri_is_host(at->host) && at->port > 0);
        if (at->ssh)
                PROPERTY(uri_is_ssh_way(at->ssh));
}

static void check_record(pyrope_view record, const char *nameserver_ssh)
{
        CLEANUP(location_deinit) Location at = { 0 };
        Location nameserver = { .ssh = (char *)(uintptr_t)nameserver_ssh };

        if (reach_choose(record, "here", &nameserver, &at) == 0)
                check_place(&at);
}

static void check_told(pyrope_view item, const char *teller_ssh)
{
        CLEANUP(target_deinit) Target target = { 0 };
        Location teller = { .ssh = (char *)(uintptr_t)teller_ssh };

        if (target_told(item, &teller, &target) != 0)
                return;
        PROPERTY(target.kind == TARGET_OBJECT && target.text);
        PROPERTY(teller_ssh ? target.at.ssh && strcmp(target.at.ssh, teller_ssh) == 0
                            : !target.at.ssh);
        check_place(&target.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        pyrope_view item;

        if (codec_check(data, size, &item) != 0)
                return 0;
        check_record(item, NULL);
        check_record(item, TELLER);
        check_told(item, NULL);
        check_told(item, TELLER);
        return 0;
}
