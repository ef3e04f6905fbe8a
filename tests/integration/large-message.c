/* SPDX-License-Identifier: MIT */

/*
 * Messages of any size, by the public API.
 *
 *      large-message serve SOCKET LIMIT   the object "scale", whose size(data) tells how many bytes
 *                                         came; its daemon takes LIMIT bytes a message
 *      large-message call URI BYTES       that method, with that many bytes; prints what it tells
 */

#include "base/defs.h"

#include <inttypes.h>
#include <pyrope/daemon.h>
#include <pyrope/pyrope.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

DEFINE_CLEANUP(pyrope_context, pyrope_context_free);
DEFINE_CLEANUP(pyrope_daemon, pyrope_daemon_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);
DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);
DEFINE_CLEANUP(pyrope_value, pyrope_value_free);
DEFINE_CLEANUP(pyrope_writer, pyrope_writer_free);

static int size(pyrope_call *call, UNUSED void *self)
{
        const void *bytes;
        size_t n_bytes;

        if (pyrope_arguments(call, "y", &bytes, &n_bytes))
                return PYROPE_RAISED;
        return pyrope_reply(call, "I", (int64_t)n_bytes);
}

static pyrope_status serve(const char *socket, uint64_t n_max, pyrope_error **error)
{
        static const pyrope_method methods[] = {
                { "size", "data", size, 0, NULL },
                { 0 },
        };
        static const pyrope_class scale = { .name = "Scale", .methods = methods };
        const pyrope_daemon_options options = { .socket = socket, .message_max_bytes = n_max };
        CLEANUP(pyrope_daemon_freep) pyrope_daemon *daemon = NULL;
        pyrope_status status;

        status = pyrope_daemon_new(&options, &daemon, error);
        if (!status)
                status = pyrope_daemon_register(daemon, "scale", &scale, NULL, error);
        return status ? status : pyrope_daemon_run(daemon, error);
}

/* The list of one bytes object. Its memory is the kernel's zeros: none is used until it is read. */
static pyrope_status arguments_of(size_t n_bytes, pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        void *zeros =
                mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        pyrope_status status;

        if (!writer || zeros == MAP_FAILED)
                return PYROPE_E_NOMEM;
        pyrope_write_list(writer, 1);
        pyrope_write_bytes(writer, zeros, n_bytes);
        status = pyrope_writer_take(writer, ret, error);
        (void)munmap(zeros, n_bytes);
        return status;
}

static pyrope_status call(const char *uri, size_t n_bytes, pyrope_error **error)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;
        pyrope_status status;
        int64_t n_came = 0;

        status = pyrope_context_new(NULL, &context, error);
        if (!status)
                status = pyrope_proxy_new(context, uri, 0, &proxy, error);
        if (!status)
                status = arguments_of(n_bytes, &arguments, error);
        if (!status)
                status = pyrope_call_method(proxy, "size", arguments, NULL, 0, &result, error);
        if (!status)
                status = pyrope_get_int(pyrope_value_view(result), &n_came);
        if (!status)
                printf("%" PRId64 "\n", n_came);
        return status;
}

int main(int argc, char **argv)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        if (argc != 4)
                return 2;
        if (strcmp(argv[1], "serve") == 0)
                status = serve(argv[2], strtoull(argv[3], NULL, 10), &error);
        else
                status = call(argv[2], strtoull(argv[3], NULL, 10), &error);
        if (!status)
                return 0;
        fprintf(stderr, "large-message: %s: %s\n", pyrope_status_name(status),
                error ? pyrope_error_text(error) : pyrope_strerror(status));
        return 1;
}
