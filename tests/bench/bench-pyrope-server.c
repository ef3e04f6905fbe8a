/* SPDX-License-Identifier: MIT */

/*
 * A daemon as anybody writes one, with what the benchmarks call.
 *
 *      bench-pyrope-server ADDRESS     "u:PATH" or "127.0.0.1:PORT"; prints "READY URI"
 */

#include "tests/bench/bench.h"

#include <pyrope/daemon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Service Service;

/* Its own data: what get gives. */
struct Service {
        void *blob;
        size_t n_blob;
};

static int echo(pyrope_call *call, void *self)
{
        const void *bytes;
        size_t n_bytes;

        (void)self;
        if (pyrope_arguments(call, "y", &bytes, &n_bytes))
                return PYROPE_RAISED;
        return pyrope_reply(call, "y", bytes, n_bytes);
}

static int put(pyrope_call *call, void *self)
{
        const void *bytes;
        size_t n_bytes;

        (void)self;
        if (pyrope_arguments(call, "y", &bytes, &n_bytes))
                return PYROPE_RAISED;
        return pyrope_reply(call, "I", (int64_t)n_bytes);
}

static int get(pyrope_call *call, void *self)
{
        Service *service = self;
        int64_t n_bytes;

        if (pyrope_arguments(call, "I", &n_bytes))
                return PYROPE_RAISED;
        if (service->n_blob < (size_t)n_bytes) {
                free(service->blob);
                service->blob = bench_memory((size_t)n_bytes);
                service->n_blob = (size_t)n_bytes;
        }
        return pyrope_reply(call, "y", service->blob, (size_t)n_bytes);
}

/* Concurrent, as the servers it is compared with. */
static const pyrope_method methods[] = {
        { "echo", "bytes", echo, 0, "what it was given" },
        { "put", "bytes", put, 0, "how many bytes came" },
        { "get", "n", get, 0, "so many bytes" },
        { 0 },
};
static const pyrope_class class_ = {
        .name = "Bench",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};

int main(int argc, char **argv)
{
        const char *address = argc == 2 ? argv[1] : NULL;
        pyrope_daemon_options options = { 0 };
        Service service = { 0 };
        pyrope_daemon *daemon;
        pyrope_status status;

        if (!address)
                bench_die("usage", "bench-pyrope-server ADDRESS");
        if (strncmp(address, "u:", 2) == 0)
                options.socket = address + 2;
        else
                options.listen = address;
        status = pyrope_daemon_new(&options, &daemon, NULL);
        if (!status)
                status = pyrope_daemon_register(daemon, "bench", &class_, &service, NULL);
        if (!status)
                status = pyrope_daemon_run(daemon, NULL);
        if (status)
                bench_die("the daemon", pyrope_strerror(status));
        pyrope_daemon_free(daemon);
        free(service.blob);
        return 0;
}
