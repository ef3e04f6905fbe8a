/* SPDX-License-Identifier: MIT */

/*
 * A client of nameservers that speak Pyro5's protocol, ours and its own, on <pyrope/pyrope.h>.
 *
 *      bench-names lookup|register MODE URI ...
 *
 * in the modes of bench.h, with a lookup of one of $BENCH_NAMES names, or a registration of a new
 * one, in the place of an echo.
 */

#include "tests/bench/bench.h"

#include <pyrope/pyrope.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pyrope_context *context;

static void check(pyrope_status status, pyrope_error *const *error)
{
        if (status)
                bench_die("call", *error ? pyrope_error_text(*error) : pyrope_strerror(status));
}

static void *client_open(const char *address)
{
        pyrope_error *error = NULL;
        pyrope_proxy *proxy;

        check(pyrope_proxy_new(context, address, 0, &proxy, &error), &error);
        return proxy;
}

static void look_up(void *connection)
{
        pyrope_error *error = NULL;
        char name[BENCH_NAME_SIZE];
        pyrope_value *value;

        bench_some_name(name);
        check(pyrope_callf(connection, "lookup", &value, &error, "s", name), &error);
        pyrope_value_free(value);
}

static void register_new(void *connection)
{
        static atomic_uint n;
        pyrope_error *error = NULL;
        pyrope_value *value;
        char name[64];

        (void)snprintf(name, sizeof(name), "new.%d.%u", (int)getpid(), atomic_fetch_add(&n, 1));
        check(pyrope_callf(connection, "register", &value, &error, "ss", name,
                           "PYRO:obj_1@./u:/run/user/1000/pyrope/solver.sock"),
              &error);
        pyrope_value_free(value);
}

int main(int argc, char **argv)
{
        BenchPeer peer = { .open = client_open, .echo = look_up };
        pyrope_options options = { 0 };
        pyrope_error *error = NULL;

        if (argc < 2)
                bench_die("lookup or register", "see tests/bench/README.md");
        if (strcmp(argv[1], "register") == 0)
                peer.echo = register_new;
        check(pyrope_context_new(&options, &context, &error), &error);
        return bench_main(&peer, argc - 1, argv + 1);
}
