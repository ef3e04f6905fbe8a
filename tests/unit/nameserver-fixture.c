/* SPDX-License-Identifier: MIT */

#include "tests/unit/nameserver-fixture.h"

#include "base/clock.h"
#include "base/unix-socket.h"
#include "proto/value.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#define MESSAGE_MAX_BYTES (1u << 26)

NameServer nameserver;
Conn conn;
char own_uri[PATH_MAX];

static pyrope_daemon *server;

void nameserver_connect(Conn *ret)
{
        pyrope_value *metadata = NULL;
        int fd;

        ck_assert_int_eq(unix_connect(scratch_path("ns.sock"), DEADLINE_NONE, &fd), 0);
        conn_init(ret, fd, MESSAGE_MAX_BYTES);
        ck_assert_int_eq(conn_connect(ret, OWN, DEADLINE_NONE, &metadata, NULL), PYROPE_OK);
        pyrope_value_free(metadata);
}

void nameserver_up(void)
{
        pyrope_daemon_options options = { .socket = scratch_path("ns.sock") };
        CLEANUP(freep) char *uri = NULL;
        ErrorText error = { "" };

        nameserver = (NameServer){ .zone = "here" };
        ck_assert_msg(store_open(scratch_path("ns.db"), &nameserver.store, &error) == 0, "%s",
                      error.text);
        ck_assert_int_eq(store_readers_new(nameserver.store, &nameserver.readers), 0);
        ck_assert_int_eq(nameserver_start(&nameserver, NULL), 0);
        ck_assert_int_eq(pyrope_daemon_new(&options, &server, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_register(server, OWN, &nameserver_class, &nameserver, NULL),
                         PYROPE_OK);
        uri = pyrope_daemon_uri(server, OWN);
        (void)snprintf(own_uri, sizeof(own_uri), "%s", uri);
        ck_assert_int_eq(pyrope_daemon_start(server, NULL), PYROPE_OK);
        nameserver_connect(&conn);
}

void nameserver_down(void)
{
        conn_deinit(&conn);
        server = pyrope_daemon_free(server);
        nameserver_stop(&nameserver);
        nameserver.readers = store_readers_free(nameserver.readers);
        nameserver.store = store_close(nameserver.store);
}

void nameserver_set_up(void)
{
        scratch_setup();
        nameserver_up();
}

void nameserver_tear_down(void)
{
        nameserver_down();
        scratch_teardown();
}
