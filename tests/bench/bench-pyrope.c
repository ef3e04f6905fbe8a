/* SPDX-License-Identifier: MIT */

/*
 * A client on <pyrope/pyrope.h>; see bench.h. The address is a URI. Besides:
 *
 *      bench-pyrope first ADDRESS N    prints the median of N times, in milliseconds, that pass
 * from a new context to its first answered call; and the same from a further proxy on
 */

#include "tests/bench/bench-client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void call(pyrope_proxy *proxy, const char *method, const void *bytes, size_t n_bytes)
{
        pyrope_error *error = NULL;
        pyrope_value *value;

        bench_check(pyrope_callf(proxy, method, &value, &error, "y", bytes, n_bytes), &error);
        pyrope_value_free(value);
}

static void client_echo(void *connection)
{
        static const char bytes[BENCH_BYTES];

        call(connection, "echo", bytes, sizeof(bytes));
}

static void client_put(void *connection, const void *bytes, size_t n_bytes)
{
        call(connection, "put", bytes, n_bytes);
}

static void client_get(void *connection, size_t n_bytes)
{
        pyrope_error *error = NULL;
        pyrope_value *value;

        bench_check(pyrope_callf(connection, "get", &value, &error, "I", (int64_t)n_bytes), &error);
        if (pyrope_count(pyrope_value_view(value)) != n_bytes)
                bench_die("get", "not all bytes came");
        pyrope_value_free(value);
}

static void new_context(void)
{
        pyrope_options options = { .spin_us = bench_spin_us() };
        pyrope_error *error = NULL;

        bench_check(pyrope_context_new(&options, &bench_context, &error), &error);
}

static double first_call_ms(const char *address)
{
        int64_t began_ns = bench_now_ns();
        pyrope_proxy *proxy;

        if (!bench_context)
                new_context();
        proxy = bench_open(address);
        client_echo(proxy);
        (void)pyrope_proxy_free(proxy);
        return (double)(bench_now_ns() - began_ns) / 1e6;
}

static void first(const char *address, size_t n)
{
        double *alone = bench_room(n), *further = bench_room(n);

        for (size_t i = 0; i < n; i++) {
                alone[i] = first_call_ms(address);
                further[i] = first_call_ms(address);
                bench_context = pyrope_context_free(bench_context);
        }
        printf("%.3f %.3f\n", bench_median(alone, n), bench_median(further, n));
        free(alone);
        free(further);
}

int main(int argc, char **argv)
{
        static const BenchPeer peer = { bench_open, client_echo, client_put, client_get, NULL };

        if (argc == 4 && strcmp(argv[1], "first") == 0) {
                first(argv[2], bench_number(argv[3]));
                return 0;
        }
        new_context();
        return bench_main(&peer, argc, argv);
}
