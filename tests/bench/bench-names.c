/* SPDX-License-Identifier: MIT */

/*
 * A client of nameservers that speak Pyro5's protocol, ours and its own, on <pyrope/pyrope.h>.
 *
 *      bench-names lookup|register MODE URI ...
 *
 * in the modes of bench.h, with a lookup of one of $BENCH_NAMES names, or a registration of a new
 * one, in the place of an echo.
 */

#include "tests/bench/bench-client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void look_up(void *connection)
{
        pyrope_error *error = NULL;
        char name[BENCH_NAME_SIZE];
        pyrope_value *value;

        bench_some_name(name);
        bench_check(pyrope_callf(connection, "lookup", &value, &error, "s", name), &error);
        pyrope_value_free(value);
}

static void register_new(void *connection)
{
        static atomic_uint n;
        pyrope_error *error = NULL;
        pyrope_value *value;
        char name[64];

        (void)snprintf(name, sizeof(name), "new.%d.%u", (int)getpid(), atomic_fetch_add(&n, 1));
        bench_check(pyrope_callf(connection, "register", &value, &error, "ss", name,
                                 "PYRO:obj_1@./u:/run/user/1000/pyrope/solver.sock"),
                    &error);
        pyrope_value_free(value);
}

int main(int argc, char **argv)
{
        BenchPeer peer = { .open = bench_open, .echo = look_up };
        pyrope_options options = { 0 };
        pyrope_error *error = NULL;

        if (argc < 2)
                bench_die("lookup or register", "see tests/bench/README.md");
        if (strcmp(argv[1], "register") == 0)
                peer.echo = register_new;
        bench_check(pyrope_context_new(&options, &bench_context, &error), &error);
        return bench_main(&peer, argc - 1, argv + 1);
}
