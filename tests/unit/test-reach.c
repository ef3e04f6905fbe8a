/* SPDX-License-Identifier: MIT */

#include "client/reach.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define TEXT(text) ((char *)(uintptr_t)(text)) /* members of a Location are not const */

/* One endpoint of a record; NULL and 0 are nil. */
typedef struct Row {
        const char *zone, *path, *host;
        int port;
        const char *nathost;
        int natport;
        const char *ssh;
} Row;

static void write_port(pyrope_writer *writer, int port)
{
        if (port)
                pyrope_write_int(writer, port);
        else
                pyrope_write_nil(writer);
}

static void write_row(pyrope_writer *writer, const Row *row)
{
        pyrope_write_map(writer, 7);
        pyrope_pack(writer, "ssssss", "zone", row->zone, "unix", row->path, "host", row->host);
        pyrope_write_str(writer, "port");
        write_port(writer, row->port);
        pyrope_pack(writer, "ss", "nathost", row->nathost);
        pyrope_write_str(writer, "natport");
        write_port(writer, row->natport);
        pyrope_pack(writer, "ss", "ssh", row->ssh);
}

static pyrope_value *record_new(const char *uri, const Row *rows, size_t n_rows)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *record = NULL;

        pyrope_write_map(writer, 2);
        pyrope_pack(writer, "sss", "uri", uri, "endpoints");
        pyrope_write_list(writer, n_rows);
        for (size_t i = 0; i < n_rows; i++)
                write_row(writer, &rows[i]);
        ck_assert_int_eq(pyrope_writer_take(writer, &record, NULL), PYROPE_OK);
        return record;
}

/* Where a record leads from zone "here", as text; "none" or "invalid" if nowhere. */
static char *chosen(const char *uri, const Row *rows, size_t n_rows, const char *nameserver_ssh)
{
        CLEANUP(pyrope_value_freep) pyrope_value *record = record_new(uri, rows, n_rows);
        CLEANUP(location_deinit) Location at = { 0 };
        Location nameserver = { .ssh = TEXT(nameserver_ssh) };
        char *text;
        int r;

        r = reach_choose(pyrope_value_view(record), "here", &nameserver, &at);
        if (r)
                return strdup(r == REACH_E_NONE ? "none" : "invalid");
        ck_assert_int_ge(asprintf(&text, "ssh=%s path=%s host=%s port=%d", at.ssh ? at.ssh : "-",
                                  at.path ? at.path : "-", at.host ? at.host : "-", at.port),
                         0);
        return text;
}

#define ROWS_MAX 3

static const struct {
        const char *why;
        Row rows[ROWS_MAX];
        const char *nameserver_ssh;
        const char *expected;
} choices[] = {
        { "the socket of our zone",
          { { "here", "/a", NULL, 0, NULL, 0, "head" } },
          NULL,
          "ssh=- path=/a host=- port=0" },
        { "the port of our zone",
          { { "here", NULL, "127.0.0.1", 9, NULL, 0, NULL } },
          "head",
          "ssh=- path=- host=127.0.0.1 port=9" },
        { "the socket before the port",
          { { "here", NULL, "h", 9, NULL, 0, NULL }, { "here", "/a", NULL, 0, NULL, 0, NULL } },
          NULL,
          "ssh=- path=/a host=- port=0" },
        { "another zone through its SSH host",
          { { "there", "/a", NULL, 0, NULL, 0, "user@node:2222" } },
          NULL,
          "ssh=user@node:2222 path=/a host=- port=0" },
        { "a port of another zone through its SSH host",
          { { "there", NULL, "localhost", 9, NULL, 0, "node" } },
          NULL,
          "ssh=node path=- host=localhost port=9" },
        { "our zone before SSH",
          { { "there", "/a", NULL, 0, NULL, 0, "node" }, { "here", "/b", NULL, 0, NULL, 0, NULL } },
          NULL,
          "ssh=- path=/b host=- port=0" },
        { "through the hosts that lead to it",
          { { "there", "/a", NULL, 0, NULL, 0, "gw,inner,me@node:22" } },
          NULL,
          "ssh=gw,inner,me@node:22 path=/a host=- port=0" },
        { "but not by a way of another form",
          { { "there", "/a", NULL, 0, "gate", 7, "gw,-oProxyCommand=x" } },
          NULL,
          "ssh=- path=- host=gate port=7" },
        { "SSH before a NAT address",
          { { "there", "/a", NULL, 0, "gate", 7, "node" } },
          NULL,
          "ssh=node path=/a host=- port=0" },
        { "a NAT address as it is",
          { { "there", NULL, "10.0.0.1", 9, "gate.example", 7, NULL } },
          "head",
          "ssh=- path=- host=gate.example port=7" },
        { "without SSH host of its own, the way the nameserver is reached",
          { { "there", "/a", NULL, 0, NULL, 0, NULL } },
          "head",
          "ssh=head path=/a host=- port=0" },
        { "a port, the way the nameserver is reached",
          { { "there", NULL, "10.0.0.1", 9, NULL, 0, NULL } },
          "head",
          "ssh=head path=- host=10.0.0.1 port=9" },
        { "a port of another machine, directly",
          { { "there", NULL, "10.0.0.1", 9, NULL, 0, NULL } },
          NULL,
          "ssh=- path=- host=10.0.0.1 port=9" },
        { "a loopback NAT address comes last",
          { { "there", NULL, NULL, 0, "127.0.0.1", 7, NULL },
            { "there", "/a", NULL, 0, NULL, 0, NULL } },
          "head",
          "ssh=head path=/a host=- port=0" },
        { "but it is better than nothing",
          { { "there", "/a", NULL, 0, "localhost", 7, NULL } },
          NULL,
          "ssh=- path=- host=localhost port=7" },
        { "a socket of another zone without SSH",
          { { "there", "/a", NULL, 0, NULL, 0, NULL } },
          NULL,
          "none" },
        { "a loopback port of another zone without SSH",
          { { "there", NULL, "127.0.0.1", 9, NULL, 0, NULL } },
          NULL,
          "none" },
        { "an SSH host that would be an option",
          { { "there", "/a", NULL, 0, NULL, 0, "-oProxyCommand=x" } },
          NULL,
          "none" },
        { "a host that is none", { { "here", NULL, "a b;c", 9, NULL, 0, NULL } }, NULL, "none" },
        { "a path that is none", { { "here", "a", NULL, 0, NULL, 0, NULL } }, NULL, "none" },
        { "a port that is none", { { "here", NULL, "h", 65536, NULL, 0, NULL } }, NULL, "none" },
};

static size_t count_rows(const Row rows[static ROWS_MAX])
{
        size_t n = 0;

        while (n < ROWS_MAX && (rows[n].zone || rows[n].path || rows[n].host))
                n++;
        return n;
}

START_TEST(the_best_endpoint_is_chosen)
{
        const Row *rows = choices[_i].rows;
        CLEANUP(freep)
        char *at = chosen("PYRO:x@./u:/other", rows, count_rows(rows), choices[_i].nameserver_ssh);

        ck_assert_msg(strcmp(at, choices[_i].expected) == 0, "%s: got %s", choices[_i].why, at);
}
END_TEST

static const struct {
        const char *uri;
        const char *nameserver_ssh;
        const char *expected;
} stock[] = {
        { "PYRO:x@./u:/a", NULL, "ssh=- path=/a host=- port=0" },
        { "PYRO:x@./u:/a", "head", "ssh=head path=/a host=- port=0" },
        { "PYRO:x@localhost:9", NULL, "ssh=- path=- host=localhost port=9" },
        { "PYRO:x@localhost:9", "head", "ssh=head path=- host=localhost port=9" },
        { "PYRO:x@./u:relative", NULL, "invalid" },
        { "PYRONAME:x", NULL, "invalid" },
        { "anything", NULL, "invalid" },
};

START_TEST(a_stock_nameserver_is_followed_from_where_it_is)
{
        CLEANUP(freep) char *at = chosen(stock[_i].uri, NULL, 0, stock[_i].nameserver_ssh);

        ck_assert_str_eq(at, stock[_i].expected);
}
END_TEST

START_TEST(a_server_cannot_send_us_to_another_ssh_host)
{
        Location teller = { .ssh = TEXT("head") };
        Location told = { .ssh = TEXT("elsewhere"), .path = TEXT("/a") };
        Location ret;

        ck_assert_int_eq(reach_told(&teller, &told, &ret), REACH_E_INVALID);
}
END_TEST

START_TEST(what_is_no_record_is_invalid)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        Location nameserver = { 0 }, ret;

        pyrope_write_str(writer, "text");
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        ck_assert_int_eq(reach_choose(pyrope_value_view(value), "here", &nameserver, &ret),
                         REACH_E_INVALID);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("reach");
        TCase *tcase = tcase_create("reach");

        tcase_add_loop_test(tcase, the_best_endpoint_is_chosen, 0, ARRAY_SIZE(choices));
        tcase_add_loop_test(tcase, a_stock_nameserver_is_followed_from_where_it_is, 0,
                            ARRAY_SIZE(stock));
        tcase_add_test(tcase, a_server_cannot_send_us_to_another_ssh_host);
        tcase_add_test(tcase, what_is_no_record_is_invalid);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
