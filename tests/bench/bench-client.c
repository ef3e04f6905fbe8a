/* SPDX-License-Identifier: MIT */

#include "tests/bench/bench-client.h"

pyrope_context *bench_context;

void bench_check(pyrope_status status, pyrope_error *const *error)
{
        if (status)
                bench_die("call", *error ? pyrope_error_text(*error) : pyrope_strerror(status));
}

void *bench_open(const char *address)
{
        pyrope_error *error = NULL;
        pyrope_proxy *proxy;

        bench_check(pyrope_proxy_new(bench_context, address, 0, &proxy, &error), &error);
        return proxy;
}
